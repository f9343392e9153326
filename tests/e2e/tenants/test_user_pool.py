"""Users of the user pool sign in and use the API with their ID tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.e2e.service import Service, Tokens


@pytest.fixture(scope="module")
def viewer(service: Service) -> Tokens:
    return service.sign_in("viewer", tenant="demo", user_id="demo-viewer")


@pytest.fixture(scope="module")
def editor(service: Service) -> Tokens:
    return service.sign_in("editor", tenant="demo")


@pytest.fixture(scope="module")
def stranger(service: Service) -> Tokens:
    return service.sign_in("admin", tenant="other")


@pytest.fixture
def geofence(service: Service, editor: Tokens) -> Iterator[str]:
    body = {"name": f"Site {uuid4()}", "latitude": 5, "longitude": 5}
    answer = service.call("POST", "/geofences", body, key=editor.id_token)
    assert answer.status_code == 201, answer.text
    created = answer.json()
    assert created["tenantId"] == "demo"
    yield f"/geofences/{created['id']}"
    service.call("DELETE", f"/geofences/{created['id']}")


def test_the_roles_of_a_user_are_the_groups(service: Service, viewer: Tokens, geofence: str) -> None:
    assert service.call("GET", "/geofences", key=viewer.id_token).status_code == 200
    assert service.call("GET", geofence, key=viewer.id_token).status_code == 200
    refused = service.call("POST", "/geofences", {"name": "X", "latitude": 1, "longitude": 1}, key=viewer.id_token)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


def test_a_user_without_a_group_has_no_permission(service: Service) -> None:
    nobody = service.sign_in(tenant="demo")
    for method, path, body in (("GET", "/geofences", None), ("POST", "/geofences/check", {}), ("POST", "/clock", {})):
        assert service.call(method, path, body, key=nobody.id_token).status_code == 403


def test_tenants_do_not_see_each_other(service: Service, stranger: Tokens, geofence: str) -> None:
    for method, body in (("GET", None), ("PUT", {"name": "Mine now"}), ("DELETE", None)):
        assert service.call(method, geofence, body, key=stranger.id_token).status_code == 404
    listed = service.call("GET", "/geofences", key=stranger.id_token).json()["data"]
    assert {each["tenantId"] for each in listed} <= {"other"}
    assert service.call("GET", geofence).status_code == 200


def test_a_user_of_the_pool_is_the_user_of_the_directory_named_in_the_token(service: Service) -> None:
    user_id = service.find_user_id("approver", tenant="other")
    approver = service.sign_in("approver", tenant="other", user_id=user_id)
    started = service.call("POST", "/clock", {"action": "start"}, key=approver.id_token)
    assert started.json()["items"][0]["data"]["userId"] == user_id, started.text
    assert service.call("POST", "/clock", {"action": "cancel"}, tenant="other", role="approver").status_code == 200


def test_only_a_valid_id_token_with_a_tenant_is_accepted(service: Service, viewer: Tokens) -> None:
    head, payload, signature = viewer.id_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    forged = (
        base64.urlsafe_b64encode(json.dumps(claims | {"custom:tenantId": "other"}).encode()).rstrip(b"=").decode()
    )
    no_tenant = service.sign_in("admin").id_token
    for token in (viewer.access_token, no_tenant, f"{head}.{forged}.{signature}", f"{head}.{payload}."):
        answer = service.call("GET", "/geofences", key=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert answer.headers["Content-Type"] == "application/problem+json"
