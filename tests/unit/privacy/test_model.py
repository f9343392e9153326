"""Positions become coarse and are then removed; the hours stay."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.entity_ref import EntityRef
from fencepost.privacy.model import (
    ErasureCounts,
    LocationRedaction,
    RetentionPolicy,
    erase_audit_record,
    erase_evidence,
)
from fencepost.timeclock.audit import AuditRecord
from fencepost.timeclock.location_evidence import find_precision
from fencepost.timeclock.model import Punch, TimeEntry
from fencepost.verdicts.model import Finding, Verdict
from tests.builders import build_clock, build_entry, build_punch

AT = datetime(2026, 5, 4, 7, tzinfo=UTC)
GATE = Finding(
    geofence_id="1",
    version=1,
    name="Gate",
    assigned_to=EntityRef("users", "emil"),
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
    return build_punch("start", AT, latitude=lat, longitude=lon, accuracy_m=8.0, verdict=verdict)


def entry(*punches: Punch) -> TimeEntry:
    return build_entry(AT, AT + timedelta(hours=8), id="1", comment="At the dentist's", punches=punches)


EXACT = entry(punch(30.267153, -97.743057, OUTSIDE), punch(None, None))


def test_positions_become_coarse_then_are_removed_and_the_hours_stay() -> None:
    coarse = LocationRedaction(is_removal=False).apply(EXACT)
    removed = LocationRedaction(is_removal=True).apply(coarse)
    assert [find_precision(evidence) for evidence in (EXACT, coarse, removed)] == ["exact", "rough", None]
    assert (coarse.punches[0].latitude, coarse.punches[0].longitude) == (30.27, -97.74)
    assert (removed.start, removed.end, removed.comment, removed.version) == (
        EXACT.start,
        EXACT.end,
        EXACT.comment,
        EXACT.version,
    )


def test_distances_reveal_a_position_so_they_are_removed_with_the_decimals() -> None:
    (redacted, _) = LocationRedaction(is_removal=False).apply(EXACT).punches
    assert redacted.verdict is not None
    assert (redacted.verdict.code, redacted.verdict.findings[0].outcome) == ("GEOFENCE_OUTSIDE", "outside")
    assert not re.search(r"[0-9]", redacted.verdict.reason)
    assert find_precision(entry(punch(None, None, OUTSIDE))) == "exact"


@given(st.floats(-90, 90), st.floats(-180, 180), st.booleans())
def test_redacting_again_changes_nothing_and_no_position_stays_exact(
    lat: float, lon: float, is_removal: bool
) -> None:
    redaction = LocationRedaction(is_removal=is_removal)
    once = redaction.apply(entry(punch(lat, lon, OUTSIDE)))
    assert redaction.apply(once) == once
    assert find_precision(once) == (None if is_removal else "rough")


def test_a_policy_plans_the_redactions_that_are_due() -> None:
    now = AT + timedelta(days=400)
    both = RetentionPolicy(coarsen_after_days=30, remove_after_days=365)
    days = [
        (precision, (now - before).days, redaction.is_removal)
        for precision, before, redaction in both.plan_redactions(now)
    ]
    assert days == [("exact", 365, True), ("rough", 365, True), ("exact", 30, False)]
    assert list(RetentionPolicy().plan_redactions(now)) == []


def test_an_erased_user_leaves_the_hours_and_nothing_that_says_where_or_why() -> None:
    rest, removed = erase_evidence(EXACT)
    assert (rest.start, rest.end, rest.time_type, rest.user_id) == (EXACT.start, EXACT.end, "work", "emil")
    assert removed == ErasureCounts(positions=2, comments=1)
    assert rest.comment is None
    assert [(p.latitude, p.longitude, p.accuracy_m, p.verdict) for p in rest.punches] == [
        (None, None, None, None)
    ] * 2
    assert erase_evidence(rest) == (rest, ErasureCounts())


def test_a_cancelled_clock_is_erased_too() -> None:
    clock = build_clock(AT, id="1", comment="Late", punches=EXACT.punches)
    rest, removed = erase_evidence(clock)
    assert (rest.comment, find_precision(rest), removed.comments) == (None, None, 1)


def test_comments_and_the_users_own_reasons_are_removed_from_the_trail() -> None:
    edited = AuditRecord(
        number=2, action="edited", at=AT, actor="emil", reason="I was ill", after=EXACT.take_snapshot()
    )
    rest, removed = erase_audit_record(edited, "emil")
    assert (rest.reason, removed) == (None, ErasureCounts(comments=1, reasons=1))
    assert rest.after == replace(EXACT.take_snapshot(), comment=None)
    by_approver = replace(edited, actor="ada")
    assert erase_audit_record(by_approver, "emil")[0].reason == "I was ill"
    for action in ("created", "deleted", "approved", "disapproved", "reopened"):
        assert erase_audit_record(replace(edited, action=action), "emil")[0].reason is None
    by_rule = AuditRecord(number=3, action="overwritten", at=AT, actor="emil", reason="overlapped by …", after=None)
    assert erase_audit_record(by_rule, "emil") == (by_rule, ErasureCounts())
