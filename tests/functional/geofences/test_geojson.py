"""Geofences as GeoJSON, out and in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.app import BUCKET, Answer, App


def features(app: App, **query: str) -> list[dict[str, Any]]:
    """The features of all pages, by way of the links."""
    found: list[dict[str, Any]] = []
    while True:
        page = app.request("geofences", "list_features", query=query)
        assert (page.status, page.headers["Content-Type"]) == (200, "application/geo+json")
        found += page.body["features"]
        if not page.body["links"]:
            return found
        (link,) = page.body["links"]
        address, _, text = link["href"].partition("?")
        assert address == "/api/v1/geofences.geojson"
        query = dict(part.split("=") for part in text.split("&"))


def import_features(app: App, *sent: Any, **caller: Any) -> Answer:
    """Import features, and return the import at its end."""
    body = {"type": "FeatureCollection", "features": list(sent)}
    begun = app.request("imports", "import_features", **caller, raw=json.dumps(body))
    assert begun.status == 202, begun
    app.process_chunks()
    return app.request("imports", "read_import", path_id=begun.body["id"], **caller)


def feature(geometry: dict[str, Any] | None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


POINT = {"type": "Point", "coordinates": [24.9384, 60.1699]}
RING = [[0.0, 10.0], [1.0, 10.0], [1.0, 11.0], [0.0, 10.0]]


def test_every_shape_is_a_feature_and_pages_are_linked(app: App) -> None:
    for name in ("create_circle", "create_polygon", "create_corridor"):
        app.request("geofences", name)
    corridor, polygon, circle = features(app, limit="1")
    assert [f["geometry"]["type"] for f in (circle, polygon, corridor)] == ["Point", "Polygon", "LineString"]
    assert circle["geometry"]["coordinates"] == [-97.7431, 30.2672]
    assert (circle["properties"]["name"], circle["properties"]["radiusMeters"]) == ("Downtown Office", 100)
    assert [f["properties"]["type"] for f in features(app, type="circle")] == ["circle"]


def test_a_page_is_no_larger_than_an_answer_may_be(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.http.pagination.MAX_PAGE_BYTES", 1500)
    for n in range(5):
        app.create_circle(f"Site {n}")
    first = app.request("geofences", "list_features").body
    assert len(first["features"]) == 2
    assert [f["properties"]["name"] for f in features(app)] == [f"Site {n}" for n in (4, 3, 2, 1, 0)]


def test_what_goes_out_comes_in_again_with_nothing_lost(app: App) -> None:
    app.put("users", "ada", tenant="other")
    week = {"timeZone": "Europe/Berlin", "windows": [{"days": ["mon"], "from": "22:00", "to": "06:00"}]}
    app.create_circle(
        "Rich", tags=["a"], schedule=week, action={"open": 1}, color="#112233", triggerOn="dwell", radius=7
    )
    app.request("geofences", "create_circle")
    app.request("geofences", "create_polygon")
    app.request("geofences", "create_corridor")
    out = features(app)
    ended = import_features(app, *out, tenant="other").body
    assert (ended["status"], ended["report"]["counts"]["leftOut"]) == ("completed", 0), ended
    theirs = app.request("geofences", "list_features", tenant="other").body["features"]
    its_own = {"number", "uri", "version", "createdAt", "updatedAt"}

    def describe(some: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            f["properties"]["name"]: (
                f["geometry"],
                {name: value for name, value in f["properties"].items() if name not in its_own},
            )
            for f in some
        }

    assert describe(theirs) == describe(out)


def test_a_foreign_property_that_is_no_field_is_passed_over_and_told(app: App) -> None:
    report = import_features(app, feature(POINT, name="Park", status="open", color="green", zone="A")).body["report"]
    (made,) = report["geofences"]
    assert "status" in made["note"]
    assert "color" in made["note"]
    assert app.list_names() == ["Park"]


def test_what_cannot_be_a_geofence_is_left_out_with_its_reason(app: App) -> None:
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    sent = [
        feature(POINT, name="Good"),
        feature(POINT, name="GOOD"),
        feature(None, name="Nowhere"),
        "text",
        {"type": "Geometry"},
        feature({"type": "Point", "coordinates": [200, 1]}, name="Far"),
        feature({"type": "Point", "coordinates": "x"}, name="Odd"),
        feature(bow_tie, name="Bow"),
        feature({"type": "Circle"}, name="Round"),
        feature(POINT, name="Whose", assignments=[{"targetTable": "users", "targetId": "nobody"}]),
        feature(POINT, name="Huge", radiusMeters=1e9),
    ]
    report = import_features(app, *sent).body["report"]
    assert [made["name"] for made in report["geofences"]] == ["Good", "GOOD 2"]
    reasons = {row["placemark"]: row["reason"] for row in report["leftOut"]}
    assert sorted(reasons) == list(range(3, 12))
    assert "no geometry" in reasons[3]
    assert "longitude" in reasons[6]
    assert "self-intersection" in reasons[8]
    assert "nobody" in reasons[10]
    assert "radius" in reasons[11]


def test_collections_and_multi_geometries_become_one_each_save_the_multi_polygon(app: App) -> None:
    several = {"type": "MultiPoint", "coordinates": [[1, 1], [2, 2]]}
    inner = {"type": "MultiPolygon", "coordinates": [[RING], [[[5, 5], [6, 5], [6, 6], [5, 5]]]]}
    deep: dict[str, Any] = {"type": "GeometryCollection", "geometries": [several, inner]}
    report = import_features(app, feature(deep, name="Many")).body["report"]
    assert [made["name"] for made in report["geofences"]] == ["Many", "Many 2", "Many 3"]
    for _ in range(20):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    assert import_features(app, feature(deep, name="Deep")).body["report"]["counts"]["leftOut"] == 1


def test_a_file_of_geojson_can_be_dropped(app: App) -> None:
    body = {"type": "FeatureCollection", "features": [feature(POINT, name="Dropped"), feature(POINT)]}
    report = app.import_file("uploads/demo/sites.geojson", b"\xef\xbb\xbf" + json.dumps(body).encode())
    assert [made["name"] for made in report["geofences"]] == ["Dropped", "sites"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"features": 1}',
        b"\xff\xfe",
        b'{"a":' * 100_000,
        b'{"features": [{"type": "Feature", "properties": {"name": "\\ud800"}, "geometry": null}]}',
        b'{"features": [{"type": "Feature", "properties": {"radius": 1e999}, "geometry": null}]}',
        b'{"features": [{"type": "Feature", "properties": {"radius": NaN}, "geometry": null}]}',
        b'{"features": ' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
def test_a_file_that_is_no_collection_fails_with_a_reason(app: App, content: bytes) -> None:
    report = app.import_file("uploads/demo/x.geojson", content)
    assert (report["status"], bool(report["reason"])) == ("failed", True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "Feature", "features": []}, "type"),
        ({"type": "FeatureCollection"}, "features"),
        ({"type": "FeatureCollection", "features": {}}, "features"),
    ],
)
def test_a_body_that_is_no_collection_is_refused(app: App, body: dict[str, Any], field: str) -> None:
    answer = app.request("imports", "import_features", **body)
    assert (answer.status, answer.wrong_fields) == (400, [field])


def test_an_import_under_a_key_is_one_import(app: App) -> None:
    keyed = {"Idempotency-Key": "import-1"}
    first = app.request("imports", "import_features", headers=keyed)
    again = app.request("imports", "import_features", headers=keyed)
    assert first.body == again.body
    app.process_chunks()
    assert app.list_names() == ["Depot"]


def test_an_import_of_another_tenant_does_not_exist(app: App) -> None:
    begun = app.request("imports", "import_features").body["id"]
    foreign = app.request("imports", "read_import", path_id=begun, tenant="other")
    assert (foreign.status, foreign.body) == (404, app.request("imports", "read_import", tenant="other").body)


def test_an_empty_collection_is_an_import_that_has_ended(app: App) -> None:
    assert import_features(app).body["report"]["counts"] == {"placemarks": 0, "geofences": 0, "leftOut": 0}


def test_an_empty_collection_of_geometries_is_told(app: App) -> None:
    report = import_features(app, feature({"type": "GeometryCollection", "geometries": []}, name="Empty")).body[
        "report"
    ]
    assert [row["reason"] for row in report["leftOut"]] == ["it has no geometry"]


def test_a_geofence_that_was_to_bind_somebody_never_comes_to_bind_nobody(app: App) -> None:
    twice = [{"targetTable": "users", "targetId": "ada"}] * 2
    report = import_features(app, feature(POINT, name="Bound", assignments=twice, color="red")).body["report"]
    assert (report["counts"]["geofences"], "given twice" in report["leftOut"][0]["reason"]) == (0, True)


def test_several_wrong_properties_are_all_passed_over(app: App) -> None:
    wrong = {"activeFrom": "2026-05-04T09:00:00Z", "expiresAt": "2026-05-04T08:00:00Z", "tags": 5}
    report = import_features(app, feature(POINT, name="Odd", **wrong)).body["report"]
    assert ("tags" in report["geofences"][0]["note"], "expiresAt" in report["geofences"][0]["note"]) == (True, True)


def test_tags_that_come_in_have_numbers(app: App) -> None:
    import_features(app, feature(POINT, name="Tagged", tags=["cold"]))
    assert app.request("geofences", "list_tags").body["data"] == [{"number": 1, "name": "cold"}]


def test_a_request_takes_ten_thousand_features_at_most(app: App) -> None:
    body = {"type": "FeatureCollection", "features": [0] * 10_001}
    answer = app.request("imports", "import_features", raw=json.dumps(body))
    assert (answer.status, answer.wrong_fields) == (400, ["features"])


def test_a_long_report_is_told_in_part(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.imports.schemas.MAX_ROWS", 2)
    imported = import_features(app, *[0] * 5).body
    assert (imported["report"]["counts"]["leftOut"], len(imported["report"]["leftOut"])) == (5, 2)
    assert (
        json.loads(app.s3.get_object(Bucket=BUCKET, Key=imported["reportKey"])["Body"].read())["counts"]["leftOut"]
        == 5
    )
