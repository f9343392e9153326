"""Clocks, entries, changes, refusals and receipts, each with everything and with nothing that may be missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from fencepost.common.entity_ref import EntityRef
from fencepost.timeclock.commands import ReceiptKey
from fencepost.timeclock.model import Adjustment, Break, EntrySnapshot, Punch, RunningClock, TimeEntry
from fencepost.timeclock.receipts import Receipt, RecordedResult
from fencepost.timeclock.refusals import Grant, GrantRef, Refusal
from fencepost.timeclock.working_time import Span
from fencepost.verdicts.model import Finding, Verdict

DEMO, EMIL = "demo", "emil"
ID = "00000000-0000-4000-8000-0000000000{:02}".format
LOCAL = timezone(timedelta(hours=2))
WEST = timezone(-timedelta(hours=3, minutes=30))
START = datetime(2026, 5, 4, 9, tzinfo=LOCAL)
NOW = datetime(2026, 5, 4, 7, 0, 1, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRANT_REF = GrantRef(refusal_id=ID(8), granted_by="ada", granted_at=NOW - HOUR)
VERDICT = Verdict(
    code="GEOFENCE_OUTSIDE",
    reason="Outside; the nearest geofence that applies, 'Tor \"Süd\"\n€', is 12.3 m away.",
    rule="any_of_the_priority_ones",
    findings=(
        Finding(
            geofence_id=ID(1),
            version=7,
            name='Tor "Süd"\n€',
            assigned_to=EntityRef("projects", "site"),
            is_priority=True,
            edge_distance_m=12.345678901234567,
            outcome="outside",
            min_accuracy_m=50.0,
            accuracy="enough",
        ),
        Finding(
            geofence_id=ID(2),
            version=1,
            name="Yard",
            assigned_to=EntityRef("users", EMIL),
            is_priority=False,
            edge_distance_m=None,
            outcome="outranked",
        ),
        Finding(
            geofence_id=ID(3),
            version=1,
            name="Gate",
            assigned_to=EntityRef("time_guis", "gate"),
            is_priority=False,
            edge_distance_m=-0.00001,
            outcome="outranked",
            min_accuracy_m=30,
            accuracy="too_vague",
        ),
    ),
    decided_by=ID(1),
)
FULL_PUNCH = Punch(
    action="start",
    at=START,
    received_at=NOW,
    acting_user_id="ada",
    verdict=VERDICT,
    is_flagged=True,
    exception=GRANT_REF,
    is_late=True,
    latitude=60.17,
    longitude=-0.000001,
    accuracy_m=12.5,
    captured_at=datetime(2026, 5, 4, 3, 29, 59, 500000, tzinfo=WEST),
)
PUNCH = Punch(action="break", at=START, received_at=NOW, acting_user_id=EMIL)
ALLOWED_PUNCH = replace(PUNCH, verdict=Verdict(code="NO_GEOFENCE", reason="No geofence applies."))
BREAKS = (
    Break(id=ID(4), start=START + HOUR, end=START + 1.5 * HOUR),
    Break(id=ID(5), start=START + 2 * HOUR, end=START + 3 * HOUR, automatic=True),
)
FULL_CLOCK = RunningClock(
    id=ID(10),
    user_id=EMIL,
    start=START,
    deadline=START + 24 * HOUR,
    stops_at="shift_end",
    remind_at=START + 23 * HOUR,
    time_type="travel",
    comment="Früh: \\ \x7f €",
    organization_id="site",
    organization_name="Site",
    breaks=(*BREAKS, Break(id=ID(6), start=START + 4 * HOUR)),
    punches=(FULL_PUNCH, ALLOWED_PUNCH, PUNCH),
    last_fingerprint="2:" + "f" * 64,
    version=4,
)
CLOCK = RunningClock(id=ID(11), user_id=EMIL, start=START, deadline=START + 24 * HOUR, punches=(PUNCH,), version=1)
FULL_ENTRY = TimeEntry(
    id=ID(12),
    user_id=EMIL,
    start=START,
    end=START + 8 * HOUR,
    time_type="travel",
    comment="Früh: \\ \x7f €",
    organization_id="site",
    organization_name="Site",
    breaks=BREAKS,
    punches=(FULL_PUNCH, PUNCH),
    creation_type="wtm",
    stopped_by="shift_end",
    approval="approved",
    adjustments=(
        Adjustment(
            rule="rounding",
            before=Span(start=START - HOUR, end=START + 8 * HOUR),
            after=Span(start=START, end=START + 8 * HOUR),
        ),
        Adjustment(rule="automatic_breaks", break_id=ID(5), before=None, after=Span(start=START, end=START + HOUR)),
        Adjustment(rule="window", break_id=ID(7), before=Span(start=START, end=START + HOUR), after=None),
    ),
    version=3,
)
ENTRY = TimeEntry(id=ID(13), user_id=EMIL, start=START, end=START + HOUR, time_type="work", creation_type=None)
INVALID_ENTRY = replace(ENTRY, id=ID(14), creation_type="clock", invalid_reason="It overlaps an approved entry.")
FULL_REFUSAL = Refusal(
    id=ID(20),
    user_id=EMIL,
    action="start",
    at=START,
    received_at=NOW,
    acting_user_id="ada",
    organization_id="site",
    screen=EntityRef("time_guis", "gate"),
    accuracy_m=12,
    verdict=VERDICT,
)
REFUSAL = Refusal(
    id=ID(21),
    user_id=EMIL,
    action="stop",
    at=START,
    received_at=NOW,
    acting_user_id=EMIL,
    organization_id=None,
    screen=None,
    accuracy_m=None,
    verdict=Verdict(code="GEOFENCE_LOCATION_MISSING", reason="A geofence applies, and the request has no location."),
)
FULL_GRANT = Grant(
    refusal_id=ID(20),
    granted_by="ada",
    granted_at=NOW,
    valid_until=NOW + HOUR,
    reason="Ausnahme €",
    action="start",
    organization_id="site",
    screen=EntityRef("time_guis", "gate"),
    not_before=START,
)
GRANT = Grant(
    refusal_id=ID(21),
    granted_by="ada",
    granted_at=NOW,
    valid_until=NOW + HOUR,
    reason=None,
    action="stop",
    organization_id=None,
    screen=None,
    not_before=START,
)
RECEIPT = Receipt(
    key=ReceiptKey(user_id=EMIL, key="phone-1", digest="d" * 64, expires_at=NOW + 40 * 24 * HOUR),
    result=RecordedResult(values={"code": "Ä"}),
)


FULL_STATE = EntrySnapshot(
    start=START,
    end=START + 8 * HOUR,
    time_type="travel",
    comment="Früh: \\ \x7f €",
    organization_id="site",
    organization_name="Site",
    breaks=BREAKS,
    creation_type="wtm",
    approval="approved",
)
CLOCK_STATE = EntrySnapshot(
    start=START,
    end=None,
    time_type="work",
    comment=None,
    organization_id=None,
    organization_name=None,
    breaks=(),
)
ENTRY_STATE = replace(CLOCK_STATE, end=START + HOUR, creation_type=None, approval="not_approved_yet")
INVALID_STATE = replace(ENTRY_STATE, creation_type="clock", invalid_reason="It overlaps an approved entry.")
FULL_CLOCK_STATE = replace(FULL_STATE, end=None, creation_type="clock", approval=None, breaks=FULL_CLOCK.breaks)
