"""Phones send offline punches in parts, shuffled, repeatedly and cut off: each punch is done once.

The clock is the real service over a table in memory, which can fail after it has written: an answer that is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.errors import VersionMismatch
from fencepost.timeclock.audit import ClockWrite, EntryWrite
from fencepost.timeclock.clock_service import ClockService
from fencepost.timeclock.commands import ClockRequest
from fencepost.timeclock.model import Punch, RunningClock, TimeEntry
from fencepost.timeclock.ports import ClockContext
from fencepost.timeclock.punch_batch_service import OfflinePunch, PunchBatchService
from fencepost.timeclock.punch_schemas import serialize_punch_result
from fencepost.timeclock.receipts import AlreadyProcessed, Receipt
from fencepost.timeclock.refusals import Refusal
from fencepost.timeclock.settings import TenantSettings
from fencepost.verdicts.model import Fix
from geo.shapes.circle import Circle
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.builders import build_candidate, build_principal

NOW = datetime(2026, 5, 5, 7, tzinfo=UTC)
MORNING = NOW - timedelta(days=1)
EMIL = build_principal("emil", "employee")
GATE = Position(lon=25.0, lat=60.0)
INSIDE, OUTSIDE = Fix(position=GATE), Fix(position=Position(lon=25.0, lat=60.1))
FENCE = build_candidate(geofence_id="gate", name="Gate", shape=Circle(center=GATE, radius_m=100))


class LostAnswer(Exception):
    """It was written, and nobody heard."""


class Memory:
    """The ports of clock, entries, receipts and refusals, for one user; each write is all or nothing."""

    def __init__(self) -> None:
        self.clock: RunningClock | None = None
        self.entries: dict[str, TimeEntry] = {}
        self.receipts: dict[str, Receipt] = {}
        self.refusals: dict[str, Refusal] = {}
        self.done: Counter[str] = Counter()
        self.candidate = FENCE
        self.loses_answer_in = -1

    def load_context(self, *_: Any) -> ClockContext:
        waiting = (one.grant for one in self.refusals.values() if one.grant is not None and one.used_at is None)
        return ClockContext(
            settings=TenantSettings(),
            clock=self.clock,
            calendar_version=0,
            organization_name=None,
            has_screen=False,
            candidates=(self.candidate,),
            grants=tuple(waiting),
        )

    def find_overlapping(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        return [other for other in self.entries.values() if other.overlaps(entry)]

    def save(self, tenant_id: str, write: ClockWrite | EntryWrite | Receipt) -> None:
        if isinstance(write, Receipt):
            self._keep(write)
        elif isinstance(write, ClockWrite):
            self._write(write.before, write.after, write.receipt, write.punch)
        else:
            self._write(write.clock, None, write.receipt, write.changes[0].entry.punches[-1], write)

    def record_refusal(self, tenant_id: str, refusal: Refusal, event: Any, legacy_id: str | None) -> str:
        self.refusals.setdefault(refusal.id, refusal)
        return refusal.id

    def find(self, tenant_id: str, *arguments: Any) -> dict[str, Any]:
        return {key: self.receipts[key] for key in arguments[-1] if key in self.receipts}

    def _write(
        self,
        before: RunningClock | None,
        after: RunningClock | None,
        receipt: Receipt | None,
        punch: Punch | None,
        entries: EntryWrite | None = None,
    ) -> None:
        assert receipt is not None
        if self.clock != before:
            raise VersionMismatch
        if punch is not None and punch.exception is not None:
            refusal = self.refusals[punch.exception.refusal_id]
            assert refusal.used_at is None
            self.refusals[refusal.id] = replace(refusal, used_at=punch.received_at)
        self._keep(receipt)
        self.clock = after
        for change in entries.changes if entries is not None else ():
            if change.after is None:
                del self.entries[change.entry.id]
            else:
                self.entries[change.entry.id] = change.after
        self.done[receipt.key.key] += 1
        self.loses_answer_in -= 1
        if self.loses_answer_in == 0:
            raise LostAnswer

    def _keep(self, receipt: Receipt) -> None:
        if receipt.key.key in self.receipts:
            raise AlreadyProcessed
        self.receipts[receipt.key.key] = receipt


def punches_of(memory: Memory) -> PunchBatchService:
    store: Any = memory
    return PunchBatchService(ClockService(store, store), store)


def punch(number: int, action: str, minute: int, *, inside: bool) -> OfflinePunch:
    at = MORNING + timedelta(minutes=minute)
    request = ClockRequest(action=action, at=at, fix=INSIDE if inside else OUTSIDE, comment=f"no. {number}")
    return OfflinePunch(key=f"k{number}", sequence=number, at=at, digest=str(number), request=request)


def sent(memory: Memory, punches: Sequence[OfflinePunch]) -> dict[str, Any]:
    return process(memory, punches, lambda: True)


def process(memory: Memory, punches: Sequence[OfflinePunch], has_time: Callable[[], bool]) -> dict[str, Any]:
    results = punches_of(memory).process(EMIL, punches, NOW, has_time)
    return {key: serialize_punch_result(result) for key, result in results.items()}


PUNCHES = st.lists(
    st.tuples(
        st.sampled_from(["start", "start", "break", "update", "stop", "stop", "cancel"]),
        st.integers(0, 60),
        st.booleans(),
    ),
    min_size=1,
    max_size=9,
).map(lambda actions: [punch(n, action, minute, inside=inside) for n, (action, minute, inside) in enumerate(actions)])


@given(PUNCHES, st.data())
def test_parts_of_a_batch_in_any_order_again_and_cut_off_do_each_punch_once(
    punches: list[OfflinePunch], data: st.DataObject
) -> None:
    memory = Memory()
    answers: dict[str, Any] = {}
    for _ in range(data.draw(st.integers(1, 5), "deliveries")):
        part = data.draw(st.lists(st.sampled_from(punches), unique_by=lambda one: one.key), "part")
        memory.loses_answer_in = data.draw(st.integers(0, 4), "loses the answer of")
        try:
            results = sent(memory, part)
        except LostAnswer:
            continue
        assert all(answers.setdefault(key, answer) == answer for key, answer in results.items())
    memory.loses_answer_in = -1
    results = sent(memory, punches)
    assert {key: results[key] for key in answers} == answers
    before = (memory.clock, dict(memory.entries))
    assert sent(memory, punches[::-1]) == results
    assert (memory.clock, memory.entries) == before
    assert set(memory.done.values()) <= {1}


@given(PUNCHES, st.data())
def test_an_exception_changes_no_recorded_result(punches: list[OfflinePunch], data: st.DataObject) -> None:
    memory = Memory()
    first, before = sent(memory, punches), (memory.clock, dict(memory.entries))
    for refusal in [*memory.refusals.values()]:
        memory.refusals[refusal.id] = refusal.grant_exception("ada", NOW, timedelta(hours=1), None)
    assert sent(memory, data.draw(st.permutations(punches))) == first
    assert (memory.clock, memory.entries) == before


def test_a_day_that_was_blocked_at_its_start_is_done_whole_under_new_keys_once_an_exception_is_granted() -> None:
    memory = Memory()
    day = [
        punch(1, "start", 0, inside=False),
        punch(2, "break", 30, inside=False),
        punch(3, "stop", 60, inside=False),
    ]
    assert [answer["status"] for answer in sent(memory, day).values()] == [403, 404, 404]
    (refusal,) = memory.refusals.values()
    memory.refusals[refusal.id] = refusal.grant_exception("ada", NOW, timedelta(hours=1), None)
    again = [replace(one, key=f"{one.key}-again") for one in day]
    assert [answer["status"] for answer in sent(memory, again).values()] == [200] * 3
    (entry,) = memory.entries.values()
    assert (len(entry.breaks), entry.end - entry.start) == (1, timedelta(hours=1))


def test_punches_after_one_that_was_not_reached_wait_for_it() -> None:
    memory = Memory()
    day = [punch(1, "start", 0, inside=True), punch(2, "break", 30, inside=True), punch(3, "stop", 60, inside=True)]
    time_left = iter([True, False, True])
    results = process(memory, day, lambda: next(time_left))
    assert [answer["status"] for answer in results.values()] == [200, 503, 503]
    assert [answer["status"] for answer in sent(memory, day).values()] == [200] * 3


def make_start(at: datetime, fix: Fix = INSIDE) -> OfflinePunch:
    return OfflinePunch(
        key="k", sequence=1, at=at, digest="d", request=ClockRequest(action="start", at=at, fix=fix, comment="c")
    )


def test_a_start_on_the_boundary_of_its_geofence_is_done() -> None:
    yard = Polygon(parts=((((25.0, 60.0), (25.01, 60.0), (25.01, 60.01), (25.0, 60.01)),),))
    memory = Memory()
    memory.candidate = replace(FENCE, shape=yard)
    beyond = make_start(MORNING, Fix(position=Position(lon=25.0 - 2e-8, lat=60.005)))
    refused = sent(memory, [replace(beyond, key="beyond")])["beyond"]
    assert (refused["status"], refused["code"], memory.clock) == (403, "GEOFENCE_OUTSIDE", None)
    on_the_corner = make_start(MORNING, Fix(position=Position(lon=25.0, lat=60.0)))  # 0 m from it, exactly
    assert sent(memory, [on_the_corner])["k"]["status"] == 200
    assert memory.clock is not None


def test_a_punch_of_exactly_30_days_ago_is_done_and_an_older_one_is_refused() -> None:
    memory = Memory()
    assert sent(memory, [make_start(NOW - timedelta(days=30))])["k"]["status"] == 200
    assert memory.clock is not None
    memory = Memory()
    refused = sent(memory, [make_start(NOW - timedelta(days=30, microseconds=1))])["k"]
    assert (refused["status"], memory.clock) == (400, None)
    assert "is more than 30 days ago" in str(refused)


def test_a_receipt_is_stored_for_longer_than_a_punch_may_be_old() -> None:
    memory = Memory()
    sent(memory, [make_start(NOW - timedelta(days=30))])
    assert memory.receipts["k"].key.expires_at == NOW + timedelta(days=40)


@pytest.mark.parametrize(
    ("ago", "is_late"),
    [
        (timedelta(minutes=10), False),
        (timedelta(minutes=10, seconds=1), True),
        (timedelta(0), False),
        (timedelta(minutes=-1), False),
    ],
)
def test_a_punch_is_late_after_more_than_10_minutes(ago: timedelta, *, is_late: bool) -> None:
    memory = Memory()
    sent(memory, [make_start(NOW - ago)])
    assert memory.clock is not None
    assert [one.is_late for one in memory.clock.punches] == [is_late]
