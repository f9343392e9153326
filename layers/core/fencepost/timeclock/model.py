"""The clock: one stopwatch a user, which becomes a time entry when it is stopped.

A user is idle, running or on a break. Instants are aware, precise to the second, and keep the offset that the caller
sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from fencepost.timeclock.errors import WrongOrder
from fencepost.timeclock.refusals import GrantRef
from fencepost.timeclock.settings import TenantSettings
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.timeclock.working_time import Span, StopsAt
from fencepost.verdicts.model import Verdict

# How long a clock past its deadline keeps running after its last action: a phone that was offline may still be
# sending actions.
GRACE = timedelta(seconds=30)
# With this number of actions, each with the maximum of evidence, an item stays below its 400 KB. A stop is always
# accepted.
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
    """One change that a rule made to what was punched: to a break, or without `break_id` to the entry's own span.

    `rule` is rounding, window, longest, automatic_breaks, limit, shift_end or overlap. `before` is None for a break
    that the rule added, `after` for one that it removed.
    """

    rule: str
    break_id: str | None = None
    before: Span | None
    after: Span | None

    @property
    def is_cut(self) -> bool:
        """Whether time was cut off at a limit. The status of the response shows it."""
        return self.break_id is None and self.rule != "rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Punch:
    """One action on the clock, with the evidence for its geofence verdict.

    Attributes:
        is_flagged: Whether it was accepted although the verdict refuses it.
        exception: The exception that allowed it although the verdict refuses it.
        is_late: Whether it arrived long after it was made.
    """

    action: str
    at: datetime
    received_at: datetime
    acting_user_id: str
    verdict: Verdict | None = None
    is_flagged: bool = False
    exception: GrantRef | None = None
    is_late: bool = False
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    captured_at: datetime | None = None

    @property
    def exception_reason(self) -> str | None:
        """The reason in the audit trail, where an exception allowed the action."""
        return f"An exception that {self.exception.granted_by} granted." if self.exception is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDetails:
    """What a clock, the entry that it becomes, and each line of their audit trail have in common."""

    start: datetime
    time_type: str = "work"
    comment: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    breaks: tuple[Break, ...] = ()

    @property
    def category(self) -> str:
        return CATEGORIES[self.time_type]

    def copy_details(self) -> dict[str, Any]:
        """Return the common fields by name, for another of the classes that have them."""
        return {name: getattr(self, name) for name in _DETAILS}


_DETAILS = tuple(field.name for field in fields(EntryDetails))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySnapshot(EntryDetails):
    """The state of a clock or an entry in the audit trail, without its punches, which never change.

    `end` and `approval` are None for a clock.
    """

    end: datetime | None
    creation_type: str | None = "clock"
    approval: str | None = None
    invalid_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock(EntryDetails):
    """A clock that runs, or is on a break.

    Attributes:
        deadline: When a forgotten clock is stopped.
        stops_at: The rule that stops it then.
        remind_at: When its user gets a reminder; None: there is none, or it was sent.
        last_request: The fingerprint of the last action that had one.
    """

    id: str
    user_id: str
    deadline: datetime
    stops_at: StopsAt = "limit"
    remind_at: datetime | None = None
    punches: tuple[Punch, ...] = ()
    last_fingerprint: str = ""
    version: int = 1

    @property
    def overdue_from(self) -> datetime:
        """When it counts as forgotten."""
        return max([self.deadline, *(punch.received_at + GRACE for punch in self.punches[-1:])])

    @property
    def due_from(self) -> datetime:
        """When the schedule looks at it again, if nothing happens: to remind its user, or to stop it."""
        return self.overdue_from if self.remind_at is None else min(self.remind_at, self.overdue_from)

    @property
    def open_break(self) -> Break | None:
        return self.breaks[-1] if self.breaks and self.breaks[-1].end is None else None

    def take_snapshot(self) -> EntrySnapshot:
        return EntrySnapshot(end=None, **self.copy_details())

    def clear_reminder(self) -> RunningClock:
        return replace(self, remind_at=None, version=self.version + 1)

    def add_punch(self, punch: Punch, fingerprint: str = "") -> RunningClock:
        """Return the clock after an action.

        An action without a fingerprint keeps the previous one: the previous action may still be retried.
        """
        last_fingerprint = fingerprint or self.last_fingerprint
        return replace(
            self, punches=(*self.punches, punch), last_fingerprint=last_fingerprint, version=self.version + 1
        )

    def change_details(self, details: Mapping[str, Any]) -> RunningClock:
        """Return the clock with other details.

        Raises:
            WrongOrder: The clock has the most actions that it may have.
        """
        self._check_room()
        return replace(self, **details)

    def apply_settings(self, settings: TenantSettings, since: datetime) -> RunningClock:
        """Return the clock with the deadline and the reminder of settings that apply to it `since` an instant."""
        deadline, stops_at = settings.compute_deadline(self.start, since)
        minutes = settings.working_time.remind_minutes
        remind_at = deadline - timedelta(minutes=minutes) if minutes is not None else None
        return replace(self, deadline=deadline, stops_at=stops_at, remind_at=remind_at)

    def toggle_break(self, at: datetime, break_id: str) -> RunningClock:
        """Open a break, or close the open one; a break without length is dropped.

        Raises:
            WrongOrder: The clock is past its deadline, has the most actions that it may have, or `at` is too early.
        """
        self._check_room()
        if at > self.deadline:
            raise WrongOrder(
                f"The clock has reached its limit, at {self.deadline.isoformat()}; it can only be stopped."
            )
        if self.open_break is not None:
            return self.close_break(at)
        last = self.breaks[-1].end if self.breaks else None
        if at < self.start or (last is not None and at < last):
            began = "the last break ended" if last is not None else "the clock started"
            raise WrongOrder(f"A break cannot begin before {began}, at {(last or self.start).isoformat()}.")
        return replace(self, breaks=(*self.breaks, Break(id=break_id, start=at)))

    def close_break(self, at: datetime) -> RunningClock:
        """Close the open break, if there is one.

        Raises:
            WrongOrder: The break began after `at`.
        """
        running = self.open_break
        if running is None:
            return self
        if at < running.start:
            raise WrongOrder(f"A break cannot end before it began, at {running.start.isoformat()}.")
        closed = (replace(running, end=at),) if at > running.start else ()
        return replace(self, breaks=(*self.breaks[:-1], *closed))

    def stop(self, at: datetime, *, stopped_by: str) -> TimeEntry:
        """Return the entry that this clock becomes. An instant past the deadline counts as the deadline.

        Raises:
            WrongOrder: `at` is not after the start, or before the end of a break.
        """
        if at <= self.start:
            raise WrongOrder(
                f"A clock cannot stop at or before its start, at {self.start.isoformat()}; times are to the second."
            )
        end = min(at, self.deadline.astimezone(at.tzinfo))
        if at >= self.deadline:
            # Everything after the deadline is cut off.
            breaks = tuple([replace(b, end=min(b.end or end, end)) for b in self.breaks if b.start < end])
        else:
            breaks = self.close_break(at).breaks
            last = breaks[-1].end if breaks else None
            if last is not None and at < last:
                raise WrongOrder(f"A clock cannot stop before the last break ended, at {last.isoformat()}.")
        cut = Adjustment(
            rule=self.stops_at, before=Span(start=self.start, end=at), after=Span(start=self.start, end=end)
        )
        return TimeEntry(
            id=self.id,
            user_id=self.user_id,
            end=end,
            **{**self.copy_details(), "breaks": breaks},
            punches=self.punches,
            version=self.version,
            stopped_by=self.stops_at if end < at else stopped_by,
            adjustments=(cut,) if end < at else (),
        )

    def _check_room(self) -> None:
        if len(self.punches) >= MAX_PUNCHES:
            raise WrongOrder(f"A clock takes at most {MAX_PUNCHES} actions; stop it and start another.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry(EntryDetails):
    """The half-open time from `start` to `end`, less its breaks.

    `stopped_by` is user, limit or shift_end. An entry that could not be saved has an `invalid_reason`; it is stored,
    but counts in nothing.
    """

    id: str
    user_id: str
    end: datetime
    punches: tuple[Punch, ...] = ()
    creation_type: str | None = "clock"
    stopped_by: str = "user"
    approval: str = "not_approved_yet"
    invalid_reason: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    version: int = 1

    @property
    def span(self) -> Span:
        return Span(start=self.start, end=self.end)

    @property
    def is_final(self) -> bool:
        """Whether it is approved or exported, and so must not change any more."""
        return self.approval in ("approved", "exported")

    @property
    def span_without_rounding(self) -> Span:
        """Its span without what rounding added at the ends, which gives way to the time of another entry."""
        punched = [change.before for change in self.adjustments if change.rule == "rounding" and not change.break_id]
        spans = [self.span, *(span for span in punched if span is not None)]
        return Span(start=max(span.start for span in spans), end=min(span.end for span in spans))

    def overlaps(self, other: TimeEntry) -> bool:
        """Return whether the two share an instant; entries that touch do not."""
        return self.start < other.end and other.start < self.end

    def take_snapshot(self) -> EntrySnapshot:
        return EntrySnapshot(
            end=self.end,
            creation_type=self.creation_type,
            approval=self.approval,
            invalid_reason=self.invalid_reason,
            **self.copy_details(),
        )
