"""The schemas of offline punches, sent in a batch, and of the actions that geofences refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, ConfigDict, Field

from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.http.fields import DeferredItem, Instant, RequestModel, ResponseModel, Text, to_number, validate
from fencepost.timeclock.clock_schemas import (
    CLOCK_DIALECT,
    ClockIn,
    ClockItem,
    render_error,
    serialize_outcome,
    to_clock_request,
)
from fencepost.timeclock.commands import EntryNotSaved, Outcome
from fencepost.timeclock.punch_batch_service import OfflinePunch, PunchResult
from fencepost.timeclock.receipts import RecordedResult
from fencepost.verdicts.schemas import VerdictOut, serialize_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fencepost.timeclock.refusals import Refusal

MAX_ITEMS = 50
_IDENTITY_FIELDS = ("key", "sequence")
_KEY = re.compile(r"[!-~]{1,255}")


def _check_key(text: str) -> str:
    if _KEY.fullmatch(text) is None:
        raise ValueError("must be 1 to 255 visible ASCII characters, without spaces")
    return text


PunchKey = Annotated[str, AfterValidator(_check_key), Field(description="Of this punch alone, such as a UUID.")]
PunchSequence = Annotated[int, Field(ge=0, le=2**53, description="The order in which the punches were made.")]


class OfflinePunchIn(RequestModel):
    """What identifies an offline punch."""

    model_config = ConfigDict(extra="ignore")

    key: PunchKey
    sequence: PunchSequence
    dateTime: Instant


class PunchIn(ClockIn):
    """An offline punch: a clock action with its key, its place in the sequence, and its time."""

    key: PunchKey
    sequence: PunchSequence
    dateTime: Instant


class PunchesIn(RequestModel):
    """Each item is validated by itself: an error in one does not affect the others."""

    items: Annotated[list[DeferredItem[PunchIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class OfflinePunchItem(ClockItem):
    """`status` is that of POST /clock; `punches` contains only this one, without its location."""

    status: int
    key: str | None
    sequence: int | None


class PunchesResponse(ResponseModel):
    """The result of each punch, in the order of the request."""

    items: list[OfflinePunchItem]
    valid: bool


class GrantIn(RequestModel):
    """The terms of an exception."""

    minutes: Annotated[int, Field(ge=1, le=10_080, description="How long the action can be done, once.")] = 60
    reason: Annotated[Text, Field(max_length=500)] | None = None


class EntryScreenOut(ResponseModel):
    """The entry screen at which a user acted."""

    targetTable: str
    targetId: str


class GrantOut(ResponseModel):
    """The exception that was granted for a refusal."""

    grantedBy: str
    grantedAt: str
    validUntil: str
    reason: str | None


class RefusalOut(ResponseModel):
    """A refused action, and its exception."""

    id: str
    state: Literal["refused", "granted", "used", "expired"]
    userId: str
    action: str
    dateTime: str
    receivedAt: str
    actingUserId: str
    organizationId: str | None
    entryScreen: EntryScreenOut | None
    accuracy: float | None
    geofenceVerdict: VerdictOut
    exception: GrantOut | None
    usedAt: str | None


class RefusalItem(ResponseModel):
    """One refusal with its message."""

    message: str
    code: NotRequired[str | None]
    data: RefusalOut | None


class RefusalsResponse(ResponseModel):
    """A page of refusals, newest first; `nextCursor` is null on the last page."""

    items: list[RefusalItem]
    valid: bool
    nextCursor: NotRequired[str | None]


def parse_punches(items: Sequence[Any]) -> list[OfflinePunch | ValidationFailed]:
    """Return each item as a punch, or its error. Items that share a key or a sequence are errors."""
    rows = [_parse_punch(item) for item in items]
    keys = Counter(row.key for row in rows if isinstance(row, OfflinePunch))
    sequences = Counter(row.sequence for row in rows if isinstance(row, OfflinePunch))
    for index, row in enumerate(rows):
        if isinstance(row, OfflinePunch):
            if keys[row.key] > 1:
                message = "is that of another item too; give each punch a key of its own"
                rows[index] = ValidationFailed.field("key", message)
            elif sequences[row.sequence] > 1:
                message = "is that of another item too; number the punches as they were made"
                rows[index] = ValidationFailed.field("sequence", message)
    return rows


def _parse_punch(item: Any) -> OfflinePunch | ValidationFailed:
    try:
        if not isinstance(item, dict):
            raise ValidationFailed.field("item", "must be an object")
        identity = validate(OfflinePunchIn, item)
        body = {name: value for name, value in item.items() if name not in _IDENTITY_FIELDS}
        return OfflinePunch(
            key=identity.key,
            sequence=identity.sequence,
            at=identity.dateTime,
            digest=sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
            request=to_clock_request(validate(ClockIn, body)),
        )
    except ValidationFailed as error:
        return error


def serialize_punch_result(result: PunchResult) -> dict[str, Any]:
    """Return the item of a ClockResponse, with its status.

    A receipt stores it for weeks: so it contains no other punch, and not the location of this one, which is stored
    with the punch alone.
    """
    if isinstance(result, RecordedResult):
        return dict(result.values)
    if isinstance(result, Outcome) and result.entry is not None and result.entry.invalid_reason is not None:
        result = EntryNotSaved(result.entry)
    if isinstance(result, FencepostError):
        item: dict[str, Any] = render_error(result, "")["items"][0]
        status = CLOCK_DIALECT.status_of(result)
    else:
        item = serialize_outcome(result)["items"][0]
        status = 201 if result.has_side_effects else 200
    data = item["data"]
    if data is not None and "punches" in data:
        data["punches"] = [{**punch, "location": None} for punch in data["punches"][-1:]]
    return {**item, "status": status}


def serialize_batch(
    items: Sequence[Any],
    rows: Sequence[OfflinePunch | ValidationFailed],
    results: Mapping[str, PunchResult],
) -> dict[str, Any]:
    """Return a PunchesResponse, in the order of the items."""
    serialized = []
    for item, row in zip(items, rows, strict=True):
        if isinstance(row, OfflinePunch):
            result = serialize_punch_result(results[row.key])
            serialized.append({**result, "key": row.key, "sequence": row.sequence})
            continue
        values = item if isinstance(item, dict) else {}
        key, sequence = values.get("key"), values.get("sequence")
        serialized.append(
            {
                **serialize_punch_result(row),
                "key": key[:255] if isinstance(key, str) else None,
                "sequence": sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else None,
            }
        )
    return {"items": serialized, "valid": all(item["status"] < 400 for item in serialized)}


def serialize_refusals(refusals: Sequence[Refusal], now: datetime, cursor: str | None = None) -> dict[str, Any]:
    """Return a RefusalsResponse."""
    items = [{"message": "Success", "data": _serialize_refusal(refusal, now)} for refusal in refusals]
    return {"items": items, "valid": True, "nextCursor": cursor}


def _serialize_refusal(refusal: Refusal, now: datetime) -> dict[str, Any]:
    screen, grant = refusal.screen, refusal.grant
    return {
        "id": refusal.id,
        "state": refusal.find_state(now),
        "userId": refusal.user_id,
        "action": refusal.action,
        "dateTime": refusal.at.isoformat(),
        "receivedAt": refusal.received_at.isoformat(),
        "actingUserId": refusal.acting_user_id,
        "organizationId": refusal.organization_id,
        "entryScreen": {"targetTable": screen.target_table, "targetId": screen.target_id} if screen else None,
        "accuracy": None if refusal.accuracy_m is None else to_number(refusal.accuracy_m),
        "geofenceVerdict": serialize_verdict(refusal.verdict),
        "exception": {
            "grantedBy": grant.granted_by,
            "grantedAt": grant.granted_at.isoformat(),
            "validUntil": grant.valid_until.isoformat(),
            "reason": grant.reason,
        }
        if grant
        else None,
        "usedAt": refusal.used_at.isoformat() if refusal.used_at else None,
    }
