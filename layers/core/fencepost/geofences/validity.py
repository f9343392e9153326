"""When a geofence is in force: from an instant, until an instant, and at which times of the week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fencepost.common.timezones import load_time_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of local time on some days of the week: `days` count from 0, Monday; minutes count from midnight.

    One that ends at or before its start ends on the next day. It belongs to the day on which it starts.
    """

    days: frozenset[int]
    start_minute: int
    end_minute: int

    def covers(self, weekday: int, minute: float) -> bool:
        """Return whether the window covers a minute of the day on a day of the week.

        >>> night = Window(days=frozenset({4}), start_minute=22 * 60, end_minute=6 * 60)
        >>> night.covers(4, 23 * 60), night.covers(5, 5 * 60), night.covers(5, 23 * 60), night.covers(4, 5 * 60)
        (True, True, False, False)
        """
        if self.end_minute > self.start_minute:
            return weekday in self.days and self.start_minute <= minute < self.end_minute
        if weekday in self.days and minute >= self.start_minute:
            return True
        return (weekday - 1) % 7 in self.days and minute < self.end_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Windows of the week on the wall clock of a time zone, so that 08:00 is 08:00 in summer and in winter."""

    time_zone: str
    windows: tuple[Window, ...]

    def covers(self, at: datetime) -> bool:
        """Return whether an instant lies in a window.

        The wall clock decides: an hour that is shown twice, when summer ends, counts both times.

        >>> from datetime import UTC
        >>> early = Window(days=frozenset(range(7)), start_minute=2 * 60, end_minute=3 * 60)
        >>> berlin = Schedule(time_zone="Europe/Berlin", windows=(early,))
        >>> [berlin.covers(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1, 2)]
        [True, True, False]
        """
        local = at.astimezone(load_time_zone(self.time_zone))
        minute = local.hour * 60 + local.minute
        return any(window.covers(local.weekday(), minute) for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """When a geofence is in force: always by default, from `active_from` on, until before `expires_at`."""

    active_from: datetime | None = None
    expires_at: datetime | None = None
    schedule: Schedule | None = None

    def covers(self, at: datetime) -> bool:
        """Return whether the geofence is in force at an instant.

        >>> InForce().covers(datetime(2026, 5, 4).astimezone())
        True
        """
        if self.active_from is not None and at < self.active_from:
            return False
        if self.expires_at is not None and at >= self.expires_at:
            return False
        return self.schedule is None or self.schedule.covers(at)

    def is_over(self, at: datetime) -> bool:
        """Return whether it will never be in force again.

        >>> InForce().is_over(datetime(2026, 5, 4).astimezone())
        False
        """
        return self.expires_at is not None and at >= self.expires_at


ALWAYS = InForce()
