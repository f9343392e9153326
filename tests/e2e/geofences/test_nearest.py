"""The nearest geofences over HTTP, as a phone requests them while it moves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.service import Service

# Near Samoa, in the other tenant, where no other test creates geofences.
LAT, LON = -13.85, -171.75


def find_nearest(service: Service, lat: float, lon: float, *, etag: str | None = None, **more: Any) -> httpx.Response:
    headers = {"If-None-Match": etag} if etag else {}
    params = {"latitude": lat, "longitude": lon, "consistent": "true"} | more
    return service.call("GET", "/geofences/nearest", params=params, headers=headers, tenant="other")


def first_ids(answer: httpx.Response, count: int) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [geofence["geofenceId"] for geofence in answer.json()["data"][:count]]


def create_circle(service: Service, lat: float, lon: float, **more: Any) -> str:
    return str(service.create_geofence(tenant="other", latitude=lat, longitude=lon, radiusMeters=50, **more)["id"])


def test_a_phone_gets_the_nearest_geofences_and_then_304_until_they_change(service: Service) -> None:
    here, near, beyond = (create_circle(service, LAT, LON + east) for east in (0, 0.01, -0.1))
    answer = find_nearest(service, LAT, LON, limit=2)
    assert first_ids(answer, 3) == [here, near]
    assert answer.json()["completeWithinMeters"] == pytest.approx(10_760, abs=30)
    etag = answer.headers["ETag"]
    same = find_nearest(service, LAT, LON + 0.001, limit=2, etag=etag)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert int(same.headers["Complete-Within-Meters"]) == pytest.approx(10_870, abs=30)

    # The near one moves over the antimeridian, to an empty area.
    moved = service.call("PATCH", f"/geofences/{near}", {"latitude": -19.0, "longitude": 179.999}, tenant="other")
    assert moved.status_code == 200, moved.text
    assert first_ids(find_nearest(service, LAT, LON, limit=2, etag=etag), 2) == [here, beyond]
    assert first_ids(find_nearest(service, -19.0, -179.99), 1) == [near]
    assert near not in first_ids(
        service.call("GET", "/geofences/nearest", params={"latitude": LAT, "longitude": LON}), 20
    )
    for geofence_id in (here, near, beyond):
        service.call("DELETE", f"/geofences/{geofence_id}", tenant="other")


def test_an_invalid_position_is_a_problem_with_its_field(service: Service) -> None:
    answer = find_nearest(service, 91, 0)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "latitude")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_employee_has_the_permission_and_an_approver_has_not(service: Service) -> None:
    params = {"latitude": LAT, "longitude": LON}
    statuses = [
        service.call("GET", "/geofences/nearest", params=params, role=role).status_code
        for role in ("employee", "approver")
    ]
    assert statuses == [200, 403]
