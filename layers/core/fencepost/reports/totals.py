"""Totals of time entries: a day, a week (ISO 8601) or a month, by user, organization and category.

An entry belongs to the local day of its start in the time zone of its organization, or else of its tenant; its week
and month follow from that day. Split at midnight, each piece of an entry belongs to the day on which it lies. Sums
are in seconds of elapsed time, so a night on which the clocks change has its real length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from fencepost.timeclock.entry_summary import EntrySummary
from fencepost.timeclock.settings import LONGEST_CLOCK

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month"]
Dimension = Literal["user", "organization", "category"]
DIMENSIONS: tuple[Dimension, ...] = ("user", "organization", "category")
# How long before (on Kiribati) and after (on Baker Island) midnight in UTC a local midnight may be.
_FIRST_MIDNIGHT, _LAST_MIDNIGHT = timedelta(hours=14), timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsPageStart:
    """Where a page of totals starts: with the period of this first day, or within it after this group."""

    period: date
    group: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsQuery:
    """Totals of the entries that begin in a half-open span in UTC; split at midnight, of the time within the span."""

    first: datetime
    before: datetime
    unit: Unit
    dimensions: tuple[Dimension, ...] = DIMENSIONS
    is_split: bool = False

    def find_read_start(self, page_start: TotalsPageStart | None) -> datetime:
        """Return the earliest start of an entry that can count on the page that starts at a position."""
        longest = LONGEST_CLOCK if self.is_split else timedelta(0)
        first = self.first - longest
        if page_start is None:
            return first
        midnight = datetime.combine(page_start.period, time(), UTC)
        return max(first, midnight - _FIRST_MIDNIGHT - longest)

    def find_first_period(self, page_start: TotalsPageStart | None) -> date:
        """Return the first period of the page that starts at a position."""
        if page_start is not None:
            return page_start.period
        return find_period((self.first + _FIRST_MIDNIGHT).date(), self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The net time of a group in a period, and its breaks. `entries` is the number of entries that begin there.

    `group` has a part for each requested dimension, in the order of DIMENSIONS; without an organization it is "".
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
class TotalsAggregator:
    """Sums up entries, which must be added in the order of their starts.

    `get_zone` returns the time zone of an organization, and of entries without one for None.
    """

    query: TotalsQuery
    get_zone: Callable[[str | None], ZoneInfo]
    _sums: dict[tuple[date, tuple[str, ...]], _Sum] = field(default_factory=dict)

    def add(self, entry: EntrySummary) -> None:
        zone = self.get_zone(entry.organization_id)
        parts = {"user": entry.user_id, "organization": entry.organization_id or "", "category": entry.category}
        group = tuple(parts[dimension] for dimension in DIMENSIONS if dimension in self.query.dimensions)
        start, end = entry.start, entry.end
        if self.query.first <= start:
            self._get_sum(start, zone, group).entries += 1
        pieces: Iterator[tuple[datetime, datetime]] = iter([(start, end)])
        if self.query.is_split:
            pieces = split_at_midnights(max(start, self.query.first), min(end, self.query.before), zone)
        for piece_start, piece_end in pieces:
            break_s = sum(
                _count_seconds(max(piece_start, break_start), min(piece_end, break_end))
                for break_start, break_end in entry.breaks
            )
            total = self._get_sum(piece_start, zone, group)
            total.net_s += _count_seconds(piece_start, piece_end) - break_s
            total.break_s += break_s

    def list_totals(self, page_start: TotalsPageStart | None, read_to: datetime | None) -> list[Total]:
        """Return the totals of all complete periods from a position on, in order.

        Args:
            read_to: All entries that begin before this instant were added; None means all entries.
            page_start: Where the page starts; None means at the first period.
        """
        first_open = self.find_first_open_period(read_to) if read_to is not None else None
        return [
            Total(period=period, group=group, entries=s.entries, net_s=s.net_s, break_s=s.break_s)
            for (period, group), s in sorted(self._sums.items())
            if (first_open is None or period < first_open) and _is_after(page_start, period, group)
        ]

    def find_first_open_period(self, read_to: datetime) -> date:
        """Return the first period that is not complete yet."""
        # An entry that begins at `read_to` may lie on a day that is current only on Baker Island.
        return find_period((read_to - _LAST_MIDNIGHT).date(), self.query.unit)

    def _get_sum(self, at: datetime, zone: ZoneInfo, group: tuple[str, ...]) -> _Sum:
        period = find_period(to_local_day(at, zone), self.query.unit)
        return self._sums.setdefault((period, group), _Sum())


def to_local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the local day of an instant.

    >>> from fencepost.common.timezones import load_time_zone
    >>> to_local_day(datetime(2026, 5, 4, 22, 30, tzinfo=UTC), load_time_zone("Europe/Berlin"))
    datetime.date(2026, 5, 5)
    """
    return at.astimezone(zone).date()


def split_at_midnights(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the pieces of a span in UTC, cut at each local midnight.

    A midnight that the clocks skip is the instant at which they do; one that occurs twice cuts where it comes next.

    >>> from fencepost.common.timezones import load_time_zone
    >>> night = datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)
    >>> [str(end - start) for start, end in split_at_midnights(*night, load_time_zone("Europe/Berlin"))]
    ['2:00:00', '7:00:00']
    """
    while start < end:
        next_day = to_local_day(start, zone) + timedelta(days=1)
        first, second = (datetime.combine(next_day, time(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
        midnight = min(end, first if first > start else second)
        yield start, midnight
        start = midnight


def find_period(day: date, unit: Unit) -> date:
    """Return the first day of the period that a day lies in.

    >>> [str(find_period(date(2027, 1, 2), unit)) for unit in ("day", "week", "month")]
    ['2027-01-02', '2026-12-28', '2027-01-01']
    """
    if unit == "day":
        return day
    return day - timedelta(days=day.weekday()) if unit == "week" else day.replace(day=1)


def format_period(period: date, unit: Unit) -> str:
    """Return the name of the period that begins with a day.

    >>> [format_period(find_period(date(2027, 1, 2), unit), unit) for unit in ("day", "week", "month")]
    ['2027-01-02', '2026-W53', '2027-01']
    """
    if unit == "day":
        return period.isoformat()
    year, week, _ = period.isocalendar()
    return f"{year}-W{week:02}" if unit == "week" else f"{period:%Y-%m}"


def take_page(
    totals: Sequence[Total], limit: int, rest: TotalsPageStart | None
) -> tuple[Sequence[Total], TotalsPageStart | None]:
    """Return at most `limit` totals, and where the next page starts; `rest` is where the incomplete periods start."""
    if len(totals) > limit:
        last = totals[limit - 1]
        return totals[:limit], TotalsPageStart(period=last.period, group=last.group)
    return totals, rest


def _is_after(page_start: TotalsPageStart | None, period: date, group: tuple[str, ...]) -> bool:
    if page_start is None or period > page_start.period:
        return True
    return period == page_start.period and (page_start.group is None or group > page_start.group)


def _count_seconds(start: datetime, end: datetime) -> int:
    """Return the whole seconds from one instant to another, 0 if it is not after the first."""
    return max(0, round((end - start).total_seconds()))
