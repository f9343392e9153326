"""Offline punches that a phone sends in a batch: each is done once, in the order of the sequence, and has a result.

The result of each punch is recorded in the transaction of its changes, so that a batch, or a part of it, can be
retried at any time. A refusal is a recorded result too: the punch is not done later without its user. After an
exception is granted, the client sends the punch under a new key.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID, uuid5

from fencepost.common.errors import FencepostError, IdempotencyKeyReused, ServiceBusy, ValidationFailed
from fencepost.timeclock.commands import EntryNotSaved, Outcome, ReceiptKey
from fencepost.timeclock.errors import DeadlineExceeded, NoRunningClock
from fencepost.timeclock.ports import ReceiptRepository
from fencepost.timeclock.receipts import AlreadyProcessed, Receipt, RecordedResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.commands import ClockRequest

PunchResult: TypeAlias = Outcome | FencepostError | RecordedResult

MAX_AGE = timedelta(days=30)
# Longer than the oldest punch that is accepted: a punch whose receipt has expired is too old to be done again.
_RETENTION = MAX_AGE + timedelta(days=10)
_NAMESPACE = UUID("8f2b7c54-7f0a-4a0d-9c8e-0a3a2f6c9b17")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflinePunch:
    """A punch that was made `at` an instant; `digest` is different for a different punch under the same key."""

    key: str
    sequence: int
    at: datetime
    digest: str
    request: ClockRequest


@dataclass(frozen=True)
class PunchBatchService:
    """The use case of a batch of offline punches."""

    clock: ClockService
    receipts: ReceiptRepository

    def process(
        self, principal: Principal, punches: Sequence[OfflinePunch], now: datetime, has_time: Callable[[], bool]
    ) -> dict[str, PunchResult]:
        """Do punches in the order of their sequence, and return the result of each by its key.

        Args:
            punches: No two of them have the same key.
            has_time: Whether another punch may begin.
        """
        keys = [punch.key for punch in punches]
        receipts = self.receipts.find(principal.tenant_id, principal.user_id, keys)
        batch = _Batch(self.clock, self.receipts, principal, now, has_time)
        in_order = sorted(punches, key=lambda punch: punch.sequence)
        return {punch.key: batch.process(punch, receipts.get(punch.key)) for punch in in_order}


@dataclass
class _Batch:
    """A batch in progress.

    Attributes:
        is_over: Whether the time is over: after a punch that was not reached, no later punch may be done.
        refused_starts: By user id, a description of the last start if it was refused.
    """

    clock: ClockService
    receipts: ReceiptRepository
    principal: Principal
    now: datetime
    has_time: Callable[[], bool]
    is_over: bool = False
    refused_starts: dict[str, str] = field(default_factory=dict)

    def process(self, punch: OfflinePunch, receipt: Receipt | None) -> PunchResult:
        """Return the recorded result of a punch, or do the punch."""
        if receipt is not None and receipt.key.digest != punch.digest:
            return IdempotencyKeyReused()
        if receipt is not None:
            result = receipt.result
        else:
            self.is_over = self.is_over or not self.has_time()
            if self.is_over:
                return DeadlineExceeded()
            try:
                result = self._act(punch)
            except AlreadyProcessed:
                receipts = self.receipts.find(self.principal.tenant_id, self.principal.user_id, [punch.key])
                return self.process(punch, receipts[punch.key])
            except ServiceBusy:
                self.is_over = True
                return DeadlineExceeded()
        if punch.request.action == "start":
            user_id = self._get_user_id(punch)
            self.refused_starts.pop(user_id, None)
            code = None if isinstance(result, Outcome) else result.code
            if code is not None:
                start = f"the start with the sequence {punch.sequence} was refused, {code}"
                self.refused_starts[user_id] = start
        return result

    def _act(self, punch: OfflinePunch) -> PunchResult:
        """Do a punch or refuse it; either way its receipt is written.

        Raises:
            AlreadyProcessed: The receipt exists.
            ServiceBusy: Too many concurrent actions.
        """
        tenant_id, user_id = self.principal.tenant_id, self.principal.user_id
        key = ReceiptKey(user_id=user_id, key=punch.key, digest=punch.digest, expires_at=self.now + _RETENTION)
        request_key = str(uuid5(_NAMESPACE, f"{tenant_id} {user_id} {punch.key} {punch.digest}"))
        try:
            if self.now - punch.at > MAX_AGE:
                message = f"is more than {MAX_AGE.days} days ago; save a time entry by hand"
                raise ValidationFailed.field("dateTime", message)
            return self.clock.act(self.principal, replace(punch.request, key=request_key, receipt=key), self.now)
        except ServiceBusy:
            raise
        except EntryNotSaved as error:  # its receipt was written with the invalid entry
            return error
        except FencepostError as error:
            refusal = error
            if isinstance(error, NoRunningClock):
                refusal = NoRunningClock(self.refused_starts.get(self._get_user_id(punch)))
            self.receipts.save(tenant_id, Receipt(key=key, result=refusal))
            return refusal

    def _get_user_id(self, punch: OfflinePunch) -> str:
        return punch.request.user_id or self.principal.user_id
