"""Clocks that their users forgot: they are stopped at their deadline, and their users get a reminder before that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.common.errors import VersionMismatch
from fencepost.timeclock.clock_service import ClockService
from fencepost.timeclock.commands import EntryNotSaved
from fencepost.timeclock.events import ClockCancelled, ClockReminded
from fencepost.timeclock.model import Punch, RunningClock, TimeEntry

if TYPE_CHECKING:
    from datetime import datetime

SYSTEM = "system"


@dataclass(frozen=True)
class AutoStopService:
    """The stop of forgotten clocks, and the reminders before it."""

    clock: ClockService

    def stop_forgotten(self, now: datetime) -> tuple[list[TimeEntry], list[Exception]]:
        """Stop every forgotten clock at its deadline, and remind the users of those that soon will be.

        A clock on which somebody acts meanwhile is left alone. An error with one clock does not keep the others from
        being stopped: the errors are returned.
        """
        entries: list[TimeEntry] = []
        failures: list[Exception] = []
        for tenant_id, clock in self.clock.clocks.list_due(now):
            try:
                entry = self._stop_or_remind(tenant_id, clock, now)
            except VersionMismatch:
                continue
            except EntryNotSaved as error:
                entry = error.entry
            except Exception as error:  # noqa: BLE001 - see above
                failures.append(error)
                continue
            if entry is not None:
                entries.append(entry)
        return entries, failures

    def _stop_or_remind(self, tenant_id: str, clock: RunningClock, now: datetime) -> TimeEntry | None:
        """Remind the user, or stop the clock and return its entry."""
        if clock.overdue_from > now:
            # After the deadline the user has a moment to send late actions, and no reminder. A reminder is written
            # without another read: the write fails if the clock is no longer the one of the index.
            if clock.deadline > now:
                after = clock.clear_reminder()
                self.clock.save_change(tenant_id, clock, after, ClockReminded, SYSTEM, now)
            return None
        context = self.clock.clocks.load_context(tenant_id, clock.user_id, None, None)
        if context is None:
            # The user was deleted, so the hours would belong to nobody.
            self.clock.save_change(tenant_id, clock, None, ClockCancelled, SYSTEM, now)
            return None
        current = context.clock
        if current is None or current.overdue_from > now:
            return None
        punch = Punch(action="stop", at=current.deadline, received_at=now, acting_user_id=SYSTEM)
        return self.clock.stop(tenant_id, context, current, punch, stopped_by=current.stops_at).entry
