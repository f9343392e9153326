"""Who gets in: API keys, kept as hashes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fencepost import wiring
from fencepost.domain.directory import Entity
from fencepost.domain.errors import Invalid
from tests.functional.app import App, event


def authorize(app: App, header: str) -> Any:
    asked = event("api/authorize")
    asked["headers"]["authorization"] = header
    return app.invoke("authorizer", asked)


def test_a_key_opens_the_whole_api_for_its_user(app: App) -> None:
    key = wiring.tenants().issue_key("demo", "vera", ["viewer", "employee"])
    answer = authorize(app, f"Bearer {key}")
    assert answer["context"] == {"tenantId": "demo", "userId": "vera", "roles": "employee,viewer"}
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"].split(":")[-1]) == ("Allow", "fencepost/api/*")


def test_a_user_may_have_two_keys_while_one_replaces_the_other(app: App) -> None:
    keys = [wiring.tenants().issue_key("demo", "vera", ["viewer"]) for _ in range(2)]
    assert all(authorize(app, f"bearer {key}")["context"]["userId"] == "vera" for key in keys)


def test_anything_else_is_turned_away(app: App) -> None:
    key = wiring.tenants().issue_key("demo", "vera", ["viewer"])
    other = wiring.tenants().issue_key("demo", "vera", ["admin"])
    mixed = key[:20] + other[20:]
    tokens = ("", "x", f"{key}x", key[:-1], mixed)
    for header in ("", "Bearer", key, f"Basic {key}", *(f"Bearer {token}" for token in tokens)):
        with pytest.raises(PermissionError, match=r"^Unauthorized$"):
            authorize(app, header)


def test_a_key_is_not_kept_in_the_clear(app: App) -> None:
    key = wiring.tenants().issue_key("demo", "vera", ["viewer"])
    assert key.split("_", 2)[2] not in json.dumps(app.items(), default=str)


def test_a_role_that_is_none_and_an_id_that_is_none_are_refused(app: App) -> None:
    tenants = wiring.tenants()
    for wrong in (
        lambda: tenants.issue_key("demo", "vera", ["owner"]),
        lambda: tenants.put_tenant("a#b", "A"),
        lambda: wiring.directory().put("demo", [Entity(table="users", id="", name="B")], [""]),
    ):
        with pytest.raises(Invalid):
            wrong()


def test_renaming_a_user_keeps_the_geofences_that_are_assigned(app: App) -> None:
    body: dict[str, Any] = {
        "assignments": [{"targetTable": "users", "targetId": "emil"}],
        "latitude": 1,
        "longitude": 1,
        "name": "X",
    }
    assert app.request("geofences", "create_circle", **body).status == 201
    wiring.directory().put("demo", [Entity(table="users", id="emil", name="Emil the Second")], [""])
    assert app.request("clock", "clock_start", location=None, action="start").status == 403
