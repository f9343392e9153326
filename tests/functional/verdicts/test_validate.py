"""The verdict on an entry that is about to be made, with its reason; the clock gives the same verdict."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.app import Answer, App

HERE = {"latitude": 30.2672, "longitude": -97.7431}
FAR = {"latitude": 31.0, "longitude": -97.7431}
MONDAY_NOON = "2026-05-04T12:00:00+02:00"


def fence(app: App, name: str, *targets: tuple[str, str], **more: Any) -> str:
    assigned = [{"targetTable": table, "targetId": target_id} for table, target_id in targets]
    body = {"name": name, **HERE, "radiusMeters": 100, "assignments": assigned, **more}
    answer = app.request("geofences", "create_circle", **body)
    assert answer.status == 201, answer
    return str(answer.body["id"])


def validate(app: App, *, caller: str = "emil", roles: str = "employee", **body: Any) -> Answer:
    return app.request("geofences", "validate", user=caller, roles=roles, **(body or {"userId": caller}))


def code(answer: Answer) -> str:
    assert answer.status == 200, answer
    assert answer.body["allowed"] is (answer.body["code"] in ("ALLOWED", "NO_GEOFENCE"))
    return str(answer.body["code"])


def test_everything_is_allowed_where_no_geofence_applies(app: App) -> None:
    fence(app, "Of vera", ("users", "vera"))
    answer = validate(app)
    assert (code(answer), answer.body["rule"], answer.body["geofences"]) == ("NO_GEOFENCE", "none_applies", [])


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("users", {}),
        ("groups", {}),
        ("projects", {"projectId": "x"}),
        ("time_guis", {"entryScreen": {"targetTable": "time_guis", "targetId": "x"}}),
        ("expense_guis", {"entryScreen": {"target_table": "expense_guis", "target_id": "x"}}),
        ("travel_entry_guis", {"entryScreen": {"targetTable": "travel_entry_guis", "targetId": "x"}}),
    ],
)
def test_a_geofence_applies_through_each_kind_of_assignment(app: App, table: str, fields: dict[str, Any]) -> None:
    target = "emil" if table == "users" else "x"
    if table != "users":
        app.put(table, "x", members=["emil"] if table == "groups" else None)
    geofence_id = fence(app, "Yard", (table, target))
    outside = validate(app, **fields, location=FAR)
    assert code(outside) == "GEOFENCE_OUTSIDE"
    (finding,) = outside.body["geofences"]
    assert (finding["geofenceId"], finding["version"]) == (geofence_id, 1)
    assert (finding["targetTable"], finding["targetId"]) == (table, target)
    assert finding["edgeDistance"] == pytest.approx(81_135, abs=300)
    assert outside.body["decidedBy"] == geofence_id
    assert code(validate(app, **fields, location=HERE)) == "ALLOWED"
    if table not in ("users", "groups"):
        assert code(validate(app, location=FAR)) == "NO_GEOFENCE"


def test_being_inside_any_geofence_that_applies_is_enough(app: App) -> None:
    app.put("groups", "g", members=["emil"])
    fence(app, "Here", ("groups", "g"))
    fence(app, "Elsewhere", ("users", "emil"), latitude=40, longitude=40)
    answer = validate(app, location=HERE)
    assert (code(answer), answer.body["rule"]) == ("ALLOWED", "any_of_those_that_apply")
    assert [finding["outcome"] for finding in answer.body["geofences"]] == ["inside", "outside"]


def test_only_priority_geofences_count_where_one_applies(app: App) -> None:
    fence(app, "Here", ("users", "emil"))
    vault = fence(app, "Vault", ("users", "emil"), latitude=40, longitude=40, isPriority=True)
    answer = validate(app, location=HERE)
    assert (code(answer), answer.body["rule"]) == ("GEOFENCE_OUTSIDE", "any_of_the_priority_ones")
    assert [(f["name"], f["outcome"]) for f in answer.body["geofences"]] == [
        ("Vault", "outside"),
        ("Here", "outranked"),
    ]
    app.request("geofences", "update", path_id=vault, status="inactive")
    assert code(validate(app, location=HERE)) == "ALLOWED"


@pytest.mark.parametrize(
    ("required_m", "accuracy_m", "expected_code", "accuracy"),
    [
        (0, None, "ALLOWED", "any"),
        (0, 5_000, "ALLOWED", "any"),
        (10, 10, "ALLOWED", "enough"),
        (10, 10.5, "GEOFENCE_ACCURACY", "too_vague"),
        (10, None, "GEOFENCE_ACCURACY", "missing"),
    ],
)
def test_the_accuracy_of_a_fix_is_compared_with_the_required_one(
    app: App, required_m: float, accuracy_m: float | None, expected_code: str, accuracy: str
) -> None:
    fence(app, "Yard", ("users", "emil"), minAccuracy=required_m)
    location = HERE if accuracy_m is None else {**HERE, "accuracy": accuracy_m}
    answer = validate(app, location=location)
    assert (code(answer), answer.body["geofences"][0]["accuracy"]) == (expected_code, accuracy)
    assert answer.body["geofences"][0]["minAccuracy"] == required_m


def test_an_entry_without_a_location_is_refused_where_a_geofence_applies(app: App) -> None:
    fence(app, "Yard", ("users", "emil"))
    assert code(validate(app)) == "GEOFENCE_LOCATION_MISSING"


@pytest.mark.parametrize(
    ("validity", "at", "expected_code"),
    [
        ({"activeFrom": "2026-05-05T00:00:00Z"}, MONDAY_NOON, "NO_GEOFENCE"),
        ({"activeFrom": "2026-05-04T10:00:00Z"}, MONDAY_NOON, "GEOFENCE_OUTSIDE"),
        ({"expiresAt": "2026-05-04T10:00:00Z"}, MONDAY_NOON, "NO_GEOFENCE"),
        ({"expiresAt": "2026-05-04T10:00:01Z"}, MONDAY_NOON, "GEOFENCE_OUTSIDE"),
    ],
)
def test_a_geofence_that_is_not_in_force_does_not_apply(
    app: App, validity: dict[str, str], at: str, expected_code: str
) -> None:
    fence(app, "Yard", ("users", "emil"), **validity)
    assert code(validate(app, location=FAR, dateTime=at)) == expected_code


def test_a_schedule_counts_on_the_wall_clock_of_its_zone(app: App) -> None:
    windows = [{"days": ["mon", "fri"], "from": "22:00", "to": "06:00"}]
    fence(app, "Yard", ("users", "emil"), schedule={"timeZone": "Europe/Berlin", "windows": windows})
    instants = [
        "2026-05-04T21:59:59+02:00",
        "2026-05-04T20:00:00Z",
        "2026-05-05T05:59:00+02:00",
        "2026-05-05T06:00:00+02:00",
    ]
    codes = [code(validate(app, location=FAR, dateTime=at)) for at in instants]
    assert codes == ["NO_GEOFENCE", "GEOFENCE_OUTSIDE", "GEOFENCE_OUTSIDE", "NO_GEOFENCE"]


def test_the_clock_gives_the_same_verdict(app: App) -> None:
    app.put("groups", "g", members=["emil"])
    app.put("time_guis", "kiosk")
    fence(app, "Group's", ("groups", "g"), expiresAt="2026-05-04T10:00:00Z")
    fence(app, "Kiosk's", ("time_guis", "kiosk"))

    def start(**body: Any) -> Answer:
        return app.request("clock", "clock_start", user="emil", roles="employee", action="start", **body)

    early, late = "2026-05-04T09:59:00Z", "2026-05-04T10:01:00Z"
    screen = {"targetTable": "time_guis", "targetId": "kiosk"}
    assert start(dateTime=early, location=FAR).body["items"][0]["code"] == "GEOFENCE_OUTSIDE"
    assert start(dateTime=late, location=FAR, entryScreen=screen).body["items"][0]["code"] == "GEOFENCE_OUTSIDE"
    assert start(dateTime=late, location=FAR, entryScreen={**screen, "targetId": "none"}).status == 404
    assert start(dateTime=late, location=FAR).status == 200


def test_an_organization_is_found_by_its_name(app: App) -> None:
    for project_id in ("p-2", "p-1"):
        app.request("directory", "directory_put", path={"table": "projects", "id": project_id}, name="Test Project")
    body: dict[str, Any] = {"action": "start", "organizationName": "Test Project"}
    answer = app.request("clock", "clock_start", **body)
    assert (answer.status, answer.body["items"][0]["data"]["organizationId"]) == (200, "p-1")
    assert "2 organizations" in answer.body["items"][0]["message"]
    unknown = app.request("clock", "clock_start", action="start", organizationName="test project")
    assert (unknown.status, unknown.body["items"][0]["code"]) == (404, "NOT_FOUND")


def test_validation_writes_nothing(app: App) -> None:
    fence(app, "Yard", ("users", "emil"))
    before = app.items()
    validate(app, location=FAR)
    assert app.items() == before


def test_five_groups_a_project_a_screen_and_thirty_geofences_take_three_round_trips_at_most(app: App) -> None:
    targets = [("users", "emil"), ("projects", "p"), ("expense_guis", "s")]
    for n in range(5):
        app.put("groups", f"g-{n}", members=["emil"])
        targets.append(("groups", f"g-{n}"))
    app.put("projects", "p")
    app.put("expense_guis", "s")
    for n in range(28):
        fence(app, f"Yard {n}", targets[n % len(targets)], latitude=50 + n)
    ring = [{"lat": 50 + (k % 40) / 1000, "lng": 8 + k / 1000} for k in range(100)] + [{"lat": 49, "lng": 8.1}]
    for n in range(2):
        fence_with_many_vertices: dict[str, Any] = {"name": f"Big {n}", "type": "polygon", "points": ring}
        assigned = [{"targetTable": "users", "targetId": "emil"}]
        answer = app.request("geofences", "create_circle", **fence_with_many_vertices, assignments=assigned)
        assert answer.status == 201, answer
    body: dict[str, Any] = {
        "projectId": "p",
        "entryScreen": {"targetTable": "expense_guis", "targetId": "s"},
        "location": FAR,
    }
    app.calls.clear()
    answer = validate(app, **body)
    assert (code(answer), len(answer.body["geofences"])) == ("GEOFENCE_OUTSIDE", 30)
    assert app.calls == {"BatchGetItem": 3}
    validate(app, **body)
    assert app.calls == {"BatchGetItem": 5}  # large geofences are read once a process


@pytest.mark.parametrize(
    ("roles", "about", "status"),
    [
        ("employee", "emil", 200),
        ("employee", "vera", 403),
        ("viewer", "vera", 200),
        ("editor", "vera", 200),
        ("approver", "vera", 200),
        ("approver", "nobody", 404),
        ("nobody", "emil", 403),
    ],
)
def test_entries_of_others_are_validated_with_permission_only(app: App, roles: str, about: str, status: int) -> None:
    assert validate(app, roles=roles, userId=about).status == status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
        ({"location": {"latitude": 1, "longitude": 1, "accuracy": -1}}, "location.accuracy"),
        ({"dateTime": "2026-05-04T09:00:00"}, "dateTime"),
        ({"projectId": "none"}, "projectId"),
        ({"organizationId": "none"}, "organizationId"),
        ({"entryScreen": {"targetTable": "users", "targetId": "emil"}}, "entryScreen.targetTable"),
        ({"entryScreen": {"targetTable": "time_guis", "targetId": "none"}}, "entryScreen"),
        ({"userId": 3}, "userId"),
        ({"person": "emil"}, "person"),
    ],
)
def test_an_error_names_the_wrong_field(app: App, body: dict[str, Any], field: str) -> None:
    answer = validate(app, **body)
    assert (answer.status, answer.wrong_fields) == (400, [field])
