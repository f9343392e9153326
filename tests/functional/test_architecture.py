"""The architecture page is right: its files exist, its tours are the ways of real calls, and its recipes work."""

from __future__ import annotations

import re
from dataclasses import fields
from http import HTTPStatus
from typing import Annotated, get_type_hints

import pytest
from pydantic import Field

from fencepost.common.principal import Permission
from fencepost.http.app import App as Routes
from fencepost.http.fields import RequestModel, ResponseModel
from fencepost.http.openapi import build_document
from fencepost.http.request import Request
from fencepost.http.response import Response
from fencepost.timeclock import clock_documents
from fencepost.timeclock.clock_schemas import ClockData
from fencepost.timeclock.entry_schemas import EntrySnapshotOut, TimeIn
from fencepost.timeclock.model import EntryDetails
from tests.crossings import count_all
from tests.functional.app import ROOT, App

PAGE = (ROOT / "docs" / "architecture.md").read_text()
SHARED = re.compile(r"layers/geo/|layers/core/fencepost/(common|dynamodb)/")
# Details of an entry whose names in requests and responses are not those of the model in camel case.
WIRE_NAMES = {"start": "from", "time_type": "type"}


def find_section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def list_files(heading: str) -> list[str]:
    return re.findall(r"^\d+\. `([^`]+)`", find_section(heading), re.MULTILINE)


def to_wire_name(name: str) -> str:
    first, *rest = name.split("_")
    return WIRE_NAMES.get(name, first + "".join(word.title() for word in rest))


def test_every_file_that_the_page_names_exists() -> None:
    files = re.findall(r"`((?:functions|layers|tests|docs)/[\w/.-]+)`", PAGE)
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_the_tours_list_the_files_that_calls_cross_in_their_order(app: App) -> None:
    crossings = count_all(app)
    assert list_files("Life of a check") == list(crossings["check"].files)
    assert list_files("Life of a punch") == list(crossings["clock start"].files)
    assert list_files("Life of an import") == [file for file in crossings["import"].files if not SHARED.match(file)]


def test_calls_cross_no_more_files_than_before(app: App) -> None:
    crossings = count_all(app)
    assert (len(crossings["check"].files), crossings["check"].changes) <= (16, 25)
    assert len(crossings["clock start"].files) <= 25
    assert crossings["clock start"].changes <= 60


@pytest.mark.parametrize("name", [field.name for field in fields(EntryDetails)])
def test_a_field_of_a_time_entry_is_stored_accepted_and_returned(name: str) -> None:
    source = (ROOT / "layers/core/fencepost/timeclock/clock_documents.py").read_text()
    assert source.count(f'"{name}":') >= 2, f"{clock_documents.__name__} writes and reads {name}"
    wire_name = to_wire_name(name)
    for model in (ClockData, EntrySnapshotOut):
        hints = get_type_hints(model, include_extras=True)
        aliases = {
            getattr(extra, "alias", None) for hint in hints.values() for extra in getattr(hint, "__metadata__", ())
        }
        assert wire_name in hints.keys() | aliases, model.__name__
    assert wire_name in {field.alias or name for name, field in TimeIn.model_fields.items()}


def test_a_declared_route_is_answered_and_in_the_document() -> None:
    class EchoRequest(RequestModel):
        text: Annotated[str, Field(max_length=10)]

    class EchoResponse(ResponseModel):
        text: str

    routes = Routes()

    @routes.post(
        "/v1/echo",
        summary="Return a text",
        permission=Permission.CHECK,
        body=EchoRequest,
        responses={200: EchoResponse},
    )
    def echo(request: Request[EchoRequest]) -> Response:
        return Response(200, {"text": request.body.text})

    def send(body: str, roles: str = "viewer") -> int:
        authorizer = {"tenantId": "demo", "userId": "ada", "roles": roles}
        context = {"requestId": "1", "authorizer": authorizer}
        event = {"httpMethod": "POST", "resource": "/v1/echo", "requestContext": context, "headers": {}, "body": body}
        status: int = routes.handle(event, None)["statusCode"]
        return status

    assert send('{"text": "hello"}') == HTTPStatus.OK
    assert send('{"text": 1}') == send('{"text": "hello", "more": 1}') == HTTPStatus.BAD_REQUEST
    assert send('{"text": "hello"}', roles="approver") == HTTPStatus.FORBIDDEN
    document = build_document([routes])
    assert document["paths"]["/echo"]["post"]["summary"] == "Return a text"
