"""What a stop does to the entries in its way, and what it costs."""

from __future__ import annotations

import pytest

from fencepost.timeclock.overlaps import OverlapPolicy
from tests.functional.app import App
from tests.functional.timeclock.client import clock, clock_shift, code, data, set_policy


def test_a_tenant_may_refuse_every_overlap(app: App) -> None:
    set_policy(app, "refuse")
    clock_shift(app, "08:00", "12:00")
    answer = clock_shift(app, "10:00", "14:00")
    assert code(answer) == (400, "ENTRY_NOT_SAVED")
    assert data(answer)["removedEntryIds"] == []
    assert clock(app, "start", "15:00").status == 200


@pytest.mark.parametrize("name", ["overwrite", "trim"])
def test_a_stop_over_thirty_entries_is_three_rounds_and_one_transaction(app: App, name: OverlapPolicy) -> None:
    set_policy(app, name)
    app.put("groups", "drivers", members=["emil"])
    clock_shift(app, "09:50", "10:01")
    for minute in range(1, 29):
        clock_shift(app, f"10:{minute:02}", f"10:{minute + 1:02}")
    clock_shift(app, "10:29", "11:30")
    clock(app, "start", "10:00")
    app.calls.clear()
    answer = clock(app, "stop", "11:00")
    assert answer.status == 201
    assert len(data(answer)["removedEntryIds"]) == (30 if name == "overwrite" else 28)
    assert app.calls == {"BatchGetItem": 2, "Query": 1, "TransactWriteItems": 1}


def test_the_event_of_a_stop_has_the_entries_that_it_changed(app: App) -> None:
    set_policy(app, "trim")
    whole = data(clock_shift(app, "08:00", "12:00"))["id"]
    inner = data(clock_shift(app, "12:30", "13:00"))["id"]
    clock_shift(app, "10:00", "14:00")
    stop = next(event for event in app.events() if event.get("removedEntryIds"))
    assert (stop["removedEntryIds"], stop["trimmedEntryIds"]) == ([inner], [whole])
