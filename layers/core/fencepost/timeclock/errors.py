"""Errors of the time clock."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fencepost.common.errors import FencepostError, NotFound

if TYPE_CHECKING:
    from fencepost.verdicts.model import Verdict


class DeadlineExceeded(FencepostError):
    code, status = "NOT_REACHED", HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The time of the call was over before this. Send it again, with what comes after it.")


class UserNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("user")


class ClockRefused(FencepostError):
    code, status = "CLOCK_REFUSED", HTTPStatus.BAD_REQUEST


class NoRunningClock(ClockRefused):
    code, status = "NO_RUNNING_CLOCK", HTTPStatus.NOT_FOUND

    def __init__(self, because: str | None = None) -> None:
        super().__init__(f"No clock is running: {because}." if because is not None else "No clock is running.")


class WrongOrder(ClockRefused):
    code = "WRONG_ORDER"


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
