"""The audit trail of clocks and time entries, and what is written together with a line of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fencepost.common.events import Event
from fencepost.timeclock.model import EntrySnapshot, Punch, RunningClock, TimeEntry
from fencepost.timeclock.receipts import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of a trail: who did what, when and why.

    `after` is the state after the change, None if the clock or entry no longer exists. The state before the change is
    the `after` of the previous line.
    """

    number: int
    action: str
    at: datetime
    actor: str
    reason: str | None
    after: EntrySnapshot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWrite:
    """A change of a clock: without `before` it starts, without `after` it is cancelled.

    Attributes:
        punch: The action that changes the clock, which uses its exception; None if the system changes it.
    """

    before: RunningClock | None
    after: RunningClock | None
    event: Event
    record: AuditRecord
    punch: Punch | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """A change of an entry: without `before` it is new, without `after` it is removed."""

    before: TimeEntry | None
    after: TimeEntry | None
    action: str
    reason: str | None = None

    @property
    def entry(self) -> TimeEntry:
        """The entry as it is now, or as it was last."""
        entry = self.after or self.before
        assert entry is not None
        return entry

    def to_record(self, event: Event) -> AuditRecord:
        """Return the line of the audit trail. No two changes of one entry can have the same number."""
        return AuditRecord(
            number=self.entry.version + (self.after is None),
            action=self.action,
            at=event.occurred_at,
            actor=event.actor,
            reason=self.reason,
            after=self.after.take_snapshot() if self.after is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWrite:
    """Changes of entries that are written together or not at all.

    Attributes:
        clock: The clock that becomes an entry, by the first of the changes.
        calendar: The user whose entries move in time, and the version of the calendar on which it was decided that
            none of them overlap.
        user_id: A user who must still exist.
    """

    changes: tuple[EntryChange, ...]
    event: Event
    clock: RunningClock | None = None
    calendar: tuple[str, int] | None = None
    receipt: Receipt | None = None
    user_id: str | None = None
