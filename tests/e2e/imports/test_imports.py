"""Imports of KML files from the bucket."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.service import Service

HEAD = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
TAIL = "</Document></kml>"


def kml(*placemarks: str) -> bytes:
    return (HEAD + "".join(placemarks) + TAIL).encode()


def placemark(name: str, geometry: str) -> str:
    return f"<Placemark><name>{name}</name>{geometry}</Placemark>"


def point(lon: float, lat: float) -> str:
    return f"<Point><coordinates>{lon},{lat}</coordinates></Point>"


def make_key() -> str:
    return f"uploads/demo/{uuid4()}.kml"


def test_points_lines_and_polygons_become_geofences(service: Service) -> None:
    unique = uuid4().hex[:8]
    line = "<LineString><coordinates>20.00,40.00 20.01,40.00</coordinates></LineString>"
    ring = "21.00,40.00 21.01,40.00 21.01,40.01 21.00,40.01 21.00,40.00"
    outer = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
    polygon = f"<Polygon>{outer}</Polygon>"
    both = f"<MultiGeometry>{point(22, 40)}{point(23, 40)}</MultiGeometry>"
    report = service.import_file(
        make_key(),
        kml(
            placemark(f"dot {unique}", point(19, 40)),
            placemark(f"line {unique}", line),
            placemark(f"area {unique}", polygon),
            placemark(f"two {unique}", both),
            placemark(f"nothing {unique}", ""),
        ),
    )
    assert (report["status"], report["counts"]) == ("completed", {"placemarks": 5, "geofences": 5, "leftOut": 1})
    assert report["leftOut"][0]["name"] == f"nothing {unique}"
    created = {g["name"]: service.call("GET", f"/geofences/{g['id']}").json() for g in report["geofences"]}
    assert [g["type"] for g in created.values()] == ["circle", "corridor", "polygon", "circle", "circle"]
    assert set(created) == {f"{kind} {unique}" for kind in ("dot", "line", "area", "two")} | {f"two {unique} 2"}
    assert created[f"dot {unique}"]["radiusMeters"] == created[f"line {unique}"]["radiusMeters"] == 150
    answer = service.call("POST", "/geofences/check", {"latitude": 40.005, "longitude": 21.005})
    assert f"area {unique}" in {match["geofenceName"] for match in answer.json()["matches"]}


def test_a_file_that_is_uploaded_again_creates_no_duplicates(service: Service) -> None:
    content = kml(placemark(f"once {uuid4()}", point(24, 41)))
    key = make_key()
    assert service.import_file(key, content)["counts"]["geofences"] == 1
    again = service.import_file(key, content)
    assert again["counts"] == {"placemarks": 1, "geofences": 0, "leftOut": 1}
    assert "exists already" in again["leftOut"][0]["reason"]


def test_three_hundred_placemarks_are_all_accounted_for(service: Service) -> None:
    unique = uuid4().hex[:8]
    rows = [placemark(f"{unique}-{n}", point(25 + n / 1000, 42)) for n in range(299)]
    report = service.import_file(make_key(), kml(*rows, placemark(f"{unique}-bad", point(0, 0))))
    assert report["counts"] == {"placemarks": 300, "geofences": 299, "leftOut": 1}
    assert len({geofence["id"] for geofence in report["geofences"]}) == 299


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"name,lat,lon\nx,1,2\n", "XML"),
        (b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml/>', "DOCTYPE"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE kml><kml/>'.encode("utf-16"), "DOCTYPE"),
        (kml(placemark("half", point(1, 1)))[:-20], ""),
        (b"<html><body/></html>", "KML"),
        (b"<kml>" + b"<Folder>" * 200_000, "deep"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_failed_report(service: Service, content: bytes, reason: str) -> None:
    before = service.call("GET", "/geofences", params={"limit": 1}).json()
    report: dict[str, Any] = service.import_file(make_key(), content)
    assert report["status"] == "failed"
    assert reason.casefold() in report["reason"].casefold(), report["reason"]
    assert report["counts"]["geofences"] == 0
    assert service.call("GET", "/geofences", params={"limit": 1}).json() == before


@pytest.mark.parametrize("key", ["stray.kml", "uploads/stray.kml", "uploads/nobody/sites.kml", "uploads//x.kml"])
def test_a_file_outside_the_folders_of_tenants_is_rejected_with_a_report(service: Service, key: str) -> None:
    report = service.import_file(key, kml(placemark("stray", point(1, 1))))
    assert (report["status"], report["counts"]["geofences"]) == ("failed", 0)
    assert "uploads/<tenantId>/" in report["reason"]
