"""When a geofence is in force: in requests, in responses and in checks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.app import App

NIGHTS = {"days": ["mon", "fri"], "from": "22:00", "to": "06:00"}
WEEK: dict[str, Any] = {"timeZone": "Europe/Berlin", "windows": [NIGHTS]}


def test_when_a_geofence_is_in_force_is_told_as_it_was_said(app: App) -> None:
    instants = {"activeFrom": "2026-05-04T09:00:00+02:00", "expiresAt": "2030-01-01T00:00:00Z"}
    said: dict[str, Any] = {**instants, "schedule": WEEK}
    body = app.create_circle("Shift", **said).body
    assert (body["activeFrom"], body["expiresAt"]) == ("2026-05-04T07:00:00.000Z", "2030-01-01T00:00:00.000Z")
    assert body["schedule"] == WEEK
    cleared = app.request("geofences", "update", path_id=body["id"], schedule=None, activeFrom=None).body
    assert (cleared["schedule"], cleared["activeFrom"], cleared["expiresAt"]) == (None, None, body["expiresAt"])


@pytest.mark.parametrize(("when", "found"), [({"expiresAt": "2026-01-01T00:00:00Z"}, 0), ({"schedule": WEEK}, None)])
def test_a_check_finds_what_is_in_force(app: App, when: dict[str, Any], found: int | None) -> None:
    app.create_circle("Shift", **when)
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    always = {**WEEK, "windows": [{"days": days, "from": "00:00", "to": "24:00"}]}
    app.create_circle("Always", schedule=always, activeFrom="2026-01-01T00:00:00Z")
    matches = app.request("location", "check", latitude=10, longitude=10).body["matches"]
    names = {match["geofenceName"] for match in matches}
    assert "Always" in names
    assert found is None or "Shift" not in names


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"activeFrom": "2026-05-04T09:00:00"}, "activeFrom"),
        ({"activeFrom": 1}, "activeFrom"),
        ({"activeFrom": "2026-05-04T09:00:00Z", "expiresAt": "2026-05-04T09:00:00Z"}, "expiresAt"),
        ({"schedule": {}}, "schedule.timeZone"),
        ({"schedule": {**WEEK, "timeZone": "localtime"}}, "schedule.timeZone"),
        ({"schedule": {**WEEK, "windows": [{**NIGHTS, "from": "24:00"}]}}, "schedule.windows[0].from"),
        ({"schedule": {**WEEK, "timeZone": "Mars/Base"}}, "schedule.timeZone"),
        ({"schedule": {**WEEK, "windows": []}}, "schedule.windows"),
        (
            {"schedule": {**WEEK, "windows": [{"days": ["someday"], "from": "1", "to": "06:00"}]}},
            "schedule.windows[0].from",
        ),
        (
            {"schedule": {**WEEK, "windows": [{"days": [], "from": "22:00", "to": "06:00"}]}},
            "schedule.windows[0].days",
        ),
        ({"schedule": {**WEEK, "windows": WEEK["windows"] * 21}}, "schedule.windows"),
    ],
)
def test_an_invalid_schedule_is_refused(app: App, fields: dict[str, Any], field: str) -> None:
    answer = app.request("geofences", "create_circle", name="X", latitude=1, longitude=1, **fields)
    assert (answer.status, field in answer.wrong_fields) == (400, True), answer
