"""The errors of the time clock.

FencepostError
├── NotFound
│   └── UserNotFound        there is no such user, or the user was deleted meanwhile
├── DeadlineExceeded        the time of the call was over before this punch
└── ClockRefused            the clock does not allow the action
    ├── NoRunningClock      no clock is running
    ├── WrongOrder          the action is too early, or the clock takes no more actions
    ├── OutsideGeofence     a geofence refuses the action
    ├── RefusalUsed         the exception for a refusal was used
    ├── EntryOverlaps       another entry is in the way
    ├── EntryFinal          the entry is approved or exported
    ├── EntryState          the entry is in another state
    └── commands            AlreadyClockedIn, EntryNotSaved
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fencepost.common.errors import FencepostError, NotFound

if TYPE_CHECKING:
    from fencepost.verdicts.model import Verdict


class DeadlineExceeded(FencepostError):
    """The time of the call was over before this punch of a batch."""

    code, status = "NOT_REACHED", HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The time of the call was over before this. Send it again, with what comes after it.")


class UserNotFound(NotFound):
    """There is no such user, or the user was deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__("user")


class ClockRefused(FencepostError):
    """The clock does not allow the action."""

    code, status = "CLOCK_REFUSED", HTTPStatus.BAD_REQUEST


class NoRunningClock(ClockRefused):
    """No clock is running, `because` for example its start was refused."""

    code, status = "NO_RUNNING_CLOCK", HTTPStatus.NOT_FOUND

    def __init__(self, because: str | None = None) -> None:
        super().__init__(f"No clock is running: {because}." if because is not None else "No clock is running.")


class WrongOrder(ClockRefused):
    """The action is too early, or the clock takes no more actions."""

    code = "WRONG_ORDER"


class EntryOverlaps(ClockRefused):
    """Another entry is in the way. Nothing was changed."""

    code = "ENTRY_OVERLAPS"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The entry could not be saved: {reason}")


class EntryFinal(ClockRefused):
    """The entry is approved or exported, and must be reopened before it is changed."""

    code = "ENTRY_FINAL"

    def __init__(self, entry_id: str, approval: str) -> None:
        super().__init__(f"The entry {entry_id} is {approval}. It can be changed once it is reopened.")


class EntryState(ClockRefused):
    """The entry is in a state in which this cannot be done."""

    code = "ENTRY_STATE"

    def __init__(self, entry_id: str, state: str, expected: str) -> None:
        self.state = state
        super().__init__(f"The entry {entry_id} is {state}; this is for {expected} entries.")


class RefusalUsed(ClockRefused):
    """The exception for a refusal was used; each allows one action."""

    code = "REFUSAL_USED"

    def __init__(self) -> None:
        super().__init__("An exception was granted for this refusal, and was made use of. Each is for one action.")


class OutsideGeofence(ClockRefused):
    """A geofence refuses the action; `verdict` has the geofence and the reason.

    An exception can be granted under `refusal_id`, which is None after a dry run.
    """

    status = HTTPStatus.FORBIDDEN

    def __init__(self, verdict: Verdict, refusal_id: str | None) -> None:
        self.verdict = verdict
        self.refusal_id = refusal_id
        self.code = verdict.code
        super().__init__(verdict.reason)
