"""The header Idempotency-Key: a request that is retried under its key gets the first response again.

Imported when the first request with the header arrives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fencepost.common.errors import FencepostError, IdempotencyInProgress, IdempotencyKeyReused
from fencepost.common.logging import logger
from fencepost.http.idempotency_key import parse_idempotency_key
from fencepost.http.idempotency_records import IdempotencyConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from fencepost.http.request import AnyRequest

    GatewayResponse = dict[str, Any]

# Longer than API Gateway waits for any function.
_MAX_DURATION = timedelta(seconds=30)
# Clocks differ a little, and a call that is killed may have a write on its way.
_GRACE = timedelta(seconds=1)


def run_idempotent(request: AnyRequest, run: Callable[[], GatewayResponse], context: Any) -> GatewayResponse:
    """Return the response of `run` and store it, or return the stored response to the same request.

    A response with a status below 500 is stored. An error below 500 has changed nothing, so it frees the key. After
    any other error the outcome is unknown: the same request may run again, but no other may use the key.

    Raises:
        ValidationFailed: The key is not 1 to 255 visible ASCII characters.
        IdempotencyKeyReused: The key belongs to another request.
        IdempotencyInProgress: Another call processes the same request.
        ServiceBusy: The record changed while it was read.
        Exception: Whatever `run` raises.
    """
    key = parse_idempotency_key(request)
    now = datetime.now(UTC)
    run_id = str(uuid4())
    records = IdempotencyConfig.repository()
    record = records.claim(key, run_id, now, _compute_deadline(context, now))
    if record is not None:
        if record.digest != key.digest:
            raise IdempotencyKeyReused
        if record.response is None:
            raise IdempotencyInProgress
        logger.info("replayed")
        return {**record.response, "headers": record.response["headers"] | {"Idempotency-Replayed": "true"}}
    try:
        response = run()
    except Exception as error:
        if isinstance(error, FencepostError) and error.status < 500:
            _write_outcome(lambda: records.delete(key, run_id))
        else:
            _write_outcome(lambda: records.release(key, run_id, datetime.now(UTC)))
        raise
    if response["statusCode"] < 500:
        _write_outcome(lambda: records.save(key, run_id, response, datetime.now(UTC)))
    else:
        _write_outcome(lambda: records.release(key, run_id, datetime.now(UTC)))
    return response


def _write_outcome(write: Callable[[], None]) -> None:
    """Write the outcome of a run. If that fails, the caller still gets the response, and the record expires."""
    try:
        write()
    except Exception:  # noqa: BLE001 - see above
        logger.exception("the record of an Idempotency-Key could not be written")


def _compute_deadline(context: Any, now: datetime) -> datetime:
    """Return when Lambda has certainly ended this call."""
    get_left_ms = getattr(context, "get_remaining_time_in_millis", None)
    return now + (timedelta(milliseconds=get_left_ms()) if get_left_ms else _MAX_DURATION) + _GRACE
