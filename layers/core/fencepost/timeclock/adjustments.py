"""How the working-time model adjusts an entry that was punched, and how it limits one that is saved by hand.

The order is: round start and end, then breaks; cut what lies outside the allowed window, then what is longer than the
longest entry; add the breaks that are missing. The entry lists each change with the state before it, so that undoing
the changes backwards restores what was punched.

The model never prevents a stop. Rounding that would leave nothing is skipped. Where the window refuses an entry or
leaves nothing of it, the entry becomes invalid, as it was punched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from fencepost.common.errors import ValidationFailed
from fencepost.common.timezones import EARLIEST, LATEST
from fencepost.timeclock.model import Adjustment, Break, TimeEntry
from fencepost.timeclock.settings import LONGEST_CLOCK
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.timeclock.working_time import Span, round_instant, round_length, subtract_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from fencepost.timeclock.settings import TenantSettings
    from fencepost.timeclock.working_time import AutomaticBreaks, Rounding


def widen_to_rounding(entry: TimeEntry, settings: TenantSettings) -> TimeEntry:
    """Return the entry with its largest possible span, to find all neighbours that `apply_working_time` needs."""
    start, end = _compute_rounded_span(entry, settings)
    return replace(entry, start=min(start, entry.start), end=max(end, entry.end))


def apply_working_time(
    entry: TimeEntry,
    settings: TenantSettings,
    neighbours: Iterable[TimeEntry],
    new_id: Callable[[], str],
    *,
    deadline: datetime,
) -> TimeEntry:
    """Return a punched entry with the adjustments of the model.

    Rounding takes no time from existing entries, and does not go past the deadline of the clock.
    """
    model, time_zone = settings.working_time, settings.time_zone
    after = _round_span(entry, settings, neighbours, latest=max(deadline, entry.end))
    if model.round_break is not None:
        after = _round_breaks(after, model.round_break)
    if model.window is not None:
        inside = model.window.clip(after.span, time_zone)
        # An entry that only rounding moved out of the window is cut to it, not refused.
        is_refused = model.window.outside == "refuse" and not model.window.contains(entry.span, time_zone)
        if not inside or (is_refused and inside != [after.span]):
            return replace(entry, invalid_reason=f"it lies outside the allowed window, {model.window} ({time_zone}).")
        # Time outside the window is cut off at the ends, and becomes a break in between.
        start, end = inside[0].start.astimezone(after.start.tzinfo), inside[-1].end.astimezone(after.end.tzinfo)
        after = move_span(after, start, end, "window")
        after = _add_breaks(after, subtract_spans(after.span, inside), "window", new_id)
    longest = timedelta(minutes=model.longest_minutes) if model.longest_minutes is not None else LONGEST_CLOCK
    after = move_span(after, after.start, min(after.end, after.start + longest), "longest")
    if model.automatic_breaks is not None and after.category == "productive":
        after = _add_missing_breaks(after, model.automatic_breaks, new_id)
    return after


def undo_adjustments(entry: TimeEntry) -> TimeEntry:
    """Return the entry without the adjustments of the model; a stop at a limit or at the end of a shift remains."""
    breaks = {break_.id: break_ for break_ in entry.breaks}
    span, remaining = entry.span, list(entry.adjustments)
    while remaining and remaining[-1].rule not in ("limit", "shift_end"):
        change = remaining.pop()
        if change.break_id is None:
            span = change.before or span
        elif change.before is None:
            breaks.pop(change.break_id, None)
        else:
            before = breaks.get(change.break_id) or Break(id=change.break_id, start=span.start)
            breaks[change.break_id] = replace(before, start=change.before.start, end=change.before.end)
    in_order = tuple(sorted(breaks.values(), key=lambda break_: break_.start))
    return replace(entry, start=span.start, end=span.end, breaks=in_order, adjustments=tuple(remaining))


def reapply_working_time(
    entry: TimeEntry,
    settings: TenantSettings,
    neighbours: Iterable[TimeEntry],
    new_id: Callable[[], str],
    *,
    ignores_window: bool,
) -> TimeEntry:
    """Return a punched entry with the adjustments of the current model.

    Args:
        ignores_window: Whether an entry that the window refuses is adjusted without it.

    Raises:
        ValidationFailed: The window refuses the entry.
    """
    deadline = settings.compute_deadline(entry.start)[0] if entry.stopped_by == "user" else entry.end
    after = apply_working_time(entry, settings, neighbours, new_id, deadline=deadline)
    if after.invalid_reason is None:
        return after
    if not ignores_window:
        raise _outside_window(settings)
    without = replace(settings, working_time=replace(settings.working_time, window=None))
    return apply_working_time(entry, without, neighbours, new_id, deadline=deadline)


def check_entry(entry: TimeEntry) -> None:
    """Check the fields of an entry that is saved by hand.

    Raises:
        ValidationFailed: A field is wrong, under the name that the request has for it.
    """
    if entry.time_type not in CATEGORIES:
        raise ValidationFailed.field("type", f"must be one of {', '.join(sorted(CATEGORIES))}")
    if entry.end <= entry.start:
        raise ValidationFailed.field("to", "must be after from")
    if entry.end - entry.start > LONGEST_CLOCK:
        raise ValidationFailed.field("to", f"must be at most {LONGEST_CLOCK.days} days after from")
    last = entry.start
    for number, break_ in enumerate(entry.breaks):
        if break_.end is None or break_.end <= break_.start:
            raise ValidationFailed.field(f"breaks[{number}].to", "must be after from")
        if break_.start < last or break_.end > entry.end:
            raise ValidationFailed.field(
                f"breaks[{number}]", "must lie within the entry, and after the break before it"
            )
        last = break_.end


def check_manual_entry(entry: TimeEntry, before: TimeEntry | None, settings: TenantSettings, now: datetime) -> None:
    """Check an entry that its own user saves against the limits of the model.

    A valid entry that keeps its span and its organization is not checked. `back_minutes` limits both the old and the
    new start of a change; an entry that keeps its span and its organization is never too old.

    Raises:
        ValidationFailed: The entry exceeds a limit.
    """
    model = settings.working_time
    has_moved = before is None or before.span != entry.span or before.organization_id != entry.organization_id
    if before is not None and not has_moved and before.invalid_reason is None:
        return
    first = min(entry.start, before.start) if before is not None else entry.start
    if model.back_minutes is not None and has_moved and first < now - timedelta(minutes=model.back_minutes):
        raise ValidationFailed.field("from", f"is more than {model.back_minutes} minutes ago; ask an approver")
    if model.longest_minutes is not None and entry.end - entry.start > timedelta(minutes=model.longest_minutes):
        raise ValidationFailed.field(
            "to", f"must be at most {model.longest_minutes} minutes after from; ask an approver"
        )
    if model.window is not None and not model.window.contains(entry.span, settings.time_zone):
        raise _outside_window(settings)


def _outside_window(settings: TenantSettings) -> ValidationFailed:
    window = f"{settings.working_time.window} ({settings.time_zone})"
    return ValidationFailed.field("from", f"must, like to, lie in the allowed window, {window}; ask an approver")


def _compute_rounded_span(entry: TimeEntry, settings: TenantSettings) -> tuple[datetime, datetime]:
    model, time_zone = settings.working_time, settings.time_zone
    start = round_instant(entry.start, model.round_start, time_zone) if model.round_start is not None else entry.start
    end = round_instant(entry.end, model.round_end, time_zone) if model.round_end is not None else entry.end
    return max(start, EARLIEST.astimezone(start.tzinfo)), min(end, LATEST.astimezone(end.tzinfo))


def _round_span(
    entry: TimeEntry, settings: TenantSettings, neighbours: Iterable[TimeEntry], latest: datetime
) -> TimeEntry:
    """Round start and end, without taking time from a neighbour.

    Rounding stops at a neighbour. Where the punched time overlaps one, that end is not rounded outwards; the policy
    for overlaps decides about the punched time. Where it overlaps only what rounding added to a final neighbour, the
    entry gives way.
    """
    start, end = _compute_rounded_span(entry, settings)
    for other in neighbours:
        worked = other.span_without_rounding
        if other.start < entry.start:
            gives_way = other.end > entry.start and not (other.is_final and worked.end <= entry.start)
            start = max(start, (entry.start if gives_way else other.end).astimezone(start.tzinfo))
        if other.end > entry.end:
            gives_way = other.start < entry.end and not (other.is_final and entry.end <= worked.start)
            end = min(end, (entry.end if gives_way else other.start).astimezone(end.tzinfo))
    end = min(end, latest.astimezone(end.tzinfo))
    if start < end and start < entry.end and entry.start < end:
        return move_span(entry, start, end, "rounding")
    return entry  # rounding would leave nothing of what was punched


def move_span(entry: TimeEntry, start: datetime, end: datetime, rule: str) -> TimeEntry:
    """Return the entry with another start and end, and its breaks clipped to these; it lists each change."""
    if (start, end) == (entry.start, entry.end):
        return entry
    whole = Adjustment(rule=rule, before=entry.span, after=Span(start=start, end=end))
    moved = replace(entry, start=start, end=end, adjustments=(*entry.adjustments, whole))

    def clip(break_: Break, _latest_end: datetime) -> Span:
        span = _break_span(break_)
        return Span(start=max(span.start, start), end=min(span.end, end))

    return _change_breaks(moved, rule, clip)


def _change_breaks(entry: TimeEntry, rule: str, change: Callable[[Break, datetime], Span]) -> TimeEntry:
    """Change the span of each break, given the latest end that it may have; drop a break without length."""
    breaks, adjustments = [], []
    latest_ends = [*(break_.start for break_ in entry.breaks[1:]), entry.end]
    for break_, latest_end in zip(entry.breaks, latest_ends, strict=False):
        before, after = _break_span(break_), change(break_, latest_end)
        remaining = after if after.start < after.end else None
        if remaining is not None:
            breaks.append(replace(break_, start=after.start, end=after.end))
        if after != before:
            adjustments.append(Adjustment(rule=rule, break_id=break_.id, before=before, after=remaining))
    return replace(entry, breaks=tuple(breaks), adjustments=(*entry.adjustments, *adjustments))


def _break_span(break_: Break) -> Span:
    assert break_.end is not None
    return Span(start=break_.start, end=break_.end)


def _round_breaks(entry: TimeEntry, rounding: Rounding) -> TimeEntry:
    """Round the length of the breaks that somebody took; a break that would not fit stays unchanged."""

    def round_break(break_: Break) -> Span:
        span = _break_span(break_)
        if break_.automatic:
            return span
        return Span(start=span.start, end=span.start + round_length(span.length, rounding))

    def drop_if_empty(break_: Break, _latest_end: datetime) -> Span:
        span = round_break(break_)
        return span if span.start == span.end else _break_span(break_)

    def round_if_it_fits(break_: Break, latest_end: datetime) -> Span:
        span = round_break(break_)
        return span if span.end <= latest_end else _break_span(break_)

    # A break that is dropped makes room for the one before it.
    return _change_breaks(_change_breaks(entry, "rounding", drop_if_empty), "rounding", round_if_it_fits)


def _add_missing_breaks(entry: TimeEntry, rule: AutomaticBreaks, new_id: Callable[[], str]) -> TimeEntry:
    """Add missing breaks in the middle of the longest stretch of work, and what exceeds it in the next longest."""
    stretches = subtract_spans(entry.span, [_break_span(break_) for break_ in entry.breaks])
    worked = sum((stretch.length for stretch in stretches), timedelta())
    shortest = timedelta(minutes=rule.shortest_minutes)
    counted = (break_ for break_ in entry.breaks if break_.automatic or _break_span(break_).length >= shortest)
    missing = rule.compute_missing(worked, sum((_break_span(break_).length for break_ in counted), timedelta()))
    added = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.length, reverse=True):
        if not missing:
            break
        length = min(missing, stretch.length)
        missing -= length
        start = stretch.start + timedelta(seconds=(stretch.length - length) // timedelta(seconds=2))
        added.append(Span(start=start, end=start + length))
    return _add_breaks(entry, added, "automatic_breaks", new_id)


def _add_breaks(entry: TimeEntry, spans: Sequence[Span], rule: str, new_id: Callable[[], str]) -> TimeEntry:
    """Add automatic breaks in these spans, except during breaks that the entry already has."""
    free = (part for span in spans for part in subtract_spans(span, [_break_span(break_) for break_ in entry.breaks]))
    offset = entry.start.tzinfo
    added = [
        Break(id=new_id(), start=part.start.astimezone(offset), end=part.end.astimezone(offset), automatic=True)
        for part in free
    ]
    adjustments = [
        Adjustment(rule=rule, break_id=break_.id, before=None, after=_break_span(break_)) for break_ in added
    ]
    breaks = sorted([*entry.breaks, *added], key=lambda break_: break_.start)
    return replace(entry, breaks=tuple(breaks), adjustments=(*entry.adjustments, *adjustments))
