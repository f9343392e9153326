"""The working-time model of a tenant or an organization: its rules, and how they apply to the wall clock of a zone.

The module `adjustments` applies the rules to an entry. Instants are aware. Minutes of the day count from midnight on
the wall clock, so that 08:00 is 08:00 in summer and in winter. Where clocks go back, a time that the wall clock shows
twice is the first of the two as a start and the second as an end. Where they go forward, a time that it never shows
continues with the offset from before (RFC 5545, 3.3.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from fencepost.common.timezones import MINUTES_PER_DAY, format_minute_of_day, load_time_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Direction = Literal["up", "down", "nearest"]
StopsAt = Literal["limit", "shift_end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open span of time, from `start` to `end`."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """Rounding to steps of `minutes`, a divisor of 60, so that all hours have the same. Half a step rounds up."""

    direction: Direction
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A rule: work of more than `over_minutes` requires breaks of `break_minutes` in total."""

    over_minutes: int
    break_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticBreaks:
    """Breaks that are deducted if the user did not take them; one shorter than `shortest_minutes` does not count."""

    thresholds: tuple[Threshold, ...]
    shortest_minutes: int = 15

    def compute_missing(self, worked: timedelta, taken: timedelta) -> timedelta:
        """Return how much to deduct from `worked`, the time without any breaks.

        The deduction never undercuts a threshold: 6:10 of work is not paid less than 6:00.

        Args:
            worked: The time without any breaks.
            taken: The breaks that count.

        >>> str(ARBZG.compute_missing(timedelta(hours=6, minutes=10), taken=timedelta()))
        '0:10:00'
        """
        short = (
            min(timedelta(minutes=rule.break_minutes) - taken, worked - timedelta(minutes=rule.over_minutes))
            for rule in self.thresholds
        )
        return max([timedelta(), *short])


# Section 4 of the German Arbeitszeitgesetz.
ARBZG = AutomaticBreaks(
    thresholds=(Threshold(over_minutes=360, break_minutes=30), Threshold(over_minutes=540, break_minutes=45))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedWindow:
    """The times of day at which time counts; one that ends at or before its start ends on the next day.

    Attributes:
        outside: Whether time outside is cut off, or the whole entry is refused.
    """

    start_minute: int
    end_minute: int
    outside: Literal["cut", "refuse"] = "cut"

    def __str__(self) -> str:
        """Return the window as times of the day.

        >>> str(AllowedWindow(start_minute=360, end_minute=1200))
        '06:00 to 20:00'
        """
        return f"{format_minute_of_day(self.start_minute)} to {format_minute_of_day(self.end_minute)}"

    def resolve_on(self, day: date, time_zone: str) -> Span:
        """Return the window that begins on a day."""
        is_next_day = self.end_minute <= self.start_minute
        start = resolve_wall_time(day, self.start_minute, time_zone)
        return Span(
            start=start,
            end=resolve_wall_time(day, self.end_minute + is_next_day * MINUTES_PER_DAY, time_zone, last=True),
        )

    def clip(self, span: Span, time_zone: str) -> list[Span]:
        """Return the parts of a span inside the window, day by day; parts that touch are merged.

        >>> day = AllowedWindow(start_minute=6 * 60, end_minute=20 * 60)
        >>> night = Span(start=datetime(2026, 5, 4, 18, tzinfo=UTC), end=datetime(2026, 5, 5, 8, tzinfo=UTC))
        >>> [str(part.length) for part in day.clip(night, "UTC")]
        ['2:00:00', '2:00:00']
        """
        parts: list[Span] = []
        for day in _iterate_days(span, time_zone):
            window = self.resolve_on(day, time_zone)
            start, end = max(window.start, span.start), min(window.end, span.end)
            if start >= end:
                continue
            if parts and start <= parts[-1].end:
                parts[-1] = Span(start=parts[-1].start, end=max(end, parts[-1].end))
            else:
                parts.append(Span(start=start, end=end))
        return parts

    def contains(self, span: Span, time_zone: str) -> bool:
        """Return whether all of a span lies inside."""
        return self.clip(span, time_zone) == [span]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTime:
    """The rules of a working-time model; without any of them, time counts as it was punched.

    Attributes:
        round_break: Rounds the length of a break.
        back_minutes: How far before the server's time a punch may lie.
        ahead_minutes: How far after the server's time a punch may lie.
        stops_at: Where a forgotten clock is stopped: at its limit, or at the end of a shift before that.
        shift_end_minute: The end of a shift; None means the end of the window.
        remind_minutes: How long before its deadline the user of a clock gets a reminder.
    """

    round_start: Rounding | None = None
    round_end: Rounding | None = None
    round_break: Rounding | None = None
    automatic_breaks: AutomaticBreaks | None = None
    longest_minutes: int | None = None
    window: AllowedWindow | None = None
    back_minutes: int | None = None
    ahead_minutes: int = 2
    stops_at: StopsAt = "limit"
    shift_end_minute: int | None = None
    remind_minutes: int | None = None

    def find_shift_end(self, after: datetime, latest: datetime, time_zone: str) -> datetime | None:
        """Return the first end of a shift after one instant and not after another.

        It is None if no shift ends in between, or if the model has neither a shift end nor a window.

        >>> model = WorkingTime(stops_at="shift_end", shift_end_minute=17 * 60)
        >>> start = datetime(2026, 5, 4, 7, tzinfo=UTC)
        >>> model.find_shift_end(start, start + timedelta(hours=24), "Europe/Berlin").isoformat()
        '2026-05-04T15:00:00+00:00'
        """
        minute = self.shift_end_minute
        if minute is None and self.window is not None:
            minute = self.window.end_minute
        if minute is None:
            return None
        days = _iterate_days(Span(start=after, end=latest), time_zone)
        ends = (resolve_wall_time(day, minute, time_zone, last=True) for day in days)
        return next((end for end in ends if after < end <= latest), None)


NO_MODEL = WorkingTime()


def resolve_wall_time(day: date, minute: int, time_zone: str, *, last: bool = False) -> datetime:
    """Return when the wall clock shows a minute of a day, in UTC; of two such instants the first, or the last.

    >>> [resolve_wall_time(date(2026, 10, 25), 150, "Europe/Berlin", last=last).hour for last in (False, True)]
    [0, 1]
    """
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (shown.replace(tzinfo=load_time_zone(time_zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second) if last else first


def round_instant(at: datetime, rounding: Rounding, time_zone: str) -> datetime:
    """Round an instant to steps of the wall clock, and keep its offset.

    >>> at = datetime.fromisoformat("2026-05-04T08:53:10+02:00")
    >>> round_instant(at, Rounding(direction="nearest", minutes=15), "Europe/Berlin").isoformat()
    '2026-05-04T09:00:00+02:00'
    """
    down, up = (
        _find_step(at, rounding.minutes, time_zone, 0),
        _find_step(at, rounding.minutes, time_zone, rounding.minutes),
    )
    if rounding.direction == "nearest":
        return down if at - down < up - at else up
    return down if rounding.direction == "down" else up


def round_length(length: timedelta, rounding: Rounding) -> timedelta:
    """Round the length of a break.

    >>> str(round_length(timedelta(minutes=37), Rounding(direction="down", minutes=15)))
    '0:30:00'
    """
    step = timedelta(minutes=rounding.minutes)
    remainder = length % step
    down = length - remainder
    up = down + step if remainder else down
    if rounding.direction == "nearest":
        return down if length - down < up - length else up
    return down if rounding.direction == "down" else up


def subtract_spans(span: Span, others: Sequence[Span]) -> list[Span]:
    """Return the parts of a span outside others, which are in order and do not overlap each other.

    >>> at = datetime(2026, 5, 4, tzinfo=UTC)
    >>> morning = Span(start=at, end=at + timedelta(hours=4))
    >>> left = subtract_spans(morning, [Span(start=at + timedelta(hours=1), end=at + timedelta(hours=2))])
    >>> [str(part.length) for part in left]
    ['1:00:00', '2:00:00']
    """
    remaining, start = [], span.start
    for other in others:
        if start < min(other.start, span.end):
            remaining.append(Span(start=start, end=min(other.start, span.end)))
        start = max(start, other.end)
    return [*remaining, Span(start=start, end=span.end)] if start < span.end else remaining


def _find_step(at: datetime, minutes: int, time_zone: str, add_minutes: int) -> datetime:
    """Return the step at or before an instant; with `add_minutes` of one step, the step at or after it.

    Where clocks change by half an hour, the result of one addition may lie between two steps: then it is repeated.
    """
    step = at.astimezone(UTC)
    while True:
        local = step.astimezone(load_time_zone(time_zone))
        over = timedelta(minutes=local.minute % minutes, seconds=local.second, microseconds=local.microsecond)
        if not over:
            return step.astimezone(at.tzinfo)
        step += timedelta(minutes=add_minutes) - over


def _iterate_days(span: Span, time_zone: str) -> Iterator[date]:
    """Yield the local days whose windows may meet a span: those that it touches, and the one before."""
    first, last = (at.astimezone(load_time_zone(time_zone)).date() for at in (span.start, span.end))
    return (first + timedelta(days=n) for n in range(-1, (last - first).days + 1))
