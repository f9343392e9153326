"""The timekeeping dialect, as its reference defines it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.app import Answer, App, event

HEADERS = {"Accept": "application/vnd.fencepost.timekeeping+json"}
NOWHERE = "00000000-0000-4000-8000-00000000dead"
REQUIRED = {"pname": "Depot", "latitude": 30.0, "longitude": -97.0, "radius": 100}


@pytest.fixture
def app(app: App) -> App:
    app.put("users", "5CD906A3941C463B9CC98F49DBCC25AA")
    return app


def create(app: App, **body: Any) -> Answer:
    return app.request("geofences", "create_timekeeping", **body)


def test_the_example_of_the_reference_is_answered_200_in_its_own_words(app: App) -> None:
    answer = create(app)
    assert answer.status == 200, answer
    body = json.loads(event("api/create_timekeeping")["body"])
    assert {name: answer.body[name] for name in body} == body
    assert answer.headers["Location"] == answer.body["uri"] == f"/api/v1/geofences/{answer.body['id']}"
    assert answer.headers["X-Object-Id"] == answer.body["id"]
    assert answer.headers["X-Object-Table"] == "geofences"


def test_defaults_are_those_of_the_reference(app: App) -> None:
    body = create(app, **REQUIRED).body
    assert (body["type"], body["active"], body["is_priority"], body["min_accuracy"]) == ("circle", True, False, 10)
    assert (body["description"], body["color"], body["assignments"]) == (None, None, [])


@pytest.mark.parametrize("missing", ["latitude", "longitude", "radius"])
def test_what_the_reference_requires_is_required(app: App, missing: str) -> None:
    answer = create(app, **{name: value for name, value in REQUIRED.items() if name != missing})
    assert (answer.status, answer.wrong_fields) == (400, [missing])
    assert "is missing" in answer.body["error"]["message"]


def test_aliases_are_taken(app: App) -> None:
    aliased = {
        "pname": "Depot",
        "center_lat": 30.5,
        "center_lon": -97.5,
        "radius_meters": 0.001,
        "min_accuracy_meters": 0,
        "priority": True,
    }
    body = create(app, **aliased).body
    assert (body["latitude"], body["longitude"], body["radius"]) == (30.5, -97.5, 0.001)
    assert (body["min_accuracy"], body["is_priority"]) == (0, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pname", ""),
        ("pname", "x" * 101),
        ("description", "x" * 501),
        ("type", "polygon"),
        ("type", 1),
        ("latitude", -90.0001),
        ("longitude", 180.5),
        ("latitude", "30"),
        ("radius", 0),
        ("radius", 100_000.5),
        ("min_accuracy", -1),
        ("active", 1),
        ("is_priority", "true"),
        ("color", "3366CC"),
        ("color", "#3366C"),
        ("assignments", {}),
    ],
)
def test_a_bound_of_the_reference_that_is_broken_is_told_by_its_name(app: App, field: str, value: object) -> None:
    answer = create(app, **{**REQUIRED, field: value})
    assert (answer.status, answer.wrong_fields) == (400, [field])
    assert field in answer.body["error"]["message"]


def test_zero_zero_is_refused(app: App) -> None:
    assert create(app, **{**REQUIRED, "latitude": 0, "longitude": 0}).status == 400


def test_a_name_that_is_taken_is_a_409(app: App) -> None:
    create(app, **REQUIRED)
    answer = create(app, **{**REQUIRED, "pname": "DEPOT"})
    assert (answer.status, answer.body["error"]["code"]) == (409, "NAME_TAKEN")


def test_an_assignment_to_nobody_is_a_400_that_names_it(app: App) -> None:
    answer = create(app, **REQUIRED, assignments=[{"target_table": "projects", "target_id": "none"}])
    assert (answer.status, answer.wrong_fields) == (400, ["assignments[0]"])


def test_absent_keeps_assignments_and_an_empty_list_clears_them(app: App) -> None:
    geofence_id = create(app).body["id"]
    renamed = app.request("geofences", "update", path_id=geofence_id, pname="Renamed")
    assert (renamed.status, renamed.body["pname"], len(renamed.body["assignments"])) == (200, "Renamed", 1)
    other = [{"target_table": "users", "target_id": "ada"}]
    replaced = app.request("geofences", "update", path_id=geofence_id, headers=HEADERS, assignments=other)
    assert replaced.body["assignments"] == other
    cleared = app.request("geofences", "update_by_body", headers=HEADERS, id=geofence_id, assignments=[])
    assert cleared.body["assignments"] == []


def test_what_is_written_in_one_vocabulary_reads_in_the_other(app: App) -> None:
    geofence_id = create(app).body["id"]
    canonical = app.request("geofences", "read", path_id=geofence_id).body
    assert (canonical["name"], canonical["radiusMeters"]) == ("Downtown Office", 100)
    app.request("geofences", "update", path_id=geofence_id, radiusMeters=250, status="inactive")
    timekeeping = app.request("geofences", "read", path_id=geofence_id, headers=HEADERS).body
    assert (timekeeping["pname"], timekeeping["radius"], timekeeping["active"]) == ("Downtown Office", 250, False)
    (listed,) = app.request("geofences", "list", headers=HEADERS).body["data"]
    assert listed == timekeeping


def test_a_circle_does_not_become_another_shape_in_these_words(app: App) -> None:
    geofence_id = create(app).body["id"]
    line = {"type": "LineString", "coordinates": [[1, 1], [2, 2]]}
    answer = app.request("geofences", "update", path_id=geofence_id, pname="Line", geometry=line)
    assert (answer.status, answer.wrong_fields) == (400, ["geometry"])


def test_the_other_functions_tell_refusals_in_these_words_too(app: App) -> None:
    answer = app.request("geofences", "validate", headers=HEADERS, userId="nobody")
    assert (answer.status, bool(answer.body["error"]["message"])) == (403, True)


def test_a_polygon_is_told_as_near_as_can_be(app: App) -> None:
    geofence_id = app.request("geofences", "create_polygon").body["id"]
    reported = app.request("geofences", "read", path_id=geofence_id, headers=HEADERS).body
    assert (reported["type"], reported["radius"], reported["geometry"]["type"]) == ("polygon", None, "Polygon")
    assert app.request("geofences", "update", path_id=geofence_id, **reported).status == 200


def test_what_does_not_exist_is_forbidden_for_all_alike(app: App) -> None:
    geofence_id = create(app).body["id"]
    absent = app.request("geofences", "read", path_id=NOWHERE, headers=HEADERS)
    foreign = app.request("geofences", "read", path_id=geofence_id, tenant="other", headers=HEADERS)
    assert (absent.status, absent.body["error"]["code"]) == (403, "FORBIDDEN")
    assert foreign.body == absent.body


def test_a_missing_right_is_told_with_its_message(app: App) -> None:
    answer = app.request("geofences", "create_timekeeping", roles="viewer")
    assert (answer.status, answer.body["error"]["message"]) == (403, answer.body["detail"])
