"""The clock through its handler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from fencepost import container
from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.timeclock.audit import EntryWrite
from fencepost.timeclock.commands import compute_legacy_fingerprint
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from tests.builders import build_principal
from tests.functional.app import App
from tests.functional.timeclock.client import (
    DAY,
    FAR,
    INSIDE,
    approve,
    clock,
    code,
    create_fence,
    data,
)


def test_start_and_stop_make_an_entry(app: App) -> None:
    started = clock(app, "start", "09:00", comment="Early shift")
    assert (started.status, started.body["valid"], data(started)["to"]) == (200, True, None)
    stopped = clock(app, "stop", "17:00")
    assert stopped.status == 200
    entry = data(stopped)
    assert (entry["from"], entry["to"]) == (f"{DAY}09:00:00+02:00", f"{DAY}17:00:00+02:00")
    assert (entry["id"], entry["userId"], entry["comment"]) == (data(started)["id"], "emil", "Early shift")
    assert (entry["creationType"], entry["category"], entry["type"]) == ("clock", "productive", "work")


def test_starting_twice_is_refused_with_the_running_clock(app: App) -> None:
    first = clock(app, "start", "09:00")
    second = clock(app, "start", "10:00")
    assert code(second) == (400, "CLOCK_ALREADY_RUNNING")
    assert data(second)["id"] == data(first)["id"]
    assert data(clock(app, "stop", "17:00"))["from"] == f"{DAY}09:00:00+02:00"


def test_a_break_opens_and_closes(app: App) -> None:
    clock(app, "start", "09:00")
    assert data(clock(app, "break", "12:00"))["breaks"][0]["to"] is None
    assert data(clock(app, "break", "12:30"))["breaks"][0]["to"] == f"{DAY}12:30:00+02:00"
    assert len(data(clock(app, "stop", "17:00"))["breaks"]) == 1


def test_an_open_break_ends_with_the_clock(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "16:30")
    (taken,) = data(clock(app, "stop", "17:00"))["breaks"]
    assert (taken["from"], taken["to"]) == (f"{DAY}16:30:00+02:00", f"{DAY}17:00:00+02:00")


def test_a_break_of_no_length_is_dropped(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "12:00")
    assert data(clock(app, "break", "12:00", comment="a slip"))["breaks"] == []


def test_a_start_that_is_sent_again_is_the_same_start(app: App) -> None:
    first, again = (clock(app, "start", "09:00") for _ in range(2))
    assert (again.status, data(again)["id"]) == (200, data(first)["id"])


def test_a_break_that_is_sent_again_does_not_close_the_break(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "12:00")
    (taken,) = data(clock(app, "break", "12:00"))["breaks"]
    assert taken["to"] is None


def test_an_action_stored_with_a_legacy_fingerprint_is_the_same_action_when_it_is_retried(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("fencepost.timeclock.clock_service.compute_fingerprint", compute_legacy_fingerprint)
        started = clock(app, "start", "09:00", comment="Early shift")
    retried = clock(app, "start", "09:00", comment="Early shift")
    assert (retried.status, data(retried)["id"]) == (200, data(started)["id"])
    assert code(clock(app, "start", "09:00")) == (400, "CLOCK_ALREADY_RUNNING")


@pytest.mark.parametrize("action", ["stop", "break", "cancel"])
def test_nothing_but_a_start_can_be_done_while_idle(app: App, action: str) -> None:
    assert code(clock(app, action, "10:00")) == (404, "NO_RUNNING_CLOCK")


@pytest.mark.parametrize(("action", "at"), [("stop", "09:00"), ("stop", "08:00"), ("break", "08:00")])
def test_nothing_can_happen_before_the_start_and_the_clock_runs_on(app: App, action: str, at: str) -> None:
    clock(app, "start", "09:00")
    assert code(clock(app, action, at)) == (400, "WRONG_ORDER")
    assert clock(app, "stop", "17:00").status == 200


def test_breaks_keep_their_order(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "12:00")
    assert code(clock(app, "break", "11:00")) == (400, "WRONG_ORDER")
    clock(app, "break", "12:30")
    assert code(clock(app, "break", "12:15")) == (400, "WRONG_ORDER")
    assert code(clock(app, "stop", "12:15")) == (400, "WRONG_ORDER")


def test_a_cancelled_clock_leaves_no_entry(app: App) -> None:
    clock(app, "start", "09:00")
    assert clock(app, "cancel").status == 200
    assert code(clock(app, "cancel")) == (404, "NO_RUNNING_CLOCK")
    assert not any(item.get("entity", {}).get("S") == "TimeEntry" for item in app.items())
    assert [event["type"] for event in app.events() if event["type"] == "clock.cancelled"]


@pytest.mark.parametrize(
    "when",
    [
        "2026-05-04T09:00:00",
        "2026-05-04",
        "today",
        1_777_878_000,
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2026-02-30T09:00:00Z",
        "20260504T090000+0200",
        "2026-W19-1T09:00:00Z",
    ],
)
def test_an_instant_without_an_offset_or_out_of_time_is_refused(app: App, when: Any) -> None:
    answer = app.request("clock", "clock_start", action="start", dateTime=when)
    assert code(answer) == (400, "INVALID")
    assert "dateTime" in answer.body["items"][0]["message"]


def test_a_punch_a_little_ahead_is_accepted_and_a_later_one_is_refused(app: App) -> None:
    now = datetime.now(UTC)
    ahead = app.request("clock", "clock_start", action="start", dateTime=(now + timedelta(minutes=10)).isoformat())
    assert code(ahead) == (400, "INVALID")
    near = app.request("clock", "clock_start", action="start", dateTime=(now + timedelta(seconds=60)).isoformat())
    assert near.status == 200


def test_a_new_entry_removes_the_one_that_it_overlaps(app: App) -> None:
    clock(app, "start", "08:00")
    first = data(clock(app, "stop", "12:00"))["id"]
    clock(app, "start", "10:00")
    answer = clock(app, "stop", "14:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [first])
    kinds = {item["PK"]["S"].partition("TIME#")[2]: item["kind"]["S"] for item in app.items() if "kind" in item}
    assert kinds == {first: "removed", data(answer)["id"]: "valid"}


def test_entries_that_touch_both_stay(app: App) -> None:
    clock(app, "start", "12:00")
    clock(app, "stop", "14:00")
    clock(app, "start", "10:00")
    answer = clock(app, "stop", "12:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (200, [])


def test_starting_takes_one_read_and_one_transaction(app: App) -> None:
    create_fence(app)
    app.calls.clear()
    assert clock(app, "start", "09:00", location=INSIDE).status == 200
    assert app.calls == {"BatchGetItem": 1, "TransactWriteItems": 1}


def test_stopping_takes_two_rounds_of_reads_and_one_transaction(app: App) -> None:
    for hour in range(3):
        clock(app, "start", f"{9 + hour:02}:00")
        clock(app, "stop", f"{9 + hour:02}:30")
    clock(app, "start", "08:00")
    app.calls.clear()
    assert clock(app, "stop", "17:00").status == 201
    assert app.calls == {"BatchGetItem": 1, "Query": 1, "TransactWriteItems": 1}


def test_inside_the_geofence_a_clock_starts_with_the_evidence(app: App) -> None:
    geofence_id = create_fence(app)
    answer = clock(app, "start", "09:00", location=INSIDE)
    verdict = data(answer)["punches"][0]["geofenceVerdict"]
    assert (verdict["code"], verdict["decidedBy"]) == ("ALLOWED", geofence_id)
    (seen,) = verdict["geofences"]
    assert (seen["version"], seen["targetTable"], seen["targetId"], seen["outcome"]) == (1, "users", "emil", "inside")
    assert seen["edgeDistance"] == pytest.approx(-11.3, abs=0.05)


def test_outside_the_geofence_a_clock_does_not_start(app: App) -> None:
    create_fence(app)
    answer = clock(app, "start", "09:00", location=FAR)
    assert code(answer) == (403, "GEOFENCE_OUTSIDE")
    assert data(answer)["geofences"][0]["outcome"] == "outside"
    assert code(clock(app, "stop", "17:00")) == (404, "NO_RUNNING_CLOCK")
    assert [event["code"] for event in app.events() if event["type"] == "clock.refused"] == ["GEOFENCE_OUTSIDE"]


def test_without_a_location_a_geofence_that_applies_refuses(app: App) -> None:
    create_fence(app)
    assert code(clock(app, "start", "09:00")) == (403, "GEOFENCE_LOCATION_MISSING")


@pytest.mark.parametrize(("accuracy", "status"), [({"accuracy": 10}, 200), ({"accuracy": 11}, 403), ({}, 403)])
def test_a_geofence_may_ask_for_accuracy(app: App, accuracy: dict[str, int], status: int) -> None:
    create_fence(app, minAccuracy=10)
    answer = clock(app, "start", "09:00", location=INSIDE | accuracy)
    assert answer.status == status
    if status == 403:
        assert code(answer) == (403, "GEOFENCE_ACCURACY")


def test_a_priority_geofence_outranks_the_others_while_it_is_active(app: App) -> None:
    create_fence(app)
    priority = create_fence(app, name="Vault", latitude=48.2, longitude=16.37, isPriority=True)
    assert code(clock(app, "start", "09:00", location=INSIDE)) == (403, "GEOFENCE_OUTSIDE")
    app.request("geofences", "update", path_id=priority, status="inactive")
    assert clock(app, "start", "09:00", location=INSIDE).status == 200


def test_a_geofence_that_is_assigned_to_nobody_binds_nobody(app: App) -> None:
    geofence_id = create_fence(app)
    app.request("geofences", "update", path_id=geofence_id, assignments=[])
    assert clock(app, "start", "09:00", location=FAR).status == 200


def test_a_deleted_geofence_no_longer_binds(app: App) -> None:
    app.request("geofences", "delete", path_id=create_fence(app))
    assert clock(app, "start", "09:00").status == 200


def test_a_stop_outside_is_done_and_flagged(app: App) -> None:
    create_fence(app)
    clock(app, "start", "09:00", location=INSIDE)
    answer = clock(app, "stop", "17:00", location=FAR)
    assert answer.status == 200
    assert [punch["flagged"] for punch in data(answer)["punches"]] == [False, True]


def test_a_big_geofence_binds_as_a_small_one_does(app: App) -> None:
    ring = [{"lat": 30.2672 + 0.001 * k / 200, "lng": -97.7431 + 0.01} for k in range(200)]
    assigned = [{"targetTable": "users", "targetId": "emil"}]
    points = [{"lat": 30.2672, "lng": -97.7431}, *ring]
    made = app.request("geofences", "create_circle", name="Long", type="polygon", points=points, assignments=assigned)
    assert made.status == 201, made
    app.calls.clear()
    assert code(clock(app, "start", "09:00", location=FAR)) == (403, "GEOFENCE_OUTSIDE")
    assert app.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}


def test_acting_for_another_user_requires_the_permission(app: App) -> None:
    assert code(clock(app, "start", "09:00", userId="vera")) == (403, "FORBIDDEN")
    assert code(clock(app, "start", "09:00", userId="nobody")) == (404, "NOT_FOUND")
    done = clock(app, "start", "09:00", userId="vera", user="ada", roles="approver")
    assert (done.status, data(done)["userId"], data(done)["punches"][0]["actingUserId"]) == (200, "vera", "ada")


@pytest.mark.parametrize("roles", ["viewer", "editor"])
def test_roles_without_a_clock_are_forbidden(app: App, roles: str) -> None:
    assert code(clock(app, "start", "09:00", roles=roles)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "pause"},
        {"action": None},
        {"action": "start", "timeType": "lunch"},
        {"action": "start", "timeType": 3},
        {"action": "start", "location": {"latitude": 91, "longitude": 1}},
        {"action": "start", "location": {"latitude": 1, "longitude": 1, "accuracy": -1}},
        {"action": "start", "location": [1, 1]},
        {"action": "start", "comment": "x" * 2001},
        {"action": "start", "userId": ""},
        {"action": "start", "tenantId": "other"},
    ],
)
def test_an_invalid_request_is_refused_in_the_dialect_of_the_clock(app: App, body: dict[str, Any]) -> None:
    assert code(app.request("clock", "clock_start", **body)) == (400, "INVALID")


def test_an_unknown_organization_is_a_404(app: App) -> None:
    assert code(clock(app, "start", "09:00", organizationId="nowhere")) == (404, "NOT_FOUND")


def test_a_forgotten_clock_is_stopped_at_the_limit_and_marked_so(app: App) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(hours=25)
    app.request("clock", "clock_start", action="start", dateTime=start.isoformat())
    app.request("clock", "clock_start", action="start", user="vera")
    assert app.invoke("schedules", {}) == {"stopped": []}  # its last action was a moment ago; another may follow
    stopped, failed = container.auto_stop_service().stop_forgotten(now + timedelta(minutes=1))
    assert (len(stopped), failed) == (1, [])
    events = [event for event in app.events() if event["type"] == "clock.stopped"]
    assert [(event["stoppedBy"], event["to"]) for event in events] == [
        ("limit", (start + timedelta(hours=24)).isoformat())
    ]
    assert container.auto_stop_service().stop_forgotten(now + timedelta(minutes=1)) == ([], [])
    assert code(clock(app, "stop", "17:00")) == (404, "NO_RUNNING_CLOCK")
    assert code(clock(app, "start", user="vera", comment="again")) == (400, "CLOCK_ALREADY_RUNNING")


def test_no_clock_starts_for_a_user_who_is_deleted_at_the_same_moment(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete(user: str) -> None:
        geofences = container.geofence_service()
        ada = build_principal("ada", "admin")
        container.directory_service().delete(ada, "users", user, geofences, datetime.now(UTC), cascade=True)

    create_fence(app, assignments=[{"targetTable": "users", "targetId": "vera"}])
    for user, refused in (("emil", {}), ("vera", {"location": FAR})):
        app.run_before_next_write(monkeypatch, partial(delete, user))
        assert code(clock(app, "start", "09:00", user=user, **refused)) == (404, "NOT_FOUND")
    assert not [item for item in app.items() if item["SK"]["S"] in ("CLOCK", "PLACE", "REFUSAL")]


def test_a_forgotten_clock_of_a_deleted_user_is_discarded(app: App) -> None:
    started = data(clock(app, "start", "09:00"))["id"]
    app.table.delete_item(TableName="fencepost", Key=keys.entity_key("demo", EntityRef("users", "emil")))
    now = datetime.now(UTC) + timedelta(minutes=1)
    assert container.auto_stop_service().stop_forgotten(now) == ([], [])
    assert list(container.clock_service().clocks.list_due(now)) == []
    assert [event["clockId"] for event in app.events() if event["type"] == "clock.cancelled"] == [started]
    trail = container.entry_service().entries.load_trail("demo", started)
    assert trail is not None
    assert [change.action for change in trail[1]] == ["started", "cancelled"]


def test_a_break_after_the_limit_is_refused_and_an_open_one_ends_at_it(app: App) -> None:
    clock(app, "start", "09:00")
    late = app.request("clock", "clock_break", action="break", dateTime="2026-05-06T12:00:00+02:00")
    assert code(late) == (400, "WRONG_ORDER")
    clock(app, "break", "16:00")
    (entry,), failed = container.auto_stop_service().stop_forgotten(datetime.now(UTC) + timedelta(minutes=1))
    assert failed == []
    assert entry.breaks[0].end == entry.end == entry.start + timedelta(hours=24)


def test_one_clock_that_cannot_be_stopped_does_not_keep_the_others_running(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in ("emil", "vera"):
        clock(app, "start", "09:00", user=user)
    save = DynamoDBEntryRepository.save

    def failing_for_emil(self: DynamoDBEntryRepository, tenant_id: str, write: EntryWrite) -> None:
        if write.changes[0].entry.user_id == "emil":
            raise RuntimeError
        save(self, tenant_id, write)

    monkeypatch.setattr(DynamoDBEntryRepository, "save", failing_for_emil)
    stopped, failed = container.auto_stop_service().stop_forgotten(datetime.now(UTC) + timedelta(minutes=1))
    assert [entry.user_id for entry in stopped] == ["vera"]
    assert [type(error) for error in failed] == [RuntimeError]


def test_an_approved_entry_stays_and_the_clock_becomes_an_invalid_one(app: App) -> None:
    clock(app, "start", "13:00")
    approved = data(clock(app, "stop", "14:00"))["id"]
    assert approve(app, approved).status == 200
    clock(app, "start", "10:00")
    answer = clock(app, "stop", "14:00")
    assert code(answer) == (400, "ENTRY_NOT_SAVED")
    assert "approved" in answer.body["items"][0]["message"]
    stored = sorted(item["SK"]["S"].partition("#")[0] for item in app.items() if "#USER#emil" in item["PK"]["S"])
    assert stored == ["CALENDAR", "INVALID", "TIME"]
    assert clock(app, "start", "15:00").status == 200


def test_a_clock_around_fifty_entries_can_still_be_stopped(app: App) -> None:
    for minute in range(50):
        clock(app, "start", f"10:{minute:02}")
        app.request("clock", "clock_stop", action="stop", dateTime=f"{DAY}10:{minute:02}:30+02:00")
    clock(app, "start", "09:00")
    assert code(clock(app, "stop", "17:00")) == (400, "ENTRY_NOT_SAVED")
    assert clock(app, "start", "18:00").status == 200


def test_a_clock_with_the_most_actions_can_be_stopped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/unit/timeclock/test_clock_repository.py shows that the evidence of all actions fits in an item."""
    monkeypatch.setattr("fencepost.timeclock.model.MAX_PUNCHES", 10)
    assert clock(app, "start", "09:00").status == 200
    assert [clock(app, "break", f"10:{n:02}").status for n in range(11)] == [200] * 9 + [400] * 2
    assert clock(app, "stop", "17:00").status == 200


def test_an_own_stop_after_the_limit_counts_up_to_the_limit(app: App) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
    app.request("clock", "clock_start", action="start", dateTime=start.isoformat())
    answer = app.request("clock", "clock_stop", action="stop")
    assert (answer.status, data(answer)["stoppedBy"]) == (201, "limit")
    assert datetime.fromisoformat(data(answer)["to"]) == start + timedelta(hours=24)
