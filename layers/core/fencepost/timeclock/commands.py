"""A clock action as requested, its outcome, and the errors that carry a clock or an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fencepost.timeclock.errors import ClockRefused
from fencepost.timeclock.model import RunningClock, TimeEntry
from fencepost.verdicts.model import Fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from fencepost.common.entity_ref import EntityRef
    from fencepost.timeclock.model import RunningClock, TimeEntry
    from fencepost.timeclock.receipts import Receipt


class AlreadyClockedIn(ClockRefused):
    code = "CLOCK_ALREADY_RUNNING"

    def __init__(self, clock: RunningClock) -> None:
        self.clock = clock
        super().__init__("A clock is running already. Stop or cancel it first.")


class EntryNotSaved(ClockRefused):
    """The clock has become an invalid entry, which is kept and can be deleted."""

    code = "ENTRY_NOT_SAVED"

    def __init__(self, entry: TimeEntry) -> None:
        self.entry = entry
        super().__init__(f"The clock is stopped, but its time could not be saved: {entry.invalid_reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRequest:
    """What is to be done. `at` None means now, `user_id` None the caller; an update changes what is not None."""

    action: str
    at: datetime | None = None
    user_id: str | None = None
    time_type: str | None = None
    comment: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    screen: EntityRef | None = None
    fix: Fix | None = None
    key: str | None = None
    """Told by the caller's Idempotency-Key: the same again whenever the same request is."""
    receipt: Callable[[Outcome], Receipt] | None = None
    """What is to be written with the action; where it is there already, nothing is, and DoneBefore is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the action left: the clock or the entry, the entries that went for it, and the pieces left of others."""

    clock: RunningClock | None = None
    entry: TimeEntry | None = None
    removed: tuple[TimeEntry, ...] = ()
    trimmed: tuple[TimeEntry, ...] = ()
    message: str = "Success"

    @property
    def was_edited(self) -> bool:
        """Whether another entry was removed or trimmed, or this one was cut to a limit."""
        cuts = self.entry.adjustments if self.entry is not None else ()
        return bool(self.removed or self.trimmed) or any(cut.is_cut for cut in cuts)
