"""Zones from files and tables, and files from zones: upload, batch_convert and download."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import openpyxl
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders

from fencepost import container
from fencepost.cli import tenants
from fencepost.zones.spreadsheets.geocoder import AmazonLocationGeocoder
from tests.functional.app import Answer, App
from tests.functional.zones.client import ZoneClient, refused, wrong
from tests.zone_reference import (
    CONVERTED,
    FILES,
    HEAD,
    NAMED_POINT,
    NOT_CONVERTED,
    READY_LINE,
    READY_POINT,
    SIMPLE_LINE,
)

_NOW = datetime(2026, 5, 4, tzinfo=UTC)
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="hash"\r\n\r\nKEY\r\n'
    b'--x\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\nfalse\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.kml"\r\n\r\n'
    + NAMED_POINT.encode()
    + b"\r\n--x--\r\n"
)


def send_form(zones: ZoneClient, path: str, file: bytes | str | None, name: str, fields: dict[str, str]) -> Answer:
    """Send a form with a file as a browser does; API Gateway encodes it in base64."""
    files = {} if file is None else {"file": (name, file if isinstance(file, bytes) else file.encode())}
    made = httpx.Request("POST", "http://x", data={"hash": zones.hash, **fields}, files=files)
    made.read()
    return zones.post_bytes(path, made.content, made.headers["Content-Type"])


def upload(zones: ZoneClient, file: bytes | str | None, name: str = "zones.kml", **fields: Any) -> Answer:
    return send_form(
        zones, "upload", file, name, {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
    )


def kmz(**members: str) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def kml(*placemarks: str) -> str:
    return f"{HEAD}<Document>{''.join(placemarks)}</Document></kml>"


def dot(name: str, lon: float = 20.0, lat: float = 40.0) -> str:
    return f"<Placemark><name>{name}</name><Point><coordinates>{lon},{lat}</coordinates></Point></Placemark>"


# --- upload ---------------------------------------------------------------------------------------------------
def test_files_of_the_reference_are_previewed_as_it_documents_and_then_created(zones: ZoneClient) -> None:
    for file, ready in FILES:
        assert (
            upload(zones, file).body == upload(zones, file, dry_run=True).body == {"success": True, "list": [ready]}
        )
    assert zones.listed() == []
    made = [upload(zones, file, dry_run=False).body for file, _ in FILES]
    listed = zones.listed(with_points=True)
    assert made == [{"success": True, "list": [zone["id"]]} for zone in listed]
    assert listed == [ready | {"id": zone["id"], "tags": []} for zone, (_, ready) in zip(listed, FILES, strict=True)]


def test_kmz_is_unzipped_and_points_and_lines_get_the_default_radius(zones: ZoneClient) -> None:
    answer = upload(zones, kmz(other_kml=NAMED_POINT, doc_kml=SIMPLE_LINE), "zones.kmz", default_radius=20)
    assert answer.body["list"] == [READY_LINE | {"radius": 20}]
    assert upload(zones, NAMED_POINT, default_radius=99).body["list"] == [READY_POINT | {"radius": 99}]
    for bad in ("19", "20.5", "100001", "wide", ""):
        assert wrong(upload(zones, NAMED_POINT, default_radius=bad)) == ["default_radius"]
    assert wrong(upload(zones, NAMED_POINT, dry_run="perhaps")) == ["dry_run"]


@pytest.mark.parametrize("path", ["upload", "../data/spreadsheet/parse"])
@pytest.mark.parametrize("file", [{}, {"name": "x", "content": 7}, "text", {"name": "x", "content": "PGttbC8+"}])
def test_file_is_accepted_only_as_a_file_of_a_form(zones: ZoneClient, path: str, file: Any) -> None:
    """A body that begins like JSON is JSON, whatever its media type."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for answer in (
        zones.post(path, json.dumps({"hash": zones.hash, "file": file}), form),
        zones.post(path, "", form, {"hash": zones.hash, "file": json.dumps(file)}),
        send_form(zones, path, None, "", {"file": json.dumps(file), "x": "1"}),
    ):
        assert (answer.status, answer.body["status"]["code"]) == (400, 7), answer.body
        assert "file in a form" in answer.body["status"]["description"]


def test_missing_file_is_error_233_and_unreadable_file_is_234(zones: ZoneClient) -> None:
    assert refused(upload(zones, None)) == refused(upload(zones, b"", name="")) == (400, 233)
    assert refused(zones("upload", dry_run=False)) == (400, 233)
    only_fields = FORM.replace(b"KEY", zones.hash.encode()).rsplit(b"--x\r\n", 1)[0] + b"--x--"
    assert refused(zones.post_bytes("upload", only_fields, "multipart/form-data; boundary=x")) == (400, 233)
    assert (
        wrong(zones("upload", file="<kml/>")) == wrong(zones("upload", file={"name": "", "content": ""})) == ["file"]
    )
    for bad in (
        b"",
        b"label\tlat\tlng",
        b"<html/>",
        SIMPLE_LINE[:-20],
        '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml/>',
        b"PK\x03\x04 no zip",
        kmz(readme_txt="nothing"),
        kmz(doc_kml=SIMPLE_LINE)[:200],
    ):
        assert refused(upload(zones, bad, "zones.kml")) == (400, 234), bad


def test_rows_that_cannot_become_zones_are_reported_and_the_others_are_created(app: App, zones: ZoneClient) -> None:
    app.create_circle("taken")
    file = kml(
        dot("one"), dot("nowhere", 0, 0), dot("TAKEN"), "<Placemark><name>empty</name></Placemark>", dot("two")
    )
    dry, real = upload(zones, file).body, upload(zones, file, dry_run=False).body
    assert [zone["label"] for zone in dry["list"]] == ["one", "two"]
    assert [(row["label"], row["placemark"]) for row in dry["left_out"]] == [
        ("nowhere", 2),
        ("TAKEN", 3),
        ("empty", 4),
    ]
    assert real["left_out"] == dry["left_out"]
    assert [zones.read(number)["label"] for number in real["list"]] == ["one", "two"]
    assert app.request("imports", "read_import", path_id=real["import_id"]).body["status"] == "completed"


@pytest.mark.parametrize("file", [kml(), kml("<Placemark><name>empty</name></Placemark>")])
def test_file_without_zones_creates_nothing(zones: ZoneClient, file: str) -> None:
    answer = upload(zones, file, dry_run=False)
    assert (answer.status, answer.body["success"], answer.body["list"]) == (200, True, [])


def test_file_that_is_uploaded_twice_creates_its_zones_once_and_reports_why(zones: ZoneClient) -> None:
    file = kml(dot("one"), dot("two"))
    assert len(upload(zones, file, dry_run=False).body["list"]) == 2
    again = upload(zones, file, dry_run=False)
    assert (again.status, again.body["list"], len(again.body["left_out"])) == (200, [], 2)


def test_holes_are_dropped_and_a_multigeometry_becomes_several_zones(zones: ZoneClient) -> None:
    ring = "<LinearRing><coordinates>{0},40 {1},40 {1},41 {0},41 {0},40</coordinates></LinearRing>"
    outer = f"<outerBoundaryIs>{ring.format(20, 21)}</outerBoundaryIs>"
    hole = f"<innerBoundaryIs>{ring.format(20.2, 20.3).replace('41', '40.5')}</innerBoundaryIs>"
    holed = f"<Polygon>{outer}{hole}</Polygon>"
    point = "<Point><coordinates>30,40</coordinates></Point>"
    both = f"<Folder><name>Sites</name><Placemark><MultiGeometry>{holed}{point}</MultiGeometry></Placemark></Folder>"
    area, spot = upload(zones, kml(both)).body["list"]
    assert [(p["lng"], p["lat"]) for p in area["points"]] == [(20, 40), (21, 40), (21, 41), (20, 41)]
    assert ("approximate" in area, area["label"], spot["label"]) == (False, "Sites 1", "Sites 2")


def test_file_that_is_too_large_is_refused(zones: ZoneClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(upload(zones, kml(" " * (4 * 2**20 + 2**16)))) == ["body"]
    assert refused(upload(zones, kmz(doc_kml=kml(" " * (9 * 2**20))))) == (400, 234)
    assert refused(upload(zones, kml("<Placemark><Point/></Placemark>" * 20_001))) == (400, 234)
    monkeypatch.setattr("fencepost.zones.upload._MAX_RESPONSE_BYTES", 100)
    assert wrong(upload(zones, NAMED_POINT)) == ["file"]


def test_too_many_points_or_zones_are_refused_and_nothing_is_created(zones: ZoneClient) -> None:
    ring = " ".join(f"{20 + n / 1000},40" for n in range(100)) + " 20,41 20,40"
    boundary = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
    polygon = f"<Polygon>{boundary}</Polygon>"
    line = (
        "<LineString><coordinates>"
        + " ".join(f"{20 + n / 10_000},40" for n in range(1_025))
        + "</coordinates></LineString>"
    )
    for shape in (polygon, line):
        for dry_run in (True, False):
            answer = upload(zones, kml(dot("fine"), f"<Placemark>{shape}</Placemark>"), dry_run=dry_run)
            assert refused(answer) == (400, 202)
    container.tenant_service().limit_geofences("demo", 1)
    for dry_run in (True, False):
        assert refused(upload(zones, kml(dot("one"), dot("two")), dry_run=dry_run)) == (402, 268)
    assert zones.listed() == []
    assert len(upload(zones, kml(dot("one")), dry_run=False).body["list"]) == 1


def test_preview_of_an_upload_reads_only_the_quota_and_the_names(app: App, zones: ZoneClient) -> None:
    zones.listed()  # reads the API key
    app.calls.clear()
    assert len(upload(zones, kml(dot("one"), dot("two"))).body["list"]) == 2
    assert app.calls == {"GetItem": 1, "BatchGetItem": 1}


def test_large_upload_is_processed_in_the_background(
    app: App, zones: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fencepost.imports.service.MAX_INLINE_CHUNKS", 1)
    monkeypatch.setattr("fencepost.imports.source_reader.ROWS_PER_CHUNK", 2)
    body = upload(zones, kml(*(dot(f"dot {n}") for n in range(3))), dry_run=False).body
    assert (body["list"], body["in_background"], zones.listed()) == ([], True, [])
    app.process_chunks()
    assert {zone["label"] for zone in zones.listed()} == {"dot 0", "dot 1", "dot 2"}
    assert app.request("imports", "read_import", path_id=body["import_id"]).body["status"] == "completed"


def test_workers_finish_an_upload_whose_function_died(
    app: App, zones: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    imports = container.import_service()
    assert imports.queue is not None
    monkeypatch.setattr(imports.queue, "send", lambda messages, delay_s: sent.extend([*messages, delay_s]))
    with monkeypatch.context() as dying:
        dying.setattr(imports.objects, "get_rows", sys.exit)
        with pytest.raises(SystemExit):
            upload(zones, kml(dot("one")), dry_run=False)
    message, delay_s = sent
    assert (delay_s, zones.listed()) == (60, [])
    imports.process_chunk(message["tenantId"], message["importId"], message["chunk"], _NOW)
    assert [zone["label"] for zone in zones.listed()] == ["one"]


def test_upload_that_is_repeated_with_its_key_creates_its_zones_once(zones: ZoneClient) -> None:
    first, again = (
        zones.post_bytes("upload", FORM.replace(b"KEY", zones.hash.encode()), "multipart/form-data; boundary=x", "k")
        for _ in range(2)
    )
    assert (first.body["list"], again.body) == ([zones.listed()[0]["id"]], first.body)


def test_redirect_goes_only_to_origins_that_the_tenant_allows(zones: ZoneClient) -> None:
    target = "https://maps.example.com/done?x=1"
    assert wrong(upload(zones, SIMPLE_LINE, redirect_target=target)) == ["redirect_target"]
    setup = {"tenants": [{"id": "demo", "name": "Demo", "redirectOrigins": ["https://maps.example.com"]}]}
    tenants.apply(tenants.Setup.model_validate(setup))
    for bad in (
        "https://evil.example/",
        "//maps.example.com",
        "https://maps.example.com@evil.example/",
        "https://maps.example.com.evil.example/",
        "https://maps.example.com\\@evil.example",
        "http://maps.example.com/",
        "https://maps.example.com:8443/",
        "https://maps.example.com/#here",
        "javascript:alert(1)",
        " https://maps.example.com/",
        "",
    ):
        answer = upload(zones, SIMPLE_LINE, redirect_target=bad, dry_run=False)
        assert (wrong(answer), "Location" in answer.headers) == (["redirect_target"], False), bad
    assert zones.listed() == []
    for file, expected in ((SIMPLE_LINE, {"success": True, "list": [READY_LINE]}), ("", 234)):
        answer = upload(zones, file, redirect_target=target)
        assert answer.status == 303
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        body = json.loads(query["response"][0])
        assert query["x"] == ["1"]
        assert body == expected if isinstance(expected, dict) else body["status"]["code"] == expected
    many = kml(*(dot(f"dot {n}") for n in range(60)))
    assert "redirect_target" in str(upload(zones, many, redirect_target=target).body)


# --- batch_convert --------------------------------------------------------------------------------------------
def converted(zones: ZoneClient, batch: str, **more: Any) -> list[dict[str, Any]]:
    answer = zones("batch_convert", batch=batch, **more)
    assert (answer.status, answer.body["limit_exceeded"]) == (200, False), answer
    body: list[dict[str, Any]] = answer.body["list"]
    return body


def test_line_of_a_table_becomes_a_circle(app: App, zones: ZoneClient) -> None:
    app.create_circle("Tagged", tags=["cold", "big"])
    plain, full = converted(
        zones, "Geofence name\tKarlsplatz, 2\t48.2009935\t16.3699642\nYard\t\t1\t-2\t30.4\t2,1\r\n"
    )
    assert plain == CONVERTED
    assert (full["radius"], full["center"], full["tags"]) == (30, {"lat": 1, "lng": -2}, [2, 1])
    assert zones("create", zone={name: value for name, value in full.items() if name != "id"}).status == 200
    order = ["lng", "radius", "label", "lat"]
    assert converted(zones, "2\t\tGate\t1", fields=order, default_radius=7)[0]["center"] == {"lat": 1, "lng": 2}
    assert converted(zones, "Lng\tLat\tLabel\n2\t1\tGate")[0]["label"] == "Gate"  # a header names the columns
    assert zones.get("batch_convert", {"hash": zones.hash, "batch": "12\t\t1\t2"}).body["list"][0]["label"] == "12"


def test_row_that_create_would_refuse_has_its_errors(app: App, zones: ZoneClient) -> None:
    zones.create({"label": "Taken", "radius": 5, "center": {"lat": 1, "lng": 1}})
    (body,) = converted(zones, "Geofence name\tincorrect address")
    assert body == NOT_CONVERTED
    wrong_lines = {
        "A\t\t91\t1": "zone.center",
        "B\t\t0\t0": "zone.center",
        "C\t\t1": "zone.center",
        "D\t\tone\t1": "zone.center",
        "E\t\tNaN\t1e999": "zone.center",
        "\t\t1\t1": "zone.label",
        "TAKEN\t\t1\t1": "zone.label",
        "a" * 101 + "\t\t1\t1": "zone.label",
        "F\t\t1\t1\twide": "zone.radius",
        "G\t\t1\t1\t100001": "zone.radius",
        "H\t\t1\t1\t5\t9": "zone.tags[0]",
        "I\t\t1\t1\t5\tcold": "zone.tags[0]",
    }
    rows = converted(zones, "\n".join(wrong_lines))
    assert [[e["parameter"] for e in zone["errors"]] for zone in rows] == [[name] for name in wrong_lines.values()]
    once, again = converted(zones, "Gate\t\t1\t1\ngate\t\t1\t1")
    assert ("errors" in once, again["errors"][0]["parameter"]) == (False, "zone.label")
    assert refused(zones("batch_convert", batch=" \n\t\n")) == (400, 234)
    assert wrong(zones("batch_convert")) == ["batch"]
    assert wrong(zones("batch_convert", batch="x", fields=["label", "label"])) == ["fields"]
    assert wrong(zones("batch_convert", batch="x", fields=["height"])) == ["fields[0]"]


@pytest.mark.parametrize("line", ["\t\t48\t16", "\tX"])
def test_line_without_a_label_has_errors(zones: ZoneClient, line: str) -> None:
    (body,) = converted(zones, line)
    assert body["errors"]


def test_table_is_converted_up_to_the_limit(zones: ZoneClient) -> None:
    answer = zones("batch_convert", batch="\n".join(f"Site {n}\t\t{n % 80 + 1}\t16.37" for n in range(100_000)))
    assert (answer.body["limit_exceeded"], len(answer.body["list"])) == (True, 5_000)
    assert not any("errors" in zone for zone in answer.body["list"])
    assert wrong(zones("batch_convert", batch="x" * (5 * 2**20))) == ["body"]


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def test_stored_table_is_converted_by_its_id(app: App, zones: ZoneClient) -> None:
    rows: list[list[Any]] = [["label", "lat", "lng"], ["Gate", 48.2, 16.4], ["evil", None, None]]
    tables = {
        "zones.xlsx": workbook(rows),
        "zones.csv": b"label,lat,lng\nGate,48.2,16.4\n\nevil,,",
        "semicolons.csv": "label;lat;lng\r\nGate;48.2;16.4\r\nevil;;".encode("utf-16"),
    }
    stranger = ZoneClient(app, tenant="other")
    for name, content in tables.items():
        table = send_form(zones, "../data/spreadsheet/parse", content, name, {}).body
        assert (table["rows"], table["preview"][:2]) == (3, [["label", "lat", "lng"], ["Gate", "48.2", "16.4"]])
        gate, evil = zones("batch_convert", file_id=table["file_id"], batch="ignored").body["list"]
        assert (gate["label"], gate["center"], "errors" in gate) == ("Gate", {"lat": 48.2, "lng": 16.4}, False)
        assert [error["parameter"] for error in evil["errors"]] == ["zone.center"]
        assert wrong(stranger("batch_convert", file_id=table["file_id"])) == ["file_id"]
    for bad in ("", "../demo/x", str(UUID(int=0))):
        assert wrong(zones("batch_convert", file_id=bad)) == ["file_id"]
    for content in (b"", b"\n\n", b"\xff\xfe\x00", b"PK\x03\x04", kmz(doc_kml="<kml/>"), b"a\0b"):
        assert refused(send_form(zones, "../data/spreadsheet/parse", content, "x", {})) == (400, 234), content
    assert refused(zones("../data/spreadsheet/parse")) == (400, 233)


def test_addresses_are_geocoded_if_a_geocoder_is_configured(
    app: App, zones: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stubbed response replaces that of Amazon Location on the wire."""
    queries: list[dict[str, Any]] = []

    def respond(request: Any, **_: Any) -> AWSResponse:
        queries.append(json.loads(request.body))
        found = [{"PlaceId": "p", "PlaceType": "Street", "Title": "t", "Position": [16.3699642, 48.2009935]}]
        body = json.dumps({"ResultItems": found if "Karlsplatz" in queries[-1]["QueryText"] else []})
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(body.encode()))

    monkeypatch.setenv("GEOCODER", "amazon-location")
    container.settings.cache_clear()
    container.spreadsheet_service.cache_clear()
    geocoder = container.spreadsheet_service().geocoder
    assert isinstance(geocoder, AmazonLocationGeocoder)
    geocoder._client.meta.events.register("before-send.geo-places", respond)
    lines = "One\tKarlsplatz, 2\nTwo\tnowhere\nThree\tKarlsplatz, 2\nFour\tKarlsplatz, 2\t1\t2"
    one, two, three, four = converted(zones, lines)
    assert one["center"] == three["center"] == {"lat": 48.2009935, "lng": 16.3699642}
    assert (two["errors"][0]["parameter"], four["center"]) == ("zone.center", {"lat": 1, "lng": 2})
    assert sorted(query["QueryText"] for query in queries) == ["Karlsplatz, 2", "nowhere"]
    assert {query["IntendedUse"] for query in queries} == {"Storage"}
    many = zones("batch_convert", batch="\n".join(f"Site {n}\tKarlsplatz, {n}" for n in range(120))).body
    assert (many["limit_exceeded"], len(many["list"])) == (True, 100)


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


# --- download -------------------------------------------------------------------------------------------------
def test_download_is_imported_without_any_loss(app: App, zones: ZoneClient) -> None:
    ring = [[20.1, 40.123456789012], [20.2, 40.1], [20.2, 40.2], [20.1, 40.2], [20.1, 40.123456789012]]
    hole = [[20.15, 40.15], [20.16, 40.15], [20.16, 40.16], [20.15, 40.15]]
    name, description = "Q & <A> ]]> \u00e9", 'a\r\nb "c"'
    more: dict[str, Any] = {
        "description": description,
        "address": "Karlsplatz, 2",
        "color": "#ff8000",
        "tags": ["cold, wet", "big"],
    }
    polygon = {"name": "Ring", "geometry": {"type": "Polygon", "coordinates": [ring, hole]}}
    app.request("geofences", "create_polygon", raw=json.dumps(polygon))
    app.create_circle(name, **more, radiusMeters=0.1 + 0.2)
    app.request("geofences", "create_corridor")
    file = zones.get("download", {"hash": zones.hash})
    assert file.headers["Content-Type"] == "application/vnd.google-earth.kml+xml"
    counts = app.import_file("uploads/other/all.kml", file.text.encode())["counts"]
    assert counts == {"placemarks": 3, "geofences": 3, "leftOut": 0}

    def snapshot(tenant: str) -> dict[str, Any]:
        listed = app.request("geofences", "list", tenant=tenant).body["data"]
        fields = ["type", "latitude", "longitude", "radiusMeters", "geometry", *more]
        return {geofence["name"]: {name: geofence[name] for name in fields} for geofence in listed}

    assert snapshot("other") == snapshot("demo")
    zipped = zones.get("download", {"hash": zones.hash}, {"Accept": "application/vnd.google-earth.kmz"})
    assert zipped.headers["Content-Type"] == "application/vnd.google-earth.kmz"
    assert app.import_file("uploads/other/again.kmz", b64decode(zipped.text))["counts"]["placemarks"] == 3
    (only,) = upload(zones, zones("download", filter="ring").text).body["left_out"]
    assert "exists already" in only["reason"]


def test_download_that_exceeds_a_response_is_refused(zones: ZoneClient, monkeypatch: pytest.MonkeyPatch) -> None:
    zones.create({"label": "Gate", "radius": 5, "center": {"lat": 1, "lng": 1}})
    monkeypatch.setattr("fencepost.zones.download.MAX_RESPONSE_BYTES", 200)
    assert wrong(zones("download")) == ["limit"]
    assert zones("download", filter="nothing").status == 200
    assert refused(zones.get("download", {"hash": "fp_no"})) == (400, 4)
