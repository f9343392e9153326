"""mypy compares what a route declares with what its handler takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[3]
PROGRAM = """
from fencepost.common.principal import Permission
from fencepost.geofences.check_schemas import CheckQuery, CheckRequest
from fencepost.http.app import App
from fencepost.http.request import Request
from fencepost.http.response import Response

app = App()

@app.post("/a", summary="", permission=Permission.CHECK, responses={}, body=CheckRequest, query=CheckQuery)
def body_and_query_as_declared(request: Request[CheckRequest, CheckQuery]) -> Response:
    return Response(200, {"latitude": request.body.latitude, "within": request.query.within})

@app.get("/b", summary="", permission=Permission.CHECK, responses={})
def neither_as_declared(request: Request) -> Response:
    return Response(200, None)

@app.post("/c", summary="", permission=Permission.CHECK, responses={}, body=CheckRequest)
def another_body(request: Request[CheckQuery]) -> Response:
    return Response(200, None)

@app.post("/d", summary="", permission=Permission.CHECK, responses={}, query=CheckQuery)
def body_not_declared(request: Request[CheckRequest, CheckQuery]) -> Response:
    return Response(200, None)

@app.post("/e", summary="", permission=Permission.CHECK, responses={}, body=CheckRequest)
def query_not_declared(request: Request[CheckRequest, CheckQuery]) -> Response:
    return Response(200, None)

@app.post("/f", summary="", permission=Permission.CHECK, responses={}, body=CheckRequest)
def body_not_taken(request: Request) -> Response:
    return Response(200, None)

@app.post("/g", summary="", permission=Permission.CHECK, responses={}, body=CheckRequest)
def field_that_is_not_there(request: Request[CheckRequest]) -> Response:
    return Response(200, request.body.altitude)
"""


def test_mypy_reports_each_handler_that_does_not_take_what_its_route_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "routes.py").write_text(PROGRAM)
    report, errors, _ = api.run([str(tmp_path / "routes.py")])
    assert errors == ""
    lines = PROGRAM.splitlines()
    wrong = {int(line) for line in re.findall(r"routes\.py:(\d+): error", report, re.MULTILINE)}
    names = set()
    for line in wrong:
        # mypy reports a decorator at its own line or at that of its function.
        definition = next(text for text in lines[line - 1 :: -1] if text.startswith(("def ", "@")))
        if definition.startswith("@"):
            definition = lines[lines.index(definition) + 1]
        names.add(definition.removeprefix("def ").partition("(")[0])
    assert names == {
        "another_body",
        "body_not_declared",
        "query_not_declared",
        "body_not_taken",
        "field_that_is_not_there",
    }
