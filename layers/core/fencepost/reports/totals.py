"""Totals of time entries: a day, a week (ISO 8601) or a month, by user, organization and category.

An entry belongs to the local day of its start in the time zone of its organization, or else of its tenant; week and
month follow from that day. Split at midnight, each piece belongs to the day that it lies on. All sums are in seconds
of elapsed time, so that a night on which the clocks change has the length that it had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from fencepost.timeclock.entry_summary import Counted
from fencepost.timeclock.settings import LONGEST_CLOCK

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month"]
Dimension = Literal["user", "organization", "category"]
DIMENSIONS: tuple[Dimension, ...] = ("user", "organization", "category")
# Local midnight comes at most so long before that of UTC, in Kiribati, and so long after it, on Baker Island.
_FIRST_MIDNIGHT, _LAST_MIDNIGHT = timedelta(hours=14), timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsPosition:
    """Where a page of totals begins: with a period, by its first day, and in it behind the group of these parts."""

    period: date
    group: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Totals of the entries that begin in a span, half-open; split at midnight, of all time within the span.

    The span is in UTC.
    """

    first: datetime
    before: datetime
    unit: Unit
    by: tuple[Dimension, ...] = DIMENSIONS
    is_split: bool = False

    def reads_from(self, place: TotalsPosition | None) -> datetime:
        """No entry that begins earlier counts on the page that begins there."""
        longest = LONGEST_CLOCK if self.is_split else timedelta(0)
        first = self.first - longest
        if place is None:
            return first
        return max(first, _midnight_in_utc(place.period) - _FIRST_MIDNIGHT - longest)

    def begins_with(self, place: TotalsPosition | None) -> date:
        """The period with which the page begins: where it is not whole in the end, nothing was gained."""
        if place is not None:
            return place.period
        return period_of((self.first + _FIRST_MIDNIGHT).date(), self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The net time of a group in a period, and its breaks. `entries` are those that begin there.

    `group` has a part for each dimension asked for, in the order of DIMENSIONS; no organization is "".
    """

    period: date
    group: tuple[str, ...]
    entries: int
    net_s: int
    break_s: int


@dataclass
class _Sum:
    entries: int = 0
    net_s: int = 0
    break_s: int = 0


@dataclass
class Sums:
    """Adds entries up, which come in the order of their starts. `zone_of` knows the time zone of an organization."""

    asked: Asked
    zone_of: Callable[[str | None], ZoneInfo]
    _sums: dict[tuple[date, tuple[str, ...]], _Sum] = field(default_factory=dict)

    def add(self, entry: Counted) -> None:
        zone = self.zone_of(entry.organization_id)
        group = self._group(entry)
        start, end = entry.start, entry.end
        if self.asked.first <= start:
            self._sum(day_of(start, zone), group).entries += 1
        if not self.asked.is_split:
            self._count(day_of(start, zone), group, entry, start, end)
            return
        for piece_start, piece_end in days_within(max(start, self.asked.first), min(end, self.asked.before), zone):
            self._count(day_of(piece_start, zone), group, entry, piece_start, piece_end)

    def page(self, after: TotalsPosition | None, read_to: datetime | None) -> list[Total]:
        """The totals of all periods that are whole, from a place on, in order.

        Every entry that begins before `read_to` has been added; None: all there are.
        """
        return [
            Total(period=period, group=group, entries=s.entries, net_s=s.net_s, break_s=s.break_s)
            for (period, group), s in sorted(self._sums.items())
            if self._is_whole(period, read_to) and _is_behind(after, period, group)
        ]

    def whole_until(self, read_to: datetime) -> date:
        """The first period that is not whole yet."""
        # What begins now may lie on a day that it is only on Baker Island.
        return period_of((read_to - _LAST_MIDNIGHT).date(), self.asked.unit)

    def _is_whole(self, period: date, read_to: datetime | None) -> bool:
        return read_to is None or period < self.whole_until(read_to)

    def _group(self, entry: Counted) -> tuple[str, ...]:
        parts = {"user": entry.user_id, "organization": entry.organization_id or "", "category": entry.category}
        return tuple(parts[dimension] for dimension in DIMENSIONS if dimension in self.asked.by)

    def _sum(self, day: date, group: tuple[str, ...]) -> _Sum:
        return self._sums.setdefault((period_of(day, self.asked.unit), group), _Sum())

    def _count(self, day: date, group: tuple[str, ...], entry: Counted, start: datetime, end: datetime) -> None:
        break_s = sum(_seconds(max(start, b_start), min(end, b_end)) for b_start, b_end in entry.breaks)
        total = self._sum(day, group)
        total.net_s += _seconds(start, end) - break_s
        total.break_s += break_s


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """
    >>> from fencepost.common.timezones import load_time_zone
    >>> day_of(datetime(2026, 5, 4, 22, 30, tzinfo=UTC), load_time_zone("Europe/Berlin"))
    datetime.date(2026, 5, 5)
    """
    return at.astimezone(zone).date()


def days_within(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """A span in UTC, cut at each local midnight.

    >>> from fencepost.common.timezones import load_time_zone
    >>> night = datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)
    >>> [str(end - start) for start, end in days_within(*night, load_time_zone("Europe/Berlin"))]
    ['2:00:00', '7:00:00']
    """
    while start < end:
        midnight = min(end, _midnight_after(start, zone))
        yield start, midnight
        start = midnight


def period_of(day: date, unit: Unit) -> date:
    """The first day of the period that a day lies in.

    >>> [str(period_of(date(2027, 1, 2), unit)) for unit in ("day", "week", "month")]
    ['2027-01-02', '2026-12-28', '2027-01-01']
    """
    if unit == "day":
        return day
    return day - timedelta(days=day.weekday()) if unit == "week" else day.replace(day=1)


def name_of(period: date, unit: Unit) -> str:
    """
    >>> [name_of(period_of(date(2027, 1, 2), unit), unit) for unit in ("day", "week", "month")]
    ['2027-01-02', '2026-W53', '2027-01']
    """
    if unit == "day":
        return period.isoformat()
    year, week, _ = period.isocalendar()
    return f"{year}-W{week:02}" if unit == "week" else f"{period:%Y-%m}"


def cut_at(
    totals: Sequence[Total], limit: int, rest: TotalsPosition | None
) -> tuple[Sequence[Total], TotalsPosition | None]:
    """At most `limit` of them, and where the next page begins; `rest` is where what is not whole yet begins."""
    if len(totals) > limit:
        last = totals[limit - 1]
        return totals[:limit], TotalsPosition(period=last.period, group=last.group)
    return totals, rest


def _is_behind(place: TotalsPosition | None, period: date, group: tuple[str, ...]) -> bool:
    if place is None:
        return True
    return period > place.period or (period == place.period and (place.group is None or group > place.group))


def _midnight_after(at: datetime, zone: ZoneInfo) -> datetime:
    """In UTC. A midnight that clocks pass over is the instant at which they do; of one that comes twice, the next."""
    day = day_of(at, zone) + timedelta(days=1)
    first, second = (datetime.combine(day, time(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    return first if first > at else second


def _midnight_in_utc(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _seconds(start: datetime, end: datetime) -> int:
    """Whole seconds from one instant to another; 0 where it is not after the first."""
    return max(0, round((end - start).total_seconds()))
