"""The vocabulary of the clock: requests, and answers as items with a message, the data and whether it was valid."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.common.errors import IdempotencyKeyReused, ValidationFailed
from fencepost.http.dialect import Dialect, override_statuses
from fencepost.http.fields import Instant, RequestModel, ResponseModel, Text, to_number
from fencepost.http.response import JSON
from fencepost.timeclock.commands import AlreadyClockedIn, ClockRequest, EntryNotSaved
from fencepost.timeclock.errors import OutsideGeofence
from fencepost.timeclock.model import Punch
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.verdicts.schemas import EntryScreenIn, LocationIn, VerdictOut, serialize_verdict, to_entity_ref, to_fix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.common.errors import FencepostError
    from fencepost.timeclock.commands import Outcome
    from fencepost.timeclock.model import Adjustment, Break, RunningClock, TimeEntry
    from fencepost.timeclock.refusals import Exemption
    from fencepost.timeclock.working_time import Span


_IGNORED = {
    "update": ("dateTime",),
    **dict.fromkeys(("break", "stop"), ("organizationId", "organizationName", "timeType")),
}
# The clock's reference knows no 422.
STATUS: Mapping[type[FencepostError], int] = {IdempotencyKeyReused: HTTPStatus.BAD_REQUEST}


class ClockIn(RequestModel):
    @classmethod
    def select_fields(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields that the action looks at; a cancel looks only at its user.

        The others are ignored, right or wrong: a clock must not be kept running by an organization that was removed,
        nor leave that of its start unchecked by its geofence.
        """
        action = fields.get("action")
        if action == "cancel":
            return {name: fields[name] for name in ("action", "userId") if name in fields}
        ignored = _IGNORED.get(action, ()) if isinstance(action, str) else ()
        return {name: value for name, value in fields.items() if name not in ignored}

    action: Literal["start", "break", "stop", "cancel", "update"]
    dateTime: Instant | None = None
    userId: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    timeType: Annotated[str | None, Field(description="At a start, work where it is not given.")] = None
    comment: Annotated[Text, Field(max_length=2_000)] | None = None
    organizationId: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    organizationName: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    entryScreen: EntryScreenIn | None = None
    location: LocationIn | None = None


class ActQuery(RequestModel):
    dryRun: Annotated[
        Literal["true", "false"],
        Field(description="true: the answer tells what would happen, and nothing is written."),
    ] = "false"


class WhoseQuery(RequestModel):
    userId: Annotated[
        str | None, Field(min_length=1, max_length=64, description="The caller, where it is not given.")
    ] = None


class BreakOut(ResponseModel):
    id: str
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    automatic: bool


class RefusedOut(VerdictOut):
    """An exception may be granted under `refusalId`; it is null after a dry run."""

    refusalId: str | None


class LocationOut(ResponseModel):
    latitude: float
    longitude: float
    accuracy: float | None
    capturedAt: str | None


class ExceptionOut(ResponseModel):
    """Why an action was done that a geofence refused."""

    refusalId: str
    grantedBy: str
    grantedAt: str


class PunchOut(ResponseModel):
    """What was claimed and when it came, by whom, where, and what the geofences said of it."""

    action: str
    dateTime: str
    receivedAt: str
    actingUserId: str
    location: LocationOut | None
    flagged: bool
    late: bool
    geofenceVerdict: VerdictOut | None
    exception: ExceptionOut | None


class SpanOut(ResponseModel):
    """What was left of an entry that was in the way, or of its other side under a new id."""

    id: str
    from_: Annotated[str, Field(alias="from")]
    to: str


class PeriodOut(ResponseModel):
    from_: Annotated[str, Field(alias="from")]
    to: str


class AdjustmentOut(ResponseModel):
    """What a rule made of what was punched: of a break, or with a `breakId` of null of the entry's start and end.

    A `before` of null is a break that was put in, an `after` of null one that is gone. Undone from the last to the
    first they give what was punched.
    """

    rule: Literal["rounding", "window", "longest", "automatic_breaks", "limit", "shift_end", "overlap"]
    breakId: str | None
    before: PeriodOut | None
    after: PeriodOut | None


class ClockData(ResponseModel):
    """A running clock (`to` is null) or the time entry that it became."""

    id: str
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    breaks: list[BreakOut]
    comment: str | None
    type: str
    organizationId: str | None
    organizationName: str | None
    userId: str
    category: str
    creationType: str | None
    stoppedBy: str | None
    approval: str | None
    invalidReason: str | None
    punches: list[PunchOut]
    adjustments: list[AdjustmentOut]
    removedEntryIds: list[str]
    trimmedEntries: list[SpanOut]


class ClockItem(ResponseModel):
    message: str
    code: NotRequired[str | None]
    data: ClockData | RefusedOut | None


class ClockAnswer(ResponseModel):
    """`dryRun` is there, and true, where nothing was written."""

    items: list[ClockItem]
    valid: bool
    dryRun: NotRequired[Literal[True] | None]


def request_of(body: ClockIn) -> ClockRequest:
    """Raises Invalid for an update of nothing."""
    changes = (body.timeType, body.comment, body.organizationId, body.organizationName)
    if body.action == "update" and all(change is None for change in changes):
        raise ValidationFailed.field(
            "action", "an update needs organizationId, organizationName, timeType or comment"
        )
    return ClockRequest(
        action=body.action,
        at=body.dateTime,
        user_id=body.userId,
        time_type=body.timeType,
        comment=body.comment,
        organization_id=body.organizationId,
        # With an id the name is passed over, as the reference says.
        organization_name=body.organizationName if body.organizationId is None else None,
        screen=to_entity_ref(body.entryScreen),
        fix=to_fix(body.location) if body.location else None,
    )


def told(outcome: Outcome) -> dict[str, Any]:
    """The answer to an action that was done: a ClockAnswer."""
    if outcome.entry is not None:
        return _answer(outcome.message, None, told_entry(outcome.entry, outcome.removed, outcome.trimmed), valid=True)
    assert outcome.clock is not None
    return told_running(outcome.clock, outcome.message)


def told_running(clock: RunningClock, message: str = "Success") -> dict[str, Any]:
    return _answer(message, None, told_clock(clock), valid=True)


def refused(error: FencepostError, request_id: str) -> dict[str, Any]:
    """The answer to an action that was refused: why in words, and a code for programs."""
    data = None
    if isinstance(error, AlreadyClockedIn):
        data = told_clock(error.clock)
    if isinstance(error, OutsideGeofence):
        data = {**serialize_verdict(error.verdict), "refusalId": error.refusal_id}
    if isinstance(error, EntryNotSaved):
        data = told_entry(error.entry)
    code = "INVALID" if isinstance(error, ValidationFailed) else error.code
    return _answer(str(error), code, data, valid=False)


CLOCK_DIALECT = Dialect(
    render_error=refused, status_of=override_statuses(STATUS), error_schema=ClockAnswer, media_type=JSON
)


def told_entry(
    entry: TimeEntry, removed: Sequence[TimeEntry] = (), trimmed: Sequence[TimeEntry] = ()
) -> dict[str, Any]:
    data = _data(entry, entry.end.isoformat(), entry.category, entry.punches)
    return data | {
        "creationType": entry.creation_type,
        "stoppedBy": entry.stopped_by,
        "approval": entry.approval,
        "invalidReason": entry.invalid_reason,
        "adjustments": [_adjustment(adjustment) for adjustment in entry.adjustments],
        "removedEntryIds": [gone.id for gone in removed],
        "trimmedEntries": [
            {"id": left.id, "from": left.start.isoformat(), "to": left.end.isoformat()} for left in trimmed
        ],
    }


def told_clock(clock: RunningClock) -> dict[str, Any]:
    data = _data(clock, None, CATEGORIES[clock.time_type], clock.punches)
    nothing_yet = dict.fromkeys(("stoppedBy", "approval", "invalidReason"))
    return (
        data | nothing_yet | {"creationType": "clock", "adjustments": [], "removedEntryIds": [], "trimmedEntries": []}
    )


def _data(clock: RunningClock | TimeEntry, to: str | None, category: str, punches: Sequence[Punch]) -> dict[str, Any]:
    return {
        "id": clock.id,
        "from": clock.start.isoformat(),
        "to": to,
        "breaks": [told_break(b) for b in clock.breaks],
        "comment": clock.comment,
        "type": clock.time_type,
        "organizationId": clock.organization_id,
        "organizationName": clock.organization_name,
        "userId": clock.user_id,
        "category": category,
        "punches": [_punch(punch) for punch in punches],
    }


def told_break(b: Break) -> dict[str, Any]:
    to = b.end.isoformat() if b.end else None
    return {"id": b.id, "from": b.start.isoformat(), "to": to, "automatic": b.automatic}


def _punch(punch: Punch) -> dict[str, Any]:
    return {
        "action": punch.action,
        "dateTime": punch.at.isoformat(),
        "receivedAt": punch.received_at.isoformat(),
        "actingUserId": punch.acting_user_id,
        "location": _location(punch),
        "flagged": punch.is_flagged,
        "late": punch.is_late,
        "geofenceVerdict": serialize_verdict(punch.verdict) if punch.verdict else None,
        "exception": _exception(punch.exception) if punch.exception else None,
    }


def _location(punch: Punch) -> dict[str, Any] | None:
    if punch.latitude is None:
        return None
    return {
        "latitude": punch.latitude,
        "longitude": punch.longitude,
        "accuracy": None if punch.accuracy_m is None else to_number(punch.accuracy_m),
        "capturedAt": punch.captured_at.isoformat() if punch.captured_at else None,
    }


def _exception(exemption: Exemption) -> dict[str, Any]:
    return {
        "refusalId": exemption.refusal_id,
        "grantedBy": exemption.by,
        "grantedAt": exemption.at.isoformat(),
    }


def _adjustment(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "rule": adjustment.rule,
        "breakId": adjustment.break_id,
        "before": _period(adjustment.before),
        "after": _period(adjustment.after),
    }


def _period(span: Span | None) -> dict[str, str] | None:
    return {"from": span.start.isoformat(), "to": span.end.isoformat()} if span is not None else None


def _answer(message: str, code: str | None, data: dict[str, Any] | None, *, valid: bool) -> dict[str, Any]:
    item: dict[str, Any] = {"message": message, "data": data}
    if code is not None:
        item["code"] = code
    return {"items": [item], "valid": valid}
