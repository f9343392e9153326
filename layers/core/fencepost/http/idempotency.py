"""The header Idempotency-Key: what was done under a key is not done again, its answer is given again.

Imported when the first request with the header comes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fencepost.common.errors import FencepostError, IdempotencyInProgress, IdempotencyKeyReused
from fencepost.common.logging import logger
from fencepost.http.idempotency_key import idempotency_key_of
from fencepost.http.idempotency_records import Idempotency

if TYPE_CHECKING:
    from collections.abc import Callable

    from fencepost.http.request import AnyRequest

    Answer = dict[str, Any]

# Longer than API Gateway waits for any function.
_WITHOUT_A_CONTEXT = timedelta(seconds=30)
# Clocks differ a little, and what a call sent before it was killed may arrive a little later.
_GRACE = timedelta(seconds=1)


def run_idempotent(request: AnyRequest, run: Callable[[], Answer], context: Any) -> Answer:
    """The answer of `run`, which is kept; or the one that was kept when the same request came before.

    What `run` returns was done, unless its status is a 5xx. What it raises below 500 was refused and not done. Of
    everything else nobody knows, so the same request may run again, and no other may under this key.

    Raises Invalid, IdempotencyKeyReused, IdempotencyInProgress, Busy, and whatever `run` raises.
    """
    key = idempotency_key_of(request)
    now = datetime.now(UTC)
    this = str(uuid4())
    records = Idempotency.records()
    record = records.claim(key, this, now, _deadline(context, now))
    if record is not None:
        if record.digest != key.digest:
            raise IdempotencyKeyReused
        if record.answer is None:
            raise IdempotencyInProgress
        logger.info("replayed")
        return {**record.answer, "headers": record.answer["headers"] | {"Idempotency-Replayed": "true"}}
    try:
        answer = run()
    except Exception as error:
        if isinstance(error, FencepostError) and error.status < 500:
            _settle(lambda: records.forget(key, this))
        else:
            _settle(lambda: records.release(key, this, datetime.now(UTC)))
        raise
    if answer["statusCode"] < 500:
        _settle(lambda: records.keep(key, this, answer, datetime.now(UTC)))
    else:
        _settle(lambda: records.release(key, this, datetime.now(UTC)))
    return answer


def _settle(write: Callable[[], None]) -> None:
    """Write how it ended. That this fails must not take from the caller what is done: the record's time runs out."""
    try:
        write()
    except Exception:  # noqa: BLE001 - see above
        logger.exception("the record of an Idempotency-Key could not be written")


def _deadline(context: Any, now: datetime) -> datetime:
    """When this call is over for certain, whether it has answered or not."""
    left_ms = getattr(context, "get_remaining_time_in_millis", None)
    return now + (timedelta(milliseconds=left_ms()) if left_ms else _WITHOUT_A_CONTEXT) + _GRACE
