"""When a geofence is in force, on the nights when clocks change too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fencepost.common.timezones import load_time_zone, parse_minute_of_day
from fencepost.geofences.validity import ALWAYS, InForce, Schedule, Window

EVERY_DAY = frozenset(range(7))


def schedule(start: str, end: str, *, days: frozenset[int] = EVERY_DAY, time_zone: str = "Europe/Berlin") -> Schedule:
    window = Window(days=days, start_minute=parse_minute_of_day(start) % 1440, end_minute=parse_minute_of_day(end))
    return Schedule(time_zone=time_zone, windows=(window,))


def minutes_in_force(when: Schedule, first: str, last: str) -> int:
    """So many minutes between two instants are in the schedule."""
    at, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    minutes = 0
    while at < end:
        minutes += when.covers(at)
        at += timedelta(minutes=1)
    return minutes


def test_a_geofence_of_which_nothing_is_said_is_always_in_force() -> None:
    assert ALWAYS.covers(datetime(1990, 1, 1, tzinfo=UTC))


def test_the_first_instant_is_in_and_the_last_is_out() -> None:
    start, end = datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 17, tzinfo=UTC)
    when = InForce(active_from=start, expires_at=end)
    tick = timedelta(microseconds=1)
    assert [when.covers(at) for at in (start - tick, start, end - tick, end)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("local", "holds"),
    [
        ("2026-05-08T21:59", False),  # a Friday
        ("2026-05-08T22:00", True),
        ("2026-05-09T05:59", True),
        ("2026-05-09T06:00", False),
        ("2026-05-09T23:00", False),
        ("2026-05-08T05:00", False),  # the end of a Thursday night, which is not in
    ],
)
def test_a_window_across_midnight_belongs_to_the_day_on_which_it_begins(local: str, holds: bool) -> None:
    friday_night = schedule("22:00", "06:00", days=frozenset({4}))
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert friday_night.covers(at) is holds


@pytest.mark.parametrize(
    ("time_zone", "first", "last", "minutes"),
    [
        # The night of 29 March 2026 has no hour from two to three in Berlin, that of 25 October has it twice.
        ("Europe/Berlin", "2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00", 7 * 60),
        ("Europe/Berlin", "2026-10-24T12:00+02:00", "2026-10-25T12:00+01:00", 9 * 60),
        ("America/New_York", "2026-03-07T12:00-05:00", "2026-03-08T12:00-04:00", 7 * 60),
        ("America/New_York", "2026-10-31T12:00-04:00", "2026-11-01T12:00-05:00", 9 * 60),
        # Lord Howe Island moves its clocks by half an hour.
        ("Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2026-10-04T12:00+11:00", 7 * 60 + 30),
        ("Asia/Kolkata", "2026-03-28T12:00+05:30", "2026-03-29T12:00+05:30", 8 * 60),
    ],
)
def test_a_night_shift_is_as_long_as_the_night(time_zone: str, first: str, last: str, minutes: int) -> None:
    assert minutes_in_force(schedule("22:00", "06:00", time_zone=time_zone), first, last) == minutes


def test_a_window_from_a_time_to_the_same_time_is_a_whole_day() -> None:
    assert minutes_in_force(schedule("07:00", "07:00"), "2026-05-04T07:00+02:00", "2026-05-05T07:00+02:00") == 1440


def test_a_window_may_end_at_24_hours() -> None:
    evening = schedule("18:00", "24:00", days=frozenset({0}))
    assert minutes_in_force(evening, "2026-05-04T00:00+02:00", "2026-05-06T00:00+02:00") == 6 * 60


@pytest.mark.parametrize("name", ["", "Nowhere/City", "../etc/passwd", "Europe", "Europe/Berlin\x00", "x" * 9000])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        load_time_zone(name)


@pytest.mark.parametrize("text", ["", "7:30", "24:01", "12:60", "aa:bb", "12:3\u0663", "12-30", "-1:00", "12:300"])
def test_a_time_of_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time of day"):
        parse_minute_of_day(text)
