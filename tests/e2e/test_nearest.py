"""The nearest geofences over HTTP: what a phone asks, moves, and asks again."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.service import Service
from tests.e2e.test_geofences import create

# Of the other tenant: nobody else puts geofences near Samoa.
LAT, LON = -13.85, -171.75


def nearest(service: Service, lat: float, lon: float, *, etag: str | None = None, **more: Any) -> httpx.Response:
    headers = {"If-None-Match": etag} if etag else {}
    params = {"latitude": lat, "longitude": lon, "consistent": "true"} | more
    return service.call("GET", "/geofences/nearest", params=params, headers=headers, tenant="other")


def first(answer: httpx.Response, count: int) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [geofence["geofenceId"] for geofence in answer.json()["data"][:count]]


def make(service: Service, lat: float, lon: float, **more: Any) -> str:
    return str(create(service, tenant="other", latitude=lat, longitude=lon, radiusMeters=50, **more)["id"])


def test_a_phone_registers_what_is_near_and_learns_when_that_has_changed(service: Service) -> None:
    at, near, beyond = make(service, LAT, LON), make(service, LAT, LON + 0.01), make(service, LAT, LON - 0.1)
    answer = nearest(service, LAT, LON, limit=2)
    assert first(answer, 3) == [at, near]
    assert answer.json()["completeWithinMeters"] == pytest.approx(10_760, abs=30)
    etag = answer.headers["ETag"]
    same = nearest(service, LAT, LON + 0.001, limit=2, etag=etag)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert int(same.headers["Complete-Within-Meters"]) == pytest.approx(10_870, abs=30)

    # The near one moves over the antimeridian, into a place where nothing was.
    moved = service.call("PATCH", f"/geofences/{near}", {"latitude": -19.0, "longitude": 179.999}, tenant="other")
    assert moved.status_code == 200, moved.text
    assert first(nearest(service, LAT, LON, limit=2, etag=etag), 2) == [at, beyond]
    assert first(nearest(service, -19.0, -179.99), 1) == [near]
    assert near not in first(
        service.call("GET", "/geofences/nearest", params={"latitude": LAT, "longitude": LON}), 20
    )
    for geofence_id in (at, near, beyond):
        service.call("DELETE", f"/geofences/{geofence_id}", tenant="other")


def test_what_is_no_position_is_a_problem_with_its_field(service: Service) -> None:
    answer = nearest(service, 91, 0)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "latitude")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_employee_may_ask_and_an_approver_may_not(service: Service) -> None:
    params = {"latitude": LAT, "longitude": LON}
    statuses = [
        service.call("GET", "/geofences/nearest", params=params, role=role).status_code
        for role in ("employee", "approver")
    ]
    assert statuses == [200, 403]
