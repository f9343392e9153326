"""Totals equal the sum of their parts, however grouped, split or read, and nights have the hours they had."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.timezones import load_time_zone
from fencepost.reports.totals import (
    DIMENSIONS,
    Total,
    TotalsAggregator,
    TotalsPageStart,
    TotalsQuery,
    Unit,
    find_period,
    format_period,
    split_at_midnights,
    take_page,
    to_local_day,
)
from fencepost.timeclock.entry_summary import EntrySummary
from fencepost.timeclock.settings import LONGEST_CLOCK

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/St_Johns", "UTC"]
# A midnight that is passed over, one that comes twice, and the first minute of a day that comes twice.
ODD_ZONES = [*ZONES, "Africa/Cairo", "America/Havana", "Asia/Beirut", "Pacific/Apia"]
EARLIEST, LATEST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
UNITS: list[Unit] = ["day", "week", "month"]


def make_entry(start: str, end: str, *breaks: tuple[str, str], organization_id: str | None = None) -> EntrySummary:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(UTC)

    taken = tuple((at(first), at(last)) for first, last in breaks)
    return EntrySummary(
        user_id="emil",
        organization_id=organization_id,
        time_type="work",
        approval="approved",
        start=at(start),
        end=at(end),
        breaks=taken,
    )


def sum_up(entries: list[EntrySummary], query: TotalsQuery, name: str = "Europe/Berlin") -> list[Total]:
    aggregator = TotalsAggregator(query, lambda _: load_time_zone(name))
    for entry in entries:
        aggregator.add(entry)
    return aggregator.list_totals(None, None)


def make_query(
    unit: Unit = "day", first: datetime = EARLIEST, before: datetime = LATEST, *, is_split: bool = False
) -> TotalsQuery:
    return TotalsQuery(first=first, before=before, unit=unit, is_split=is_split)


def hours(entries: list[EntrySummary], query: TotalsQuery, name: str = "Europe/Berlin") -> dict[str, float]:
    return {format_period(total.period, query.unit): total.net_s / 3600 for total in sum_up(entries, query, name)}


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int, list[tuple[int, int]]]:
    """Seconds from EARLIEST, and breaks in order within."""
    start = draw(st.integers(0, int((LATEST - EARLIEST).total_seconds())))
    end = start + draw(st.integers(1, int(LONGEST_CLOCK.total_seconds())))
    marks = sorted(draw(st.sets(st.integers(start, end), max_size=6)))
    return start, end, list(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def entries(draw: st.DrawFn) -> EntrySummary:
    start, end, breaks = draw(spans())

    def at(seconds: int) -> datetime:
        return EARLIEST + timedelta(seconds=seconds)

    return EntrySummary(
        user_id=draw(st.sampled_from(["ada", "emil"])),
        organization_id=draw(st.sampled_from([None, "site", "yard"])),
        time_type=draw(st.sampled_from(["work", "sick", "travel"])),
        approval="approved",
        start=at(start),
        end=at(end),
        breaks=tuple((at(first), at(last)) for first, last in breaks),
    )


def by_start(some: list[EntrySummary]) -> list[EntrySummary]:
    return sorted(some, key=lambda entry: entry.start)


@given(st.lists(entries(), max_size=8), st.sampled_from(UNITS), st.sets(st.sampled_from(DIMENSIONS)), st.booleans())
def test_totals_equal_the_sum_of_the_parts_at_every_grouping(
    some: list[EntrySummary], unit: Unit, by: set[str], is_split: bool
) -> None:
    query = TotalsQuery(first=EARLIEST, before=LATEST + LONGEST_CLOCK, unit=unit, is_split=is_split)
    coarse = replace(query, dimensions=tuple(dimension for dimension in DIMENSIONS if dimension in by))
    found = sum_up(some, coarse)
    breaks_s = sum((end - start).total_seconds() for entry in some for start, end in entry.breaks)
    whole_s = sum((entry.end - entry.start).total_seconds() for entry in some)
    assert sum(total.break_s for total in found) == breaks_s
    assert sum(total.net_s for total in found) == whole_s - breaks_s
    assert sum(total.entries for total in found) == len(some)
    indexes = [DIMENSIONS.index(dimension) for dimension in coarse.dimensions]
    folded: Counter[tuple[date, tuple[str, ...]]] = Counter()
    for total in sum_up(some, query):
        folded[total.period, tuple(total.group[index] for index in indexes)] += total.net_s
    assert {(total.period, total.group): total.net_s for total in found} == folded


@given(st.lists(entries(), max_size=8), st.sampled_from(ODD_ZONES))
def test_weeks_and_months_are_their_days(some: list[EntrySummary], name: str) -> None:
    for is_split in (False, True):
        days = sum_up(some, make_query(is_split=is_split), name)
        for unit in UNITS[1:]:
            folded: Counter[tuple[date, tuple[str, ...]]] = Counter()
            for total in days:
                folded[find_period(total.period, unit), total.group] += total.net_s
            found = sum_up(some, make_query(unit, is_split=is_split), name)
            assert {(total.period, total.group): total.net_s for total in found} == folded


@given(entries(), st.sampled_from(ODD_ZONES))
def test_splitting_at_midnight_changes_no_sum_and_leaves_no_piece_on_two_days(entry: EntrySummary, name: str) -> None:
    pieces = list(split_at_midnights(entry.start, entry.end, load_time_zone(name)))
    assert [start for start, _ in pieces] == [entry.start, *(end for _, end in pieces[:-1])]
    assert pieces[-1][1] == entry.end
    assert all(start < end for start, end in pieces)
    query = make_query(before=LATEST + LONGEST_CLOCK)
    whole, split = (sum_up([entry], replace(query, is_split=is_split), name) for is_split in (False, True))
    assert sum(total.net_s for total in split) == sum(total.net_s for total in whole)
    assert sum(total.break_s for total in split) == sum(total.break_s for total in whole)
    last_second = timedelta(seconds=1)
    for start, end in pieces:
        assert (
            to_local_day(start, load_time_zone(name)) == to_local_day(end - last_second, load_time_zone(name))
            or name == "America/St_Johns"
        )


@given(st.lists(entries(), max_size=8), st.sampled_from(ZONES), st.integers(0, 7_000), st.integers(1, 366))
def test_spans_that_touch_count_each_second_once(
    some: list[EntrySummary], name: str, first: int, length: int
) -> None:
    cuts = [EARLIEST, EARLIEST + timedelta(days=first, hours=5)]
    cuts += [cuts[1] + timedelta(days=length), LATEST + LONGEST_CLOCK]
    for is_split in (False, True):
        found = 0
        for start, end in itertools.pairwise(cuts):
            query = make_query(first=start, before=end, is_split=is_split)
            read = [entry for entry in some if query.find_read_start(None) <= entry.start < end]
            found += sum(total.net_s for total in sum_up(read, query, name))
        query = make_query(before=LATEST + LONGEST_CLOCK)
        assert found == sum(total.net_s for total in sum_up(some, query, name))


@given(st.lists(entries(), max_size=12), st.sampled_from(UNITS), st.booleans(), st.integers(1, 4), st.integers(1, 3))
def test_the_pages_together_are_the_whole_list(
    some: list[EntrySummary], unit: Unit, is_split: bool, limit: int, at_once: int
) -> None:
    """However few entries are read at once, and however few totals a page has."""
    query = make_query(unit, is_split=is_split, before=LATEST + LONGEST_CLOCK)
    zones = {
        None: load_time_zone("Pacific/Kiritimati"),
        "site": load_time_zone("America/St_Johns"),
        "yard": load_time_zone("Europe/Berlin"),
    }
    in_order = by_start(some)

    def one_page(after: TotalsPageStart | None) -> tuple[list[Total], TotalsPageStart | None]:
        aggregator = TotalsAggregator(query, zones.__getitem__)
        left = [entry for entry in in_order if entry.start >= query.find_read_start(after)]
        began = after.period if after is not None else date.min
        for number, entry in enumerate(left):
            aggregator.add(entry)
            rest = TotalsPageStart(period=aggregator.find_first_open_period(entry.start))
            is_last_of_start = number + 1 == len(left) or left[number + 1].start > entry.start
            if number + 1 >= at_once and rest.period > began and number + 1 < len(left) and is_last_of_start:
                page, following = take_page(aggregator.list_totals(after, entry.start), limit, rest)
                return list(page), following
        page, following = take_page(aggregator.list_totals(after, None), limit, None)
        return list(page), following

    found, after = one_page(None)
    while after is not None:
        more, after = one_page(after)
        found += more
    aggregator = TotalsAggregator(query, zones.__getitem__)
    for entry in in_order:
        aggregator.add(entry)
    assert found == aggregator.list_totals(None, None)


@pytest.mark.parametrize(
    ("name", "day", "start", "end", "elapsed_h"),
    [
        ("Europe/Berlin", "2026-03-28", "2026-03-28T22:00+01:00", "2026-03-29T06:00+02:00", 7.0),
        ("Europe/Berlin", "2026-10-24", "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00", 9.0),
        ("America/New_York", "2026-03-07", "2026-03-07T22:00-05:00", "2026-03-08T06:00-04:00", 7.0),
        ("America/New_York", "2026-10-31", "2026-10-31T22:00-04:00", "2026-11-01T06:00-05:00", 9.0),
        ("Australia/Lord_Howe", "2026-10-03", "2026-10-03T22:00+10:30", "2026-10-04T06:00+11:00", 7.5),
        ("Australia/Lord_Howe", "2026-04-04", "2026-04-04T22:00+11:00", "2026-04-05T06:00+10:30", 8.5),
    ],
)
def test_a_night_on_which_the_clocks_change_has_the_hours_it_had(
    name: str, day: str, start: str, end: str, elapsed_h: float
) -> None:
    night = make_entry(start, end)
    assert hours([night], make_query(), name) == {day: elapsed_h}
    next_day = str(date.fromisoformat(day) + timedelta(days=1))
    assert hours([night], make_query(is_split=True), name) == {day: 2.0, next_day: elapsed_h - 2}


def test_a_break_in_the_hour_that_comes_twice_has_its_hour() -> None:
    taken = ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00")
    night = make_entry("2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00", taken)
    assert hours([night], make_query()) == {"2026-10-24": 8.0}
    assert hours([night], make_query(is_split=True)) == {"2026-10-24": 2.0, "2026-10-25": 6.0}
    assert [total.break_s for total in sum_up([night], make_query(is_split=True))] == [0, 3600]


def test_the_leap_day_is_a_day() -> None:
    night = make_entry("2028-02-28T22:00+01:00", "2028-03-01T06:00+01:00")
    assert hours([night], make_query()) == {"2028-02-28": 32.0}
    split = {"2028-02-28": 2.0, "2028-02-29": 24.0, "2028-03-01": 6.0}
    assert hours([night], make_query(is_split=True)) == split
    assert hours([night], make_query("month", is_split=True)) == {"2028-02": 26.0, "2028-03": 6.0}


def test_the_day_is_that_of_the_organization() -> None:
    late = make_entry("2026-05-04T23:30+02:00", "2026-05-05T00:30+02:00", organization_id="site")
    zones = {"site": load_time_zone("Europe/Berlin"), None: load_time_zone("Asia/Tokyo")}
    aggregator = TotalsAggregator(make_query(), zones.__getitem__)
    aggregator.add(late)
    aggregator.add(replace(late, organization_id=None))
    assert [(str(total.period), total.group[1]) for total in aggregator.list_totals(None, None)] == [
        ("2026-05-04", "site"),
        ("2026-05-05", ""),
    ]


def test_a_month_that_is_split_has_what_lies_in_it_and_one_that_is_not_what_begins_in_it() -> None:
    first, before = (datetime.fromisoformat(f"2026-0{month}-01T00:00+02:00").astimezone(UTC) for month in (5, 6))
    nights = [
        make_entry("2026-04-30T22:00+02:00", "2026-05-01T06:00+02:00"),
        make_entry("2026-05-31T22:00+02:00", "2026-06-01T06:00+02:00"),
    ]
    whole, split = (make_query("month", first, before, is_split=is_split) for is_split in (False, True))
    assert hours(nights[1:], whole) == {"2026-05": 8.0}
    assert hours(nights, split) == {"2026-05": 8.0}
    (total,) = sum_up(nights, split)
    assert (total.entries, total.net_s) == (1, 6 * 3600 + 2 * 3600)


@pytest.mark.parametrize(
    ("day", "week"),
    [("2026-12-31", "2026-W53"), ("2027-01-03", "2026-W53"), ("2027-01-04", "2027-W01"), ("2024-12-30", "2025-W01")],
)
def test_weeks_are_those_of_iso_8601(day: str, week: str) -> None:
    assert format_period(find_period(date.fromisoformat(day), "week"), "week") == week


@pytest.mark.parametrize(
    ("name", "start", "end", "days"),
    [
        # 00:00 is passed over: the day begins at 01:00.
        ("Africa/Cairo", "2024-04-25T22:00+02:00", "2024-04-26T02:00+03:00", {"2024-04-25": 2.0, "2024-04-26": 1.0}),
        # 00:00 to 01:00 comes twice, and both are of the day that begins.
        (
            "America/Havana",
            "2025-11-01T22:00-04:00",
            "2025-11-02T02:00-05:00",
            {"2025-11-01": 2.0, "2025-11-02": 3.0},
        ),
        # 23:00 to 24:00 comes twice, and both are of the day that ends.
        ("Asia/Beirut", "2025-10-25T22:00+03:00", "2025-10-26T01:00+02:00", {"2025-10-25": 3.0, "2025-10-26": 1.0}),
        # From 00:01 back to 23:01 of the day before, begun after that: the midnight that comes is the second one.
        (
            "America/St_Johns",
            "2010-11-06T23:30-03:30",
            "2010-11-07T01:00-03:30",
            {"2010-11-06": 0.5, "2010-11-07": 1.0},
        ),
        # A day that was left out.
        ("Pacific/Apia", "2011-12-29T22:00-10:00", "2011-12-31T02:00+14:00", {"2011-12-29": 2.0, "2011-12-31": 2.0}),
    ],
)
def test_midnights_that_are_odd(name: str, start: str, end: str, days: dict[str, float]) -> None:
    assert hours([make_entry(start, end)], make_query(is_split=True), name) == days
