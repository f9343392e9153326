"""Every way in which a request can be refused. An error states facts and knows its status.

FencepostError
├── Invalid                     something the caller sent is wrong, field by field
├── Forbidden                   a right is missing
├── NotFound                    it does not exist, or is another tenant's: nobody can tell which
├── NameTaken                   another geofence of the tenant has this name
├── QuotaReached                the tenant has as many geofences as it may
├── StillAssigned               geofences are assigned to what was to be deleted
├── HeldByEntities              it is assigned to entities of the directory
├── StillRunning                a clock runs for what was to be deleted
├── VersionMismatch             it was changed since the caller read it
├── Crowded                     the positions asked for are among too many geofences to answer at once
├── Busy                        too many changes of the same thing at once; the same call may be sent again
├── NotReached                  the call was over before it; it may be sent again
├── IdempotencyKeyReused        its Idempotency-Key belongs to another request
├── IdempotencyInProgress       the request with this Idempotency-Key is being worked on
└── ClockRefused                what the clock cannot do now
    ├── AlreadyClockedIn
    ├── NoRunningClock
    ├── WrongOrder              an instant that comes before the one it must follow
    ├── OutsideGeofence         a geofence applies and does not allow it
    ├── EntryNotSaved           the clock is stopped, but its time could not become a valid entry
    ├── EntryOverlaps           an entry cannot stand where others are
    ├── EntryFinal              an approved or exported entry is not changed
    ├── EntryState              it is running, invalid or removed, and what was asked is for others
    └── RefusalUsed             the exception that was granted has been made use of
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.domain.clock import RunningClock, TimeEntry
    from fencepost.domain.geofence import Assignment
    from fencepost.domain.verdict import Verdict


class FencepostError(Exception):
    """The base of all errors that a caller sees.

    Attributes:
        code: Identifies the error to programs; the message is for people.
        status: The HTTP status of a response with this error.
        extensions: Further members of the problem, by their names in JSON (RFC 9457, 3.2).
    """

    code = "FENCEPOST_ERROR"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    extensions: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong, under the name that the caller used."""

    field: str
    message: str


class Invalid(FencepostError):
    """
    >>> Invalid.field("latitude", "is missing").errors
    (FieldError(field='latitude', message='is missing'),)
    """

    code, status = "INVALID", HTTPStatus.BAD_REQUEST

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        self.extensions = {"errors": [{"field": error.field, "message": error.message} for error in self.errors]}
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))

    @classmethod
    def field(cls, field: str, message: str) -> Invalid:
        return cls([FieldError(field, message)])


class Forbidden(FencepostError):
    code, status = "FORBIDDEN", HTTPStatus.FORBIDDEN

    def __init__(self, right: str) -> None:
        self.right = right
        super().__init__(f"Your roles do not include the right '{right}'.")


class NotFound(FencepostError):
    code, status = "NOT_FOUND", HTTPStatus.NOT_FOUND

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"There is no such {what}.")


class NameTaken(FencepostError):
    code, status = "NAME_TAKEN", HTTPStatus.CONFLICT

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"A geofence named '{name}' exists already; names are unique whatever their case.")


class QuotaReached(FencepostError):
    code, status = "GEOFENCE_QUOTA_REACHED", HTTPStatus.PAYMENT_REQUIRED

    def __init__(self, limit: int, count: int) -> None:
        self.limit, self.count = limit, count
        self.extensions = {"limit": limit, "count": count}
        self.room = max(0, limit - count)
        super().__init__(f"The limit is {limit:,} geofences, and there are {count:,}. Delete some or have it raised.")


class StillAssigned(FencepostError):
    """`geofences` are the ids and names of those that are assigned."""

    code, status = "STILL_ASSIGNED", HTTPStatus.CONFLICT

    def __init__(self, what: str, geofences: Sequence[tuple[str, str]]) -> None:
        self.geofences = tuple(geofences)
        self.extensions = {"geofences": [{"id": geofence_id, "name": name} for geofence_id, name in self.geofences]}
        named = ", ".join(f"'{name}'" for _, name in self.geofences[:5])
        more = f" and {len(self.geofences) - 5} more" if len(self.geofences) > 5 else ""
        super().__init__(
            f"Geofences are assigned to this {what}: {named}{more}. Take the assignments away, or delete with "
            "cascade=true."
        )


class HeldByEntities(FencepostError):
    code, status = "HELD_BY_ENTITIES", HTTPStatus.CONFLICT

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self.assignments = tuple(assignments)
        named = ", ".join(f"{a.target_id} in {a.target_table}" for a in self.assignments[:5])
        more = f" and {len(self.assignments) - 5} more" if len(self.assignments) > 5 else ""
        super().__init__(f"It is assigned to {named}{more}. Take the assignments away first.")


class StillRunning(FencepostError):
    code, status = "CLOCK_RUNNING", HTTPStatus.CONFLICT

    def __init__(self) -> None:
        super().__init__("The user's clock is running. Stop or cancel it first.")


class VersionMismatch(FencepostError):
    code, status = "VERSION_MISMATCH", HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__(
            "It was changed since you read it. Read it again and repeat the change on what is there now."
        )


class Crowded(FencepostError):
    code, status = "CROWDED", HTTPStatus.BAD_REQUEST

    def __init__(self, how: str) -> None:
        super().__init__(f"The positions together {how}; send fewer at once.")


class Busy(FencepostError):
    code, status = "BUSY", HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Too many changes at once, or no answer in time. Send the same request again in a moment.")


class NotReached(FencepostError):
    code, status = "NOT_REACHED", HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The time of the call was over before this. Send it again, with what comes after it.")


class IdempotencyKeyReused(FencepostError):
    code, status = "IDEMPOTENCY_KEY_REUSED", HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key came with another request in the last 24 hours. Give each request a key of its own."
        )


class IdempotencyInProgress(FencepostError):
    code, status = "IDEMPOTENCY_IN_PROGRESS", HTTPStatus.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The request with this Idempotency-Key is being worked on. Send it again in a moment for its answer."
        )


class ClockRefused(FencepostError):
    code, status = "CLOCK_REFUSED", HTTPStatus.BAD_REQUEST


class AlreadyClockedIn(ClockRefused):
    code = "CLOCK_ALREADY_RUNNING"

    def __init__(self, clock: RunningClock) -> None:
        self.clock = clock
        super().__init__("A clock is running already. Stop or cancel it first.")


class NoRunningClock(ClockRefused):
    code, status = "NO_RUNNING_CLOCK", HTTPStatus.NOT_FOUND

    def __init__(self, because: str | None = None) -> None:
        super().__init__(f"No clock is running: {because}." if because is not None else "No clock is running.")


class WrongOrder(ClockRefused):
    code = "WRONG_ORDER"


class EntryNotSaved(ClockRefused):
    """The clock has become an invalid entry, which is kept and can be deleted."""

    code = "ENTRY_NOT_SAVED"

    def __init__(self, entry: TimeEntry) -> None:
        self.entry = entry
        super().__init__(f"The clock is stopped, but its time could not be saved: {entry.invalid_reason}")


class EntryOverlaps(ClockRefused):
    """Nothing was changed."""

    code = "ENTRY_OVERLAPS"

    def __init__(self, why_not: str) -> None:
        super().__init__(f"The entry could not be saved: {why_not}")


class EntryFinal(ClockRefused):
    code = "ENTRY_FINAL"

    def __init__(self, entry_id: str, approval: str) -> None:
        super().__init__(f"The entry {entry_id} is {approval}. It can be changed once it is reopened.")


class EntryState(ClockRefused):
    code = "ENTRY_STATE"

    def __init__(self, entry_id: str, state: str, wanted: str) -> None:
        self.state = state
        super().__init__(f"The entry {entry_id} is {state}; this is for {wanted} entries.")


class RefusalUsed(ClockRefused):
    code = "REFUSAL_USED"

    def __init__(self) -> None:
        super().__init__("An exception was granted for this refusal, and was made use of. Each is for one action.")


class OutsideGeofence(ClockRefused):
    """A geofence that applies refuses the action; `verdict` says which and why.

    An exception can be granted for it under `refusal_id`, which is None where nothing was written.
    """

    status = HTTPStatus.FORBIDDEN

    def __init__(self, verdict: Verdict, refusal_id: str | None) -> None:
        self.verdict = verdict
        self.refusal_id = refusal_id
        self.code = verdict.code
        super().__init__(verdict.reason)
