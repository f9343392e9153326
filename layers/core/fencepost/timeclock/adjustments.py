"""What the working-time model makes of an entry that was punched, and what it says to one that is saved by hand.

In this order: start and end are rounded, then breaks; what lies outside the allowed window is cut, then what is
longer than the longest entry; breaks that are missing are put in. Each change is listed on the entry with what was
there before it, so that undoing them backwards gives what was punched.

The model never stands in a stop's way: rounding that would leave nothing is not done, and what the window refuses, or
leaves nothing of, becomes an invalid entry as it was punched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from fencepost.common.errors import ValidationFailed
from fencepost.common.timezones import EARLIEST, LATEST
from fencepost.timeclock.model import Adjustment, Break, TimeEntry
from fencepost.timeclock.settings import LONGEST_CLOCK
from fencepost.timeclock.working_time import Span, less, rounded, rounded_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from fencepost.timeclock.settings import TenantSettings
    from fencepost.timeclock.working_time import AutomaticBreaks, Rounding


def reach(entry: TimeEntry, settings: TenantSettings) -> TimeEntry:
    """The entry at its widest: whatever overlaps what `adjusted` may make of it overlaps this."""
    start, end = _rounded_span(entry, settings)
    return replace(entry, start=min(start, entry.start), end=max(end, entry.end))


def adjusted(
    entry: TimeEntry,
    settings: TenantSettings,
    neighbours: Iterable[TimeEntry],
    make_id: Callable[[], str],
    *,
    deadline: datetime,
) -> TimeEntry:
    """What was punched, as the model would have it. Rounding takes no time from what is there already.

    Nor does it go past the deadline, at which the clock was stopped for its user or would have been.
    """
    model, time_zone = settings.working_time, settings.time_zone
    after = _rounded(entry, settings, neighbours, max(deadline, entry.end))
    if model.round_break is not None:
        after = _with_breaks_rounded(after, model.round_break)
    if model.window is not None:
        inside = model.window.inside(_span(after), time_zone)
        # Rounding alone takes nothing out of the window: what was punched inside it is cut to it.
        is_refused = model.window.outside == "refuse" and not model.window.holds(_span(entry), time_zone)
        if not inside or (is_refused and inside != [_span(after)]):
            return replace(entry, invalid_reason=f"it lies outside the allowed window, {model.window} ({time_zone}).")
        after = _cut(after, inside, make_id)
    longest = timedelta(minutes=model.longest_minutes) if model.longest_minutes is not None else LONGEST_CLOCK
    after = moved(after, after.start, min(after.end, after.start + longest), "longest")
    if model.automatic_breaks is not None and after.category == "productive":
        after = _with_missing_breaks(after, model.automatic_breaks, make_id)
    return after


def as_punched(entry: TimeEntry) -> TimeEntry:
    """The entry before the model; where its clock was stopped for its user, as it was then."""
    breaks = {taken.id: taken for taken in entry.breaks}
    span, kept = _span(entry), list(entry.adjustments)
    while kept and kept[-1].rule not in ("limit", "shift_end"):
        change = kept.pop()
        if change.break_id is None:
            span = change.before or span
        elif change.before is None:
            breaks.pop(change.break_id, None)
        else:
            before = breaks.get(change.break_id) or Break(id=change.break_id, start=span.start)
            breaks[change.break_id] = replace(before, start=change.before.start, end=change.before.end)
    in_order = tuple(sorted(breaks.values(), key=lambda taken: taken.start))
    return replace(entry, start=span.start, end=span.end, breaks=in_order, adjustments=tuple(kept))


def adjusted_again(
    entry: TimeEntry,
    settings: TenantSettings,
    neighbours: Iterable[TimeEntry],
    make_id: Callable[[], str],
    *,
    whatever_the_window: bool,
) -> TimeEntry:
    """What was punched, as the model of today would have it.

    Raises Invalid where the window refuses it, which may be passed over.
    """
    deadline = settings.deadline(entry.start)[0] if entry.stopped_by == "user" else entry.end
    after = adjusted(entry, settings, neighbours, make_id, deadline=deadline)
    if after.invalid_reason is None:
        return after
    if not whatever_the_window:
        raise _outside(settings)
    without = replace(settings, working_time=replace(settings.working_time, window=None))
    return adjusted(entry, without, neighbours, make_id, deadline=deadline)


def check_by_hand(entry: TimeEntry, before: TimeEntry | None, settings: TenantSettings, now: datetime) -> None:
    """The limits of the model, for who saves the own entries. Raises Invalid.

    One that stays where it counted, and with whom, is not looked at. How far back a change may reach is asked of
    where an entry was and of where it goes; one that was punched and stays there is never too old.
    """
    model = settings.working_time
    has_moved = before is None or _span(before) != _span(entry) or before.organization_id != entry.organization_id
    if before is not None and not has_moved and before.invalid_reason is None:
        return
    first = min(entry.start, before.start) if before is not None else entry.start
    if model.back_minutes is not None and has_moved and first < now - timedelta(minutes=model.back_minutes):
        raise ValidationFailed.field("from", f"is more than {model.back_minutes} minutes ago; ask an approver")
    if model.longest_minutes is not None and entry.end - entry.start > timedelta(minutes=model.longest_minutes):
        raise ValidationFailed.field(
            "to", f"must be at most {model.longest_minutes} minutes after from; ask an approver"
        )
    if model.window is not None and not model.window.holds(_span(entry), settings.time_zone):
        raise _outside(settings)


def _outside(settings: TenantSettings) -> ValidationFailed:
    window = f"{settings.working_time.window} ({settings.time_zone})"
    return ValidationFailed.field("from", f"must, like to, lie in the allowed window, {window}; ask an approver")


def check_punch(action: str, at: datetime, settings: TenantSettings, now: datetime) -> None:
    """How far from now an action may lie, and that a start is in a window that refuses. Raises Invalid.

    Whatever the rules are, an action without an instant, and so a stop, is never too old nor too early.
    """
    model, time_zone = settings.working_time, settings.time_zone
    if at > now + timedelta(minutes=model.ahead_minutes):
        raise ValidationFailed.field(
            "dateTime", f"is more than {model.ahead_minutes} minutes ahead of the server's clock"
        )
    if model.back_minutes is not None and at < now - timedelta(minutes=model.back_minutes):
        raise ValidationFailed.field("dateTime", f"is more than {model.back_minutes} minutes ago")
    if action == "start" and model.window is not None and model.window.outside == "refuse":
        begins = rounded(at, model.round_start, time_zone) if model.round_start is not None else at
        first_second = Span(start=begins, end=begins + timedelta(seconds=1))
        if not model.window.holds(first_second, time_zone):
            raise ValidationFailed.field("dateTime", f"is outside the allowed window, {model.window} ({time_zone})")


def _span(entry: TimeEntry) -> Span:
    return Span(start=entry.start, end=entry.end)


def _rounded_span(entry: TimeEntry, settings: TenantSettings) -> tuple[datetime, datetime]:
    model, time_zone = settings.working_time, settings.time_zone
    start = rounded(entry.start, model.round_start, time_zone) if model.round_start is not None else entry.start
    end = rounded(entry.end, model.round_end, time_zone) if model.round_end is not None else entry.end
    return max(start, EARLIEST.astimezone(start.tzinfo)), min(end, LATEST.astimezone(end.tzinfo))


def _rounded(
    entry: TimeEntry, settings: TenantSettings, neighbours: Iterable[TimeEntry], latest: datetime
) -> TimeEntry:
    """Into no neighbour further than the punches go; out of the margin of one that must not be changed."""
    start, end = _rounded_span(entry, settings)
    for other in neighbours:
        worked = other.without_margins
        if other.start < entry.start:
            gives_way = other.end > entry.start and not (other.is_safe and worked.end <= entry.start)
            start = max(start, (entry.start if gives_way else other.end).astimezone(start.tzinfo))
        if other.end > entry.end:
            gives_way = other.start < entry.end and not (other.is_safe and entry.end <= worked.start)
            end = min(end, (entry.end if gives_way else other.start).astimezone(end.tzinfo))
    end = min(end, latest.astimezone(end.tzinfo))
    leaves_some = start < end and start < entry.end and entry.start < end
    return moved(entry, start, end, "rounding") if leaves_some else entry


def moved(entry: TimeEntry, start: datetime, end: datetime, rule: str) -> TimeEntry:
    """With another start and end, and the breaks as they are within these; each change is listed."""
    if (start, end) == (entry.start, entry.end):
        return entry
    whole = Adjustment(rule=rule, before=_span(entry), after=Span(start=start, end=end))
    moved = replace(entry, start=start, end=end, adjustments=(*entry.adjustments, whole))

    def clipped(taken: Break, _room: datetime) -> Span:
        span = _taken(taken)
        return Span(start=max(span.start, start), end=min(span.end, end))

    return _with_breaks(moved, rule, clipped)


def _with_breaks(entry: TimeEntry, rule: str, changed: Callable[[Break, datetime], Span]) -> TimeEntry:
    """With each break changed, told of it and of when its room ends; one that has no length any more is dropped."""
    breaks, listed = [], []
    rooms = [*(taken.start for taken in entry.breaks[1:]), entry.end]
    for taken, room in zip(entry.breaks, rooms, strict=False):
        before, after = _taken(taken), changed(taken, room)
        is_left = after.start < after.end
        if is_left:
            breaks.append(replace(taken, start=after.start, end=after.end))
        if after != before:
            listed.append(Adjustment(rule=rule, break_id=taken.id, before=before, after=after if is_left else None))
    return replace(entry, breaks=tuple(breaks), adjustments=(*entry.adjustments, *listed))


def _taken(taken: Break) -> Span:
    assert taken.end is not None
    return Span(start=taken.start, end=taken.end)


def _cut(entry: TimeEntry, inside: Sequence[Span], make_id: Callable[[], str]) -> TimeEntry:
    """To what lies inside: at the ends by moving them, in between by breaks."""
    start, end = inside[0].start.astimezone(entry.start.tzinfo), inside[-1].end.astimezone(entry.end.tzinfo)
    cut = moved(entry, start, end, "window")
    return _with_more_breaks(cut, less(_span(cut), inside), "window", make_id)


def _with_breaks_rounded(entry: TimeEntry, how: Rounding) -> TimeEntry:
    """Breaks that were taken, with another length; one that has no room for it stays as it was."""

    def rounded_break(taken: Break) -> Span:
        span = _taken(taken)
        return span if taken.automatic else Span(start=span.start, end=span.start + rounded_length(span.length, how))

    def unless_dropped(taken: Break, _room: datetime) -> Span:
        span = rounded_break(taken)
        return span if span.start == span.end else _taken(taken)

    def where_there_is_room(taken: Break, room: datetime) -> Span:
        span = rounded_break(taken)
        return span if span.end <= room else _taken(taken)

    # A break that is dropped makes room for the one before it.
    return _with_breaks(_with_breaks(entry, "rounding", unless_dropped), "rounding", where_there_is_room)


def _with_missing_breaks(entry: TimeEntry, rule: AutomaticBreaks, make_id: Callable[[], str]) -> TimeEntry:
    """In the middle of the longest stretch of work; what is longer than that fills it and goes on in the next."""
    stretches = less(_span(entry), [_taken(taken) for taken in entry.breaks])
    worked = sum((stretch.length for stretch in stretches), timedelta())
    shortest = timedelta(minutes=rule.shortest_minutes)
    counted = (taken for taken in entry.breaks if taken.automatic or _taken(taken).length >= shortest)
    missing = rule.missing(worked, sum((_taken(taken).length for taken in counted), timedelta()))
    added = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.length, reverse=True):
        if not missing:
            break
        length = min(missing, stretch.length)
        missing -= length
        start = stretch.start + timedelta(seconds=(stretch.length - length) // timedelta(seconds=2))
        added.append(Span(start=start, end=start + length))
    return _with_more_breaks(entry, added, "automatic_breaks", make_id)


def _with_more_breaks(entry: TimeEntry, spans: Sequence[Span], rule: str, make_id: Callable[[], str]) -> TimeEntry:
    """With breaks of the model's own, where none was taken."""
    free = (part for span in spans for part in less(span, [_taken(taken) for taken in entry.breaks]))
    offset = entry.start.tzinfo
    added = [
        Break(id=make_id(), start=part.start.astimezone(offset), end=part.end.astimezone(offset), automatic=True)
        for part in free
    ]
    listed = (Adjustment(rule=rule, break_id=taken.id, before=None, after=_taken(taken)) for taken in added)
    breaks = sorted([*entry.breaks, *added], key=lambda taken: taken.start)
    return replace(entry, breaks=tuple(breaks), adjustments=(*entry.adjustments, *listed))
