"""The audit trail of clocks and time entries: who did what to one, when, why, and what was there since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from fencepost.common.events import Event
from fencepost.timeclock.model import Break, RunningClock, TimeEntry
from fencepost.timeclock.receipts import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A clock, whose `end` is None, or an entry as it was; without its punches, which never change."""

    start: datetime
    end: datetime | None
    time_type: str
    comment: str | None
    organization_id: str | None
    organization_name: str | None
    breaks: tuple[Break, ...]
    creation_type: str | None = "clock"
    approval: str | None = None
    invalid_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a trail. What was there before is what the line before it left; None: nothing."""

    number: int
    action: str
    at: datetime
    actor: str
    reason: str | None
    after: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
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

    @property
    def number(self) -> int:
        """Of the change on the trail; no two changes of one entry can have the same."""
        return self.entry.version + (self.after is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What is written together or not at all.

    `clock` is the one that becomes an entry, by the first of the edits, `calendar` whose entries move in time, and
    the version of the calendar on which it was decided that none of them overlap. `user_id` is a user who must still
    be there, or NotFound is raised.
    """

    edits: tuple[Edit, ...]
    event: Event
    clock: RunningClock | None = None
    calendar: tuple[str, int] | None = None
    receipt: Receipt | None = None
    user_id: str | None = None


def state_of(what: RunningClock | TimeEntry) -> State:
    state = State(
        start=what.start,
        end=None,
        time_type=what.time_type,
        comment=what.comment,
        organization_id=what.organization_id,
        organization_name=what.organization_name,
        breaks=what.breaks,
    )
    if isinstance(what, RunningClock):
        return state
    return replace(
        state,
        end=what.end,
        creation_type=what.creation_type,
        approval=what.approval,
        invalid_reason=what.invalid_reason,
    )
