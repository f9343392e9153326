"""Whatever actions a clock accepted, it can still be stopped, and its entry is in order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.timeclock.errors import WrongOrder
from fencepost.timeclock.model import MAX_PUNCHES, RunningClock
from fencepost.timeclock.settings import TenantSettings
from tests.builders import build_clock, build_punch

START = datetime(2026, 5, 4, 7, tzinfo=UTC)
# Minutes from the start, before it and past the limit of 24 hours too.
MINUTES = st.integers(-60, 26 * 60)
ACTIONS = st.lists(st.tuples(st.sampled_from(["break", "update", "stop"]), MINUTES), max_size=40)


def running(limit_hours: float = 24) -> RunningClock:
    settings = TenantSettings(clock_limit=timedelta(hours=limit_hours))
    return build_clock(START).apply_settings(settings, START)


def after(clock: RunningClock, action: str, at: datetime) -> RunningClock:
    """The clock after an action; a stop is only looked at. Raises WrongOrder."""
    if action == "stop":
        clock.stop(at, stopped_by="user")
        return clock
    changed = clock.toggle_break(at, "b") if action == "break" else clock.change_details({"comment": "x"})
    return changed.add_punch(build_punch(action, at))


@given(ACTIONS, st.sampled_from([0.01, 1, 24, 168]), st.integers(1, 60))
def test_a_stop_after_any_actions_is_accepted(
    actions: list[tuple[str, int]], limit_hours: float, later_s: int
) -> None:
    clock = running(limit_hours)
    for action, minute in actions:
        try:
            clock = after(clock, action, START + timedelta(minutes=minute))
        except WrongOrder:
            continue
    instants_of_actions = [START, *(one.at for one in clock.punches)]
    entry = clock.stop(max(instants_of_actions) + timedelta(seconds=later_s), stopped_by="user")
    assert entry.start < entry.end <= clock.deadline
    instants = [
        entry.start,
        *(at for taken in entry.breaks for at in (taken.start, taken.end or entry.end)),
        entry.end,
    ]
    assert all(first <= second for first, second in itertools.pairwise(instants))
    assert all(taken.end is not None and taken.start < taken.end for taken in entry.breaks)
    assert clock.stop(clock.deadline, stopped_by="limit").end == clock.deadline


def test_a_clock_that_takes_no_more_actions_is_stopped_all_the_same() -> None:
    clock = running()
    for minute in range(MAX_PUNCHES):
        clock = after(clock, "break", START + timedelta(minutes=minute))
    for action in ("break", "update"):
        with pytest.raises(WrongOrder):
            after(clock, action, START + timedelta(hours=5))
    assert clock.stop(START + timedelta(hours=8), stopped_by="user").end == START + timedelta(hours=8)
