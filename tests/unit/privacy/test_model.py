"""Where somebody was is known roughly, then not at all; what was worked stays known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.entity_ref import EntityRef
from fencepost.privacy.model import ErasureCounts, Lessening, PositionPolicy, erased, erased_change
from fencepost.timeclock.audit import Change, state_of
from fencepost.timeclock.location_evidence import precision_of
from fencepost.timeclock.model import Punch, RunningClock, TimeEntry
from fencepost.verdicts.model import Finding, Verdict

AT = datetime(2026, 5, 4, 7, tzinfo=UTC)
GATE = Finding(
    geofence_id="1",
    version=1,
    name="Gate",
    through=EntityRef("users", "emil"),
    is_priority=False,
    edge_distance_m=89.0,
    outcome="outside",
)
OUTSIDE = Verdict(
    code="GEOFENCE_OUTSIDE",
    reason="Outside; the nearest geofence that applies, 'Gate', is 89.0 m away.",
    findings=(GATE,),
)


def punch(lat: float | None, lon: float | None, verdict: Verdict | None = None) -> Punch:
    return Punch(
        action="start",
        at=AT,
        received_at=AT,
        acting_user_id="emil",
        latitude=lat,
        longitude=lon,
        accuracy_m=8.0,
        verdict=verdict,
    )


def entry(*punches: Punch) -> TimeEntry:
    return TimeEntry(
        id="1",
        user_id="emil",
        start=AT,
        end=AT + timedelta(hours=8),
        time_type="work",
        comment="At the dentist's",
        punches=punches,
    )


EXACT = entry(punch(30.267153, -97.743057, OUTSIDE), punch(None, None))


def test_first_rough_then_gone_and_the_hours_stay() -> None:
    rough = Lessening(is_removal=False).of(EXACT)
    gone = Lessening(is_removal=True).of(rough)
    assert [precision_of(kept) for kept in (EXACT, rough, gone)] == ["exact", "rough", None]
    assert (rough.punches[0].latitude, rough.punches[0].longitude) == (30.27, -97.74)
    assert (gone.start, gone.end, gone.comment, gone.version) == (
        EXACT.start,
        EXACT.end,
        EXACT.comment,
        EXACT.version,
    )


def test_distances_tell_where_it_was_so_they_go_with_the_decimals() -> None:
    (kept, _) = Lessening(is_removal=False).of(EXACT).punches
    assert kept.verdict is not None
    assert (kept.verdict.code, kept.verdict.findings[0].outcome) == ("GEOFENCE_OUTSIDE", "outside")
    assert not re.search(r"[0-9]", kept.verdict.reason)
    assert precision_of(entry(punch(None, None, OUTSIDE))) == "exact"


@given(st.floats(-90, 90), st.floats(-180, 180), st.booleans())
def test_lessening_again_changes_nothing_and_no_position_stays_exact(
    lat: float, lon: float, is_removal: bool
) -> None:
    lessening = Lessening(is_removal=is_removal)
    once = lessening.of(entry(punch(lat, lon, OUTSIDE)))
    assert lessening.of(once) == once
    assert precision_of(once) == (None if is_removal else "rough")


def test_a_policy_says_what_is_due() -> None:
    now = AT + timedelta(days=400)
    both = PositionPolicy(coarsen_after_days=30, remove_after_days=365)
    days = [(precision, (now - before).days, how.is_removal) for precision, before, how in both.due(now)]
    assert days == [("exact", 365, True), ("rough", 365, True), ("exact", 30, False)]
    assert list(PositionPolicy().due(now)) == []


def test_who_is_forgotten_leaves_the_hours_and_nothing_that_says_where_or_why() -> None:
    left, removed = erased(EXACT)
    assert (left.start, left.end, left.time_type, left.user_id) == (EXACT.start, EXACT.end, "work", "emil")
    assert removed == ErasureCounts(positions=2, comments=1)
    assert left.comment is None
    assert [(p.latitude, p.longitude, p.accuracy_m, p.verdict) for p in left.punches] == [
        (None, None, None, None)
    ] * 2
    assert erased(left) == (left, ErasureCounts())


def test_a_clock_that_was_cancelled_is_forgotten_likewise() -> None:
    clock = RunningClock(id="1", user_id="emil", start=AT, deadline=AT, comment="Late", punches=EXACT.punches)
    left, removed = erased(clock)
    assert (left.comment, precision_of(left), removed.comments) == (None, None, 1)


def test_of_the_trail_the_comments_go_and_the_persons_own_reasons() -> None:
    edited = Change(number=2, action="edited", at=AT, actor="emil", reason="I was ill", after=state_of(EXACT))
    left, removed = erased_change(edited, "emil")
    assert (left.reason, removed) == (None, ErasureCounts(comments=1, reasons=1))
    assert left.after == replace(state_of(EXACT), comment=None)
    by_approver = replace(edited, actor="ada")
    assert erased_change(by_approver, "emil")[0].reason == "I was ill"
    for action in ("created", "deleted", "approved", "disapproved", "reopened"):
        assert erased_change(replace(edited, action=action), "emil")[0].reason is None
    by_rule = Change(number=3, action="overwritten", at=AT, actor="emil", reason="overlapped by …", after=None)
    assert erased_change(by_rule, "emil") == (by_rule, ErasureCounts())
