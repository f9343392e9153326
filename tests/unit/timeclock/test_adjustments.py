"""What the working-time model makes of an entry that was punched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.errors import ValidationFailed
from fencepost.common.timezones import EARLIEST, LATEST
from fencepost.timeclock.adjustments import (
    apply_working_time,
    check_entry,
    check_manual_entry,
    reapply_working_time,
    undo_adjustments,
    widen_to_rounding,
)
from fencepost.timeclock.model import Adjustment, Break, RunningClock, TimeEntry
from fencepost.timeclock.overlaps import OverlapPolicy, resolve_overlaps
from fencepost.timeclock.settings import LONGEST_CLOCK, TenantSettings
from fencepost.timeclock.working_time import (
    ARBZG,
    AllowedWindow,
    AutomaticBreaks,
    Rounding,
    Span,
    Threshold,
    WorkingTime,
)
from tests.builders import build_clock, build_entry

DAY = timedelta(hours=24)
BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
DAYTIME = AllowedWindow(start_minute=6 * 60, end_minute=20 * 60)


def at(text: str) -> datetime:
    """An instant of 4 May 2026 in Berlin, or any."""
    return datetime.fromisoformat(text if "T" in text else f"2026-05-04T{text}+02:00")


def make_entry(start: str, end: str, *breaks: tuple[str, str], **more: object) -> TimeEntry:
    taken = tuple(Break(id=f"b{n}", start=at(b[0]), end=at(b[1])) for n, b in enumerate(breaks, 1))
    return build_entry(at(start), at(end), breaks=taken, **more)


def start_clock(start: datetime, settings: TenantSettings) -> RunningClock:
    return build_clock(start).apply_settings(settings, start)


def by(model: WorkingTime, entry: TimeEntry, *neighbours: TimeEntry, zone: str = BERLIN) -> TimeEntry:
    numbers = count(1)
    settings = TenantSettings(time_zone=zone, working_time=model)
    return apply_working_time(
        entry, settings, neighbours, lambda: f"new-{next(numbers)}", deadline=entry.start + LONGEST_CLOCK
    )


def rounding(direction: str, minutes: int) -> Rounding:
    return Rounding(direction=direction, minutes=minutes)  # type: ignore[arg-type]  # what a test names


def describe(entry: TimeEntry) -> tuple[str, str, list[str]]:
    def shown(when: datetime | None) -> str:
        assert when is not None
        return f"{when:%H:%M}" if when.second == 0 else f"{when:%H:%M:%S}"

    breaks = [f"{shown(b.start)}-{shown(b.end)}{' auto' if b.automatic else ''}" for b in entry.breaks]
    return shown(entry.start), shown(entry.end), breaks


def net(entry: TimeEntry) -> timedelta:
    taken = [b.end - b.start for b in entry.breaks if b.end is not None]
    return entry.end - entry.start - sum(taken, timedelta())


def undone(entry: TimeEntry) -> tuple[Span, set[tuple[str, datetime, datetime]]]:
    """The span and the breaks before the model, by its own list."""
    span = Span(start=entry.start, end=entry.end)
    breaks = {b.id: Span(start=b.start, end=b.end) for b in entry.breaks if b.end is not None}
    for change in reversed(entry.adjustments):
        if change.break_id is None:
            assert change.before is not None
            assert change.after == span
            span = change.before
            continue
        assert breaks.pop(change.break_id, None) == change.after
        if change.before is not None:
            breaks[change.break_id] = change.before
    return span, {(break_id, taken.start, taken.end) for break_id, taken in breaks.items()}


def test_without_a_model_what_was_punched_is_what_counts() -> None:
    entry = make_entry("08:53:10", "17:07:20", ("12:01:00", "12:29:00"))
    assert by(WorkingTime(), entry) is entry


def test_start_and_end_are_rounded_and_the_original_is_kept() -> None:
    model = WorkingTime(round_start=rounding("up", 15), round_end=rounding("down", 15))
    after = by(model, make_entry("08:53:10", "17:07:20"))
    assert describe(after) == ("09:00", "17:00", [])
    (change,) = after.adjustments
    assert change == Adjustment(
        rule="rounding",
        before=Span(start=at("08:53:10"), end=at("17:07:20")),
        after=Span(start=at("09:00:00"), end=at("17:00:00")),
    )
    assert not change.is_cut


def test_a_break_is_rounded_by_its_length_and_keeps_its_start() -> None:
    entry = make_entry("09:00", "17:00", ("12:03", "12:21"), ("15:00", "15:04"))
    assert describe(by(WorkingTime(round_break=rounding("up", 15)), entry))[2] == ["12:03-12:33", "15:00-15:15"]
    down = by(WorkingTime(round_break=rounding("down", 15)), entry)
    assert describe(down)[2] == ["12:03-12:18"]
    assert {change.break_id: change.after is None for change in down.adjustments} == {"b1": False, "b2": True}


def test_a_break_that_has_no_room_to_grow_stays_as_it_was() -> None:
    model = WorkingTime(round_break=rounding("up", 30))
    entry = make_entry("09:00", "17:00", ("12:00", "12:10"), ("12:20", "12:30"), ("16:40", "17:00"))
    assert describe(by(model, entry))[2] == ["12:00-12:10", "12:20-12:50", "16:40-17:00"]


def test_breaks_end_where_the_rounded_entry_does() -> None:
    model = WorkingTime(round_start=rounding("up", 30), round_end=rounding("down", 30))
    after = by(model, make_entry("09:05", "17:10", ("09:10", "09:20"), ("16:50", "17:10")))
    assert describe(after) == ("09:30", "17:00", ["16:50-17:00"])
    assert [change.break_id for change in after.adjustments] == [None, "b1", "b2"]


def test_rounding_that_would_leave_nothing_is_not_done() -> None:
    model = WorkingTime(round_start=rounding("up", 15), round_end=rounding("down", 15))
    short = make_entry("09:01", "09:10")
    assert by(model, short) == short


def test_rounding_takes_no_time_from_the_entries_around() -> None:
    model = WorkingTime(round_start=rounding("down", 15), round_end=rounding("up", 15))
    before, after = make_entry("07:00", "08:50", id="before"), make_entry("17:10", "18:00", id="after")
    entry = make_entry("08:53", "17:07")
    assert describe(by(model, entry, before, after))[:2] == ("08:50", "17:10")
    around = make_entry("07:00", "08:54", id="in the way"), make_entry("17:00", "18:00", id="in the way, too")
    assert by(model, entry, *around) == entry
    widest = widen_to_rounding(entry, TenantSettings(time_zone=BERLIN, working_time=model))
    assert describe(widest)[:2] == ("08:45", "17:15")


def test_the_margin_of_another_entry_is_in_the_way_only_where_it_must_not_be_changed() -> None:
    model = WorkingTime(round_start=rounding("down", 15), round_end=rounding("up", 15))
    morning = by(model, make_entry("08:00", "12:01", id="morning"))
    assert morning.end == at("12:15")
    approved = replace(morning, approval="approved")
    for rules in (model, WorkingTime()):
        assert by(rules, make_entry("12:05", "17:00"), morning).start == at("12:05")
        assert by(rules, make_entry("12:05", "17:00"), approved).start == at("12:15")
    hidden, overlapping = make_entry("12:05", "12:10"), make_entry("12:00", "17:00")
    assert by(model, hidden, approved) == hidden
    assert by(model, overlapping, approved) == overlapping
    evening = replace(by(model, make_entry("18:14", "20:00", id="evening")), approval="exported")
    assert by(model, make_entry("13:00", "18:10"), evening).end == at("18:00")


def test_rounding_leaves_some_of_what_was_punched() -> None:
    model = WorkingTime(round_start=rounding("nearest", 15), round_end=rounding("up", 60))
    short = make_entry("08:58", "08:59")
    assert by(model, short) == short


@pytest.mark.parametrize(
    ("rules", "clock_limit", "start", "stop", "stopped_by", "end"),
    [
        ({"stops_at": "shift_end", "shift_end_minute": 1030}, DAY, "09:00", "18:00", "user", "17:10"),
        ({"stops_at": "shift_end", "shift_end_minute": 1030}, DAY, "09:00", "17:10", "shift_end", "17:10"),
        ({"stops_at": "shift_end", "shift_end_minute": 1030}, DAY, "09:00", "17:05", "user", "17:10"),
        ({"stops_at": "shift_end", "shift_end_minute": 1030}, DAY, "09:00", "16:05", "user", "17:00"),
        ({"longest_minutes": 90}, DAY, "09:10", "11:00", "user", "10:40"),
        ({}, timedelta(minutes=90), "09:10", "10:30", "user", "10:40"),
    ],
)
def test_rounding_does_not_go_past_the_instant_at_which_a_clock_is_stopped(
    rules: dict[str, object], clock_limit: timedelta, start: str, stop: str, stopped_by: str, end: str
) -> None:
    hours = replace(settings(round_end=rounding("up", 60), **rules), clock_limit=clock_limit)
    clock = start_clock(at(start), hours)
    entry = clock.stop(at(stop), stopped_by=stopped_by)
    assert apply_working_time(entry, hours, (), lambda: "new", deadline=clock.deadline).end == at(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2000-01-01T02:20:00+02:00", "2000-01-01T02:40:00+02:00"),
        ("2199-12-31T23:20:00+00:00", "2199-12-31T23:50:00+00:00"),
    ],
)
def test_rounding_stays_within_the_instants_that_a_request_may_have(start: str, end: str) -> None:
    model = WorkingTime(round_start=rounding("down", 60), round_end=rounding("up", 60))
    after = by(model, make_entry(start, end), zone="Asia/Kolkata")
    assert after.start >= EARLIEST
    assert after.end <= LATEST


def test_rounding_alone_does_not_make_the_window_refuse_an_entry() -> None:
    window = AllowedWindow(start_minute=6 * 60, end_minute=19 * 60 + 50, outside="refuse")
    after = by(WorkingTime(window=window, round_end=rounding("up", 30)), make_entry("08:00", "19:45"))
    assert (after.invalid_reason, describe(after)[:2]) == (None, ("08:00", "19:50"))


def test_what_lies_outside_the_window_is_cut_and_listed() -> None:
    after = by(WorkingTime(window=DAYTIME), make_entry("05:30", "20:30", ("05:45", "06:15"), ("20:10", "20:20")))
    assert describe(after) == ("06:00", "20:00", ["06:00-06:15"])
    assert [(change.rule, change.break_id) for change in after.adjustments] == [
        ("window", None),
        ("window", "b1"),
        ("window", "b2"),
    ]
    assert after.adjustments[0].is_cut
    assert after.invalid_reason is None


def test_rounding_comes_before_the_window() -> None:
    model = WorkingTime(round_start=rounding("nearest", 15), window=replace(DAYTIME, outside="refuse"))
    assert by(model, make_entry("05:55", "17:00")).invalid_reason is None


def test_a_night_between_two_windows_is_a_break_around_the_breaks_that_the_user_took() -> None:
    after = by(
        WorkingTime(window=DAYTIME),
        make_entry("18:00", "2026-05-05T08:00:00+02:00", ("19:30", "20:30"), ("23:00", "23:30")),
    )
    assert describe(after) == (
        "18:00",
        "08:00",
        ["19:30-20:30", "20:30-23:00 auto", "23:00-23:30", "23:30-06:00 auto"],
    )
    assert net(after) == timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (DAYTIME, "21:00", "23:00"),
        (replace(DAYTIME, outside="refuse"), "05:59", "17:00"),
        (replace(DAYTIME, outside="refuse"), "08:00", "20:01"),
        (replace(DAYTIME, outside="refuse"), "21:00", "23:00"),
    ],
)
def test_what_the_window_refuses_is_an_invalid_entry_as_it_was_punched(
    window: AllowedWindow, start: str, end: str
) -> None:
    entry = make_entry(start, end)
    refused = by(WorkingTime(window=window, automatic_breaks=ARBZG, round_end=rounding("up", 30)), entry)
    assert refused.invalid_reason == "it lies outside the allowed window, 06:00 to 20:00 (Europe/Berlin)."
    assert replace(refused, invalid_reason=None) == entry


def test_an_entry_ends_at_the_longest() -> None:
    after = by(WorkingTime(longest_minutes=600), make_entry("08:00", "20:00", ("12:00", "12:30"), ("18:30", "19:00")))
    assert describe(after) == ("08:00", "18:00", ["12:00-12:30"])
    assert after.adjustments[0].is_cut


def test_rounding_makes_no_entry_longer_than_any_may_be() -> None:
    model = WorkingTime(round_start=rounding("down", 60), round_end=rounding("up", 60))
    after = by(model, make_entry("08:30", "2026-05-11T08:30:00+02:00"))
    assert after.end - after.start == LONGEST_CLOCK


@pytest.mark.parametrize(
    ("end", "breaks"),
    [
        ("14:00", []),
        ("14:10", ["11:00-11:10 auto"]),
        ("16:00", ["11:45-12:15 auto"]),
        ("17:20", ["12:25-12:55 auto"]),
        ("17:40", ["12:30-13:10 auto"]),
        ("18:00", ["12:37:30-13:22:30 auto"]),
    ],
)
def test_the_worked_figures_of_the_law(end: str, breaks: list[str]) -> None:
    after = by(WorkingTime(automatic_breaks=ARBZG), make_entry("08:00", end))
    assert describe(after)[2] == breaks
    assert not any(change.is_cut for change in after.adjustments)


def test_breaks_that_were_taken_count_from_a_quarter_of_an_hour() -> None:
    model = WorkingTime(automatic_breaks=ARBZG)
    assert describe(by(model, make_entry("08:00", "17:00", ("12:00", "12:30"))))[2] == ["12:00-12:30"]
    short = by(model, make_entry("08:00", "17:00", ("12:00", "12:14")))
    assert describe(short)[2] == ["12:00-12:14", "14:22-14:52 auto"]


def test_a_short_automatic_break_counts() -> None:
    model = WorkingTime(automatic_breaks=ARBZG)
    once = by(model, make_entry("08:00", "16:20", ("12:00", "12:20")))
    assert describe(once)[2] == ["09:55-10:05 auto", "12:00-12:20"]
    assert by(model, once) == once


def test_a_missing_break_that_is_longer_than_a_stretch_continues_in_the_next() -> None:
    rule = AutomaticBreaks(thresholds=(Threshold(over_minutes=60, break_minutes=45),))
    after = by(
        WorkingTime(automatic_breaks=rule),
        make_entry("08:00", "10:00", ("08:30", "08:40"), ("09:10", "09:20"), ("09:50", "09:59")),
    )
    assert describe(after)[2] == [
        "08:00-08:30 auto",
        "08:30-08:40",
        "08:54:30-08:55:30 auto",
        "09:10-09:20",
        "09:50-09:59",
    ]
    assert net(after) == timedelta(minutes=60)


def test_automatic_breaks_are_added_to_productive_time_only() -> None:
    holiday = make_entry("08:00", "18:00", time_type="vacation")
    assert by(WorkingTime(automatic_breaks=ARBZG), holiday) == holiday


@pytest.mark.parametrize(
    ("zone", "start", "end", "worked", "deducted"),
    [
        # Case 23, and the other nights: what is worked is what passed, not what the wall clock shows.
        (BERLIN, "2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00", 7.0, 30),
        (BERLIN, "2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00", 9.0, 30),
        (NEW_YORK, "2026-03-07T22:00:00-05:00", "2026-03-08T06:00:00-04:00", 7.0, 30),
        (NEW_YORK, "2026-10-31T22:00:00-04:00", "2026-11-01T07:00:00-05:00", 10.0, 45),
        (LORD_HOWE, "2026-10-03T22:00:00+10:30", "2026-10-04T04:30:00+11:00", 6.0, 0),
        (LORD_HOWE, "2026-04-04T22:00:00+11:00", "2026-04-05T04:00:00+10:30", 6.5, 30),
        (BERLIN, "2028-02-28T22:00:00+01:00", "2028-02-29T06:00:00+01:00", 8.0, 30),
        (BERLIN, "2028-02-29T22:00:00+01:00", "2028-03-01T06:00:00+01:00", 8.0, 30),
    ],
)
def test_missing_breaks_are_computed_from_the_elapsed_hours(
    zone: str, start: str, end: str, worked: float, deducted: int
) -> None:
    entry = make_entry(start, end)
    assert net(entry) == timedelta(hours=worked)
    after = by(WorkingTime(automatic_breaks=ARBZG), entry, zone=zone)
    assert net(entry) - net(after) == timedelta(minutes=deducted)


def test_case_24_a_break_through_the_hour_that_comes_twice() -> None:
    night = make_entry(
        "2026-10-24T22:00:00+02:00",
        "2026-10-25T06:00:00+01:00",
        ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
    )
    assert (night.end - night.start, net(night)) == (timedelta(hours=9), timedelta(hours=8))
    assert by(WorkingTime(automatic_breaks=ARBZG, round_break=rounding("nearest", 15)), night) == night


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        (BERLIN, "2026-03-28T21:00:00+01:00", "2026-03-29T07:00:00+02:00", 7.0),
        (BERLIN, "2026-10-24T21:00:00+02:00", "2026-10-25T07:00:00+01:00", 9.0),
        (NEW_YORK, "2026-03-07T21:00:00-05:00", "2026-03-08T07:00:00-04:00", 7.0),
        (NEW_YORK, "2026-10-31T21:00:00-04:00", "2026-11-01T07:00:00-05:00", 9.0),
        (LORD_HOWE, "2026-10-03T21:00:00+10:30", "2026-10-04T07:00:00+11:00", 7.5),
        (LORD_HOWE, "2026-04-04T21:00:00+11:00", "2026-04-05T07:00:00+10:30", 8.5),
        (BERLIN, "2028-02-29T21:00:00+01:00", "2028-03-01T07:00:00+01:00", 8.0),
    ],
)
def test_a_night_window_cuts_by_the_wall_clock(zone: str, start: str, end: str, hours: float) -> None:
    night = AllowedWindow(start_minute=22 * 60, end_minute=6 * 60)
    after = by(WorkingTime(window=night), make_entry(start, end), zone=zone)
    assert (describe(after)[:2], after.end - after.start) == (("22:00", "06:00"), timedelta(hours=hours))
    assert (after.start.tzinfo, after.end.tzinfo) == (at(start).tzinfo, at(end).tzinfo)


roundings = st.none() | st.builds(
    Rounding,
    direction=st.sampled_from(["up", "down", "nearest"]),
    minutes=st.sampled_from([1, 5, 6, 10, 15, 20, 30, 60]),
)
windows = st.none() | st.builds(
    AllowedWindow,
    start_minute=st.integers(0, 1439),
    end_minute=st.integers(0, 1440),
    outside=st.sampled_from(["cut", "refuse"]),
)
breaks_rules = st.none() | st.builds(
    AutomaticBreaks,
    thresholds=st.lists(
        st.builds(Threshold, over_minutes=st.integers(0, 800), break_minutes=st.integers(1, 300)),
        min_size=1,
        max_size=3,
    ).map(tuple),
    shortest_minutes=st.integers(0, 60),
)
models = st.builds(
    WorkingTime,
    round_start=roundings,
    round_end=roundings,
    round_break=roundings,
    automatic_breaks=breaks_rules,
    longest_minutes=st.none() | st.integers(1, 2_000),
    window=windows,
)


@st.composite
def entries(draw: st.DrawFn) -> TimeEntry:
    """Any that a clock can leave, near a night in which the clocks change somewhere."""
    night = draw(
        st.sampled_from(["2026-03-29", "2026-10-25", "2026-11-01", "2026-04-04", "2026-10-03", "2028-02-29"])
    )
    offset_s = draw(st.integers(-30, 30)) * 3_600
    start = datetime.fromisoformat(f"{night}T00:00:00+00:00") + timedelta(
        seconds=draw(st.integers(0, 3_599)) + offset_s
    )
    steps = draw(st.lists(st.integers(1, 15_000), min_size=1, max_size=9))
    edges = [start]
    for step in steps:
        edges.append(edges[-1] + timedelta(seconds=step))
    pairs = zip(edges[1:-1:2], edges[2:-1:2], strict=False)
    breaks = tuple(Break(id=f"b{n}", start=first, end=last) for n, (first, last) in enumerate(pairs))
    return build_entry(start, edges[-1], breaks=breaks)


zones = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE])


@given(entries(), models, zones)
def test_an_adjusted_entry_is_valid_and_can_be_undone_whatever_the_model_is(
    entry: TimeEntry, model: WorkingTime, zone: str
) -> None:
    after = by(model, entry, zone=zone)
    if after.invalid_reason is not None:
        assert replace(after, invalid_reason=None) == entry
        return
    check_entry(after)
    assert net(after) >= timedelta()
    whole = {(b.id, b.start, b.end) for b in entry.breaks}
    assert undone(after) == (Span(start=entry.start, end=entry.end), whole)
    assert undo_adjustments(after) == entry
    assert all(change.before != change.after for change in after.adjustments)
    if model.longest_minutes is not None:
        assert after.end - after.start <= timedelta(minutes=model.longest_minutes)
    if model.window is not None:
        inside = sum(
            (part.length for part in model.window.clip(Span(start=after.start, end=after.end), zone)), timedelta()
        )
        assert net(after) <= inside


ONE_RULE: Sequence[st.SearchStrategy[WorkingTime]] = [
    st.builds(WorkingTime, round_start=roundings, round_end=roundings),
    st.builds(WorkingTime, round_break=roundings),
    st.builds(WorkingTime, automatic_breaks=breaks_rules),
    st.builds(WorkingTime, window=windows),
    st.builds(WorkingTime, longest_minutes=st.integers(1, 2_000)),
]


@given(entries(), st.one_of(*ONE_RULE), zones)
def test_a_rule_that_an_entry_fulfils_changes_nothing(entry: TimeEntry, model: WorkingTime, zone: str) -> None:
    once = by(model, entry, zone=zone)
    assert by(model, once, zone=zone) == once


@given(entries(), models, zones, st.integers(0, 7_200), st.integers(0, 7_200))
def test_rounding_never_makes_entries_overlap(
    entry: TimeEntry, model: WorkingTime, zone: str, before_s: int, after_s: int
) -> None:
    earlier = entry.start - timedelta(seconds=before_s)
    later = entry.end + timedelta(seconds=after_s)
    around = [
        replace(entry, id="before", start=earlier - timedelta(hours=1), end=earlier, breaks=()),
        replace(entry, id="after", start=later, end=later + timedelta(hours=1), breaks=()),
    ]
    after = by(model, entry, *around, zone=zone)
    assert not any(other.overlaps(after) for other in around)


@given(
    st.lists(st.integers(0, 300), min_size=4, max_size=8, unique=True).map(sorted),
    st.lists(st.builds(WorkingTime, round_start=roundings, round_end=roundings), min_size=4, max_size=4),
    st.sampled_from(get_args(OverlapPolicy)),
    st.randoms(use_true_random=False),
)
def test_shifts_that_were_not_punched_at_the_same_time_take_no_work_from_each_other(
    minutes: list[int], rules: list[WorkingTime], policy: OverlapPolicy, order: Random
) -> None:
    shifts = list(zip(minutes[::2], minutes[1::2], strict=False))
    order.shuffle(shifts)
    there: dict[str, TimeEntry] = {}
    for (first, last), model in zip(shifts, rules, strict=False):
        start, end = (at("08:00") + timedelta(minutes=n) for n in (first, last))
        shift = replace(make_entry("08:00", "09:00", id=f"{first}"), start=start, end=end)
        entry = by(model, shift, *there.values())
        resolution = resolve_overlaps(
            entry, [one for one in there.values() if one.overlaps(entry)], policy, lambda: "new"
        )
        assert (resolution.refusal, resolution.removed) == (None, ())
        for left in (entry, *resolution.trimmed):
            assert left.id == entry.id or left.span_without_rounding == there[left.id].span_without_rounding
            there[left.id] = left
    assert not any(one.overlaps(other) for one, other in combinations(there.values(), 2))
    assert len(there) == len(shifts)


NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def settings(**rules: object) -> TenantSettings:
    return TenantSettings(time_zone=BERLIN, working_time=replace(WorkingTime(), **rules))  # type: ignore[arg-type]  # any rules


@pytest.mark.parametrize(
    ("rules", "action", "when", "field"),
    [
        ({}, "start", NOW + timedelta(minutes=2), None),
        ({}, "stop", NOW + timedelta(minutes=2, seconds=1), "dateTime"),
        ({"ahead_minutes": 30}, "start", NOW + timedelta(minutes=30), None),
        ({"ahead_minutes": 0}, "start", NOW, None),
        ({"back_minutes": 60}, "start", NOW - timedelta(minutes=60), None),
        ({"back_minutes": 60}, "break", NOW - timedelta(minutes=60, seconds=1), "dateTime"),
        ({"window": DAYTIME}, "start", at("05:00"), None),
        ({"window": replace(DAYTIME, outside="refuse")}, "start", at("05:59:59"), "dateTime"),
        ({"window": replace(DAYTIME, outside="refuse")}, "start", at("06:00"), None),
        ({"window": replace(DAYTIME, outside="refuse")}, "stop", at("05:00"), None),
        (
            {"window": replace(DAYTIME, outside="refuse"), "round_start": rounding("up", 15)},
            "start",
            at("05:50"),
            None,
        ),
    ],
)
def test_a_punch_must_not_be_too_far_from_now_or_outside_the_window(
    rules: dict[str, object], action: str, when: datetime, field: str | None
) -> None:
    if field is None:
        settings(**rules).check_punch(action, when, NOW)
        return
    with pytest.raises(ValidationFailed) as refused:
        settings(**rules).check_punch(action, when, NOW)
    assert [error.field for error in refused.value.errors] == [field]


@pytest.mark.parametrize(
    ("rules", "before", "after", "field"),
    [
        ({}, None, make_entry("01:00", "23:00"), None),
        ({"longest_minutes": 60}, None, make_entry("09:00", "10:01"), "to"),
        ({"longest_minutes": 60}, None, make_entry("09:00", "10:00"), None),
        ({"window": DAYTIME}, None, make_entry("05:59", "10:00"), "from"),
        ({"back_minutes": 60}, None, make_entry("09:00", "10:00"), "from"),
        ({"back_minutes": 600}, None, make_entry("09:00", "10:00"), None),
        ({"back_minutes": 60}, make_entry("09:00", "10:00"), make_entry("09:00", "10:00", comment="late"), None),
        ({"back_minutes": 60}, make_entry("09:00", "10:00"), make_entry("09:00", "10:30"), "from"),
        ({"back_minutes": 60}, make_entry("09:00", "10:00"), make_entry("13:50", "13:55"), "from"),
        # To another organization: its model has not seen it.
        (
            {"longest_minutes": 30},
            make_entry("09:00", "10:00"),
            make_entry("09:00", "10:00", organization_id="site"),
            "to",
        ),
        (
            {"window": DAYTIME},
            make_entry("05:00", "10:00"),
            make_entry("05:00", "10:00", organization_id="site"),
            "from",
        ),
        (
            {"back_minutes": 60},
            make_entry("09:00", "10:00"),
            make_entry("09:00", "10:00", organization_id="site"),
            "from",
        ),
        ({"longest_minutes": 30}, make_entry("09:00", "10:00"), make_entry("09:00", "10:00", comment="long"), None),
        # Punched in time and in nobody's way by now, but not in the window.
        ({"back_minutes": 60}, make_entry("09:00", "10:00", invalid_reason="so"), make_entry("09:00", "10:00"), None),
        (
            {"window": DAYTIME},
            make_entry("05:00", "10:00", invalid_reason="so"),
            make_entry("05:00", "10:00"),
            "from",
        ),
    ],
)
def test_the_limits_hold_for_those_who_save_their_own_entries(
    rules: dict[str, object], before: TimeEntry | None, after: TimeEntry, field: str | None
) -> None:
    if field is None:
        check_manual_entry(after, before, settings(**rules), NOW)
        return
    with pytest.raises(ValidationFailed) as refused:
        check_manual_entry(after, before, settings(**rules), NOW)
    assert [error.field for error in refused.value.errors] == [field]


def test_a_resubmitted_entry_is_adjusted_and_the_window_may_be_ignored() -> None:
    rules = settings(round_end=rounding("up", 60), automatic_breaks=ARBZG, window=replace(DAYTIME, outside="refuse"))
    night = make_entry("21:00", "2026-05-05T04:50:00+02:00")

    def again(entry: TimeEntry, model: TenantSettings = rules, *, passes: bool) -> TimeEntry:
        return reapply_working_time(entry, model, (), lambda: "new", ignores_window=passes)

    with pytest.raises(ValidationFailed) as refused:
        again(night, passes=False)
    assert [error.field for error in refused.value.errors] == ["from"]
    assert describe(again(night, passes=True)) == ("21:00", "05:00", ["00:45-01:15 auto"])
    cut = settings(window=DAYTIME)
    assert describe(again(make_entry("05:00", "10:00"), cut, passes=True))[0] == "06:00"
    stopped = replace(make_entry("08:00", "17:10"), stopped_by="shift_end")
    assert again(stopped, settings(round_end=rounding("up", 60)), passes=False).end == at("17:10")


def test_undoing_adjustments_does_not_lengthen_a_clock_that_was_cut() -> None:
    clock = start_clock(at("08:00"), settings(longest_minutes=60))
    cut = clock.stop(at("17:00"), stopped_by="user")
    assert undo_adjustments(by(WorkingTime(round_start=rounding("up", 15)), cut)) == cut


def test_a_clock_has_the_deadline_and_the_reminder_of_its_settings() -> None:
    model = settings(stops_at="shift_end", shift_end_minute=17 * 60, remind_minutes=15)
    clock = start_clock(at("08:00"), model)
    assert (clock.deadline, clock.stops_at) == (at("17:00"), "shift_end")
    assert (clock.remind_at, clock.due_from) == (at("16:45"), at("16:45"))
    reminded = clock.clear_reminder()
    assert (reminded.due_from, reminded.version) == (at("17:00"), 2)
    late = reminded.stop(at("18:30"), stopped_by="user")
    assert (late.end, late.stopped_by) == (at("17:00"), "shift_end")
    assert [(change.rule, change.is_cut) for change in late.adjustments] == [("shift_end", True)]


def test_a_clock_that_changes_its_organization_has_the_deadline_of_the_new_model() -> None:
    clock = start_clock(at("08:00"), settings(longest_minutes=60))
    free = clock.apply_settings(settings(), at("15:00"))
    assert (free.deadline, free.remind_at) == (at("2026-05-05T08:00:00+02:00"), None)
    noon = clock.apply_settings(settings(stops_at="shift_end", shift_end_minute=720, remind_minutes=15), at("15:00"))
    assert (noon.deadline, noon.stops_at) == (at("2026-05-05T08:00:00+02:00"), "limit")
    evening = clock.apply_settings(
        settings(stops_at="shift_end", shift_end_minute=1080, remind_minutes=15), at("15:00")
    )
    assert (evening.deadline, evening.stops_at, evening.remind_at) == (at("18:00"), "shift_end", at("17:45"))
    assert free.apply_settings(settings(longest_minutes=60), at("15:00")).deadline == at("09:00")
