"""The worked cases of the clock's design, each by its number, over the handlers: Berlin, 4 May 2026."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fencepost import wiring
from fencepost.adapters.entry_store import EntryStore
from fencepost.domain.clock import TimeEntry
from fencepost.domain.overlap import Policy
from tests.functional.app import Answer, App
from tests.functional.test_clock import DAY, FAR, INSIDE, clock, code, data, fence


def at(text: str) -> str:
    return f"{DAY}{text}:00+02:00"


def hours(entry: dict[str, str]) -> float:
    took = datetime.fromisoformat(entry["to"]) - datetime.fromisoformat(entry["from"])
    return took / timedelta(hours=1)


def net_hours(entry: dict[str, object]) -> float:
    breaks = entry["breaks"]
    assert isinstance(breaks, list)
    return hours(entry) - sum(hours(taken) for taken in breaks)  # type: ignore[arg-type]  # told as JSON


def is_running(app: App) -> bool:
    return app.request("clock", "clock_read").status == 200


def test_case_01_start_and_stop(app: App) -> None:
    clock(app, "start", "09:00")
    answer = clock(app, "stop", "17:00")
    entry = data(answer)
    assert (answer.status, hours(entry), entry["creationType"], entry["category"]) == (200, 8, "clock", "productive")


def test_case_02_a_second_start(app: App) -> None:
    first = data(clock(app, "start", "09:00"))
    answer = clock(app, "start", "10:00")
    assert code(answer) == (400, "CLOCK_ALREADY_RUNNING")
    assert data(app.request("clock", "clock_read")) == data(answer) == first


def test_case_03_a_start_sent_again(app: App) -> None:
    first, again = (clock(app, "start", "09:00") for _ in range(2))
    assert (again.status, data(again)) == (200, data(first))


def test_case_04_a_break_sent_twice(app: App) -> None:
    clock(app, "start", "09:00")
    answers = [clock(app, "break", "12:00") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    (taken,) = data(app.request("clock", "clock_read"))["breaks"]
    assert taken["to"] is None


def test_case_05_a_break_of_half_an_hour(app: App) -> None:
    for action, when in (("start", "09:00"), ("break", "12:00"), ("break", "12:30")):
        clock(app, action, when)
    answer = clock(app, "stop", "17:00")
    assert (answer.status, net_hours(data(answer))) == (200, 7.5)


def test_case_06_a_break_that_is_open_at_the_stop(app: App) -> None:
    clock(app, "start", "09:00")
    clock(app, "break", "16:30")
    answer = clock(app, "stop", "17:00")
    (taken,) = data(answer)["breaks"]
    assert (answer.status, taken["from"], taken["to"]) == (200, at("16:30"), at("17:00"))


@pytest.mark.parametrize("action", ["stop", "break", "update", "cancel"])
def test_case_07_while_idle(app: App, action: str) -> None:
    assert code(clock(app, action, "10:00", timeType="work")) == (404, "NO_RUNNING_CLOCK")


def test_case_08_a_stop_at_the_start(app: App) -> None:
    clock(app, "start", "09:00")
    assert clock(app, "stop", "09:00").status == 400
    assert is_running(app)


def test_case_09_a_break_before_the_start(app: App) -> None:
    clock(app, "start", "09:00")
    assert clock(app, "break", "08:00").status == 400


def test_case_10_no_offset(app: App) -> None:
    answer = clock(app, "start", dateTime="2026-05-04T09:00:00")
    assert code(answer) == (400, "INVALID")
    assert answer.body["items"][0]["message"].startswith("dateTime:")


@pytest.mark.parametrize(("ahead", "status"), [(timedelta(seconds=60), 200), (timedelta(minutes=10), 400)])
def test_case_11_ahead_of_the_server(app: App, ahead: timedelta, status: int) -> None:
    assert clock(app, "start", dateTime=(datetime.now(UTC) + ahead).isoformat()).status == status


def test_case_12_cancel_twice(app: App) -> None:
    clock(app, "start", "09:00")
    assert [clock(app, "cancel").status for _ in range(2)] == [200, 404]
    assert not any(item.get("entity", {}).get("S") == "TimeEntry" for item in app.items())


def policy(app: App, name: Policy) -> None:
    wiring.tenants().put_tenant("demo", "Demo", overlaps=name)


def clocked(app: App, start: str, stop: str, *breaks: str, **who: str) -> Answer:
    """The answer to the stop."""
    clock(app, "start", start, **who)
    for when in breaks:
        clock(app, "break", when, **who)
    return clock(app, "stop", stop, **who)


def test_case_13_an_entry_in_the_way(app: App) -> None:
    first = data(clocked(app, "08:00", "12:00"))["id"]
    answer = clocked(app, "10:00", "14:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [first])


def test_case_13_an_entry_in_the_way_is_trimmed(app: App) -> None:
    policy(app, "trim")
    first = data(clocked(app, "08:00", "12:00"))["id"]
    answer = clocked(app, "10:00", "14:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [])
    assert data(answer)["trimmedEntries"] == [{"id": first, "from": at("08:00"), "to": at("10:00")}]


def test_case_14_an_entry_around_it(app: App) -> None:
    policy(app, "trim")
    first = data(clocked(app, "08:00", "18:00", "11:00", "11:30"))["id"]
    answer = clocked(app, "10:00", "14:00")
    pieces = data(answer)["trimmedEntries"]
    assert answer.status == 201
    assert [(piece["from"], piece["to"]) for piece in pieces] == [
        (at("08:00"), at("10:00")),
        (at("14:00"), at("18:00")),
    ]
    assert [piece["id"] == first for piece in pieces] == [True, False]


def test_case_15_touching(app: App) -> None:
    clock(app, "start", "12:00")
    clock(app, "stop", "14:00")
    clock(app, "start", "10:00")
    answer = clock(app, "stop", "12:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (200, [])


def times(app: App, name: str, **how: Any) -> Answer:
    return app.request("clock", f"times_{name}", **how)


def listed(app: App, **query: str) -> list[str]:
    answer = times(app, "list", query={"from": at("00:00"), "to": "2026-05-05T00:00:00+02:00", **query})
    return [item["data"]["id"] for item in answer.body["items"]]


def approved(app: App, start: str, stop: str) -> str:
    entry_id = str(data(clocked(app, start, stop))["id"])
    assert times(app, "approve", ids=[entry_id]).status == 200
    return entry_id


def test_case_16_an_approved_entry_in_the_way(app: App) -> None:
    still_open = data(clocked(app, "10:00", "11:00"))["id"]
    safe = approved(app, "13:00", "14:00")
    answer = clocked(app, "10:00", "14:00")
    assert code(answer) == (400, "ENTRY_NOT_SAVED")
    assert listed(app) == [still_open, safe]
    assert listed(app, invalid="true") == [data(answer)["id"]]
    assert clock(app, "start", "15:00").status == 200


def test_case_17_deleting_entries(app: App) -> None:
    good = data(clocked(app, "08:00", "09:00"))["id"]
    safe = approved(app, "13:00", "14:00")
    invalid = data(clocked(app, "10:00", "14:00"))["id"]
    assert times(app, "delete", query={"id": invalid}).status == 200
    assert times(app, "delete", query={"id": safe}).status == 400
    assert times(app, "delete", query={"id": f"{good},7c1f0e5a-3a53-4b3e-9d0b-0f6a1c2d3e4f"}).status == 404
    assert (listed(app), listed(app, invalid="true")) == ([good, safe], [])


def test_case_18_for_somebody_else(app: App) -> None:
    app.put("users", "stranger", tenant="other")
    assert clock(app, "start", "09:00", userId="vera").status == 403
    assert clock(app, "start", "09:00", userId="stranger").status == 404
    assert clock(app, "start", "09:00", userId="vera", user="ada", roles="approver").status == 200


@pytest.mark.parametrize(("north", "status"), [(0.0008, 200), (0.0009, 200), (0.00091, 403)])
def test_case_19_at_the_edge_of_a_fence(app: App, north: float, status: int) -> None:
    """The design counts on a sphere; on WGS84 its second position is 99.8 m away, and 100.9 m a step further."""
    fence(app)
    answer = clock(app, "start", "09:00", location={"latitude": 30.2672 + north, "longitude": -97.7431})
    assert answer.status == status
    if status == 403:
        assert code(answer) == (403, "GEOFENCE_OUTSIDE")


@pytest.mark.parametrize(("accuracy", "status"), [({"accuracy": 10}, 200), ({"accuracy": 11}, 403), ({}, 403)])
def test_case_20_the_accuracy_that_a_fence_asks_for(app: App, accuracy: dict[str, int], status: int) -> None:
    fence(app, minAccuracy=10)
    assert clock(app, "start", "09:00", location=INSIDE | accuracy).status == status


def test_case_21_a_priority_fence(app: App) -> None:
    fence(app)
    priority = fence(app, name="Vault", latitude=48.2, longitude=16.37, isPriority=True)
    assert clock(app, "start", "09:00", location=INSIDE).status == 403
    app.request("geofences", "update", path_id=priority, status="inactive")
    assert clock(app, "start", "09:00", location=INSIDE).status == 200


def test_case_22_a_stop_outside(app: App) -> None:
    fence(app)
    clock(app, "start", "09:00", location=INSIDE)
    answer = clock(app, "stop", "17:00", location=FAR)
    assert (answer.status, [punch["flagged"] for punch in data(answer)["punches"]]) == (200, [False, True])


def test_case_22_an_update_to_a_fenced_organization_without_a_location(app: App) -> None:
    app.put("projects", "site")
    fence(app, assignments=[{"targetTable": "projects", "targetId": "site"}])
    started = data(clock(app, "start", "09:00"))
    assert code(clock(app, "update", organizationId="site")) == (403, "GEOFENCE_LOCATION_MISSING")
    assert data(app.request("clock", "clock_read")) == started


def test_case_23_the_night_into_summer_time(app: App) -> None:
    clock(app, "start", dateTime="2026-03-28T22:00:00+01:00")
    entry = data(clock(app, "stop", dateTime="2026-03-29T06:00:00+02:00"))
    assert (hours(entry), entry["from"][:10]) == (7, "2026-03-28")


def test_case_24_the_night_out_of_summer_time(app: App) -> None:
    clock(app, "start", dateTime="2026-10-24T22:00:00+02:00")
    clock(app, "break", dateTime="2026-10-25T02:30:00+02:00")
    clock(app, "break", dateTime="2026-10-25T02:30:00+01:00")
    entry = data(clock(app, "stop", dateTime="2026-10-25T06:00:00+01:00"))
    assert (hours(entry), [hours(taken) for taken in entry["breaks"]]) == (9, [1])


def test_case_25_of_twenty_starts_one_wins(app: App) -> None:
    """In turn here; tests/e2e/test_clock.py sends them at once."""
    answers = [clock(app, "start", f"09:{minute:02}") for minute in range(20)]
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


def test_case_25_a_stop_that_is_overtaken_by_a_save_by_hand(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The save comes in between the stop's reading and its writing, at the worst moment there is."""
    clock(app, "start", "09:00")
    overlapped, by_hand = EntryStore.overlapped, {"from": at("10:00"), "to": at("11:00")}
    saves: list[Answer] = []
    interrupted = False

    def overtaken(self: EntryStore, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        nonlocal interrupted
        seen = overlapped(self, tenant_id, entry)
        if not interrupted:
            interrupted = True
            saves.append(times(app, "put", items=[by_hand]))
        return seen

    monkeypatch.setattr(EntryStore, "overlapped", overtaken)
    answer = clock(app, "stop", "17:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [data(saves[0])["id"]])
    assert listed(app) == [data(answer)["id"]]
