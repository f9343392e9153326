"""Geofences and checks over HTTP, through the gateway, the authorizer and the table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.service import Service

YARD = {
    "type": "Polygon",
    "coordinates": [
        [[10.0, 50.0], [10.02, 50.0], [10.02, 50.02], [10.0, 50.02], [10.0, 50.0]],
        [[10.008, 50.008], [10.012, 50.008], [10.012, 50.012], [10.008, 50.012], [10.008, 50.008]],
    ],
}
SHAPES: list[dict[str, Any]] = [
    {"latitude": 30.2672, "longitude": -97.7431, "radiusMeters": 100},
    {"type": "polygon", "geometry": YARD},
    {"type": "corridor", "points": [{"lat": 37.8, "lng": -122.4}, {"lat": 37.81, "lng": -122.4}], "radiusMeters": 50},
]
INSIDE = [(30.2672, -97.7431), (50.002, 10.002), (37.805, -122.4)]


def find_matches(service: Service, lat: float, lon: float, **caller: str) -> set[str]:
    answer = service.call("POST", "/geofences/check", {"latitude": lat, "longitude": lon}, **caller)
    assert answer.status_code == 200, answer.text
    return {match["geofenceId"] for match in answer.json()["matches"]}


@pytest.mark.parametrize(("shape", "inside"), list(zip(SHAPES, INSIDE, strict=True)))
def test_a_geofence_is_created_read_changed_and_deleted(
    service: Service, shape: dict[str, Any], inside: tuple[float, float]
) -> None:
    created = service.create_geofence(**shape)
    address = f"/geofences/{created['id']}"
    assert service.call("GET", address).json() == created
    assert created["id"] in find_matches(service, *inside)
    changed = service.call("PUT", address, {"description": "changed"})
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert created["id"] in find_matches(service, *inside)
    assert service.call("DELETE", "/geofences", params={"id": created["id"]}).status_code == 200
    assert service.call("GET", address).status_code == 404
    assert created["id"] not in find_matches(service, *inside)


def test_the_hole_of_a_polygon_is_outside(service: Service) -> None:
    created = service.create_geofence(geometry=YARD)
    assert created["id"] not in find_matches(service, 50.010, 10.010)
    service.call("DELETE", f"/geofences/{created['id']}")


def test_the_list_returns_all_pages_newest_first(service: Service) -> None:
    created = [service.create_geofence(latitude=1, longitude=1)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = service.call("GET", "/geofences", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [geofence["id"] for geofence in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen[:5] == created[::-1]
    assert len(seen) == len(set(seen))
    for geofence_id in created:
        service.call("DELETE", f"/geofences/{geofence_id}")


def test_a_duplicate_query_parameter_is_refused_by_its_name(service: Service) -> None:
    answer = service.call("GET", "/geofences", params=[("limit", "1"), ("limit", "2")])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "limit")


def test_of_twenty_parallel_creates_with_one_name_one_succeeds(service: Service) -> None:
    body = {"name": f"Site {uuid4()}", "latitude": 2, "longitude": 2}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: service.call("POST", "/geofences", body), range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(find_matches(service, 2, 2)) == 1


def test_parallel_changes_are_all_applied(service: Service) -> None:
    address = f"/geofences/{service.create_geofence(latitude=3, longitude=3)['id']}"
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda n: service.call("PUT", address, {"dwellMinutes": n + 1}), range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert service.call("GET", address).json()["version"] == 4


@pytest.mark.parametrize("token", ["x", "nonsense", "fp_0123456789abcdef_" + "x" * 43])
def test_without_a_valid_token_there_is_a_401_problem(service: Service, token: str) -> None:
    for method, path in (("GET", "/geofences"), ("POST", "/geofences/check"), ("POST", "/clock")):
        answer = service.call(method, path, key=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_without_an_authorization_header_there_is_a_401_problem(service: Service) -> None:
    answer = service.http.get(service.endpoint.base_url + "/geofences")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


def test_a_key_with_the_secret_of_another_key_is_refused(service: Service) -> None:
    keys = service.tenants["demo"]["keys"]
    mixed = keys["viewer"][: len("fp_0123456789abcdef_")] + keys["admin"][len("fp_0123456789abcdef_") :]
    assert service.call("GET", "/geofences", key=mixed).status_code == 401


def test_an_unknown_route_is_a_404_problem(service: Service) -> None:
    for method, path in (("GET", "/geofence"), ("DELETE", "/geofences/check"), ("POST", "/geofences/x")):
        answer = service.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NO_SUCH_ROUTE")


@pytest.mark.parametrize(
    ("role", "permitted"),
    [
        ("admin", {"list", "create", "delete", "check", "clock"}),
        ("editor", {"list", "create", "check"}),
        ("viewer", {"list", "check"}),
        ("approver", {"clock"}),
        ("employee", {"check", "clock"}),
    ],
)
def test_each_role_has_its_permissions(service: Service, role: str, permitted: set[str]) -> None:
    calls: dict[str, tuple[str, str, Any]] = {
        "list": ("GET", "/geofences", None),
        "create": ("POST", "/geofences", {}),
        "delete": ("DELETE", f"/geofences/{uuid4()}", None),
        "check": ("POST", "/geofences/check", {}),
        "clock": ("POST", "/clock", {}),
    }
    allowed = {
        name
        for name, (method, path, body) in calls.items()
        if service.call(method, path, body, role=role).status_code != 403
    }
    assert allowed == permitted


def test_a_geofence_of_another_tenant_is_answered_like_an_unknown_one(service: Service) -> None:
    mine = service.create_geofence(latitude=4, longitude=4)["id"]
    for method, body in (("GET", None), ("PUT", {"name": "Mine now"}), ("PATCH", {}), ("DELETE", None)):
        foreign, absent = (
            service.call(method, f"/geofences/{geofence_id}", body, tenant="other") for geofence_id in (mine, uuid4())
        )
        assert (foreign.status_code, absent.status_code) == (404, 404)
        problems = [{k: v for k, v in answer.json().items() if k != "requestId"} for answer in (foreign, absent)]
        assert problems[0] == problems[1]
    assert find_matches(service, 4, 4, tenant="other") == set()
    assert find_matches(service, 4, 4) == {mine}


def test_an_invalid_body_is_refused_with_its_field(service: Service) -> None:
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    for body, field in (
        ({"name": "X", "latitude": 90.0001, "longitude": 1}, "latitude"),
        ({"name": "X", "latitude": 0, "longitude": 0}, "latitude"),
        ({"name": "X", "latitude": "1", "longitude": 1}, "latitude"),
        ({"name": "X", "geometry": bow_tie}, "geometry"),
        ({"name": "X", "latitude": 1, "longitude": 1, "status": "maybe"}, "status"),
    ):
        answer = service.call("POST", "/geofences", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field), answer.text
    malformed = service.call("POST", "/geofences", content=b'{"name": ', headers={"Content-Type": "application/json"})
    assert (malformed.status_code, malformed.json()["errors"][0]["field"]) == (400, "body")
