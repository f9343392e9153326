"""Time zones, minutes of the day, and the range of instants that the API accepts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTES_PER_DAY = 24 * 60


# All instants that callers send or rules compute are between these.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def load_time_zone(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database by area and place, or UTC.

    Raises:
        ValueError: There is no such zone, or its name depends on the machine (`localtime`, `right/…`).
    """
    try:
        if name != "UTC" and ("/" not in name or name.startswith(("right/", "posix/"))):
            raise ValueError
        zone = ZoneInfo(name)
    except (OSError, LookupError, ValueError):
        raise ValueError(f"there is no time zone '{name[:50]}'") from None
    return zone


def parse_minute_of_day(text: str) -> int:
    """Return the minute of the day of a time of day.

    >>> parse_minute_of_day("07:30"), parse_minute_of_day("24:00")
    (450, 1440)

    Raises:
        ValueError: The text is not a time from 00:00 to 24:00.
    """
    hour, colon, minute = text.partition(":")
    is_clock = len(hour) == len(minute) == 2 and colon and (hour + minute).isascii() and (hour + minute).isdigit()
    if not is_clock or int(minute) > 59 or int(hour) * 60 + int(minute) > MINUTES_PER_DAY:
        raise ValueError("must be a time of day from 00:00 to 24:00, such as 07:30")
    return int(hour) * 60 + int(minute)


def format_minute_of_day(minute: int) -> str:
    """Return a minute of the day as a time of day.

    >>> format_minute_of_day(450)
    '07:30'
    """
    return f"{minute // 60:02}:{minute % 60:02}"
