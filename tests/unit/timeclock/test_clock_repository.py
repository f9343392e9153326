"""Whatever was sent, a clock fits in an item, and so does the entry that it becomes: it can be stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb.transaction import MAX_ACTIONS, Transaction
from fencepost.timeclock.audit import AuditRecord, ClockWrite, EntryChange, EntryWrite
from fencepost.timeclock.clock_repository import DynamoDBClockRepository
from fencepost.timeclock.commands import ReceiptKey
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from fencepost.timeclock.events import ClockUpdated
from fencepost.timeclock.model import MAX_PUNCHES, Adjustment, Break, Punch, RunningClock, TimeEntry
from fencepost.timeclock.overlaps import MAX_OVERLAPPED, OverlapPolicy, resolve_overlaps
from fencepost.timeclock.punch_schemas import serialize_punch_result
from fencepost.timeclock.receipts import Receipt, RecordedResult
from fencepost.timeclock.refusals import GrantRef
from fencepost.timeclock.working_time import Span
from fencepost.verdicts.model import Finding, Verdict

ID = "00000000-0000-4000-8000-000000000000"
AT = datetime(2026, 5, 4, 9, 0, 0, tzinfo=timezone(timedelta(hours=2)))
NOW = datetime(2026, 5, 4, 9, 0, 0, 123456, tzinfo=UTC)
WIDE = "\N{GRINNING FACE}"  # four bytes
MOST_ITEM_BYTES = 400 * 1024


class Written:
    """A table that only notes what is written."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []

    def write(self, transaction: Transaction) -> None:
        self.transactions.append(transaction)


def largest_punch() -> Punch:
    finding = Finding(
        geofence_id=ID,
        version=10**9,
        name=WIDE * 100,
        assigned_to=EntityRef("travel_entry_guis", "x" * 64),
        is_priority=False,
        edge_distance_m=-12345678.123456789,
        outcome="location_missing",
        min_accuracy_m=123456.789,
        accuracy="too_vague",
    )
    verdict = Verdict(
        code="GEOFENCE_LOCATION_MISSING",
        reason=f"Inside the geofence '{finding.name}', which asks for a more accurate location.",
        rule="any_of_those_that_apply",
        findings=(finding,) * 20,
        decided_by=ID,
    )
    return Punch(
        action="update",
        at=AT,
        received_at=NOW,
        acting_user_id="u" * 64,
        verdict=verdict.shorten(),
        exception=GrantRef(refusal_id=ID, granted_by="u" * 64, granted_at=NOW),
        latitude=-12.123456789012345,
        longitude=-123.12345678901234,
        accuracy_m=123456.789,
        captured_at=AT,
    )


def largest_clock() -> RunningClock:
    return RunningClock(
        id=ID,
        user_id="u" * 64,
        start=AT,
        deadline=AT + timedelta(days=7),
        time_type="work_accident_sickness",
        comment=WIDE * 2_000,
        organization_id="o" * 64,
        organization_name=WIDE * 200,
        breaks=(Break(id=ID, start=AT, end=AT + timedelta(hours=1)),) * (MAX_PUNCHES // 2),
        punches=(largest_punch(),) * MAX_PUNCHES,
        last_fingerprint="f" * 64,
    )


EVENT = ClockUpdated(id=ID, tenant_id="t" * 64, occurred_at=NOW, actor="u" * 64, clock=largest_clock())


def sizes(transaction: Transaction) -> list[int]:
    """The bytes of each item that is put, not fewer than the table counts."""
    puts = [request["Put"]["Item"] for request, _ in transaction.build_writes("table") if "Put" in request]
    return [sum(len(name) + len(next(iter(v.values())).encode()) for name, v in item.items()) for item in puts]


def test_the_largest_clock_fits_and_can_be_cancelled_and_stopped() -> None:
    table, clock = Written(), largest_clock()
    clocks: Any = DynamoDBClockRepository(table, None, None, serialize_punch_result)  # type: ignore[arg-type]  # writes only
    for after in (clock.add_punch(largest_punch()), None):
        snapshot = after.take_snapshot() if after is not None else None
        record = AuditRecord(number=2, action="updated", at=NOW, actor="u" * 64, reason=None, after=snapshot)
        write = ClockWrite(before=clock, after=after, event=EVENT, record=record, punch=largest_punch())
        clocks.save("t" * 64, write)
    entry = clock.add_punch(largest_punch()).stop(AT + timedelta(hours=9), stopped_by="user")
    span = Span(start=AT, end=AT + timedelta(hours=1))
    adjustment = Adjustment(rule="automatic_breaks", break_id=ID, before=span, after=span)
    # Three rules may change each break.
    entry = replace(entry, adjustments=(adjustment,) * (3 * MAX_PUNCHES // 2))
    stop = EntryChange(before=None, after=entry, action="stopped")
    entries: Any = DynamoDBEntryRepository(table, serialize_punch_result)  # type: ignore[arg-type]  # a fake
    entries.save("t" * 64, EntryWrite(changes=(stop,), event=EVENT, clock=clock))
    assert max(size for transaction in table.transactions for size in sizes(transaction)) < MOST_ITEM_BYTES


@pytest.mark.parametrize("policy", get_args(OverlapPolicy))
def test_a_stop_by_exception_from_a_phone_over_all_that_it_may_overlap_is_one_transaction(
    policy: OverlapPolicy,
) -> None:
    table, minute = Written(), timedelta(minutes=1)
    clock = RunningClock(id=ID, user_id="u", start=AT, deadline=AT + timedelta(days=1), punches=(largest_punch(),))
    entry = clock.stop(AT + (MAX_OVERLAPPED - 1) * minute, stopped_by="user")
    others = [
        TimeEntry(
            id=f"e{n}", user_id="u", time_type="work", start=AT + (n - 0.5) * minute, end=AT + (n + 0.5) * minute
        )
        for n in range(MAX_OVERLAPPED)
    ]
    assert all(other.overlaps(entry) for other in others)
    resolution = resolve_overlaps(entry, others, policy, lambda: "new")
    receipt = Receipt(
        key=ReceiptKey(user_id="u", key="k", digest="d", expires_at=NOW), result=RecordedResult(values={})
    )
    stop = EntryChange(before=None, after=entry, action="stopped")
    write = EntryWrite(
        changes=(stop, *resolution.changes), event=EVENT, clock=clock, calendar=("u", 1), receipt=receipt
    )
    DynamoDBEntryRepository(table, serialize_punch_result).save("t", write)  # type: ignore[arg-type]  # a fake
    (transaction,) = table.transactions
    assert len(transaction) <= MAX_ACTIONS
    if policy != "refuse":
        assert len(transaction) >= 99
    # By hand, and moved in time, it asks for the user too.
    move_span = EntryChange(before=replace(entry, start=entry.start - minute), after=entry, action="edited")
    by_hand = EntryWrite(changes=(move_span, *resolution.changes), event=EVENT, calendar=("u", 1), user_id="u")
    DynamoDBEntryRepository(table, serialize_punch_result).save("t", by_hand)  # type: ignore[arg-type]  # a fake
    assert len(table.transactions[-1]) <= MAX_ACTIONS
