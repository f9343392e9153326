"""The schemas of the clock: requests, and responses with an item, its message, its data and whether it is valid."""

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
    from datetime import datetime

    from fencepost.common.errors import FencepostError
    from fencepost.timeclock.commands import Outcome
    from fencepost.timeclock.model import Break, RunningClock, TimeEntry
    from fencepost.timeclock.working_time import Span


# The fields that an action ignores.
_IGNORED = {
    "update": ("dateTime",),
    **dict.fromkeys(("break", "stop"), ("organizationId", "organizationName", "timeType")),
}
# The reference of the clock has no 422.
STATUS: Mapping[type[FencepostError], int] = {IdempotencyKeyReused: HTTPStatus.BAD_REQUEST}


class ClockIn(RequestModel):
    """A clock action. `userId` defaults to the caller, and `dateTime` to now."""

    @classmethod
    def select_fields(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields that the action looks at; a cancel looks only at its user.

        The others are ignored, right or wrong: a clock must not keep running because of an organization that was
        deleted, and a stop must not evade the geofences of the organization that the start named.
        """
        action = fields.get("action")
        if action == "cancel":
            return {name: fields[name] for name in ("action", "userId") if name in fields}
        ignored = _IGNORED.get(action, ()) if isinstance(action, str) else ()
        return {name: value for name, value in fields.items() if name not in ignored}

    action: Literal["start", "break", "stop", "cancel", "update"]
    dateTime: Instant | None = None
    userId: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    timeType: Annotated[str | None, Field(description="At a start, the default is work.")] = None
    comment: Annotated[Text, Field(max_length=2_000)] | None = None
    organizationId: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    organizationName: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    entryScreen: EntryScreenIn | None = None
    location: LocationIn | None = None


class ClockActionQuery(RequestModel):
    """The query of a clock action."""

    dryRun: Annotated[
        Literal["true", "false"],
        Field(description="true: the response shows what would happen, and nothing is written."),
    ] = "false"


class ClockUserQuery(RequestModel):
    """The query that selects the user of a clock."""

    userId: Annotated[str | None, Field(min_length=1, max_length=64, description="The default is the caller.")] = None


class BreakOut(ResponseModel):
    """A break; `to` is null while it is open, `automatic` is true if a rule added it."""

    id: str
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    automatic: bool


class RefusedVerdictOut(VerdictOut):
    """The verdict of a refused action. An exception is granted under `refusalId`, which is null after a dry run."""

    refusalId: str | None


class PunchLocationOut(ResponseModel):
    """The position that a device reported; `accuracy` is its radius in metres."""

    latitude: float
    longitude: float
    accuracy: float | None
    capturedAt: str | None


class ExceptionOut(ResponseModel):
    """The exception that allowed a refused action."""

    refusalId: str
    grantedBy: str
    grantedAt: str


class PunchOut(ResponseModel):
    """An action: what its user claims, when it arrived, from whom, where, and the verdict of the geofences."""

    action: str
    dateTime: str
    receivedAt: str
    actingUserId: str
    location: PunchLocationOut | None
    flagged: bool
    late: bool
    geofenceVerdict: VerdictOut | None
    exception: ExceptionOut | None


class TrimmedEntryOut(ResponseModel):
    """A remaining piece of an overlapped entry. If two pieces remain, the second has a new id."""

    id: str
    from_: Annotated[str, Field(alias="from")]
    to: str


class PeriodOut(ResponseModel):
    """A half-open span of time."""

    from_: Annotated[str, Field(alias="from")]
    to: str


class AdjustmentOut(ResponseModel):
    """A change that a rule made to a break, or if `breakId` is null to the start and end of the entry.

    If `before` is null, the rule added a break; if `after` is null, it removed one. Undone from the last to the
    first, the adjustments restore what was punched.
    """

    rule: Literal["rounding", "window", "longest", "automatic_breaks", "limit", "shift_end", "overlap"]
    breakId: str | None
    before: PeriodOut | None
    after: PeriodOut | None


class ClockData(ResponseModel):
    """A running clock (`to` is null), or the time entry that it became."""

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
    trimmedEntries: list[TrimmedEntryOut]


class ClockItem(ResponseModel):
    """The outcome of one action; `code` is present if it was refused."""

    message: str
    code: NotRequired[str | None]
    data: ClockData | RefusedVerdictOut | None


class ClockResponse(ResponseModel):
    """The response of the clock; `dryRun` is present, and true, where nothing was written."""

    items: list[ClockItem]
    valid: bool
    dryRun: NotRequired[Literal[True] | None]


def to_clock_request(body: ClockIn) -> ClockRequest:
    """Convert a valid body to a clock action.

    Raises:
        ValidationFailed: An update changes nothing.
    """
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
        # With an id the name is ignored, as in the reference.
        organization_name=body.organizationName if body.organizationId is None else None,
        screen=to_entity_ref(body.entryScreen) if body.entryScreen else None,
        fix=to_fix(body.location) if body.location else None,
    )


def serialize_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return a ClockResponse of an action that was done."""
    if outcome.entry is not None:
        data = serialize_entry(outcome.entry, outcome.removed, outcome.trimmed)
        return _build_response(outcome.message, None, data, valid=True)
    assert outcome.clock is not None
    return serialize_running_clock(outcome.clock, outcome.message)


def serialize_running_clock(clock: RunningClock, message: str = "Success") -> dict[str, Any]:
    """Return a ClockResponse of a running clock."""
    return _build_response(message, None, serialize_clock(clock), valid=True)


def render_error(error: FencepostError, _request_id: str) -> dict[str, Any]:
    """Return a ClockResponse of a refused action: the reason in words, and a code for programs."""
    data = None
    if isinstance(error, AlreadyClockedIn):
        data = serialize_clock(error.clock)
    if isinstance(error, OutsideGeofence):
        data = {**serialize_verdict(error.verdict), "refusalId": error.refusal_id}
    if isinstance(error, EntryNotSaved):
        data = serialize_entry(error.entry)
    return _build_response(str(error), error.code, data, valid=False)


CLOCK_DIALECT = Dialect(
    render_error=render_error, status_of=override_statuses(STATUS), error_schema=ClockResponse, media_type=JSON
)


def serialize_entry(
    entry: TimeEntry, removed: Sequence[TimeEntry] = (), trimmed: Sequence[TimeEntry] = ()
) -> dict[str, Any]:
    """Return a ClockData of a time entry."""
    return {
        **_serialize_details(entry, entry.end),
        "creationType": entry.creation_type,
        "stoppedBy": entry.stopped_by,
        "approval": entry.approval,
        "invalidReason": entry.invalid_reason,
        "adjustments": [
            {
                "rule": adjustment.rule,
                "breakId": adjustment.break_id,
                "before": _serialize_span(adjustment.before),
                "after": _serialize_span(adjustment.after),
            }
            for adjustment in entry.adjustments
        ],
        "removedEntryIds": [other.id for other in removed],
        "trimmedEntries": [
            {"id": other.id, "from": other.start.isoformat(), "to": other.end.isoformat()} for other in trimmed
        ],
    }


def serialize_clock(clock: RunningClock) -> dict[str, Any]:
    """Return a ClockData of a running clock."""
    return {
        **_serialize_details(clock, None),
        "creationType": "clock",
        "stoppedBy": None,
        "approval": None,
        "invalidReason": None,
        "adjustments": [],
        "removedEntryIds": [],
        "trimmedEntries": [],
    }


def serialize_break(break_: Break) -> dict[str, Any]:
    """Return a BreakOut."""
    to = break_.end.isoformat() if break_.end else None
    return {"id": break_.id, "from": break_.start.isoformat(), "to": to, "automatic": break_.automatic}


def _serialize_details(subject: RunningClock | TimeEntry, end: datetime | None) -> dict[str, Any]:
    return {
        "id": subject.id,
        "from": subject.start.isoformat(),
        "to": end.isoformat() if end is not None else None,
        "breaks": [serialize_break(break_) for break_ in subject.breaks],
        "comment": subject.comment,
        "type": subject.time_type,
        "organizationId": subject.organization_id,
        "organizationName": subject.organization_name,
        "userId": subject.user_id,
        "category": CATEGORIES[subject.time_type],
        "punches": [_serialize_punch(punch) for punch in subject.punches],
    }


def _serialize_punch(punch: Punch) -> dict[str, Any]:
    location, exception = None, None
    if punch.latitude is not None:
        location = {
            "latitude": punch.latitude,
            "longitude": punch.longitude,
            "accuracy": None if punch.accuracy_m is None else to_number(punch.accuracy_m),
            "capturedAt": punch.captured_at.isoformat() if punch.captured_at else None,
        }
    if punch.exception is not None:
        exception = {
            "refusalId": punch.exception.refusal_id,
            "grantedBy": punch.exception.granted_by,
            "grantedAt": punch.exception.granted_at.isoformat(),
        }
    return {
        "action": punch.action,
        "dateTime": punch.at.isoformat(),
        "receivedAt": punch.received_at.isoformat(),
        "actingUserId": punch.acting_user_id,
        "location": location,
        "flagged": punch.is_flagged,
        "late": punch.is_late,
        "geofenceVerdict": serialize_verdict(punch.verdict) if punch.verdict else None,
        "exception": exception,
    }


def _serialize_span(span: Span | None) -> dict[str, str] | None:
    return {"from": span.start.isoformat(), "to": span.end.isoformat()} if span is not None else None


def _build_response(message: str, code: str | None, data: dict[str, Any] | None, *, valid: bool) -> dict[str, Any]:
    item: dict[str, Any] = {"message": message, "data": data}
    if code is not None:
        item["code"] = code
    return {"items": [item], "valid": valid}
