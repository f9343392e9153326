"""The zone API over HTTP, through the template: the gateway lets its calls in, and the function asks for the hash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.service import Service, eventually

CENTER = {"lat": 56.827001, "lng": 60.594296}
RING = [{"lat": lat, "lng": lng, "node": lat < 57} for lat, lng in ((56, 61), (56, 61.1), (57, 61.1), (57, 61))]


def send(service: Service, method: str, path: str, **how: Any) -> httpx.Response:
    return service.http.request(method, f"{service.endpoint.base_url}/zone/{path}", **how)


def post(service: Service, path: str, **parameters: Any) -> dict[str, Any]:
    """As the reference's examples are: a JSON body with the hash in it."""
    answer = send(service, "POST", path, json={"hash": key_of(service), **parameters})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["success"] is True
    return told


def key_of(service: Service, role: str = "admin", tenant: str = "demo") -> str:
    return str(service.tenants[tenant]["keys"][role])


@contextmanager
def zone(service: Service, label: str, **more: Any) -> Iterator[int]:
    points = {"points": more.pop("points")} if "points" in more else {}
    number: int = post(service, "create", zone={"label": label, "address": "zone address", **more}, **points)["id"]
    yield number
    assert post(service, "delete", zone_id=number) == {"success": True}


def test_a_client_of_the_reference_works_with_another_address_and_hash(service: Service) -> None:
    label = f"Zone {uuid4()}"
    with zone(service, label, radius=100, center=CENTER) as number:
        told = {
            "id": number,
            "type": "circle",
            "label": label,
            "address": "zone address",
            "color": "27A9E3",
            "radius": 100,
            "center": CENTER,
            "tags": [],
        }
        assert post(service, "read", zone_id=number)["value"] == told
        assert post(service, "update", zone={"id": number, "radius": 120}) == {"success": True}
        (found,) = eventually(lambda: post(service, "list", filter=label)["list"], "the zone in the list")
        assert found == {**told, "radius": 120}
        inside = eventually(
            lambda: post(service, "search_location", location=CENTER)["list"], "the zone at its centre"
        )
        assert {"id": number, "label": label} in inside
        elsewhere = service.call("GET", "/geofences", params={"filter": label}).json()["data"]
        assert [(g["number"], g["radiusMeters"]) for g in elsewhere] == [(number, 120)]
    gone = send(service, "POST", "read", json={"hash": key_of(service), "zone_id": number})
    assert (gone.status_code, gone.json()["status"]["code"]) == (400, 201)


@pytest.mark.parametrize("place", ["JSON", "form", "query", "header", "header of a GET", "bearer", "ID token"])
def test_the_hash_is_taken_wherever_a_client_puts_it(service: Service, place: str) -> None:
    key = key_of(service)
    with zone(service, f"Hashed {uuid4()}", radius=5, center=CENTER) as number:
        asked = {"zone_id": number}
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "JSON": ("POST", {"json": {"hash": key, **asked}}),
            "form": ("POST", {"data": {"hash": key, **asked}}),
            "query": ("GET", {"params": {"hash": key, **asked}}),
            "header": ("POST", {"json": asked, "headers": {"Authorization": f"NVX {key}"}}),
            "header of a GET": ("GET", {"params": asked, "headers": {"Authorization": f"NVX {key}"}}),
            "bearer": ("POST", {"data": asked, "headers": {"Authorization": f"Bearer {key}"}}),
        }
        if place == "ID token":
            token = service.sign_in("viewer", tenant="demo", user_id="vera").id_token
            calls[place] = ("POST", {"json": asked, "headers": {"Authorization": f"Bearer {token}"}})
        method, how = calls[place]
        answer = send(service, method, "read", **how)
        assert (answer.status_code, answer.json().get("value", {}).get("id")) == (200, number), answer.text


def test_points_stand_apart_and_pages_go_by_offset(service: Service) -> None:
    mark = f"Points {uuid4()}"
    with (
        zone(service, f"{mark} 1", type="polygon", points=RING) as one,
        zone(service, f"{mark} 2", type="sausage", radius=150, points=RING[:3]) as two,
    ):
        assert post(service, "point/list", zone_id=one)["list"] == RING
        turned = [{**point, "node": not point["node"]} for point in RING[:3]]
        assert post(service, "point/update", zone_id=two, points=turned) == {"success": True}
        both = post(service, "list", filter=mark, with_points=True)["list"]
        assert [(z["id"], z["points"]) for z in both] == [(one, RING), (two, turned)]
        everything = [z["id"] for z in post(service, "list")["list"]]
        assert everything.index(one) < everything.index(two)
        assert [z["id"] for z in post(service, "list", offset=everything.index(one), limit=2)["list"]] == [one, two]


def test_refusals_are_numbered(service: Service) -> None:
    label = f"Held {uuid4()}"
    with zone(service, label, radius=5, center=CENTER) as number:
        other = key_of(service, "admin", "other")
        refusals: list[tuple[tuple[int, int], httpx.Response]] = [
            ((400, 4), send(service, "POST", "list", json={"hash": "22eac1c27af4be7b9d04da2ce1af111b"})),
            ((400, 4), send(service, "GET", "list")),
            ((400, 13), send(service, "POST", "delete", json={"hash": key_of(service, "viewer"), "zone_id": number})),
            ((400, 201), send(service, "POST", "read", json={"hash": other, "zone_id": number})),
            ((400, 7), send(service, "POST", "list", params={"hash": other}, json={"hash": key_of(service)})),
            ((400, 7), send(service, "GET", "list", params={"hash": other, "limit": "none"})),
            (
                (409, 231),
                send(
                    service,
                    "POST",
                    "update",
                    json={"hash": key_of(service), "zone": {"id": number, "type": "polygon"}},
                ),
            ),
        ]
        for (status, code), answer in refusals:
            told = answer.json()
            assert (answer.status_code, told["success"], told["status"]["code"]) == (status, False, code), told
        geofence = service.call("GET", "/geofences", params={"filter": label}).json()["data"][0]
        address = f"/geofences/{geofence['id']}"
        held = {"assignments": [{"targetTable": "users", "targetId": service.user("employee")}]}
        assert service.call("PUT", address, held).status_code == 200
        refused = send(service, "POST", "delete", json={"hash": key_of(service), "zone_id": number}).json()
        assert refused["status"]["code"] == 203
        assert refused["entities"] == [{"type": "users", "ids": [service.user("employee")]}]
        service.call("PUT", address, {"assignments": []})
