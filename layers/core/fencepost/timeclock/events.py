"""The events of clocks, time entries and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from fencepost.common.events import Event, EventId, EventTime
from fencepost.timeclock.working_time import StopsAt

if TYPE_CHECKING:
    from fencepost.timeclock.model import RunningClock, TimeEntry
    from fencepost.timeclock.refusals import Refusal

StoppedBy = Literal["user", "limit", "shift_end"]
RefusedAction = Literal["start", "break", "stop", "update"]
EntryAction = Literal["created", "edited", "resubmitted", "restored"]
RemovedEntryIds = Annotated[list[EventId], Field(description="The overlapped entries that were removed.")]
TrimmedEntryIds = Annotated[list[EventId], Field(description="The overlapped entries that were shortened.")]
InvalidReason = Annotated[str | None, Field(description="The reason why the entry does not count.")]

# `from` is a keyword of Python, so the classes that have it are made by calls.
ClockPayload = TypedDict(
    "ClockPayload",
    {
        "clockId": EventId,
        "userId": str,
        "from": EventTime,
        "timeType": str,
        "organizationId": str | None,
    },
)
EntryPayload = TypedDict("EntryPayload", {"entryId": EventId, "userId": str, "from": EventTime, "to": EventTime})


class ClockStoppedPayload(ClockPayload):
    """The payload of a stopped clock."""

    to: EventTime
    stoppedBy: StoppedBy
    removedEntryIds: RemovedEntryIds
    trimmedEntryIds: TrimmedEntryIds
    invalidReason: InvalidReason


class ClockRemindedPayload(ClockPayload):
    """The payload of a reminder."""

    stopsAt: EventTime
    stopsBy: StopsAt


class EntrySavedPayload(EntryPayload):
    """The payload of a saved entry."""

    action: EntryAction
    invalidReason: InvalidReason
    removedEntryIds: NotRequired[RemovedEntryIds]
    trimmedEntryIds: NotRequired[TrimmedEntryIds]


class EntriesPayload(TypedDict):
    """The payload of entries that were changed together."""

    entries: Annotated[list[EntryPayload], Field(description="Each entry of the transaction.")]


class RefusalPayload(TypedDict):
    """The fields that the payloads of refusals have in common."""

    refusalId: EventId
    userId: str
    action: RefusedAction
    dateTime: Annotated[EventTime, Field(description="When the user acted.")]


class ClockActionRefusedPayload(RefusalPayload):
    """The payload of a refused action."""

    code: Annotated[str, Field(description="The code of the verdict.")]
    geofenceIds: Annotated[list[EventId], Field(description="The geofences that the verdict considered.")]


class ExceptionGrantedPayload(RefusalPayload):
    """The payload of a granted exception."""

    validUntil: EventTime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvent(Event):
    """A running clock was changed. Its change history records `audit_action`."""

    audit_action: ClassVar[str]

    clock: RunningClock

    def data(self) -> ClockPayload:
        return {
            "clockId": self.clock.id,
            "userId": self.clock.user_id,
            "from": self.clock.start.isoformat(),
            "timeType": self.clock.time_type,
            "organizationId": self.clock.organization_id,
        }


class ClockStarted(ClockEvent):
    """A clock was started."""

    type, audit_action = "clock.started", "started"


class ClockBreakStarted(ClockEvent):
    """A break was started."""

    type, audit_action = "clock.break_started", "break_started"


class ClockBreakEnded(ClockEvent):
    """The break was ended."""

    type, audit_action = "clock.break_ended", "break_ended"


class ClockUpdated(ClockEvent):
    """The organization, time type or comment was changed. The payload has the new values."""

    type, audit_action = "clock.updated", "updated"


class ClockCancelled(ClockEvent):
    """The clock was discarded."""

    type, audit_action = "clock.cancelled", "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReminded(ClockEvent):
    """A clock will soon be stopped automatically; its user should stop it."""

    type, audit_action = "clock.reminded", "reminded"

    def data(self) -> ClockRemindedPayload:
        return {
            # `super()` does not work in a dataclass with slots.
            **ClockEvent.data(self),
            "stopsAt": self.clock.deadline.isoformat(),
            "stopsBy": self.clock.stops_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped(ClockEvent):
    """The clock became a time entry with the same id."""

    type, audit_action = "clock.stopped", "stopped"

    entry: TimeEntry
    removed: tuple[TimeEntry, ...]
    trimmed: tuple[TimeEntry, ...]

    def data(self) -> ClockStoppedPayload:
        return {
            **ClockEvent.data(self),
            "to": self.entry.end.isoformat(),
            "stoppedBy": cast("StoppedBy", self.entry.stopped_by),
            "removedEntryIds": [entry.id for entry in self.removed],
            "trimmedEntryIds": [entry.id for entry in self.trimmed],
            "invalidReason": self.entry.invalid_reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySaved(Event):
    """An entry was saved by hand, resubmitted or restored.

    An entry that does not count removes and trims no others, so its payload has no `removedEntryIds`.
    """

    type = "entry.saved"

    entry: TimeEntry
    action: str
    removed: tuple[TimeEntry, ...] = ()
    trimmed: tuple[TimeEntry, ...] = ()

    def data(self) -> EntrySavedPayload:
        payload = {
            **_describe_entry(self.entry),
            "action": self.action,
            "invalidReason": self.entry.invalid_reason,
        }
        if self.entry.invalid_reason is None:
            payload |= {
                "removedEntryIds": [entry.id for entry in self.removed],
                "trimmedEntryIds": [entry.id for entry in self.trimmed],
            }
        return cast("EntrySavedPayload", payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesEvent(Event):
    """Entries were changed in one transaction. The change history of each records `audit_action`."""

    audit_action: ClassVar[str]

    entries: tuple[TimeEntry, ...]

    def data(self) -> EntriesPayload:
        return {"entries": [_describe_entry(entry) for entry in self.entries]}


class EntriesDeleted(EntriesEvent):
    """Entries were deleted, in one transaction."""

    type, audit_action = "entries.deleted", "deleted"


class EntriesApproved(EntriesEvent):
    """Entries were approved, in one transaction."""

    type, audit_action = "entries.approved", "approved"


class EntriesDisapproved(EntriesEvent):
    """Entries were disapproved, in one transaction."""

    type, audit_action = "entries.disapproved", "disapproved"


class EntriesReopened(EntriesEvent):
    """Entries were reopened, in one transaction."""

    type, audit_action = "entries.reopened", "reopened"


class EntriesExported(EntriesEvent):
    """Entries were exported, in one transaction."""

    type, audit_action = "entries.exported", "exported"


# The event of a new approval state.
APPROVAL_EVENTS: dict[str, type[EntriesEvent]] = {
    "approved": EntriesApproved,
    "disapproved": EntriesDisapproved,
    "not_approved_yet": EntriesReopened,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockActionRefused(Event):
    """A geofence refused an action."""

    type = "clock.refused"

    refusal: Refusal

    def data(self) -> ClockActionRefusedPayload:
        return {
            **_describe_refusal(self.refusal),
            "code": self.refusal.verdict.code,
            "geofenceIds": [finding.geofence_id for finding in self.refusal.verdict.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionGranted(Event):
    """An approver allowed a refused action once."""

    type = "clock.exception_granted"

    refusal: Refusal

    def data(self) -> ExceptionGrantedPayload:
        grant = self.refusal.grant
        assert grant is not None
        return {
            **_describe_refusal(self.refusal),
            "validUntil": grant.valid_until.isoformat(),
            "reason": grant.reason,
        }


def _describe_entry(entry: TimeEntry) -> EntryPayload:
    return {
        "entryId": entry.id,
        "userId": entry.user_id,
        "from": entry.start.isoformat(),
        "to": entry.end.isoformat(),
    }


def _describe_refusal(refusal: Refusal) -> RefusalPayload:
    return {
        "refusalId": refusal.id,
        "userId": refusal.user_id,
        "action": cast("RefusedAction", refusal.action),
        "dateTime": refusal.at.isoformat(),
    }
