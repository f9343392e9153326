"""A geofence type is one module: `tests/donut.py` is registered, and the API has it from end to end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from geo.shapes import list_kinds
from tests.donut import register_donut
from tests.functional.app import Answer, App
from tests.functional.zones.client import ZoneClient

LAT, LON = 60.17, 24.94
# A degree of latitude is some 111 km: 0, 67 and 134 metres north of the centre.
IN_THE_HOLE, IN_THE_DOUGH, OUTSIDE = LAT, LAT + 0.0006, LAT + 0.0012


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    register_donut(monkeypatch)


def create(app: App, **more: Any) -> Answer:
    body = {"name": "Ring road", "type": "donut", "latitude": LAT, "longitude": LON, "radiusMeters": 100, **more}
    answer = app.request("geofences", "create_circle", raw=json.dumps(body))
    assert answer.status == 201, answer
    return answer


def check(app: App, lat: float) -> list[str]:
    answer = app.request("location", "check", latitude=lat, longitude=LON)
    assert answer.status == 200, answer
    return [match["geofenceName"] for match in answer.body["matches"]]


def describe(app: App, tenant: str) -> dict[str, Any]:
    """The shapes of a tenant's geofences by their names."""
    listed = app.request("geofences", "list", tenant=tenant).body["data"]
    members = ("type", "latitude", "longitude", "radiusMeters", "geometry")
    return {geofence["name"]: [geofence[name] for name in members] for geofence in listed}


def test_donut_is_created_read_listed_and_checked(app: App) -> None:
    created = create(app).body
    assert (created["type"], created["latitude"], created["radiusMeters"]) == ("donut", LAT, 100)
    app.create_circle("Circle")
    assert app.request("geofences", "read", path_id=created["id"]).body == created
    assert app.list_names(type="donut") == ["Ring road"]
    assert [check(app, lat) for lat in (IN_THE_HOLE, IN_THE_DOUGH, OUTSIDE)] == [[], ["Ring road"], []]
    query = {"latitude": str(LAT), "longitude": str(LON)}
    nearest = app.request("geofences", "nearest", query=query).body["data"][0]
    assert (nearest["type"], nearest["enclosingRadiusMeters"], round(nearest["edgeDistance"])) == ("donut", 100, 50)


def test_donut_is_changed_and_its_versions_are_kept(app: App) -> None:
    created = create(app).body
    answer = app.request(
        "geofences",
        "update",
        path_id=created["id"],
        raw=json.dumps({"latitude": LAT, "longitude": LON, "radius": 300}),
    )
    assert (answer.status, answer.body["type"], answer.body["radiusMeters"]) == (200, "donut", 300)
    assert check(app, IN_THE_DOUGH) == []
    versions = app.request("geofences", "list_versions", path_id=created["id"]).body["data"]
    assert [(version["type"], version["radiusMeters"]) for version in versions] == [("donut", 300), ("donut", 100)]


def test_circle_becomes_a_donut(app: App) -> None:
    circle = app.create_circle("Circle", LAT, LON, radiusMeters=100).body
    body = {"type": "donut", "latitude": LAT, "longitude": LON, "radius": 100}
    assert app.request("geofences", "update", path_id=circle["id"], raw=json.dumps(body)).body["type"] == "donut"
    assert [check(app, lat) for lat in (IN_THE_HOLE, IN_THE_DOUGH)] == [[], ["Circle"]]


def test_exported_geojson_is_imported_as_donuts(app: App) -> None:
    create(app)
    app.create_circle("Circle")
    exported = app.request("geofences", "list_features").body
    begun = app.request("imports", "import_features", tenant="other", raw=json.dumps(exported))
    app.process_chunks()
    report = app.request("imports", "read_import", path_id=begun.body["id"], tenant="other").body["report"]
    assert report["counts"] == {"placemarks": 2, "geofences": 2, "leftOut": 0}
    assert describe(app, "other") == describe(app, "demo")


def test_exported_kml_is_imported_as_donuts(app: App) -> None:
    create(app)
    app.create_circle("Circle")
    zones = ZoneClient(app)
    exported = zones.get("download", {"hash": zones.hash}).text
    counts = app.import_file("uploads/other/all.kml", exported.encode())["counts"]
    assert counts == {"placemarks": 2, "geofences": 2, "leftOut": 0}
    assert describe(app, "other") == describe(app, "demo")


def test_zone_reports_the_circle_around_a_donut(app: App) -> None:
    number = create(app).body["number"]
    zones = ZoneClient(app)
    zone = zones("read", zone_id=number).body["value"]
    assert (zone["type"], zone["radius"], zone["approximate"]) == ("circle", 100, True)
    assert zones("update", zone={"id": number, "label": "Renamed", "radius": 100}).status == 200
    refused = zones("update", zone={"id": number, "radius": 200})
    assert (refused.status, refused.body["status"]["code"]) == (409, 231)
    refused = zones("point/update", zone_id=number, points=[{"lat": 1, "lng": 1}])
    assert (refused.status, refused.body["status"]["code"]) == (400, 230)


def test_unknown_type_is_refused_by_name(app: App) -> None:
    assert list_kinds() == ("circle", "polygon", "corridor", "donut")
    answer = app.request("geofences", "create_circle", name="Square", latitude=1, longitude=1, type="square")
    assert answer.body["errors"] == [
        {"field": "type", "message": "input should be 'circle', 'polygon', 'corridor', 'donut' or 'sausage'"}
    ]
