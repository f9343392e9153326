"""Zones from files over HTTP: forms with files and zip files pass through the gateway."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import httpx
import openpyxl
import pytest

from tests.e2e.service import Service, wait_for
from tests.e2e.zones.client import find_key, post, send, temporary_zone
from tests.zone_reference import CONVERTED, FILES


def upload(service: Service, file: str | bytes, name: str = "zones.kml", **fields: Any) -> httpx.Response:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return send(service, "POST", "upload", data={"hash": find_key(service), **texts}, files={"file": (name, file)})


@pytest.mark.parametrize(("file", "ready"), FILES, ids=["point", "line", "polygon"])
def test_a_file_of_the_reference_is_previewed_and_then_imported(
    service: Service, file: str, ready: dict[str, Any]
) -> None:
    assert upload(service, file).json() == {"success": True, "list": [ready]}
    created = upload(service, file, dry_run=False)
    (number,) = created.json()["list"]
    assert created.json() == {"success": True, "list": [number]}
    (zone,) = wait_for(lambda: post(service, "list", filter=ready["label"], with_points=True)["list"], "the zone")
    assert zone == ready | {"id": number, "tags": []}
    assert post(service, "delete", zone_id=number) == {"success": True}


def test_a_file_with_many_zones_is_imported_in_the_background(service: Service) -> None:
    unique = uuid4().hex[:8]
    dot = "<Placemark><name>{} {}</name><Point><coordinates>{},44</coordinates></Point></Placemark>"
    dots = "".join(dot.format(unique, n, 30 + n / 100) for n in range(201))
    body = upload(service, f"<kml><Document>{dots}</Document></kml>", dry_run=False).json()
    assert (body["list"], body["in_background"]) == ([], True)

    def find_ended_job() -> dict[str, Any] | None:
        job: dict[str, Any] = service.call("GET", f"/imports/{body['import_id']}").json()
        return job if job["status"] != "running" else None

    assert wait_for(find_ended_job, "the end of the import")["report"]["counts"]["geofences"] == 201


def test_a_zip_file_passes_the_gateway_in_both_directions(service: Service) -> None:
    label = f"Zipped {uuid4()}"

    def download(**headers: str) -> httpx.Response:
        parameters = {"hash": find_key(service), "filter": label}
        return send(service, "GET", "download", params=parameters, headers=headers)

    with temporary_zone(service, label, radius=30, center={"lat": 44.5, "lng": 33.5}):
        plain, zipped = download(), download(Accept="application/vnd.google-earth.kmz")
    assert plain.headers["Content-Type"] == "application/vnd.google-earth.kml+xml"
    assert ZipFile(BytesIO(zipped.content)).read("doc.kml") == plain.content
    (again,) = upload(service, zipped.content, "zones.kmz", dry_run=False).json()["list"]
    zone = post(service, "read", zone_id=again)["value"]
    assert (zone["label"], zone["radius"]) == (label, 30)
    assert post(service, "delete", zone_id=again) == {"success": True}


def test_a_spreadsheet_is_stored_and_then_converted(service: Service) -> None:
    book = openpyxl.Workbook()
    for row in (["address", "lng", "lat", "label"], ["Karlsplatz, 2", 16.3699642, 48.2009935, "Geofence name"]):
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    stored = send(
        service,
        "POST",
        "../data/spreadsheet/parse",
        data={"hash": find_key(service)},
        files={"file": ("zones.xlsx", file.getvalue())},
    )
    converted = post(service, "batch_convert", file_id=stored.json()["file_id"])
    assert converted["list"] == [CONVERTED]
    assert post(service, "batch_convert", batch="Geofence name\tKarlsplatz, 2\t48.2009935\t16.3699642") == converted
    unknown = {"hash": find_key(service), "file_id": str(uuid4())}
    refused = send(service, "POST", "batch_convert", json=unknown).json()
    assert [error["parameter"] for error in refused["errors"]] == ["file_id"]


def test_a_hundred_thousand_lines_are_answered(service: Service) -> None:
    lines = "\n".join(f"Site {n}\t\t48.2\t16.37" for n in range(100_000))
    answer = post(service, "batch_convert", batch=lines)
    assert (answer["limit_exceeded"], len(answer["list"])) == (True, 5_000)
    form = {"hash": find_key(service), "batch": lines}
    assert send(service, "POST", "batch_convert", data=form).json()["limit_exceeded"] is True
