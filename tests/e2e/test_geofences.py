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


def new_name() -> str:
    return f"Site {uuid4()}"


def create(service: Service, *, tenant: str = "demo", **body: Any) -> dict[str, Any]:
    answer = service.call("POST", "/geofences", {"name": new_name()} | body, tenant=tenant)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def found(service: Service, lat: float, lon: float, **caller: str) -> set[str]:
    answer = service.call("POST", "/geofences/check", {"latitude": lat, "longitude": lon}, **caller)
    assert answer.status_code == 200, answer.text
    return {match["geofenceId"] for match in answer.json()["matches"]}


@pytest.mark.parametrize(("shape", "inside"), list(zip(SHAPES, INSIDE, strict=True)))
def test_a_geofence_lives_from_its_creation_to_its_end(
    service: Service, shape: dict[str, Any], inside: tuple[float, float]
) -> None:
    made = create(service, **shape)
    address = f"/geofences/{made['id']}"
    assert service.call("GET", address).json() == made
    assert made["id"] in found(service, *inside)
    changed = service.call("PUT", address, {"description": "changed"})
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert made["id"] in found(service, *inside)
    assert service.call("DELETE", "/geofences", params={"id": made["id"]}).status_code == 200
    assert service.call("GET", address).status_code == 404
    assert made["id"] not in found(service, *inside)


def test_the_hole_of_a_polygon_is_outside(service: Service) -> None:
    made = create(service, geometry=YARD)
    assert made["id"] not in found(service, 50.010, 10.010)
    service.call("DELETE", f"/geofences/{made['id']}")


def test_the_list_goes_through_all_pages_newest_first(service: Service) -> None:
    made = [create(service, latitude=1, longitude=1)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = service.call("GET", "/geofences", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [geofence["id"] for geofence in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen[:5] == made[::-1]
    assert len(seen) == len(set(seen))
    for geofence_id in made:
        service.call("DELETE", f"/geofences/{geofence_id}")


def test_a_parameter_that_is_given_twice_is_refused_by_its_name(service: Service) -> None:
    answer = service.call("GET", "/geofences", params=[("limit", "1"), ("limit", "2")])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "limit")


def test_of_twenty_parallel_creates_of_one_name_one_wins(service: Service) -> None:
    body = {"name": new_name(), "latitude": 2, "longitude": 2}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: service.call("POST", "/geofences", body), range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(found(service, 2, 2)) == 1


def test_parallel_changes_are_all_applied(service: Service) -> None:
    address = f"/geofences/{create(service, latitude=3, longitude=3)['id']}"
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


def test_a_key_with_another_keys_secret_is_no_key(service: Service) -> None:
    keys = service.tenants["demo"]["keys"]
    mixed = keys["viewer"][: len("fp_0123456789abcdef_")] + keys["admin"][len("fp_0123456789abcdef_") :]
    assert service.call("GET", "/geofences", key=mixed).status_code == 401


def test_a_route_that_is_none_is_a_404_problem(service: Service) -> None:
    for method, path in (("GET", "/geofence"), ("DELETE", "/geofences/check"), ("POST", "/geofences/x")):
        answer = service.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NO_SUCH_ROUTE")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("admin", {"list", "create", "delete", "check", "clock"}),
        ("editor", {"list", "create", "check"}),
        ("viewer", {"list", "check"}),
        ("approver", {"clock"}),
        ("employee", {"check", "clock"}),
    ],
)
def test_each_role_may_what_it_may(service: Service, role: str, may: set[str]) -> None:
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
    assert allowed == may


def test_another_tenants_geofence_is_as_absent_as_one_that_never_was(service: Service) -> None:
    mine = create(service, latitude=4, longitude=4)["id"]
    for method, body in (("GET", None), ("PUT", {"name": "Mine now"}), ("PATCH", {}), ("DELETE", None)):
        foreign, absent = (
            service.call(method, f"/geofences/{geofence_id}", body, tenant="other") for geofence_id in (mine, uuid4())
        )
        assert (foreign.status_code, absent.status_code) == (404, 404)
        said = [{k: v for k, v in answer.json().items() if k != "requestId"} for answer in (foreign, absent)]
        assert said[0] == said[1]
    assert found(service, 4, 4, tenant="other") == set()
    assert found(service, 4, 4) == {mine}


def test_hostile_bodies_are_answered_with_the_field(service: Service) -> None:
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
