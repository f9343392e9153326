"""Updates of the clock, dry runs, and reading the clock."""

from __future__ import annotations

from typing import Any

import pytest

from fencepost.timeclock.clock_repository import DynamoDBClockRepository
from tests.functional.app import Answer, App
from tests.functional.timeclock.client import FAR, INSIDE, clock, code, create_fence, data

DRY = {"dryRun": "true"}


def dry(app: App, action: str, at: str | None = None, **body: Any) -> Answer:
    """What an action would do; that nothing is written is looked at."""
    before = app.items()
    when: dict[str, Any] = {"dateTime": f"2026-05-04T{at}:00+02:00"} if at else {}
    answer = app.request("clock", "clock_cancel", query=DRY, action=action, **when, **body)
    assert app.items() == before
    return answer


def test_an_update_changes_what_it_names_and_nothing_else(app: App) -> None:
    app.put("projects", "site")
    clock(app, "start", "09:00", comment="Early shift")
    answer = clock(app, "update", organizationId="site", timeType="travel")
    assert answer.status == 200
    updated = data(answer)
    assert (updated["organizationId"], updated["organizationName"]) == ("site", "site")
    assert (updated["type"], updated["category"], updated["comment"]) == ("travel", "productive", "Early shift")
    assert [punch["action"] for punch in updated["punches"]] == ["start", "update"]
    entry = data(clock(app, "stop", "17:00"))
    assert (entry["type"], entry["organizationId"]) == ("travel", "site")
    assert "clock.updated" in [event["type"] for event in app.events()]


def test_an_update_finds_an_organization_by_its_name(app: App) -> None:
    app.put("projects", "site")
    clock(app, "start", "09:00")
    assert data(clock(app, "update", organizationName="site"))["organizationId"] == "site"
    assert code(clock(app, "update", organizationName="Site")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"comment": None}, {"location": INSIDE}])
def test_an_update_of_nothing_is_refused(app: App, body: dict[str, Any]) -> None:
    clock(app, "start", "09:00")
    answer = clock(app, "update", **body)
    assert code(answer) == (400, "INVALID")
    assert "action" in answer.body["items"][0]["message"]


def test_an_update_ignores_its_instant(app: App) -> None:
    clock(app, "start", "09:00")
    assert clock(app, "update", timeType="travel", dateTime="yesterday").status == 200


def test_an_update_to_an_unknown_time_type_is_refused(app: App) -> None:
    clock(app, "start", "09:00")
    assert code(clock(app, "update", timeType="lunch")) == (400, "INVALID")


def test_an_update_to_an_organization_is_verified_against_its_geofence(app: App) -> None:
    app.put("projects", "site")
    create_fence(app, assignments=[{"targetTable": "projects", "targetId": "site"}])
    clock(app, "start", "09:00")
    assert code(clock(app, "update", organizationId="site", location=FAR)) == (403, "GEOFENCE_OUTSIDE")
    assert clock(app, "update", organizationId="site", location=INSIDE).status == 200
    assert clock(app, "update", organizationId="site", comment="the same, and no longer there").status == 200


def test_a_break_that_is_sent_again_after_an_update_does_not_close_the_break(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "12:00")
    clock(app, "update", timeType="travel")
    (taken,) = data(clock(app, "break", "12:00"))["breaks"]
    assert taken["to"] is None


def test_the_running_clock_is_read_by_its_user_and_by_approvers(app: App) -> None:
    started = data(clock(app, "start", "09:00"))
    app.calls.clear()
    assert data(app.request("clock", "clock_read")) == started
    assert app.calls == {"BatchGetItem": 1}
    emils = {"userId": "emil"}
    assert data(app.request("clock", "clock_read", user="ada", roles="approver", query=emils)) == started
    assert code(app.request("clock", "clock_read", user="vera", query=emils)) == (403, "FORBIDDEN")
    assert code(app.request("clock", "clock_read", user="vera")) == (404, "NO_RUNNING_CLOCK")
    assert code(app.request("clock", "clock_read", query={"userId": "nobody"})) == (404, "NOT_FOUND")
    assert code(app.request("clock", "clock_read", query={"user": "emil"})) == (400, "INVALID")


def test_a_dry_run_returns_the_outcome_of_an_action(app: App) -> None:
    create_fence(app)
    answer = dry(app, "start", "09:00", location=INSIDE)
    assert (answer.status, answer.body["dryRun"]) == (200, True)
    assert data(answer)["punches"][0]["geofenceVerdict"]["code"] == "ALLOWED"
    assert code(dry(app, "start", "09:00", location=FAR)) == (403, "GEOFENCE_OUTSIDE")
    clock(app, "start", "09:00", location=INSIDE)
    assert data(dry(app, "break", "12:00"))["breaks"][0]["to"] is None
    assert code(dry(app, "break", "08:00")) == (400, "WRONG_ORDER")
    assert data(dry(app, "update", timeType="travel"))["type"] == "travel"
    assert dry(app, "cancel").status == 200
    assert data(dry(app, "stop", "17:00"))["to"] == "2026-05-04T17:00:00+02:00"
    assert clock(app, "stop", "17:00").status == 200
    assert code(dry(app, "stop", "17:00")) == (404, "NO_RUNNING_CLOCK")


def test_a_dry_run_returns_the_entries_that_would_be_removed(app: App) -> None:
    clock(app, "start", "08:00")
    first = data(clock(app, "stop", "12:00"))["id"]
    clock(app, "start", "10:00")
    answer = dry(app, "stop", "14:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [first])


@pytest.mark.parametrize("query", [{"dryRun": "yes"}, {"dryRun": "1"}, {"dry": "true"}])
def test_the_parameter_of_a_dry_run_is_validated(app: App, query: dict[str, str]) -> None:
    assert code(app.request("clock", "clock_start", query=query)) == (400, "INVALID")


def test_a_start_for_an_organization_by_its_name_is_two_rounds(app: App) -> None:
    """The name is looked up while the first round is read."""
    app.put("groups", "drivers", members=["emil"])
    app.put("projects", "site")
    create_fence(app, assignments=[{"targetTable": "projects", "targetId": "site"}])
    app.calls.clear()
    assert code(clock(app, "start", "09:00", organizationName="site", location=FAR)) == (403, "GEOFENCE_OUTSIDE")
    app.calls.clear()
    started = clock(app, "start", "09:00", organizationName="site", location=INSIDE)
    assert (started.status, data(started)["organizationName"]) == (200, "site")
    assert app.calls == {"BatchGetItem": 2, "Query": 1, "TransactWriteItems": 1}


@pytest.mark.parametrize("action", ["break", "stop"])
def test_the_fields_of_a_start_do_not_prevent_a_stop(app: App, action: str) -> None:
    clock(app, "start", "09:00")
    ignored = {"organizationId": "gone", "organizationName": "Gone", "timeType": "lunch"}
    assert clock(app, action, "17:00", **ignored).status == 200


@pytest.mark.parametrize(("action", "time"), [("break", "12:00"), ("cancel", None)])
def test_a_break_or_cancel_that_was_overtaken_by_a_new_clock_does_not_put_the_old_one_back(
    app: App, monkeypatch: pytest.MonkeyPatch, action: str, time: str | None
) -> None:
    """Both clocks are at the same version when the action on the first is written."""
    clock(app, "start", "09:00")
    save = DynamoDBClockRepository.save

    def save_after_others(*arguments: Any) -> None:
        monkeypatch.setattr(DynamoDBClockRepository, "save", save)
        clock(app, "stop", "10:00")
        clock(app, "start", "11:00")
        save(*arguments)

    monkeypatch.setattr(DynamoDBClockRepository, "save", save_after_others)
    answer = clock(app, action, time)
    assert (answer.status, data(answer)["from"][11:16]) == (200, "11:00")
