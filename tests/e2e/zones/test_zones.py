"""The zone API over HTTP: the gateway does not authorize its calls, and the function authenticates by the hash."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.service import Service, wait_for
from tests.e2e.zones.client import find_key, post, send, temporary_zone

CENTER = {"lat": 56.827001, "lng": 60.594296}
RING = [{"lat": lat, "lng": lng, "node": lat < 57} for lat, lng in ((56, 61), (56, 61.1), (57, 61.1), (57, 61))]


def test_a_client_of_the_reference_works_with_another_address_and_hash(service: Service) -> None:
    label = f"Zone {uuid4()}"
    with temporary_zone(service, label, radius=100, center=CENTER) as number:
        expected = {
            "id": number,
            "type": "circle",
            "label": label,
            "address": "zone address",
            "color": "27A9E3",
            "radius": 100,
            "center": CENTER,
            "tags": [],
        }
        assert post(service, "read", zone_id=number)["value"] == expected
        assert post(service, "update", zone={"id": number, "radius": 120}) == {"success": True}
        (listed,) = wait_for(lambda: post(service, "list", filter=label)["list"], "the zone in the list")
        assert listed == {**expected, "radius": 120}
        inside = wait_for(lambda: post(service, "search_location", location=CENTER)["list"], "the zone at its centre")
        assert {"id": number, "label": label} in inside
        geofences = service.call("GET", "/geofences", params={"filter": label}).json()["data"]
        assert [(g["number"], g["radiusMeters"]) for g in geofences] == [(number, 120)]
    deleted = send(service, "POST", "read", json={"hash": find_key(service), "zone_id": number})
    assert (deleted.status_code, deleted.json()["status"]["code"]) == (400, 201)


@pytest.mark.parametrize("place", ["JSON", "form", "query", "header", "header of a GET", "bearer", "ID token"])
def test_the_hash_is_accepted_wherever_a_client_puts_it(service: Service, place: str) -> None:
    key = find_key(service)
    with temporary_zone(service, f"Hashed {uuid4()}", radius=5, center=CENTER) as number:
        parameters = {"zone_id": number}
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "JSON": ("POST", {"json": {"hash": key, **parameters}}),
            "form": ("POST", {"data": {"hash": key, **parameters}}),
            "query": ("GET", {"params": {"hash": key, **parameters}}),
            "header": ("POST", {"json": parameters, "headers": {"Authorization": f"NVX {key}"}}),
            "header of a GET": ("GET", {"params": parameters, "headers": {"Authorization": f"NVX {key}"}}),
            "bearer": ("POST", {"data": parameters, "headers": {"Authorization": f"Bearer {key}"}}),
        }
        if place == "ID token":
            token = service.sign_in("viewer", tenant="demo", user_id="vera").id_token
            calls[place] = ("POST", {"json": parameters, "headers": {"Authorization": f"Bearer {token}"}})
        method, parts = calls[place]
        answer = send(service, method, "read", **parts)
        assert (answer.status_code, answer.json().get("value", {}).get("id")) == (200, number), answer.text


def test_points_are_read_and_changed_separately_and_pages_have_offsets(service: Service) -> None:
    mark = f"Points {uuid4()}"
    with (
        temporary_zone(service, f"{mark} 1", type="polygon", points=RING) as one,
        temporary_zone(service, f"{mark} 2", type="sausage", radius=150, points=RING[:3]) as two,
    ):
        assert post(service, "point/list", zone_id=one)["list"] == RING
        turned = [{**point, "node": not point["node"]} for point in RING[:3]]
        assert post(service, "point/update", zone_id=two, points=turned) == {"success": True}
        both = post(service, "list", filter=mark, with_points=True)["list"]
        assert [(z["id"], z["points"]) for z in both] == [(one, RING), (two, turned)]
        everything = [z["id"] for z in post(service, "list")["list"]]
        assert everything.index(one) < everything.index(two)
        assert [z["id"] for z in post(service, "list", offset=everything.index(one), limit=2)["list"]] == [one, two]


def test_errors_have_the_numbers_of_the_reference(service: Service) -> None:
    label = f"Held {uuid4()}"
    with temporary_zone(service, label, radius=5, center=CENTER) as number:
        other, viewer = find_key(service, "admin", "other"), find_key(service, "viewer")
        refusals: list[tuple[tuple[int, int], httpx.Response]] = [
            ((400, 4), send(service, "POST", "list", json={"hash": "22eac1c27af4be7b9d04da2ce1af111b"})),
            ((400, 4), send(service, "GET", "list")),
            (
                (400, 13),
                send(service, "POST", "delete", json={"hash": viewer, "zone_id": number}),
            ),
            ((400, 201), send(service, "POST", "read", json={"hash": other, "zone_id": number})),
            ((400, 7), send(service, "POST", "list", params={"hash": other}, json={"hash": find_key(service)})),
            ((400, 7), send(service, "GET", "list", params={"hash": other, "limit": "none"})),
            (
                (409, 231),
                send(
                    service,
                    "POST",
                    "update",
                    json={"hash": find_key(service), "zone": {"id": number, "type": "polygon"}},
                ),
            ),
        ]
        for (status, code), answer in refusals:
            body = answer.json()
            assert (answer.status_code, body["success"], body["status"]["code"]) == (status, False, code), body
        geofence = service.call("GET", "/geofences", params={"filter": label}).json()["data"][0]
        address = f"/geofences/{geofence['id']}"
        assignments = {"assignments": [{"targetTable": "users", "targetId": service.find_user_id("employee")}]}
        assert service.call("PUT", address, assignments).status_code == 200
        refused = send(service, "POST", "delete", json={"hash": find_key(service), "zone_id": number}).json()
        assert refused["status"]["code"] == 203
        assert refused["entities"] == [{"type": "users", "ids": [service.find_user_id("employee")]}]
        service.call("PUT", address, {"assignments": []})
