"""The clock over HTTP: one clock for each user, and the geofence verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.person import item
from tests.e2e.service import Service


@pytest.fixture
def idle(service: Service) -> Iterator[Service]:
    """Cancel the clock of the demo's employee before and after the test."""
    service.call("POST", "/clock", {"action": "cancel"}, role="employee")
    yield service
    service.call("POST", "/clock", {"action": "cancel"}, role="employee")


def clock(service: Service, action: str, **body: Any) -> httpx.Response:
    return service.call("POST", "/clock", {"action": action} | body, role="employee")


def test_a_day_with_a_break_becomes_one_entry(idle: Service) -> None:
    times = {"start": "09:00", "break": "12:00", "end": "12:30", "stop": "17:00"}
    at = {name: f"2026-05-04T{time}:00+02:00" for name, time in times.items()}
    assert clock(idle, "start", dateTime=at["start"]).status_code == 200
    assert clock(idle, "break", dateTime=at["break"]).status_code == 200
    assert clock(idle, "break", dateTime=at["end"]).status_code == 200
    stopped = clock(idle, "stop", dateTime=at["stop"])
    entry = item(stopped)["data"]
    assert (stopped.status_code, entry["from"], entry["to"]) == (200, at["start"], at["stop"])
    assert [(b["from"], b["to"]) for b in entry["breaks"]] == [(at["break"], at["end"])]
    again = clock(idle, "start", dateTime=at["break"])
    assert again.status_code == 200
    overwriting = clock(idle, "stop", dateTime=at["end"])
    assert (overwriting.status_code, item(overwriting)["data"]["removedEntryIds"]) == (201, [entry["id"]])


def test_a_geofence_that_is_assigned_to_the_caller_decides(idle: Service) -> None:
    assignments = [{"targetTable": "users", "targetId": idle.find_user_id("employee")}]
    body = {"name": f"Gate {uuid4()}", "latitude": 30.2672, "longitude": -97.7431, "radiusMeters": 100}
    created = idle.call("POST", "/geofences", body | {"assignments": assignments}).json()
    try:
        outside = clock(idle, "start", location={"latitude": 30.2681, "longitude": -97.7432})
        assert (outside.status_code, item(outside)["code"]) == (403, "GEOFENCE_OUTSIDE")
        missing = clock(idle, "start")
        assert (missing.status_code, item(missing)["code"]) == (403, "GEOFENCE_LOCATION_MISSING")
        inside = clock(idle, "start", location={"latitude": 30.2680, "longitude": -97.7431})
        assert (inside.status_code, item(inside)["data"]["punches"][0]["geofenceVerdict"]["code"]) == (200, "ALLOWED")
        assert clock(idle, "cancel").status_code == 200
    finally:
        idle.call("DELETE", f"/geofences/{created['id']}")


def test_a_user_of_another_tenant_is_unknown_and_a_colleague_is_forbidden(idle: Service) -> None:
    stranger = clock(idle, "start", userId=idle.find_user_id("employee", "other"))
    colleague = clock(idle, "start", userId=idle.find_user_id("viewer"))
    assert (stranger.status_code, colleague.status_code) == (404, 403)
