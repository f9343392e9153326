"""Imports in process: the report, and that a crash or a second delivery changes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from fencepost import container
from fencepost.imports.repository import DynamoDBImportRepository
from tests.functional.app import BUCKET, App, event

KEY = "uploads/demo/north depot.kml"


def kml(*placemarks: str) -> bytes:
    return f"<kml><Document><name>Sites</name>{''.join(placemarks)}</Document></kml>".encode()


def point(name: str, n: int = 1, more: str = "") -> str:
    coordinates = f"<Point><coordinates>{10 + n / 1000},50</coordinates></Point>"
    return f"<Placemark><name>{name}</name>{more}{coordinates}</Placemark>"


def names(app: App) -> list[str]:
    page = app.request("geofences", "list", query={"limit": "1000"}).body
    return sorted(geofence["name"] for geofence in page["data"])


def test_report_has_counts_and_a_reason_for_each_skipped_row(app: App) -> None:
    bow_tie = (
        "<outerBoundaryIs><LinearRing><coordinates>1,1 2,2 2,1 1,2 1,1</coordinates></LinearRing></outerBoundaryIs>"
    )
    report = app.import_file(
        KEY, kml(point("A"), f"<Placemark><name>B</name><Polygon>{bow_tie}</Polygon></Placemark>")
    )
    assert report["counts"] == {"placemarks": 2, "geofences": 1, "leftOut": 1}
    (skipped,) = report["leftOut"]
    assert (skipped["placemark"], skipped["name"]) == (2, "B")
    assert "self-intersection" in skipped["reason"]
    assert report["file"]["key"] == KEY


def test_names_come_from_the_placemark_the_folder_or_the_document(app: App) -> None:
    unnamed = point("")
    folder = f"<Folder><name>North</name>{unnamed}{unnamed}</Folder>"
    app.import_file(KEY, kml(point("A"), point("a"), folder, unnamed))
    assert names(app) == ["A", "North", "North 2", "Sites", "a 2"]


def test_radius_in_the_file_replaces_the_default(app: App) -> None:
    radius = "<ExtendedData><Data name='radius'><value>300</value></Data></ExtendedData>"
    report = app.import_file(KEY, kml(point("wide", more=radius), point("default")))
    made = [app.request("geofences", "read", path_id=g["id"]).body["radiusMeters"] for g in report["geofences"]]
    assert made == [300, 150]


@pytest.mark.parametrize("text", ["NaN", "inf", "300 m", "300,5", "1_0", "-5", "1e400", "\u0665"])
def test_radius_that_is_not_a_number_skips_that_row_only(app: App, text: str) -> None:
    radius = f"<ExtendedData><Data name='radius'><value>{text}</value></Data></ExtendedData>"
    report = app.import_file(KEY, kml(point("odd", more=radius), point("good")))
    assert (report["status"], [row["name"] for row in report["leftOut"]]) == ("completed", ["odd"])
    assert "radius" in report["leftOut"][0]["reason"]


def test_endless_names_do_not_prevent_the_report(app: App) -> None:
    nameless = [f"<Placemark><name>{n}{'x' * 20_000}</name></Placemark>" for n in range(100)]
    report = app.import_file(KEY, kml(*nameless, point("good")))
    assert report["counts"] == {"placemarks": 101, "geofences": 1, "leftOut": 100}


@pytest.mark.parametrize("file_name", [" ", "\u200b", "a\x7fb"])
def test_geofence_never_gets_an_invisible_name(app: App, file_name: str) -> None:
    app.import_file(
        f"uploads/demo/{file_name}.kml",
        b"<kml><Document>" + point("\u200b" * 100 + "x").encode() + b"</Document></kml>",
    )
    assert names(app) in (["Import"], ["ab"])


def test_folder_that_a_console_creates_is_not_imported(app: App) -> None:
    dropped = event("s3/kml_dropped")
    dropped["detail"]["object"] |= {"key": "uploads/demo/north/", "size": 0}
    assert app.invoke("kml_import", dropped) == {"status": "passed over"}


def test_row_with_a_taken_name_is_skipped_and_the_geofence_does_not_change(app: App) -> None:
    made = app.request("geofences", "create_circle", name="Depot", latitude=1, longitude=1)
    report = app.import_file(KEY, kml(point("DEPOT"), point("New")))
    assert [row["reason"] for row in report["leftOut"]] == [
        "A geofence named 'DEPOT' exists already; names are unique whatever their case."
    ]
    assert app.request("geofences", "read", path_id=made.body["id"]).body == made.body


def test_import_without_a_placemark_is_completed_and_empty(app: App) -> None:
    report = app.import_file(KEY, kml())
    assert (report["status"], report["counts"]) == ("completed", {"placemarks": 0, "geofences": 0, "leftOut": 0})


def test_repeated_notification_is_one_import(app: App) -> None:
    report = app.import_file(KEY, kml(point("A"), point("B", 2)))
    before = app.items()
    assert app.import_file(KEY, kml(point("A"), point("B", 2))) == report
    assert app.items() == before


def test_each_import_has_its_own_report_after_a_file_was_replaced(app: App) -> None:
    """The second report replaces the first."""
    first = app.import_file(KEY, kml(point("A")))
    second = app.import_file(KEY, kml(point("B", 2), point("A")), sequencer="00617F08299329D18A")
    assert first["importId"] != second["importId"]
    responses = [app.request("imports", "read_import", path_id=one["importId"]).body for one in (first, second)]
    assert [one["report"]["importId"] for one in responses] == [first["importId"], second["importId"]]
    assert responses[0]["report"] == first | {"finishedAt": None}
    assert responses[1]["report"] == second
    assert [one["report"]["counts"]["geofences"] for one in responses] == [1, 1]


def test_geojson_of_empty_objects_is_refused_before_it_is_parsed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.imports.source_reader.MAX_GEOJSON_VALUES", 1_000)
    empty = b'{"type": "FeatureCollection", "features": [' + b",".join([b"{}"] * 1_000) + b"]}"
    report = app.import_file("uploads/demo/empty.geojson", empty)
    assert (report["status"], report["reason"]) == (
        "failed",
        "a GeoJSON file may have 1,000 objects and arrays; split it",
    )


def test_band_around_a_pole_is_imported_like_any_other_polygon(app: App) -> None:
    lons = [(10 * k + 180) % 360 - 180 for k in range(46)]
    outer = [(lon, 84 + k / 20) for k, lon in enumerate(lons)]
    ring = [*outer, *((lon, lat + 1) for lon, lat in reversed(outer)), outer[0]]
    coordinates = " ".join(f"{lon},{lat}" for lon, lat in ring)
    shell = f"<outerBoundaryIs><LinearRing><coordinates>{coordinates}</coordinates></LinearRing></outerBoundaryIs>"
    band = f"<Placemark><name>Band</name><Polygon>{shell}</Polygon></Placemark>"
    report = app.import_file(KEY, kml(point("A"), band))
    assert report["counts"] == {"placemarks": 2, "geofences": 2, "leftOut": 0}


@pytest.mark.parametrize("at", range(1, 6))
def test_worker_continues_where_another_died_between_two_transactions(
    app: App, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 rows are three transactions, and the chunk's end and the report two more: each is the last in turn."""
    put_and_split(app, rows=60)
    table = container.table()
    write, count = table.write, 0

    def dying(transaction: Any) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise KeyboardInterrupt
        write(transaction)

    monkeypatch.setattr(table, "write", dying)
    with suppress(KeyboardInterrupt):
        app.invoke("import_worker", chunk(app))
    monkeypatch.setattr(table, "write", write)
    assert app.invoke("import_worker", chunk(app)) == {"batchItemFailures": []}
    assert app.report(KEY)["counts"] == {"placemarks": 60, "geofences": 60, "leftOut": 0}
    assert len(names(app)) == 60
    assert sum(e["type"] == "geofence.created" for e in app.events()) == 60
    assert sum(e["type"] == "import.completed" for e in app.events()) == 1


def test_name_that_is_taken_during_an_import_skips_that_row_only(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DynamoDBImportRepository, "find_taken_names", lambda *_: set())
    app.request("geofences", "create_circle", name="P 3", latitude=1, longitude=1)
    report = app.import_file(KEY, kml(*(point(f"P {n}", n) for n in range(30))))
    assert report["counts"] == {"placemarks": 30, "geofences": 29, "leftOut": 1}


def test_message_that_cannot_be_processed_fails_alone(app: App) -> None:
    put_and_split(app, rows=1)
    good = chunk(app)
    bad = json.loads(json.dumps(good["Records"][0]))
    bad["messageId"] = "bad"
    bad["body"] = json.dumps({"tenantId": "demo", "importId": "00000000-0000-4000-8000-000000000009", "chunk": 7})
    answer = app.invoke("import_worker", {"Records": [bad, *good["Records"]]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert app.report(KEY)["counts"]["geofences"] == 1


def put_and_split(app: App, rows: int) -> None:
    content = kml(*(point(f"P {n}", n) for n in range(rows)))
    app.s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    dropped = event("s3/kml_dropped")
    dropped["detail"]["object"]["key"] = KEY
    assert app.invoke("kml_import", dropped)["chunks"] == 1


def chunk(app: App) -> dict[str, Any]:
    (job,) = [item for item in app.items() if item.get("entity", {}).get("S") == "ImportJob"]
    message = event("sqs/chunk")
    body = {"tenantId": "demo", "importId": job["PK"]["S"].rpartition("#")[2], "chunk": 0}
    message["Records"][0]["body"] = json.dumps(body)
    return message
