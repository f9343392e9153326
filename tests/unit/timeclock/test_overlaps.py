"""What becomes of the entries that a new one overlaps: the table of the clock's design, 10 to 14 being new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.timeclock.model import Adjustment, Break, TimeEntry
from fencepost.timeclock.overlaps import (
    MAX_OVERLAPPED,
    MAX_PUNCHES_TOGETHER,
    OverlapPolicy,
    OverlapResolution,
    resolve_overlaps,
)
from fencepost.timeclock.working_time import Span
from tests.builders import build_entry, build_punch

MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def entry(start: float, end: float, **more: object) -> TimeEntry:
    return build_entry(at(start), at(end), id=f"{start}-{end}", **more)


def made_room(policy: OverlapPolicy, *others: TimeEntry) -> OverlapResolution:
    overlapped = [other for other in others if other.overlaps(entry(10, 14))]
    return resolve_overlaps(entry(10, 14), overlapped, policy, lambda: "new")


def spans(resolution: OverlapResolution) -> list[tuple[str, float, float]]:
    hour = timedelta(hours=1)
    return [(left.id, (left.start - MIDNIGHT) / hour, (left.end - MIDNIGHT) / hour) for left in resolution.trimmed]


@pytest.mark.parametrize(
    ("existing", "left"),
    [
        ([(11, 12)], []),
        ([(10, 14)], []),
        ([(8, 12)], [("8-12", 8, 10)]),
        ([(12, 16)], [("12-16", 14, 16)]),
        ([(8, 18)], [("8-18", 8, 10), ("new", 14, 18)]),
        ([(8, 11), (11, 12), (13, 16)], [("8-11", 8, 10), ("13-16", 14, 16)]),
    ],
)
def test_each_policy_makes_room_in_its_own_way(
    existing: list[tuple[int, int]], left: list[tuple[str, float, float]]
) -> None:
    others = [entry(*span) for span in existing]
    assert made_room("overwrite", *others).removed == tuple(others)
    trimmed = made_room("trim", *others)
    assert spans(trimmed) == left
    assert {removed.id for removed in trimmed.removed} == {other.id for other in others} - {span[0] for span in left}
    refused = made_room("refuse", *others)
    assert refused.changes == ()
    assert refused.refusal is not None


@pytest.mark.parametrize("policy", ["overwrite", "trim", "refuse"])
def test_entries_that_touch_are_left_alone(policy: OverlapPolicy) -> None:
    assert made_room(policy, entry(8, 10), entry(14, 15)) == OverlapResolution()


@pytest.mark.parametrize("policy", ["overwrite", "trim", "refuse"])
@pytest.mark.parametrize("approval", ["approved", "exported"])
def test_a_final_entry_refuses_the_new_one_and_changes_no_other(policy: OverlapPolicy, approval: str) -> None:
    resolution = made_room(policy, entry(8, 11), entry(13, 14, approval=approval))
    assert resolution.changes == ()
    assert approval in str(resolution.refusal)


def test_breaks_are_clipped_or_removed_with_the_time_that_is_cut_off() -> None:
    breaks = tuple(
        Break(id=name, start=at(start), end=at(end))
        for name, start, end in (("kept", 8.5, 9), ("clipped", 9.5, 10.5), ("removed", 11, 11.5), ("late", 13.5, 15))
    )
    before, after = made_room("trim", entry(8, 18, breaks=breaks)).trimmed
    assert [(b.id, b.start, b.end) for b in before.breaks] == [("kept", at(8.5), at(9)), ("clipped", at(9.5), at(10))]
    assert [(b.id, b.start, b.end) for b in after.breaks] == [("late", at(14), at(15))]


def test_a_cut_entry_has_no_creation_type_and_only_one_piece_keeps_its_punches() -> None:
    punch = build_punch("start", at(8))
    before, after = made_room("trim", entry(8, 18, punches=(punch,), version=3)).trimmed
    assert (before.creation_type, before.punches, before.version) == (None, (punch,), 4)
    assert (after.creation_type, after.punches, after.version) == (None, (), 1)


def rounded_entry(start: float, end: float, punched: tuple[float, float], **more: object) -> TimeEntry:
    before, after = Span(start=at(punched[0]), end=at(punched[1])), Span(start=at(start), end=at(end))
    return entry(start, end, adjustments=(Adjustment(rule="rounding", before=before, after=after),), **more)


@pytest.mark.parametrize("policy", ["overwrite", "trim", "refuse"])
def test_time_that_rounding_added_is_given_back_whatever_the_policy_is(policy: OverlapPolicy) -> None:
    morning, evening = (
        rounded_entry(8, 10.5, (8, 9.75)),
        rounded_entry(13, 18, (14.1, 18), creation_type="clock", version=3),
    )
    within = rounded_entry(8, 15, (8, 9.9))
    resolution = made_room(policy, morning, evening)
    assert (resolution.refusal, resolution.removed) == (None, ())
    assert spans(resolution) == [("8-10.5", 8, 10), ("13-18", 14, 18)]
    assert spans(made_room(policy, within)) == [("8-15", 8, 10)]
    _, given_back = resolution.trimmed
    assert (given_back.creation_type, given_back.version) == ("clock", 4)
    adjustments = [(change.rule, change.before, change.after) for change in given_back.adjustments]
    assert adjustments[1:] == [
        ("overlap", Span(start=at(13), end=at(18)), Span(start=at(14), end=at(18))),
    ]


@pytest.mark.parametrize("policy", ["overwrite", "trim", "refuse"])
def test_punched_time_is_in_the_way_and_rounding_is_not_left_by_itself(policy: OverlapPolicy) -> None:
    resolution = made_room(policy, rounded_entry(9.5, 12, (10, 12)))
    assert (resolution.refusal is None) == (policy != "refuse")
    assert spans(resolution) == []


def test_rounding_of_a_final_entry_is_in_the_way() -> None:
    assert made_room("trim", rounded_entry(8, 10.5, (8, 9.75), approval="approved")).refusal is not None


def test_overlaps_that_exceed_a_transaction_are_refused() -> None:
    others = [entry(10 + n / 10, 10.1 + n / 10) for n in range(MAX_OVERLAPPED + 1)]
    assert made_room("overwrite", *others[:-1]).refusal is None
    assert made_room("overwrite", *others).refusal is not None
    punch = build_punch("break", at(8))
    assert made_room("trim", entry(8, 18, punches=(punch,) * (MAX_PUNCHES_TOGETHER + 1))).refusal is not None


@given(st.lists(st.integers(0, 48), min_size=2, max_size=12, unique=True), st.sampled_from(["overwrite", "trim"]))
def test_no_entries_overlap_afterwards_and_trimming_loses_only_the_overlapped_time(
    ends: list[int], policy: OverlapPolicy
) -> None:
    in_order = sorted(ends)
    others = [entry(a / 2, b / 2) for a, b in zip(in_order[::2], in_order[1::2], strict=False)]
    resolution = made_room(policy, *others)
    changed = {change.before for change in resolution.changes if change.before is not None}
    left = [*(other for other in others if other not in changed), *resolution.trimmed]
    standing = sorted([entry(10, 14), *left], key=lambda one: one.start)
    assert all(not first.overlaps(second) for first, second in pairwise(standing))
    if policy == "trim":
        outside = sum(
            (max(timedelta(0), min(o.end, at(10)) - o.start) + max(timedelta(0), o.end - max(o.start, at(14))))
            // timedelta(minutes=30)
            for o in others
        )
        assert sum((one.end - one.start) // timedelta(minutes=30) for one in left) == outside
