"""The working-time model over the handlers: setup, adjustments of entries, reminders and the end of a shift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fencepost import container
from fencepost.cli import tenants
from fencepost.timeclock.audit import ClockWrite, EntryWrite
from fencepost.timeclock.clock_repository import DynamoDBClockRepository
from fencepost.timeclock.commands import ClockRequest, Outcome
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from tests.builders import build_principal
from tests.functional.app import App
from tests.functional.directory.client import put, read
from tests.functional.timeclock.client import APPROVER, DAY, MAY, clock, code, data, save_entry

EMIL = build_principal("emil", "employee")
QUARTERS = {"direction": "nearest", "minutes": 15}
EVERYTHING: dict[str, Any] = {
    "rounding": {"start": QUARTERS, "end": QUARTERS, "break": {"direction": "up", "minutes": 5}},
    "automaticBreaks": {"thresholds": [{"overMinutes": 300, "breakMinutes": 20}], "shortestMinutes": 10},
    "longestMinutes": 600,
    "window": {"from": "22:00", "to": "06:30", "outside": "refuse"},
    "backMinutes": 1440,
    "aheadMinutes": 5,
    "forgotten": {"stopAt": "shift_end", "shiftEnd": "24:00", "remindMinutes": 15},
}


def set_up(**model: Any) -> None:
    """The tenant works in Berlin, by a model."""
    tenant = {"id": "demo", "name": "Demo", "timeZone": "Europe/Berlin", "workingTime": model}
    tenants.apply(tenants.Setup.model_validate({"tenants": [tenant]}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}{text}:00+02:00")


def act(action: str, when: str) -> Outcome:
    """What Emil does at an instant, at that instant."""
    return container.clock_service().act(EMIL, ClockRequest(action=action, at=at(when)), at(when))


def entries(app: App) -> list[dict[str, Any]]:
    return [item["data"] for item in app.request("clock", "times_list", query=MAY).body["items"]]


def saved_again(app: App, entry: dict[str, Any], **fields: Any) -> Any:
    return app.request("clock", "times_put", items=[{"id": entry["id"], **fields}])


def list_events_of(app: App, event_type: str) -> list[dict[str, Any]]:
    return [event for event in app.events() if event["type"] == event_type]


def test_a_stop_returns_the_adjustments_and_the_entry_stores_them(app: App) -> None:
    set_up(rounding={"start": QUARTERS, "end": QUARTERS}, automaticBreaks="arbzg")
    clock(app, "start", "08:53")
    app.calls.clear()
    dry = app.request("clock", "clock_stop", action="stop", dateTime=f"{DAY}17:04:00+02:00", query={"dryRun": "true"})
    answer = clock(app, "stop", "17:04")
    assert (dry.status, answer.status) == (200, 200)
    assert (app.calls["BatchGetItem"], app.calls["Query"], app.calls["TransactWriteItems"]) == (2, 2, 1)
    entry = data(answer)
    assert (entry["from"], entry["to"]) == (f"{DAY}09:00:00+02:00", f"{DAY}17:00:00+02:00")
    (missing,) = entry["breaks"]
    period = {"from": f"{DAY}12:45:00+02:00", "to": f"{DAY}13:15:00+02:00"}
    assert missing == {**period, "id": missing["id"], "automatic": True}
    punched = {"from": f"{DAY}08:53:00+02:00", "to": f"{DAY}17:04:00+02:00"}
    round_instant = {"from": entry["from"], "to": entry["to"]}
    assert entry["adjustments"] == [
        {"rule": "rounding", "breakId": None, "before": punched, "after": round_instant},
        {"rule": "automatic_breaks", "breakId": missing["id"], "before": None, "after": period},
    ]
    assert entry["creationType"] == "clock"
    assert [(p["action"], p["dateTime"]) for p in entry["punches"]] == [
        ("start", punched["from"]),
        ("stop", punched["to"]),
    ]
    assert [change["rule"] for change in data(dry)["adjustments"]] == ["rounding", "automatic_breaks"]
    (stored,) = entries(app)
    assert stored["adjustments"] == entry["adjustments"]


def test_rounding_leaves_neighbours_alone_and_the_status_shows_a_cut(app: App) -> None:
    set_up(rounding={"start": {"direction": "down", "minutes": 60}}, longestMinutes=120)
    save_entry(app, "07:00", "08:20")
    clock(app, "start", "08:30")
    answer = clock(app, "stop", "11:00")
    entry = data(answer)
    assert (answer.status, entry["removedEntryIds"]) == (201, [])
    assert (entry["from"][11:16], entry["to"][11:16]) == ("08:20", "10:20")
    assert [(change["rule"], change["after"]["to"][11:16]) for change in entry["adjustments"]] == [
        ("limit", "10:30"),
        ("rounding", "10:30"),
        ("longest", "10:20"),
    ]


def test_a_punch_soon_after_a_rounded_end_takes_only_the_rounding(app: App) -> None:
    set_up(rounding={"start": QUARTERS, "end": {"direction": "up", "minutes": 15}})
    clock(app, "start", "08:00")
    assert data(clock(app, "stop", "12:01"))["to"][11:16] == "12:15"
    clock(app, "start", "12:05")
    answer = clock(app, "stop", "17:01")
    entry = data(answer)
    assert (answer.status, entry["removedEntryIds"], entry["from"][11:16]) == (201, [], "12:05")
    (trimmed,) = entry["trimmedEntries"]
    morning, afternoon = entries(app)
    assert (morning["id"], morning["to"][11:16], morning["creationType"]) == (trimmed["id"], "12:05", "clock")
    assert [change["rule"] for change in morning["adjustments"]] == ["rounding", "overlap"]
    assert (afternoon["from"][11:16], afternoon["to"][11:16]) == ("12:05", "17:15")


def test_the_model_of_the_organization_replaces_that_of_the_tenant(app: App) -> None:
    set_up(rounding={"start": QUARTERS}, automaticBreaks="arbzg")
    put(app, "projects", "site", name="Site", workingTime={"rounding": {"end": QUARTERS}})
    clock(app, "start", "08:53", organizationId="site")
    entry = data(clock(app, "stop", "17:04"))
    assert (entry["from"][11:16], entry["to"][11:16], entry["breaks"]) == ("08:53", "17:00", [])
    put(app, "projects", "site", name="Site", workingTime=None)
    clock(app, "start", "18:07", organizationId="site")
    assert data(clock(app, "stop", "19:04"))["from"][11:16] == "18:00"


def test_an_update_to_another_organization_leaves_the_limits_of_the_one_before(app: App) -> None:
    put(app, "projects", "short", name="Short", workingTime={"longestMinutes": 60})
    put(app, "projects", "site", name="Site", workingTime={"forgotten": {"stopAt": "limit", "remindMinutes": 30}})
    clock(app, "start", "08:00", organizationId="short")
    clock(app, "update", organizationId="site")
    ((_, running),) = container.clock_service().clocks.list_due(at("08:00") + timedelta(days=3_650))
    assert (running.deadline, running.remind_at) == (at("08:00") + timedelta(days=1), at("07:30") + timedelta(days=1))
    answer = clock(app, "stop", "16:00")
    assert (answer.status, data(answer)["to"], data(answer)["adjustments"]) == (200, f"{DAY}16:00:00+02:00", [])
    clock(app, "start", "16:00", organizationId="site")
    clock(app, "update", organizationId="short")
    late = clock(app, "stop", "20:00")
    assert (late.status, data(late)["to"]) == (201, f"{DAY}17:00:00+02:00")


def test_a_window_refuses_a_start_but_never_a_stop(app: App) -> None:
    set_up(window={"from": "06:00", "to": "20:00", "outside": "refuse"})
    early = clock(app, "start", "05:59")
    assert code(early) == (400, "INVALID")
    assert early.body["items"][0]["message"].startswith("dateTime: is outside the allowed window, 06:00 to 20:00")
    clock(app, "start", "06:00")
    late = clock(app, "stop", "20:01")
    assert code(late) == (400, "ENTRY_NOT_SAVED")
    assert data(late)["to"] == f"{DAY}20:01:00+02:00"
    assert code(clock(app, "stop", "20:01")) == (404, "NO_RUNNING_CLOCK")
    assert code(app.request("clock", "times_resubmit", path_id=data(late)["id"])) == (400, "INVALID")
    assert app.request("clock", "times_resubmit", path_id=data(late)["id"], **APPROVER).status == 200


def test_a_resubmitted_entry_is_adjusted_and_its_rounding_takes_nothing_from_others(app: App) -> None:
    save_entry(app, "20:10", "21:00")
    model = {"rounding": {"end": {"direction": "up", "minutes": 30}}, "automaticBreaks": "arbzg"}
    set_up(**model, window={"from": "06:00", "to": "20:00", "outside": "refuse"})
    clock(app, "start", "13:00")
    late = data(clock(app, "stop", "20:05"))
    answer = app.request("clock", "times_resubmit", path_id=late["id"], **APPROVER)
    entry = data(answer)
    assert (answer.status, entry["removedEntryIds"], entry["to"][11:16]) == (200, [], "20:10")
    assert [change["rule"] for change in entry["adjustments"]] == ["rounding", "automatic_breaks"]


def test_an_entry_changed_by_hand_has_no_adjustments_that_would_not_give_what_was_punched(app: App) -> None:
    set_up(rounding={"start": QUARTERS, "end": QUARTERS}, automaticBreaks="arbzg")
    clock(app, "start", "08:53")
    entry = data(clock(app, "stop", "17:04"))
    commented = data(saved_again(app, entry, comment="Late", **{"from": entry["from"], "to": entry["to"]}))
    assert commented["adjustments"] == entry["adjustments"]
    move_span = data(saved_again(app, entry, to=f"{DAY}17:30:00+02:00"))
    assert (move_span["adjustments"], len(move_span["punches"])) == ([], 2)
    trail = app.request("clock", "times_history", path_id=entry["id"]).body["items"]
    assert [change["data"]["after"]["to"][11:16] for change in trail[1:]] == ["17:00", "17:00", "17:30"]


def test_a_model_is_returned_as_it_was_sent(app: App) -> None:
    assert put(app, "projects", "site", name="Site", workingTime=EVERYTHING).body["workingTime"] == EVERYTHING
    body = read(app, "projects", "site").body
    assert put(app, "projects", "site", **body).body == body
    plain = {"rounding": {}, "aheadMinutes": 2, "forgotten": {"stopAt": "limit"}}
    assert put(app, "projects", "site", name="Site", workingTime={}).body["workingTime"] == plain


def test_a_wrong_model_is_refused_with_its_field(app: App) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "workingTime.rounding.start.minutes": {"rounding": {"start": {"direction": "up", "minutes": 7}}},
        "workingTime.rounding.break.direction": {"rounding": {"break": {"direction": "sideways", "minutes": 5}}},
        "workingTime.longestMinutes": {"longestMinutes": True},
        "workingTime.backMinutes": {"backMinutes": 0},
        "workingTime.window.from": {"window": {"from": "24:00", "to": "06:00"}},
        "workingTime.window.to": {"window": {"from": "06:00", "to": 360}},
        "workingTime.window": {"window": {"from": "06:00", "to": "06:00"}},
        "workingTime": {"forgotten": {"stopAt": "shift_end"}},
        "workingTime.lunch": {"lunch": "12:00"},
    }
    for field, model in wrong.items():
        answer = put(app, "projects", "site", name="Site", workingTime=model)
        assert (answer.status, answer.wrong_fields) == (400, [field])
    assert put(app, "users", "emil", name="Emil", workingTime={}).wrong_fields == ["workingTime"]


def test_a_reminder_comes_once_and_the_shift_ends_once(app: App) -> None:
    set_up(forgotten={"stopAt": "shift_end", "shiftEnd": "17:00", "remindMinutes": 15})
    started = act("start", "09:00").clock
    service = container.auto_stop_service()
    assert service.stop_forgotten(at("16:44")) == ([], [])
    assert list_events_of(app, "clock.reminded") == []
    app.calls.clear()
    assert service.stop_forgotten(at("16:46")) == ([], [])
    assert app.calls == {"Query": 4, "TransactWriteItems": 1}
    assert service.stop_forgotten(at("16:46")) == ([], [])
    (reminder,) = list_events_of(app, "clock.reminded")
    assert (reminder["stopsAt"], reminder["stopsBy"]) == (f"{DAY}17:00:00+02:00", "shift_end")
    act("break", "16:50")
    ((entry,), failed), again = service.stop_forgotten(at("17:01")), service.stop_forgotten(at("17:01"))
    assert (failed, again) == ([], ([], []))
    assert started is not None
    assert (entry.id, entry.end, entry.stopped_by, entry.creation_type) == (
        started.id,
        at("17:00"),
        "shift_end",
        "wtm",
    )
    assert entry.breaks[0].end == at("17:00")
    trail = app.request("clock", "times_history", path_id=entry.id).body["items"]
    assert [item["data"]["action"] for item in trail] == ["started", "reminded", "break_started", "stopped"]
    assert (trail[-1]["data"]["actor"], trail[-1]["data"]["reason"]) == ("system", "The shift had ended.")


def test_a_schedule_that_comes_late_stops_without_a_reminder(app: App) -> None:
    set_up(forgotten={"stopAt": "shift_end", "shiftEnd": "17:00", "remindMinutes": 15})
    container.clock_service().act(EMIL, ClockRequest(action="start", at=at("09:00")), at("18:00"))
    assert container.auto_stop_service().stop_forgotten(at("18:00")) == ([], [])
    stopped, _ = container.auto_stop_service().stop_forgotten(at("19:00"))
    assert [entry.end for entry in stopped] == [at("17:00")]
    assert list_events_of(app, "clock.reminded") == []


def test_a_stop_by_hand_while_the_schedule_reminds_or_stops_is_the_only_one(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(forgotten={"stopAt": "shift_end", "shiftEnd": "17:00", "remindMinutes": 15})
    save_clock, save_entry = DynamoDBClockRepository.save, DynamoDBEntryRepository.save

    def stopped_first(self: DynamoDBClockRepository, tenant_id: str, write: ClockWrite) -> None:
        patched.setattr(DynamoDBClockRepository, "save", save_clock)
        act("stop", "16:45")
        act("start", "16:45")  # another clock at the same version
        save_clock(self, tenant_id, write)

    act("start", "09:00")
    with monkeypatch.context() as patched:
        patched.setattr(DynamoDBClockRepository, "save", stopped_first)
        assert container.auto_stop_service().stop_forgotten(at("16:46")) == ([], [])
    assert list_events_of(app, "clock.reminded") == []

    def saved_first(self: DynamoDBEntryRepository, tenant_id: str, write: EntryWrite) -> None:
        monkeypatch.setattr(DynamoDBEntryRepository, "save", save_entry)
        act("stop", "16:58")
        save_entry(self, tenant_id, write)

    monkeypatch.setattr(DynamoDBEntryRepository, "save", saved_first)
    assert container.auto_stop_service().stop_forgotten(at("17:02")) == ([], [])
    ends = [datetime.fromisoformat(entry["to"]) for entry in entries(app)]
    assert ends == [at("16:45"), at("16:58")]


def test_a_punch_too_old_for_the_model_is_refused_and_the_clock_can_still_be_stopped(app: App) -> None:
    set_up(backMinutes=60)
    now = datetime.now(at("09:00").tzinfo).replace(microsecond=0)

    def punch(action: str, **ago: int) -> Any:
        when: dict[str, Any] = {"dateTime": (now - timedelta(**ago)).isoformat()} if ago else {}
        return app.request("clock", "clock_cancel", action=action, **when)

    assert punch("start", minutes=50).status == 200
    old = punch("stop", minutes=61)
    assert (old.status, old.body["items"][0]["message"]) == (400, "dateTime: is more than 60 minutes ago")
    assert punch("stop").status == 200
