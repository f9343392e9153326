"""The rules of a working-time model on the wall clock, both nights of the change to and from summer time included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.timeclock.settings import TenantSettings
from fencepost.timeclock.working_time import (
    ARBZG,
    AllowedWindow,
    AutomaticBreaks,
    Direction,
    Rounding,
    Span,
    Threshold,
    WorkingTime,
    resolve_wall_time,
    round_instant,
    round_length,
    subtract_spans,
)

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
DAY = timedelta(hours=24)
# An instant in each night in which the clocks change, and in the leap night; and any other.
NIGHTS = [
    "2026-03-29T00:00:00+00:00",
    "2026-10-25T00:00:00+00:00",
    "2026-03-08T06:00:00+00:00",
    "2026-11-01T06:00:00+00:00",
    "2026-04-04T14:00:00+00:00",
    "2026-10-03T15:00:00+00:00",
    "2028-02-29T00:00:00+00:00",
]
instants = st.builds(
    lambda night, s: datetime.fromisoformat(night) + timedelta(seconds=s),
    st.sampled_from(NIGHTS),
    st.integers(-40_000, 40_000),
)
zones = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kathmandu", "UTC"])
roundings = st.builds(
    Rounding,
    direction=st.sampled_from(["up", "down", "nearest"]),
    minutes=st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def span(start: str, end: str) -> Span:
    return Span(start=at(start), end=at(end))


@pytest.mark.parametrize(
    ("punched", "direction", "minutes", "expected"),
    [
        ("08:53:10", "up", 15, "09:00"),
        ("08:53:10", "down", 15, "08:45"),
        ("08:53:10", "nearest", 15, "09:00"),
        ("08:52:29", "nearest", 15, "08:45"),
        ("08:52:30", "nearest", 15, "09:00"),
        ("09:00:00", "up", 15, "09:00"),
        ("09:00:00", "down", 15, "09:00"),
        ("23:59:01", "up", 60, "24:00"),
        ("08:00:59", "down", 1, "08:00"),
    ],
)
def test_rounding_goes_to_the_next_step(punched: str, direction: Direction, minutes: int, expected: str) -> None:
    rounded = at("2026-05-04T00:00:00+02:00") + timedelta(hours=int(expected[:2]), minutes=int(expected[3:]))
    found = round_instant(at(f"2026-05-04T{punched}+02:00"), Rounding(direction=direction, minutes=minutes), BERLIN)
    assert (found, found.utcoffset()) == (rounded, timedelta(hours=2))


@pytest.mark.parametrize(
    ("zone", "punched", "direction", "minutes", "expected"),
    [
        # Berlin goes from 02:00 to 03:00: half past one is an hour before three, and rounds up to it.
        (BERLIN, "2026-03-29T01:30:00+01:00", "up", 60, "2026-03-29T03:00:00+02:00"),
        (BERLIN, "2026-03-29T03:10:00+02:00", "down", 60, "2026-03-29T03:00:00+02:00"),
        (BERLIN, "2026-10-25T02:40:00+02:00", "up", 60, "2026-10-25T02:00:00+01:00"),
        (BERLIN, "2026-10-25T02:10:00+01:00", "down", 15, "2026-10-25T02:00:00+01:00"),
        (NEW_YORK, "2026-03-08T01:50:00-05:00", "up", 15, "2026-03-08T03:00:00-04:00"),
        (NEW_YORK, "2026-11-01T01:50:00-04:00", "up", 15, "2026-11-01T01:00:00-05:00"),
        # Lord Howe goes from 02:00 to 02:30, and back from 02:00 to 01:30: hours of 30 and of 90 minutes.
        (LORD_HOWE, "2026-10-04T01:50:00+10:30", "up", 30, "2026-10-04T02:30:00+11:00"),
        (LORD_HOWE, "2026-10-04T01:50:00+10:30", "up", 60, "2026-10-04T03:00:00+11:00"),
        (LORD_HOWE, "2026-04-05T01:40:00+10:30", "down", 60, "2026-04-05T01:00:00+11:00"),
        (LORD_HOWE, "2026-04-05T01:50:00+11:00", "up", 15, "2026-04-05T01:30:00+10:30"),
        ("Asia/Kathmandu", "2026-05-04T09:20:00+05:45", "down", 30, "2026-05-04T09:00:00+05:45"),
        (BERLIN, "2028-02-29T23:55:00+01:00", "up", 15, "2028-03-01T00:00:00+01:00"),
        (BERLIN, "2028-02-28T23:55:00+01:00", "up", 15, "2028-02-29T00:00:00+01:00"),
    ],
)
def test_rounding_follows_the_wall_clock_over_a_change(
    zone: str, punched: str, direction: Direction, minutes: int, expected: str
) -> None:
    assert round_instant(at(punched), Rounding(direction=direction, minutes=minutes), zone) == at(expected)


@given(instants, roundings, zones)
def test_rounding_twice_is_rounding_once_and_moves_at_most_a_step_of_the_wall_clock(
    when: datetime, how: Rounding, zone: str
) -> None:
    once = round_instant(when, how, zone)
    assert round_instant(once, how, zone) == once
    # Where half an hour is shown twice or never, an hour of the wall clock is up to half an hour longer.
    assert abs(once - when) < timedelta(minutes=how.minutes + 30 * (how.minutes > 30))
    assert {"up": once >= when, "down": once <= when}.get(how.direction, True)


@given(st.integers(0, 10**6), roundings)
def test_the_length_of_a_break_is_rounded_to_less_than_a_step_away(seconds: int, how: Rounding) -> None:
    length = timedelta(seconds=seconds)
    once = round_length(length, how)
    assert once % timedelta(minutes=how.minutes) == timedelta()
    assert abs(once - length) < timedelta(minutes=how.minutes)
    assert {"up": once >= length, "down": once <= length}.get(how.direction, True)


@pytest.mark.parametrize(
    ("worked", "taken", "deducted"),
    [
        ("6:00", 0, 0),
        ("6:10", 0, 10),
        ("8:00", 0, 30),
        ("9:20", 0, 30),
        ("9:40", 0, 40),
        ("10:00", 0, 45),
        ("8:00", 20, 10),
        ("8:00", 30, 0),
        ("10:00", 30, 15),
        ("9:05", 30, 5),
        ("24:00", 45, 0),
    ],
)
def test_the_deductions_of_the_law(worked: str, taken: int, deducted: int) -> None:
    hours, minutes = worked.split(":")
    length = timedelta(hours=int(hours), minutes=int(minutes))
    assert ARBZG.compute_missing(length, timedelta(minutes=taken)) == timedelta(minutes=deducted)


@given(
    st.lists(st.builds(Threshold, over_minutes=st.integers(0, 2_000), break_minutes=st.integers(1, 600)), min_size=1),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
)
def test_a_deduction_is_never_more_than_was_worked_and_none_is_missing_after_it(
    thresholds: list[Threshold], worked_s: int, taken_s: int
) -> None:
    rule = AutomaticBreaks(thresholds=tuple(thresholds))
    worked, taken = timedelta(seconds=worked_s), timedelta(seconds=taken_s)
    deducted = rule.compute_missing(worked, taken)
    assert timedelta() <= deducted <= worked
    assert rule.compute_missing(worked - deducted, taken + deducted) == timedelta()


@pytest.mark.parametrize(
    ("day", "minute", "zone", "first", "last"),
    [
        ("2026-05-04", 450, BERLIN, "2026-05-04T07:30:00+02:00", "2026-05-04T07:30:00+02:00"),
        # Never shown: half past two in spring.
        ("2026-03-29", 150, BERLIN, "2026-03-29T03:30:00+02:00", "2026-03-29T03:30:00+02:00"),
        ("2026-03-08", 150, NEW_YORK, "2026-03-08T03:30:00-04:00", "2026-03-08T03:30:00-04:00"),
        ("2026-10-04", 135, LORD_HOWE, "2026-10-04T02:45:00+11:00", "2026-10-04T02:45:00+11:00"),
        # Shown twice: in autumn.
        ("2026-10-25", 150, BERLIN, "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("2026-11-01", 90, NEW_YORK, "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"),
        ("2026-04-05", 105, LORD_HOWE, "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"),
        ("2028-02-29", 1440, BERLIN, "2028-03-01T00:00:00+01:00", "2028-03-01T00:00:00+01:00"),
        ("2028-02-28", 1440, BERLIN, "2028-02-29T00:00:00+01:00", "2028-02-29T00:00:00+01:00"),
    ],
)
def test_a_time_of_day_is_an_instant_in_every_night(day: str, minute: int, zone: str, first: str, last: str) -> None:
    found = [resolve_wall_time(date.fromisoformat(day), minute, zone, last=which) for which in (False, True)]
    assert found == [at(first), at(last)]


@pytest.mark.parametrize(
    ("zone", "day", "window_hours", "hours"),
    [
        (BERLIN, "2026-05-04", (22, 6), 8.0),
        (BERLIN, "2026-03-28", (22, 6), 7.0),
        (BERLIN, "2026-10-24", (22, 6), 9.0),
        (BERLIN, "2026-10-24", (22, 2.5), 5.5),
        (BERLIN, "2026-10-25", (2.5, 6), 4.5),
        (NEW_YORK, "2026-03-07", (22, 6), 7.0),
        (NEW_YORK, "2026-10-31", (22, 6), 9.0),
        (LORD_HOWE, "2026-10-03", (22, 6), 7.5),
        (LORD_HOWE, "2026-04-04", (22, 6), 8.5),
        (BERLIN, "2028-02-28", (22, 6), 8.0),
        (BERLIN, "2028-02-29", (0, 24), 24.0),
        (BERLIN, "2026-03-29", (0, 24), 23.0),
        (BERLIN, "2026-10-25", (0, 24), 25.0),
        (LORD_HOWE, "2026-04-05", (0, 24), 24.5),
    ],
)
def test_a_window_is_as_long_as_the_night_really_is(
    zone: str, day: str, window_hours: tuple[float, float], hours: float
) -> None:
    window = AllowedWindow(start_minute=int(window_hours[0] * 60), end_minute=int(window_hours[1] * 60))
    assert window.resolve_on(date.fromisoformat(day), zone).length == timedelta(hours=hours)


def test_what_lies_in_a_window_day_by_day() -> None:
    day = AllowedWindow(start_minute=6 * 60, end_minute=20 * 60)
    long = span("2026-05-04T19:00:00+02:00", "2026-05-06T07:00:00+02:00")
    assert [part.length / timedelta(hours=1) for part in day.clip(long, BERLIN)] == [1, 14, 1]
    assert day.clip(span("2026-05-04T20:00:00+02:00", "2026-05-05T06:00:00+02:00"), BERLIN) == []
    night = AllowedWindow(start_minute=22 * 60, end_minute=6 * 60)
    assert night.contains(span("2026-05-04T23:00:00+02:00", "2026-05-05T06:00:00+02:00"), BERLIN)
    assert night.contains(span("2026-05-05T00:30:00+02:00", "2026-05-05T05:00:00+02:00"), BERLIN)
    assert not night.contains(span("2026-05-04T23:00:00+02:00", "2026-05-05T06:00:01+02:00"), BERLIN)


def test_a_window_of_the_whole_day_is_no_limit_in_any_night() -> None:
    whole = AllowedWindow(start_minute=0, end_minute=24 * 60)
    for zone in (BERLIN, NEW_YORK, LORD_HOWE):
        for night in NIGHTS:
            days = Span(start=at(night) - 2 * DAY, end=at(night) + 2 * DAY)
            assert whole.contains(days, zone)


@given(instants, st.integers(1, 300_000), st.integers(0, 1439), st.integers(0, 1440), zones)
def test_the_clipped_parts_are_in_order_and_inside_the_span_and_the_window(
    start: datetime, length_s: int, first: int, last: int, zone: str
) -> None:
    window = AllowedWindow(start_minute=first, end_minute=last)
    whole = Span(start=start, end=start + timedelta(seconds=length_s))
    parts = window.clip(whole, zone)
    edges = [edge for part in parts for edge in (part.start, part.end)]
    assert edges == sorted(set(edges))
    assert all(whole.start <= part.start and part.end <= whole.end for part in parts)
    assert all(window.clip(part, zone) == [part] for part in parts)


def compute_deadline(model: WorkingTime, start: datetime, limit: timedelta, zone: str) -> tuple[datetime, str]:
    return TenantSettings(working_time=model, clock_limit=limit, time_zone=zone).compute_deadline(start)


@pytest.mark.parametrize(
    ("zone", "start", "minute", "expected"),
    [
        (BERLIN, "2026-05-04T08:00:00+02:00", 17 * 60, "2026-05-04T17:00:00+02:00"),
        (BERLIN, "2026-05-04T17:00:00+02:00", 17 * 60, "2026-05-05T17:00:00+02:00"),
        (BERLIN, "2026-03-28T22:00:00+01:00", 6 * 60, "2026-03-29T06:00:00+02:00"),
        (BERLIN, "2026-10-24T22:00:00+02:00", 6 * 60, "2026-10-25T06:00:00+01:00"),
        (BERLIN, "2026-10-24T22:00:00+02:00", 150, "2026-10-25T02:30:00+01:00"),
        (NEW_YORK, "2026-03-07T22:00:00-05:00", 6 * 60, "2026-03-08T06:00:00-04:00"),
        (NEW_YORK, "2026-10-31T22:00:00-04:00", 6 * 60, "2026-11-01T06:00:00-05:00"),
        (LORD_HOWE, "2026-10-03T22:00:00+10:30", 6 * 60, "2026-10-04T06:00:00+11:00"),
        (LORD_HOWE, "2026-04-04T22:00:00+11:00", 6 * 60, "2026-04-05T06:00:00+10:30"),
        (BERLIN, "2028-02-28T22:00:00+01:00", 6 * 60, "2028-02-29T06:00:00+01:00"),
        (BERLIN, "2028-02-29T22:00:00+01:00", 24 * 60, "2028-03-01T00:00:00+01:00"),
    ],
)
def test_a_shift_ends_when_the_wall_clock_says_so(zone: str, start: str, minute: int, expected: str) -> None:
    model = WorkingTime(stops_at="shift_end", shift_end_minute=minute)
    assert compute_deadline(model, at(start), DAY, zone) == (at(expected), "shift_end")


@pytest.mark.parametrize("start", ["2026-03-28T22:00:00+01:00", "2026-10-24T22:00:00+02:00"])
def test_a_limit_counts_elapsed_hours_whatever_the_wall_clock_shows(start: str) -> None:
    assert compute_deadline(WorkingTime(), at(start), DAY, BERLIN) == (at(start) + DAY, "limit")


def test_the_shift_ends_with_the_window_and_no_clock_runs_longer_than_its_limit() -> None:
    start, window = at("2026-05-04T08:00:00+02:00"), AllowedWindow(start_minute=360, end_minute=1200)
    model = WorkingTime(stops_at="shift_end", window=window)
    assert compute_deadline(model, start, DAY, BERLIN) == (at("2026-05-04T20:00:00+02:00"), "shift_end")
    assert compute_deadline(model, start, timedelta(hours=10), BERLIN) == (start + timedelta(hours=10), "limit")
    short = WorkingTime(stops_at="shift_end", window=window, longest_minutes=60)
    assert compute_deadline(short, start, DAY, BERLIN) == (start + timedelta(hours=1), "limit")


@given(instants, zones, st.integers(0, 1440), st.integers(1, 168))
def test_a_deadline_comes_after_the_start_and_not_after_the_limit(
    start: datetime, zone: str, minute: int, hours: int
) -> None:
    model = WorkingTime(stops_at="shift_end", shift_end_minute=minute)
    deadline, _ = compute_deadline(model, start, timedelta(hours=hours), zone)
    assert start < deadline <= start + timedelta(hours=hours)
    assert deadline - start <= timedelta(hours=26)


def test_what_is_left_of_a_span() -> None:
    whole = span("2026-05-04T08:00:00Z", "2026-05-04T12:00:00Z")
    assert subtract_spans(whole, []) == [whole]
    assert subtract_spans(whole, [whole]) == []
    assert subtract_spans(whole, [span("2026-05-04T07:00:00Z", "2026-05-04T09:00:00Z")]) == [
        span("2026-05-04T09:00:00Z", "2026-05-04T12:00:00Z")
    ]
    assert subtract_spans(whole, [span("2026-05-04T13:00:00Z", "2026-05-04T14:00:00Z")]) == [whole]
    assert subtract_spans(whole, [span("2026-05-04T08:00:00Z", "2026-05-04T09:00:00Z"), whole]) == []


def test_utc_has_no_clock_changes() -> None:
    assert resolve_wall_time(date(2026, 3, 29), 150, "UTC") == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
