"""The working-time model of a tenant or an organization: its rules, and what they mean on the wall clock of a zone.

What the rules do to an entry is in `domain.adjusting`. Instants are aware; minutes of the day count from midnight as
a clock on the wall shows it, so that 08:00 is 08:00 in summer and in winter. Where clocks go back, a time that is
shown twice is the first of the two as a beginning and the second as an end; where they go forward, one that is never
shown counts on with the offset from before (RFC 5545, 3.3.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from fencepost.common.timezones import MINUTES_A_DAY, format_minute_of_day, load_time_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Direction = Literal["up", "down", "nearest"]
StopsAt = Literal["limit", "shift_end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `start` to `end`, half-open."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """To steps of `minutes`, a divisor of 60, so that every hour has the same. Half a step is rounded up."""

    direction: Direction
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Who works longer than `over_minutes` takes breaks of `break_minutes` in all."""

    over_minutes: int
    break_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticBreaks:
    """Breaks that are deducted where they were not taken; one shorter than `shortest_minutes` was none."""

    thresholds: tuple[Threshold, ...]
    shortest_minutes: int = 15

    def missing(self, worked: timedelta, taken: timedelta) -> timedelta:
        """How much is deducted from `worked`, which is without all breaks; `taken` are the breaks that count.

        Never so much that a threshold is undercut: somebody who works 6:10 is not paid less than for 6:00.

        >>> str(ARBZG.missing(timedelta(hours=6, minutes=10), taken=timedelta()))
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

    `outside`: what lies outside is cut off, or the whole entry is refused.
    """

    start_minute: int
    end_minute: int
    outside: Literal["cut", "refuse"] = "cut"

    def __str__(self) -> str:
        """
        >>> str(AllowedWindow(start_minute=360, end_minute=1200))
        '06:00 to 20:00'
        """
        return f"{format_minute_of_day(self.start_minute)} to {format_minute_of_day(self.end_minute)}"

    def on(self, day: date, time_zone: str) -> Span:
        """The window that begins on a day."""
        is_next_day = self.end_minute <= self.start_minute
        start = instant(day, self.start_minute, time_zone)
        return Span(
            start=start, end=instant(day, self.end_minute + is_next_day * MINUTES_A_DAY, time_zone, last=True)
        )

    def inside(self, span: Span, time_zone: str) -> list[Span]:
        """What of a span lies in the window, day by day; what touches is one.

        >>> day = AllowedWindow(start_minute=6 * 60, end_minute=20 * 60)
        >>> night = Span(start=datetime(2026, 5, 4, 18, tzinfo=UTC), end=datetime(2026, 5, 5, 8, tzinfo=UTC))
        >>> [str(part.length) for part in day.inside(night, "UTC")]
        ['2:00:00', '2:00:00']
        """
        parts: list[Span] = []
        for day in _days(span, time_zone):
            window = self.on(day, time_zone)
            start, end = max(window.start, span.start), min(window.end, span.end)
            if start >= end:
                continue
            if parts and start <= parts[-1].end:
                parts[-1] = Span(start=parts[-1].start, end=max(end, parts[-1].end))
            else:
                parts.append(Span(start=start, end=end))
        return parts

    def holds(self, span: Span, time_zone: str) -> bool:
        """Whether all of a span lies inside."""
        return self.inside(span, time_zone) == [span]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTime:
    """The rules; without any of them what was punched is what counts.

    `round_break` is for the length of a break. `back_minutes` and `ahead_minutes` are how far from the server's time
    a punch may lie. A forgotten clock is stopped at its limit or, where `stops_at` says so, at the next end of a
    shift before it: at `shift_end_minute`, or else at the end of the window. `remind_minutes` before that comes a
    reminder.
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

    def deadline(
        self, start: datetime, limit: timedelta, time_zone: str, *, since: datetime | None = None
    ) -> tuple[datetime, StopsAt]:
        """When a clock that began at `start` is stopped for its user, and which rule does it.

        A shift that ended before the rule held for the clock, `since`, stops none; a limit counts from the start.

        >>> model = WorkingTime(stops_at="shift_end", shift_end_minute=17 * 60)
        >>> deadline, rule = model.deadline(datetime(2026, 5, 4, 7, tzinfo=UTC), timedelta(hours=24), "Europe/Berlin")
        >>> deadline.isoformat(), rule
        ('2026-05-04T15:00:00+00:00', 'shift_end')
        """
        if self.longest_minutes is not None:
            limit = min(limit, timedelta(minutes=self.longest_minutes))
        at_limit = start + limit
        minute = self.shift_end_minute
        if minute is None and self.window is not None:
            minute = self.window.end_minute
        if self.stops_at == "limit" or minute is None:
            return at_limit, "limit"
        ends = (
            instant(day, minute, time_zone, last=True) for day in _days(Span(start=start, end=at_limit), time_zone)
        )
        shift_end = next((end for end in ends if max(start, since or start) < end <= at_limit), None)
        return (at_limit, "limit") if shift_end is None else (shift_end.astimezone(start.tzinfo), "shift_end")


NO_MODEL = WorkingTime()


def instant(day: date, minute: int, time_zone: str, *, last: bool = False) -> datetime:
    """When a clock on the wall shows a minute of a day, in UTC; of two such instants the first, or the last.

    >>> [instant(date(2026, 10, 25), 150, "Europe/Berlin", last=last).hour for last in (False, True)]
    [0, 1]
    """
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (shown.replace(tzinfo=load_time_zone(time_zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second) if last else first


def rounded(at: datetime, how: Rounding, time_zone: str) -> datetime:
    """On the steps that the wall clock shows, with the offset that it came with.

    >>> at = datetime.fromisoformat("2026-05-04T08:53:10+02:00")
    >>> rounded(at, Rounding(direction="nearest", minutes=15), "Europe/Berlin").isoformat()
    '2026-05-04T09:00:00+02:00'
    """
    down, up = _on_a_step(at, how.minutes, time_zone, 0), _on_a_step(at, how.minutes, time_zone, how.minutes)
    if how.direction == "nearest":
        return down if at - down < up - at else up
    return down if how.direction == "down" else up


def rounded_length(length: timedelta, how: Rounding) -> timedelta:
    """
    >>> str(rounded_length(timedelta(minutes=37), Rounding(direction="down", minutes=15)))
    '0:30:00'
    """
    step = timedelta(minutes=how.minutes)
    over = length % step
    down, up = length - over, length - over + (step if over else timedelta())
    if how.direction == "nearest":
        return down if length - down < up - length else up
    return down if how.direction == "down" else up


def less(span: Span, taken: Sequence[Span]) -> list[Span]:
    """What is left of a span when others, which do not overlap and come in order, are taken out.

    >>> at = datetime(2026, 5, 4, tzinfo=UTC)
    >>> morning = Span(start=at, end=at + timedelta(hours=4))
    >>> left = less(morning, [Span(start=at + timedelta(hours=1), end=at + timedelta(hours=2))])
    >>> [str(part.length) for part in left]
    ['1:00:00', '2:00:00']
    """
    left, start = [], span.start
    for one in taken:
        if start < min(one.start, span.end):
            left.append(Span(start=start, end=min(one.start, span.end)))
        start = max(start, one.end)
    return [*left, Span(start=start, end=span.end)] if start < span.end else left


def _on_a_step(at: datetime, minutes: int, time_zone: str, add_minutes: int) -> datetime:
    """The step at or before an instant; with `add_minutes` of one step, the one at or after it.

    Where the clock changes by half an hour, one step of an hour may end between two: then it is the next one.
    """
    step = at.astimezone(UTC)
    while True:
        local = step.astimezone(load_time_zone(time_zone))
        over = timedelta(minutes=local.minute % minutes, seconds=local.second, microseconds=local.microsecond)
        if not over:
            return step.astimezone(at.tzinfo)
        step += timedelta(minutes=add_minutes) - over


def _days(span: Span, time_zone: str) -> Iterator[date]:
    """The local days whose windows may meet a span: those that it touches, and the one before."""
    first, last = (at.astimezone(load_time_zone(time_zone)).date() for at in (span.start, span.end))
    return (first + timedelta(days=n) for n in range(-1, (last - first).days + 1))
