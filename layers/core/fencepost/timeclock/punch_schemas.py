"""The vocabulary of punches that a phone has kept, and of what geofences refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, ConfigDict, Field

from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.http.fields import DeferredItem, Instant, RequestModel, ResponseModel, Text, to_number, validate
from fencepost.timeclock.clock_schemas import CLOCK_DIALECT, ClockIn, ClockItem, refused, request_of, told
from fencepost.timeclock.commands import EntryNotSaved
from fencepost.timeclock.punch_batch_service import KeptPunch
from fencepost.verdicts.schemas import VerdictOut, serialize_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fencepost.timeclock.commands import Outcome
    from fencepost.timeclock.refusals import Refusal

MAX_ITEMS = 50
_OWN = ("key", "sequence")
_KEY = re.compile(r"[!-~]{1,255}")


def _key(text: str) -> str:
    if _KEY.fullmatch(text) is None:
        raise ValueError("must be 1 to 255 visible ASCII characters, without spaces")
    return text


Key = Annotated[str, AfterValidator(_key), Field(description="Of this punch alone, such as a UUID.")]
Order = Annotated[int, Field(ge=0, le=2**53, description="The order in which the punches were made.")]


class KeptIn(RequestModel):
    """What a PunchIn is known by."""

    model_config = ConfigDict(extra="ignore")

    key: Key
    sequence: Order
    dateTime: Instant


class PunchIn(ClockIn):
    key: Key
    sequence: Order
    dateTime: Instant


class PunchesIn(RequestModel):
    """Each item is looked at by itself: what is wrong with one harms no other."""

    items: Annotated[list[DeferredItem[PunchIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class KeptItem(ClockItem):
    """`status` is what POST /clock would have answered; of `punches` there is this one, without its location."""

    status: int
    key: str | None
    sequence: int | None


class PunchesAnswer(ResponseModel):
    items: list[KeptItem]
    valid: bool


class GrantIn(RequestModel):
    minutes: Annotated[int, Field(ge=1, le=10_080, description="For so long the action can be done, once.")] = 60
    reason: Annotated[Text, Field(max_length=500)] | None = None


class ScreenOut(ResponseModel):
    targetTable: str
    targetId: str


class GrantOut(ResponseModel):
    grantedBy: str
    grantedAt: str
    validUntil: str
    reason: str | None


class RefusalOut(ResponseModel):
    """What a geofence refused, and the exception for it."""

    id: str
    state: Literal["refused", "granted", "used", "expired"]
    userId: str
    action: str
    dateTime: str
    receivedAt: str
    actingUserId: str
    organizationId: str | None
    entryScreen: ScreenOut | None
    accuracy: float | None
    geofenceVerdict: VerdictOut
    exception: GrantOut | None
    usedAt: str | None


class RefusalItem(ResponseModel):
    message: str
    code: NotRequired[str | None]
    data: RefusalOut | None


class RefusalsAnswer(ResponseModel):
    items: list[RefusalItem]
    valid: bool
    nextCursor: NotRequired[str | None]


Row = KeptPunch | ValidationFailed


def rows_of(items: Sequence[Any]) -> list[Row]:
    """Each item as a punch, or what is wrong with it. A key or a sequence that two items have is wrong with both."""
    rows = [_row(item) for item in items]
    keys = Counter(row.key for row in rows if isinstance(row, KeptPunch))
    sequences = Counter(row.sequence for row in rows if isinstance(row, KeptPunch))
    return [_unless_twice(row, keys, sequences) for row in rows]


def _unless_twice(row: Row, keys: Mapping[str, int], sequences: Mapping[int, int]) -> Row:
    if isinstance(row, ValidationFailed):
        return row
    if keys[row.key] > 1:
        return ValidationFailed.field("key", "is that of another item too; give each punch a key of its own")
    if sequences[row.sequence] > 1:
        return ValidationFailed.field("sequence", "is that of another item too; number the punches as they were made")
    return row


def _row(item: Any) -> Row:
    try:
        if not isinstance(item, dict):
            raise ValidationFailed.field("item", "must be an object")
        kept = validate(KeptIn, item)
        said = {name: value for name, value in item.items() if name not in _OWN}
        return KeptPunch(
            key=kept.key,
            sequence=kept.sequence,
            at=kept.dateTime,
            digest=sha256(json.dumps(said, sort_keys=True).encode()).hexdigest(),
            request=request_of(validate(ClockIn, said)),
        )
    except ValidationFailed as error:
        return error


def told_kept(done: Outcome | FencepostError) -> dict[str, Any]:
    """The item of a ClockAnswer, with its status.

    It is kept for weeks: it tells of no other punch, and not where this one was, for that is on the punch alone.
    """
    if not isinstance(done, FencepostError) and done.entry is not None and done.entry.invalid_reason is not None:
        done = EntryNotSaved(done.entry)
    if isinstance(done, FencepostError):
        item: dict[str, Any] = refused(done, "")["items"][0]
        status = CLOCK_DIALECT.status_of(done)
    else:
        item = told(done)["items"][0]
        status = 201 if done.was_edited else 200
    data = item["data"]
    if data is not None and "punches" in data:
        data["punches"] = [{**punch, "location": None} for punch in data["punches"][-1:]]
    return {**item, "status": status}


def told_batch(items: Sequence[Any], rows: Sequence[Row], answers: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A PunchesAnswer, in the order in which the items came."""
    told = [_told_item(item, row, answers) for item, row in zip(items, rows, strict=True)]
    return {"items": told, "valid": all(item["status"] < 400 for item in told)}


def _told_item(item: Any, row: Row, answers: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(row, KeptPunch):
        return {**answers[row.key], "key": row.key, "sequence": row.sequence}
    said = item if isinstance(item, dict) else {}
    key, sequence = said.get("key"), said.get("sequence")
    return {
        **told_kept(row),
        "key": key[:255] if isinstance(key, str) else None,
        "sequence": sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else None,
    }


def told_refusals(refusals: Sequence[Refusal], now: datetime, cursor: str | None = None) -> dict[str, Any]:
    """A RefusalsAnswer."""
    items = [{"message": "Success", "data": _refusal(refusal, now)} for refusal in refusals]
    return {"items": items, "valid": True, "nextCursor": cursor}


def _refusal(refusal: Refusal, now: datetime) -> dict[str, Any]:
    screen, grant = refusal.screen, refusal.grant
    return {
        "id": refusal.id,
        "state": refusal.state(now),
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
            "grantedBy": grant.by,
            "grantedAt": grant.at.isoformat(),
            "validUntil": grant.until.isoformat(),
            "reason": grant.reason,
        }
        if grant
        else None,
        "usedAt": refusal.used_at.isoformat() if refusal.used_at else None,
    }
