"""The clock: one stopwatch a user, which becomes a time entry when it is stopped.

A user is idle, running or on a break. Instants are aware and kept to the second, with the offset in which the
caller gave them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fencepost.timeclock.errors import WrongOrder
from fencepost.timeclock.refusals import Exemption
from fencepost.timeclock.settings import TenantSettings
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.timeclock.working_time import Span, StopsAt
from fencepost.verdicts.model import Verdict

# A clock that is past its deadline is left to its user for so long after the last action: a phone that was offline
# is still telling what happened.
GRACE = timedelta(seconds=30)
# So many actions, each with all the evidence that there can be, are below the 400 KB of an item. A stop is taken even
# then.
MAX_PUNCHES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A break; `end` is None while it is open."""

    id: str
    start: datetime
    end: datetime | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One change that a rule made to what was punched: of a break, or with no `break_id` of the entry's own span.

    `rule` is rounding, window, longest, automatic_breaks, limit, shift_end or overlap. What is not there is None.
    """

    rule: str
    break_id: str | None = None
    before: Span | None
    after: Span | None

    @property
    def is_cut(self) -> bool:
        """Whether time was cut off at a limit, which an answer tells by its status."""
        return self.break_id is None and self.rule != "rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Punch:
    """One action on the clock, with the evidence for its geofence verdict.

    It was done in spite of a verdict where it `is_flagged`, or by the `exception` that was granted.
    """

    action: str
    at: datetime
    received_at: datetime
    acting_user_id: str
    verdict: Verdict | None = None
    is_flagged: bool = False
    exception: Exemption | None = None
    is_late: bool = False
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """A clock that runs, or is on a break.

    `deadline` is when it is stopped for its user, and `stops_at` which rule that is; at `remind_at` comes a reminder,
    unless there is none or it has come.
    """

    id: str
    user_id: str
    start: datetime
    deadline: datetime
    stops_at: StopsAt = "limit"
    remind_at: datetime | None = None
    time_type: str = "work"
    comment: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    breaks: tuple[Break, ...] = ()
    punches: tuple[Punch, ...] = ()
    last_request: str = ""
    version: int = 1

    @property
    def overdue_from(self) -> datetime:
        """When it counts as forgotten."""
        return max([self.deadline, *(punch.received_at + GRACE for punch in self.punches[-1:])])

    @property
    def due_from(self) -> datetime:
        """When it is to be looked at again, should nothing happen: to remind its user, or to stop it."""
        return self.overdue_from if self.remind_at is None else min(self.remind_at, self.overdue_from)

    def reminded(self) -> RunningClock:
        return replace(self, remind_at=None, version=self.version + 1)

    @property
    def open_break(self) -> Break | None:
        return self.breaks[-1] if self.breaks and self.breaks[-1].end is None else None

    def punched(self, punch: Punch, request: str = "") -> RunningClock:
        """The clock after an action; `request` tells the action from any other, should it be sent again.

        An action that cannot be told leaves the one before it known: that may still be sent again.
        """
        last_request = request or self.last_request
        return replace(self, punches=(*self.punches, punch), last_request=last_request, version=self.version + 1)

    def updated(self, fields: Mapping[str, Any]) -> RunningClock:
        """The clock with other fields. Raises WrongOrder where it has taken all actions that it may."""
        self._check_room()
        return replace(self, **fields)

    def settled_by(self, settings: TenantSettings, since: datetime) -> RunningClock:
        """The clock with the deadline and the reminder of these settings, which hold for it `since` an instant."""
        deadline, stops_at = settings.deadline(self.start, since)
        minutes = settings.working_time.remind_minutes
        remind_at = deadline - timedelta(minutes=minutes) if minutes is not None else None
        return replace(self, deadline=deadline, stops_at=stops_at, remind_at=remind_at)

    def _check_room(self) -> None:
        if len(self.punches) >= MAX_PUNCHES:
            raise WrongOrder(f"A clock takes at most {MAX_PUNCHES} actions; stop it and start another.")

    def with_break_toggled(self, at: datetime, break_id: str) -> RunningClock:
        """Open a break, or close the open one; one of no length is dropped. Raises WrongOrder."""
        self._check_room()
        if at > self.deadline:
            raise WrongOrder(
                f"The clock has reached its limit, at {self.deadline.isoformat()}; it can only be stopped."
            )
        if self.open_break is not None:
            return self.with_break_closed(at)
        last = self.breaks[-1].end if self.breaks else None
        if at < self.start or (last is not None and at < last):
            began = "the last break ended" if last is not None else "the clock started"
            raise WrongOrder(f"A break cannot begin before {began}, at {(last or self.start).isoformat()}.")
        return replace(self, breaks=(*self.breaks, Break(id=break_id, start=at)))

    def with_break_closed(self, at: datetime) -> RunningClock:
        """Close the open break, if there is one."""
        running = self.open_break
        if running is None:
            return self
        if at < running.start:
            raise WrongOrder(f"A break cannot end before it began, at {running.start.isoformat()}.")
        closed = (replace(running, end=at),) if at > running.start else ()
        return replace(self, breaks=(*self.breaks[:-1], *closed))

    def stopped(self, at: datetime, *, stopped_by: str) -> TimeEntry:
        """The entry that this clock becomes. An instant past the deadline counts as the deadline.

        Raises WrongOrder where the stop would not come after the start and all breaks.
        """
        if at <= self.start:
            raise WrongOrder(
                f"A clock cannot stop at or before its start, at {self.start.isoformat()}; times are to the second."
            )
        end = min(at, self.deadline.astimezone(at.tzinfo))
        breaks = self._clipped(end).breaks if at >= self.deadline else self._closed_for_stop(at).breaks
        cut = Adjustment(
            rule=self.stops_at, before=Span(start=self.start, end=at), after=Span(start=self.start, end=end)
        )
        return TimeEntry(
            id=self.id,
            user_id=self.user_id,
            start=self.start,
            end=end,
            time_type=self.time_type,
            comment=self.comment,
            organization_id=self.organization_id,
            organization_name=self.organization_name,
            breaks=breaks,
            punches=self.punches,
            version=self.version,
            stopped_by=self.stops_at if end < at else stopped_by,
            adjustments=(cut,) if end < at else (),
        )

    def _closed_for_stop(self, at: datetime) -> RunningClock:
        closed = self.with_break_closed(at)
        last = closed.breaks[-1].end if closed.breaks else None
        if last is not None and at < last:
            raise WrongOrder(f"A clock cannot stop before the last break ended, at {last.isoformat()}.")
        return closed

    def _clipped(self, end: datetime) -> RunningClock:
        """The breaks as they stand when everything after `end` is cut off."""
        kept = (replace(b, end=min(b.end or end, end)) for b in self.breaks if b.start < end)
        return replace(self, breaks=tuple(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry:
    """Time from `start` to `end`, half-open, less its breaks. `stopped_by`: user, limit, shift_end.

    An entry that could not be saved has an `invalid_reason`; it counts in nothing and is kept apart.
    """

    id: str
    user_id: str
    start: datetime
    end: datetime
    time_type: str
    comment: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    breaks: tuple[Break, ...] = ()
    punches: tuple[Punch, ...] = ()
    creation_type: str | None = "clock"
    stopped_by: str = "user"
    approval: str = "not_approved_yet"
    invalid_reason: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    version: int = 1

    @property
    def category(self) -> str:
        return CATEGORIES[self.time_type]

    @property
    def is_safe(self) -> bool:
        """Whether it must not be changed any more."""
        return self.approval in ("approved", "exported")

    @property
    def without_margins(self) -> Span:
        """Its span without what rounding put on at the ends, which gives way where somebody else punched."""
        punched = [change.before for change in self.adjustments if change.rule == "rounding" and not change.break_id]
        spans = [Span(start=self.start, end=self.end), *(span for span in punched if span is not None)]
        return Span(start=max(span.start for span in spans), end=min(span.end for span in spans))

    def overlaps(self, other: TimeEntry) -> bool:
        """Touching is no overlap."""
        return self.start < other.end and other.start < self.end


def new_clock(
    *, clock_id: str, user_id: str, at: datetime, settings: TenantSettings, fields: Mapping[str, Any]
) -> RunningClock:
    return RunningClock(id=clock_id, user_id=user_id, start=at, deadline=at, **fields).settled_by(settings, at)
