"""Imports in process: what the report says, and that a crash or a second delivery changes nothing."""

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


def test_a_report_counts_and_gives_a_reason_for_what_was_left_out(app: App) -> None:
    bow_tie = (
        "<outerBoundaryIs><LinearRing><coordinates>1,1 2,2 2,1 1,2 1,1</coordinates></LinearRing></outerBoundaryIs>"
    )
    report = app.drop(KEY, kml(point("A"), f"<Placemark><name>B</name><Polygon>{bow_tie}</Polygon></Placemark>"))
    assert report["counts"] == {"placemarks": 2, "geofences": 1, "leftOut": 1}
    (left_out,) = report["leftOut"]
    assert (left_out["placemark"], left_out["name"]) == (2, "B")
    assert "self-intersection" in left_out["reason"]
    assert report["file"]["key"] == KEY


def test_names_come_from_the_placemark_the_folder_or_the_document(app: App) -> None:
    unnamed = point("")
    folder = f"<Folder><name>North</name>{unnamed}{unnamed}</Folder>"
    app.drop(KEY, kml(point("A"), point("a"), folder, unnamed))
    assert names(app) == ["A", "North", "North 2", "Sites", "a 2"]


def test_a_radius_in_the_file_wins_over_the_default(app: App) -> None:
    radius = "<ExtendedData><Data name='radius'><value>300</value></Data></ExtendedData>"
    report = app.drop(KEY, kml(point("wide", more=radius), point("default")))
    made = [app.request("geofences", "read", path_id=g["id"]).body["radiusMeters"] for g in report["geofences"]]
    assert made == [300, 150]


@pytest.mark.parametrize("said", ["NaN", "inf", "300 m", "300,5", "1_0", "-5", "1e400", "\u0665"])
def test_a_radius_that_is_no_number_leaves_out_that_row_and_no_other(app: App, said: str) -> None:
    radius = f"<ExtendedData><Data name='radius'><value>{said}</value></Data></ExtendedData>"
    report = app.drop(KEY, kml(point("odd", more=radius), point("good")))
    assert (report["status"], [row["name"] for row in report["leftOut"]]) == ("completed", ["odd"])
    assert "radius" in report["leftOut"][0]["reason"]


def test_names_without_end_do_not_keep_a_report_from_coming(app: App) -> None:
    nameless = [f"<Placemark><name>{n}{'x' * 20_000}</name></Placemark>" for n in range(100)]
    report = app.drop(KEY, kml(*nameless, point("good")))
    assert report["counts"] == {"placemarks": 101, "geofences": 1, "leftOut": 100}


@pytest.mark.parametrize("file_name", [" ", "\u200b", "a\x7fb"])
def test_a_geofence_never_gets_a_name_that_nobody_can_see(app: App, file_name: str) -> None:
    app.drop(
        f"uploads/demo/{file_name}.kml",
        b"<kml><Document>" + point("\u200b" * 100 + "x").encode() + b"</Document></kml>",
    )
    assert names(app) in (["Import"], ["ab"])


def test_a_folder_that_is_made_in_a_console_is_no_import(app: App) -> None:
    dropped = event("s3/kml_dropped")
    dropped["detail"]["object"] |= {"key": "uploads/demo/north/", "size": 0}
    assert app.invoke("kml_import", dropped) == {"status": "passed over"}


def test_a_name_that_the_tenant_has_is_left_out_and_the_geofence_stays_as_it_was(app: App) -> None:
    made = app.request("geofences", "create_circle", name="Depot", latitude=1, longitude=1)
    report = app.drop(KEY, kml(point("DEPOT"), point("New")))
    assert [row["reason"] for row in report["leftOut"]] == [
        "A geofence named 'DEPOT' exists already; names are unique whatever their case."
    ]
    assert app.request("geofences", "read", path_id=made.body["id"]).body == made.body


def test_an_import_without_a_placemark_is_complete_and_empty(app: App) -> None:
    report = app.drop(KEY, kml())
    assert (report["status"], report["counts"]) == ("completed", {"placemarks": 0, "geofences": 0, "leftOut": 0})


def test_the_same_notice_twice_is_one_import(app: App) -> None:
    report = app.drop(KEY, kml(point("A"), point("B", 2)))
    before = app.items()
    assert app.drop(KEY, kml(point("A"), point("B", 2))) == report
    assert app.items() == before


def test_each_import_tells_of_itself_where_a_file_is_dropped_again(app: App) -> None:
    """The second report lies where the first one lay."""
    first = app.drop(KEY, kml(point("A")))
    second = app.drop(KEY, kml(point("B", 2), point("A")), sequencer="00617F08299329D18A")
    assert first["importId"] != second["importId"]
    told = [app.request("imports", "read_import", path_id=one["importId"]).body for one in (first, second)]
    assert [one["report"]["importId"] for one in told] == [first["importId"], second["importId"]]
    assert told[0]["report"] == first | {"finishedAt": None}
    assert told[1]["report"] == second
    assert [one["report"]["counts"]["geofences"] for one in told] == [1, 1]


def test_a_geojson_file_of_nothing_but_empty_objects_is_refused_before_it_is_read(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fencepost.imports.source_reader.MAX_GEOJSON_VALUES", 1_000)
    empty = b'{"type": "FeatureCollection", "features": [' + b",".join([b"{}"] * 1_000) + b"]}"
    report = app.drop("uploads/demo/empty.geojson", empty)
    assert (report["status"], report["reason"]) == (
        "failed",
        "a GeoJSON file may have 1,000 objects and arrays; split it",
    )


def test_a_band_that_winds_around_a_pole_is_imported_like_any_other(app: App) -> None:
    lons = [(10 * k + 180) % 360 - 180 for k in range(46)]
    outer = [(lon, 84 + k / 20) for k, lon in enumerate(lons)]
    ring = [*outer, *((lon, lat + 1) for lon, lat in reversed(outer)), outer[0]]
    said = " ".join(f"{lon},{lat}" for lon, lat in ring)
    shell = f"<outerBoundaryIs><LinearRing><coordinates>{said}</coordinates></LinearRing></outerBoundaryIs>"
    band = f"<Placemark><name>Band</name><Polygon>{shell}</Polygon></Placemark>"
    report = app.drop(KEY, kml(point("A"), band))
    assert report["counts"] == {"placemarks": 2, "geofences": 2, "leftOut": 0}


@pytest.mark.parametrize("at", range(1, 6))
def test_a_worker_that_dies_between_two_transactions_goes_on_where_it_stopped(
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


def test_a_name_that_is_taken_in_the_middle_of_an_import_leaves_out_that_row_alone(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DynamoDBImportRepository, "find_taken_names", lambda *_: set())
    app.request("geofences", "create_circle", name="P 3", latitude=1, longitude=1)
    report = app.drop(KEY, kml(*(point(f"P {n}", n) for n in range(30))))
    assert report["counts"] == {"placemarks": 30, "geofences": 29, "leftOut": 1}


def test_a_message_that_cannot_be_worked_on_fails_alone(app: App) -> None:
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
