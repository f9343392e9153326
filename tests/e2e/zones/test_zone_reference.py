"""Every example of the zone reference over HTTP, with its answer, and every error number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from local import demo
from tests.e2e.service import Service, wait_for
from tests.events import build_event
from tests.zone_reference import CONVERTED, LINE, NAMED_POINT, NOT_CONVERTED, READY_LINE, SIMPLE_LINE

ORIGIN = "https://maps.example.com"
ZONE = {"label": "Zone name", "radius": 100, "center": {"lat": 56.827001, "lng": 60.594296}}
CIRCLE = {
    "type": "circle",
    "label": "Circle",
    "address": "Karlsplatz, 2",
    "color": "27A9E3",
    "radius": 150,
    "center": {"lat": 48.200940, "lng": 16.369856},
    "tags": [],
}
POLYGON = {"type": "polygon", "label": "Polygon", "address": "Karlsplatz, 2", "color": "27A9E3", "tags": []}
SAUSAGE = {**POLYGON, "type": "sausage", "label": "Sausage", "radius": 150}


@dataclass
class Client:
    """A client written for the reference, with only the base address and the hash changed."""

    service: Service
    tenant: str
    key: str
    viewer: str

    def send_example(self, name: str, **other: Any) -> Any:
        """Send an example of the reference, with its own hash and with `other` parameters in place of made-up ids."""
        event = build_event(f"api/zone_{name}")
        path = event["resource"].removeprefix("/v1/zone/")
        if event["httpMethod"] == "GET":
            return self.send("GET", path, params=event["queryStringParameters"] | {"hash": self.key} | other).json()
        return self(path, **{**json.loads(event["body"]), **other})

    def __call__(self, path: str, **parameters: Any) -> Any:
        return self.send("POST", path, json={"hash": self.key} | parameters | {"hash": self.key}).json()

    def send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        return self.service.http.request(method, f"{self.service.endpoint.base_url}/zone/{path}", **parts)

    def upload(self, file: str | None, **fields: str) -> httpx.Response:
        files = {} if file is None else {"file": ("zones.kml", file)}
        return self.send("POST", "upload", data={"hash": self.key, **fields}, files=files)


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    tenant = f"reference-{uuid4().hex[:8]}"
    users = [{"id": role, "name": role, "roles": [role]} for role in ("admin", "viewer")]
    setup = {"id": tenant, "name": tenant, "redirectOrigins": [ORIGIN], "users": users}
    keys = demo.set_up_tenants(service.endpoint, {"tenants": [setup]})[tenant]
    return Client(service, tenant, keys["admin"], keys["viewer"])


def test_every_example_gets_the_answer_of_the_reference(client: Client) -> None:
    success = {"success": True}
    created = client.send_example("create")
    number = created["id"]
    assert (created, type(number)) == ({"success": True, "id": number}, int)
    assert client.send_example("update") == success

    def wait_for_list(name: str) -> Any:
        return wait_for(lambda: client.send_example(name)["list"] or None, "the zone in the list")

    zone = {"id": number, "type": "circle", "color": "27A9E3", "tags": [], "address": "zone address", **ZONE}
    assert wait_for_list("list") == wait_for_list("list_by_get") == [zone]
    found = client.send_example("search_location")
    assert found == {"list": [{"id": number, "label": "Zone name"}], "success": True}
    assert client.send_example("delete", zone_id=number) == success
    assert client.send_example("delete_by_get", zone_id=client.send_example("create")["id"]) == success
    circle = client("create", zone=CIRCLE)["id"]
    polygon = client("create", zone=POLYGON, points=LINE)["id"]
    sausage = client("create", zone=SAUSAGE, points=LINE)["id"]
    for number, zone in ((circle, CIRCLE), (polygon, POLYGON), (sausage, SAUSAGE)):
        assert client("read", zone_id=number) == {"success": True, "value": {"id": number, **zone}}
    assert client("point/list", zone_id=sausage) == {"success": True, "list": LINE}
    assert client.send_example("point_update", zone_id=polygon) == success
    assert client.send_example("point_list", zone_id=polygon) == {"success": True, "list": LINE}
    converted = client.send_example("batch_convert")
    unplaced = {**NOT_CONVERTED, "label": "Geofence for test Karlsplatz, 2", "address": ""}
    assert converted == {"success": True, "list": [unplaced], "limit_exceeded": False}
    assert client("batch_convert", batch="Geofence name\tincorrect address")["list"] == [NOT_CONVERTED]
    placed = client("batch_convert", batch="Geofence name\tKarlsplatz, 2\t48.2009935\t16.3699642")
    assert placed == {"success": True, "list": [CONVERTED], "limit_exceeded": False}
    redirect = client.upload(SIMPLE_LINE, redirect_target=f"{ORIGIN}/done").headers["Location"]
    response = parse_qs(urlsplit(redirect).query)["response"][0]
    assert json.loads(response) == {"success": True, "list": [READY_LINE]}
    for number in (circle, polygon, sausage):
        assert client("delete", zone_id=number) == success


def test_every_error_number_is_provoked(client: Client) -> None:
    circle = client("create", zone=CIRCLE)["id"]
    assigned = client("create", zone=ZONE)["id"]
    many = [{"lat": 1 + n / 10_000, "lng": 1.0} for n in range(1_025)]
    bearer = {"Authorization": f"Bearer {client.key}"}
    other_hash = {"Authorization": f"NVX {client.viewer}"}
    caller = {"tenant": "demo", "key": client.key}
    client.service.call("PUT", "/directory/groups/drivers", {"name": "Drivers", "members": ["viewer"]}, **caller)
    (geofence,) = client.service.call("GET", "/geofences", params={"filter": "Zone name"}, **caller).json()["data"]
    assignments = [{"targetTable": "groups", "targetId": "drivers"}]
    client.service.call("PUT", f"/geofences/{geofence['id']}", {"assignments": assignments}, **caller)
    refusals = {
        "hash": (4, client.send("POST", "list", json={"hash": "22eac1c27af4be7b9d04da2ce1af111b"}), None),
        "differs": (7, client.send("POST", "list", json={"hash": client.key}, headers=other_hash), "hash"),
        "both": (7, client.send("POST", "delete", json={"zone_id": 1, "zone_ids": [1]}, headers=bearer), "zone_ids"),
        "GET with a body": (7, client.send("GET", "list", json={"filter": "x"}, headers=bearer), "body"),
        "elsewhere": (7, client.upload(SIMPLE_LINE, redirect_target="https://evil.example"), "redirect_target"),
        "right": (13, client.send("POST", "delete", json={"hash": client.viewer, "zone_id": circle}), None),
        "absent": (201, client.send("POST", "read", json={"zone_id": 1}, headers=bearer), None),
        "polygon": (202, client.send("POST", "create", json={"zone": POLYGON, "points": many}, headers=bearer), None),
        "sausage": (202, client.send("POST", "create", json={"zone": SAUSAGE, "points": many}, headers=bearer), None),
        "assigned": (203, client.send("POST", "delete", json={"zone_id": assigned}, headers=bearer), None),
        "points": (230, client.send("POST", "create", json={"zone": CIRCLE, "points": many}, headers=bearer), None),
        "no file": (233, client.upload(None), None),
        "no KML": (234, client.upload("label\tlat\tlng"), None),
        "no line": (234, client.send("POST", "batch_convert", json={"batch": " \n"}, headers=bearer), None),
        "few": (284, client.send("POST", "create", json={"zone": POLYGON, "points": many[:2]}, headers=bearer), None),
        "one": (284, client.send("POST", "create", json={"zone": SAUSAGE, "points": many[:1]}, headers=bearer), None),
    }
    for name, (code, answer, parameter) in refusals.items():
        body = answer.json()
        assert (answer.status_code, body["success"], body["status"]["code"]) == (400, False, code), (name, body)
        assert parameter is None or [error["parameter"] for error in body["errors"]] == [parameter], (name, body)
    assert refusals["assigned"][1].json()["entities"] == [{"type": "groups", "ids": ["drivers"]}]
    other_type = client.send("POST", "update", json={"zone": {"id": circle, "type": "polygon"}}, headers=bearer)
    assert (other_type.status_code, other_type.json()["status"]["code"]) == (409, 231)
    limit = {"id": client.tenant, "name": client.tenant, "geofenceLimit": 2}
    demo.set_up_tenants(client.service.endpoint, {"tenants": [limit]})
    for full in (
        client.send("POST", "create", json={"zone": {**CIRCLE, "label": "More"}}, headers=bearer),
        client.upload(NAMED_POINT),
        client.upload(NAMED_POINT, dry_run="false"),
    ):
        assert (full.status_code, full.json()["status"]["code"]) == (402, 268), full.text
