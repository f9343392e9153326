"""Punches that a phone has kept: done in the order of their sequence, each once, each with an answer of its own.

What was answered under a key is kept with what was done, so that a batch, or a part of it, may come again at any
time. A refusal is an answer as any other: what was refused then is not done later behind its user's back. What may be
done by an exception comes again under a key of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid5

from fencepost.common.errors import FencepostError, IdempotencyKeyReused, ServiceBusy, ValidationFailed
from fencepost.timeclock.commands import EntryNotSaved
from fencepost.timeclock.errors import DeadlineExceeded, NoRunningClock
from fencepost.timeclock.receipts import AlreadyProcessed, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.commands import ClockRequest, Outcome

    Answer = dict[str, Any]
    Tell = Callable[[Outcome | FencepostError], Answer]

OLDEST = timedelta(days=30)
# Longer than the oldest punch that is taken: what has no receipt any more is too old to be done again.
_KEPT_FOR = OLDEST + timedelta(days=10)
_NAMESPACE = UUID("8f2b7c54-7f0a-4a0d-9c8e-0a3a2f6c9b17")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPunch:
    """`at` is when it was made; `digest` tells it from another one that comes under the same key."""

    key: str
    sequence: int
    at: datetime
    digest: str
    request: ClockRequest


class ReceiptRepository(Protocol):
    """The port to where it is kept what was answered."""

    def find(self, tenant_id: str, user_id: str, wanted: Sequence[str]) -> dict[str, Receipt]: ...
    def put(self, tenant_id: str, receipt: Receipt) -> None: ...


@dataclass(frozen=True)
class PunchService:
    """`tell` makes the answer of what was done or refused: plain values, with a `code` where it was refused."""

    clock: ClockService
    receipts: ReceiptRepository

    def apply(
        self,
        principal: Principal,
        punches: Sequence[KeptPunch],
        now: datetime,
        tell: Tell,
        has_time: Callable[[], bool],
    ) -> dict[str, Answer]:
        """The answer to each by its key; the keys are all different."""
        there = self.receipts.find(principal.tenant_id, principal.user_id, [punch.key for punch in punches])
        batch = _Batch(self.clock, self.receipts, principal, now, tell, has_time)
        in_order = sorted(punches, key=lambda punch: punch.sequence)
        return {punch.key: batch.answer(punch, there.get(punch.key)) for punch in in_order}


@dataclass
class _Batch:
    clock: ClockService
    receipts: ReceiptRepository
    principal: Principal
    now: datetime
    tell: Tell
    has_time: Callable[[], bool]
    is_over: bool = False
    """Nothing more is done: what comes later in the sequence must not be done before what was not reached."""
    refused_start: dict[str, str] = field(default_factory=dict)
    """By user the last start, in words, where it was refused."""

    def answer(self, punch: KeptPunch, receipt: Receipt | None) -> Answer:
        if receipt is not None and receipt.digest != punch.digest:
            return self.tell(IdempotencyKeyReused())
        if receipt is None:
            self.is_over = self.is_over or not self.has_time()
            if self.is_over:
                return self.tell(DeadlineExceeded())
            try:
                receipt = self._done(punch)
            except AlreadyProcessed:
                there = self.receipts.find(self.principal.tenant_id, self.principal.user_id, [punch.key])
                return self.answer(punch, there[punch.key])
            except ServiceBusy:
                self.is_over = True
                return self.tell(DeadlineExceeded())
        answer: Answer = json.loads(receipt.answer)
        self._remember(punch, answer)
        return answer

    def _done(self, punch: KeptPunch) -> Receipt:
        """Do it, or have it refused; either way it is kept. Raises DoneBefore, Busy."""

        def receipt(told: Outcome | FencepostError) -> Receipt:
            return Receipt(
                user_id=self.principal.user_id,
                key=punch.key,
                digest=punch.digest,
                answer=json.dumps(self.tell(told), ensure_ascii=False, separators=(",", ":")),
                kept_until=self.now + _KEPT_FOR,
            )

        said = f"{self.principal.tenant_id} {self.principal.user_id} {punch.key} {punch.digest}"
        request = replace(punch.request, key=str(uuid5(_NAMESPACE, said)), receipt=receipt)
        try:
            if self.now - punch.at > OLDEST:
                raise ValidationFailed.field(
                    "dateTime", f"is more than {OLDEST.days} days ago; save a time entry by hand"
                )
            return receipt(self.clock.act(self.principal, request, self.now))
        except ServiceBusy:
            raise
        except EntryNotSaved as error:  # kept with the invalid entry
            return receipt(error)
        except FencepostError as error:
            refused = receipt(self._in_words(punch, error))
            self.receipts.put(self.principal.tenant_id, refused)
            return refused

    def _in_words(self, punch: KeptPunch, error: FencepostError) -> FencepostError:
        start = self.refused_start.get(self._user(punch))
        return NoRunningClock(start) if isinstance(error, NoRunningClock) and start is not None else error

    def _remember(self, punch: KeptPunch, answer: Answer) -> None:
        user_id = self._user(punch)
        if punch.request.action == "start":
            self.refused_start.pop(user_id, None)
            if "code" in answer:
                told = f"the start with the sequence {punch.sequence} was refused, {answer['code']}"
                self.refused_start[user_id] = told

    def _user(self, punch: KeptPunch) -> str:
        return punch.request.user_id or self.principal.user_id
