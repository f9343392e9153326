"""What no caller should send: each is a 400 that names the field, and nothing is written."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from tests.functional.app import Answer, App, event

GOOD: dict[str, Any] = {"name": "X", "latitude": 1.0, "longitude": 2.0}
RING = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"name": "X", "geometry": {"type": "Polygon", "coordinates": list(rings)}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"latitude": 1.0, "longitude": 2.0}, "name"),
        (GOOD | {"name": ""}, "name"),
        (GOOD | {"name": " \u200b\u00a0"}, "name"),
        (GOOD | {"name": "x" * 101}, "name"),
        (GOOD | {"name": "a\x00b"}, "name"),
        (GOOD | {"name": 3}, "name"),
        (GOOD | {"name": None}, "name"),
        ({"pname": "", "latitude": 1.0, "longitude": 2.0}, "pname"),
        ({"name": "X", "longitude": 2.0}, "latitude"),
        (GOOD | {"latitude": 90.0001}, "latitude"),
        (GOOD | {"latitude": "3"}, "latitude"),
        (GOOD | {"latitude": True}, "latitude"),
        (GOOD | {"latitude": None}, "latitude"),
        (GOOD | {"longitude": -180.5}, "longitude"),
        (GOOD | {"latitude": 0, "longitude": 0}, "latitude"),
        (GOOD | {"latitude": -0.0, "longitude": 0.0}, "latitude"),
        (GOOD | {"radiusMeters": 0}, "radiusMeters"),
        (GOOD | {"radius": 100_000.1}, "radius"),
        (GOOD | {"radius": -1, "type": "circle"}, "radius"),
        (GOOD | {"type": "square"}, "type"),
        (GOOD | {"status": "on"}, "status"),
        (GOOD | {"active": "yes"}, "active"),
        (GOOD | {"active": True, "status": "inactive"}, "active"),
        (GOOD | {"color": "red"}, "color"),
        (GOOD | {"color": "#3366CC\n"}, "color"),
        (GOOD | {"min_accuracy": -1}, "min_accuracy"),
        (GOOD | {"triggerOn": "leave"}, "triggerOn"),
        (GOOD | {"dwellMinutes": 1.5}, "dwellMinutes"),
        (GOOD | {"cooldownMs": -1}, "cooldownMs"),
        (GOOD | {"action": {"text": "x" * 9000}}, "action"),
        (GOOD | {"action": [1]}, "action"),
        (GOOD | {"tags": "a"}, "tags"),
        (GOOD | {"tags": ["a", ""]}, "tags[1]"),
        (GOOD | {"tenantId": "other"}, "tenantId"),
        (GOOD | {"id": "x"}, "id"),
        (GOOD | {"colour": "#000000"}, "colour"),
        (GOOD | {"assignments": [{"targetTable": "tables", "targetId": "x"}]}, "assignments[0].targetTable"),
        (GOOD | {"assignments": [{"target_table": "users"}]}, "assignments[0].targetId"),
        (GOOD | {"assignments": [{"targetTable": "users", "targetId": str(n)} for n in range(26)]}, "assignments"),
        (GOOD | {"points": [{"lat": 1, "lng": 1}]}, "points"),
        ({"name": "X", "type": "corridor"}, "points"),
        ({"name": "X", "type": "corridor", "points": [{"lat": 1, "lng": 1}] * 3}, "points"),
        ({"name": "X", "type": "corridor", "points": [{"lat": 1, "lng": n / 1000} for n in range(1025)]}, "points"),
        ({"name": "X", "type": "polygon", "points": [{"lat": 1, "lng": 1}, {"lat": 1, "lng": 2}]}, "points"),
        ({"name": "X", "type": "polygon", "points": [{"lat": 1, "lng": 1}, {"lat": 1, "lng": 181}]}, "points[1].lng"),
        ({"name": "X", "type": "polygon", "points": [{"lat": 1}]}, "points[0].longitude"),
        (polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]), "geometry"),
        (polygon(RING[:3]), "geometry.coordinates[0]"),
        (polygon([[0, 0], [1, 0], [1, 1], [0, 1]]), "geometry.coordinates[0]"),
        (polygon([*RING[:3], [0.0]]), "geometry.coordinates[0][3]"),
        (polygon([[0, 0], [1, 0], [1, 91], [0, 0]]), "geometry.coordinates[0][2]"),
        (polygon([[0, 0], [0, 0], [0, 0], [0, 0]]), "geometry"),
        (polygon([[-60, 10], [60, 10], [60, 20], [-60, 20], [-60, 10]]), "geometry"),
        (polygon(RING, [[5, 5], [6, 5], [6, 6], [5, 5]]), "geometry"),
        ({"name": "X", "type": "polygon", "geometry": {"type": "Point", "coordinates": [1, 2]}}, "geometry.type"),
        ({"name": "X", "type": "polygon", "geometry": {"type": "Polygon"}}, "geometry.coordinates"),
        (
            {"name": "X", "type": "polygon", "geometry": {"type": "Polygon", "coordinates": "x"}},
            "geometry.coordinates",
        ),
        (polygon([[10**400, 0], [1, 0], [1, 1], [10**400, 0]]), "geometry.coordinates[0][0]"),
        (GOOD | {"minAccuracy": 1e126}, "minAccuracy"),
        (GOOD | {"assignments": [{"targetTable": "users", "targetId": "ada"}] * 2}, "assignments[1]"),
        (polygon(*[RING]) | {"radius": 5}, "radius"),
        (polygon(*[RING]) | {"latitude": 5}, "latitude"),
        ({"name": "X", "type": "polygon", "points": [{"a": 0}] * 20_000}, "points[0].a"),
        ({f"field {n}": n for n in range(20_000)}, "body"),
        ({"name": "X", "geometry": {"type": "GeometryCollection", "geometries": []}}, "geometry"),
        (GOOD | {"pname": "X"}, "pname"),
        (GOOD | {"center_lat": 1.0}, "center_lat"),
        ({"name": "X", "center": {"lat": 1.0, "lng": 1.0, "alt": 1.0}}, "center.alt"),
        ({"name": "X", "center": {"lat": 91.0, "lng": 1.0}}, "center.lat"),
        ({"name": "X", "center": 5}, "center"),
        ({"name": "X", "center": {"lat": 0, "lng": 0}}, "center.lat"),
        ({"label": None, "latitude": 1.0, "longitude": 1.0}, "label"),
        ({"name": "X", "center": {"lat": 1.0, "lng": 2.0}, "latitude": 50.0}, "latitude"),
        ({"name": "X", "center": {"lat": None, "lng": 2.0}}, "center.lat"),
    ],
)
def test_invalid_field_of_a_geofence_is_reported_by_the_callers_name_for_it(
    app: App, body: dict[str, Any], field: str
) -> None:
    before = app.items()
    answer = app.request("geofences", "create_circle", raw=json.dumps(body))
    assert answer.status == 400, answer
    assert field in answer.wrong_fields, answer
    assert app.items() == before


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        '{"name": "X", ',
        "[]",
        '"text"',
        "null",
        '{"name": "X", "latitude": NaN, "longitude": 1}',
        '{"name": "X", "latitude": 1e999, "longitude": 1}',
        '{"name": "X", "latitude": Infinity, "longitude": 1}',
        '{"name": "X", "latitude": ' + "9" * 5000 + ', "longitude": 1}',
        '{"name": "X", "name": "Y", "latitude": 1, "longitude": 1}',
        '{"name": "\\ud800", "latitude": 1, "longitude": 1}',
        '{"\\ud800": 1, "\\ud800": 2}',
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"name": "X", "latitude": 1, "longitude": 1, "action": {"x": 1e999}}',
        '{"name": "X", "latitude": 1, "longitude": 1, "action": ' + '{"a":' * 70 + "1" + "}" * 71,
        "{" + ",".join(f'"{n}": 1' for n in range(80_000)) + ', "79999": 1}',
        '{"name": "X", "action": ' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}",
    ],
)
def test_body_that_is_not_a_sound_json_object_is_a_400(app: App, raw: str) -> None:
    for function, name in (("geofences", "create_circle"), ("location", "check"), ("clock", "clock_start")):
        answer = app.request(function, name, raw=raw)
        assert answer.status == 400, answer


def test_limit_of_a_long_text_is_reported_in_characters(app: App) -> None:
    answer = app.request("geofences", "create_circle", **GOOD | {"description": "x" * 501})
    assert answer.body["errors"] == [{"field": "description", "message": "must be at most 500 characters"}]


def test_two_names_of_one_field_are_reported_as_such(app: App) -> None:
    answer = app.request("geofences", "create_circle", **GOOD | {"label": "Y"})
    assert "another name" in answer.body["errors"][0]["message"]


def test_body_that_is_too_large_is_a_413(app: App) -> None:
    assert app.request("geofences", "create_circle", raw=json.dumps(GOOD | {"name": "x" * 2**20})).status == 413


def test_body_in_another_media_type_is_a_415(app: App) -> None:
    answer = app.request("geofences", "create_circle", headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.body["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_body_that_is_not_utf_8_is_a_400(app: App) -> None:
    sent = event("api/create_circle") | {"body": b64encode(b'{"name": "\xff"}').decode(), "isBase64Encoded": True}
    assert Answer(app.invoke("geofences", sent)).wrong_fields == ["body"]


@pytest.mark.parametrize("is_base64", [False, True])
def test_error_is_in_the_timekeeping_dialect_if_the_body_is_plain_json_that_names_pname(
    app: App, *, is_base64: bool
) -> None:
    body = '{"pname": 1}'
    sent = event("api/create_circle")
    sent |= {"body": b64encode(body.encode()).decode() if is_base64 else body, "isBase64Encoded": is_base64}
    answer = Answer(app.invoke("geofences", sent))
    assert (answer.status, answer.wrong_fields) == (400, ["pname"])
    assert ("error" in answer.body) is not is_base64


@pytest.mark.parametrize("tag", ["3", '"x"', '"-1"', "W/3x", '"1', '"01"', '"\u0661"', '"' + "9" * 30 + '"'])
def test_if_match_is_a_version_or_a_400(app: App, tag: str) -> None:
    geofence_id = app.request("geofences", "create_circle").body["id"]
    answer = app.request("geofences", "patch", path_id=geofence_id, headers={"If-Match": tag})
    assert (answer.status, answer.wrong_fields) == (400, ["If-Match"])


@pytest.mark.parametrize("field", ["latitude", "longitude"])
@pytest.mark.parametrize("value", [91_000, "1", None, True, [], {}])
def test_check_without_a_position_is_a_400(app: App, field: str, value: Any) -> None:
    where = {"latitude": 1.0, "longitude": 1.0, field: value}
    answer = app.request("location", "check", **where)
    assert (answer.status, answer.wrong_fields) == (400, [field])


def test_negative_zero_is_zero(app: App) -> None:
    answer = app.request("geofences", "create_circle", name="X", latitude=-0.0, longitude=1)
    assert (answer.status, str(answer.body["latitude"])) == (201, "0.0")


def test_null_clears_optional_fields_and_is_a_400_for_others(app: App) -> None:
    geofence_id = app.request("geofences", "create_circle").body["id"]
    cleared = app.request("geofences", "update", path_id=geofence_id, description=None, color=None)
    assert (cleared.body["description"], cleared.body["color"]) == (None, None)
    refused = app.request("geofences", "update", path_id=geofence_id, pname=None, tags=None)
    assert refused.status == 400
    assert set(refused.wrong_fields) == {"pname", "tags"}


def test_repeated_parameter_is_reported_by_its_name(app: App) -> None:
    sent = event("api/list") | {"multiValueQueryStringParameters": {"limit": ["1", "2"]}}
    answer = Answer(app.invoke("geofences", sent))
    assert (answer.status, answer.body["errors"]) == (400, [{"field": "limit", "message": "is given more than once"}])


def test_unknown_parameter_is_reported_by_its_name(app: App) -> None:
    answer = app.request("clock", "clock_batch", query={"dryRun": "true"})
    assert answer.status == 400
    assert answer.body["items"][0]["message"] == "dryRun: is no parameter of this call"
