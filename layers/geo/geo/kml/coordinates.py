"""Coordinates elements: positions of longitude, latitude and an altitude that is neither read nor written."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LonLat = tuple[float, float]

_QUOTED_CHARACTERS = 40


class CoordinatesError(Exception):
    """A coordinates element whose text is not a list of positions. The message becomes a problem of the placemark."""


def shorten(text: str) -> str:
    """Return the text, cut where it is too long to be quoted in a message."""
    return text if len(text) <= _QUOTED_CHARACTERS else text[: _QUOTED_CHARACTERS - 1] + "…"


def format_coordinates(points: Iterable[LonLat]) -> str:
    """Return a coordinates element.

    >>> format_coordinates([(24.94, 60.17), (24.95, 60.18)])
    '<coordinates>24.94,60.17 24.95,60.18</coordinates>'
    """
    return f"<coordinates>{' '.join(f'{lon!r},{lat!r}' for lon, lat in points)}</coordinates>"


def read_positions(text: str) -> tuple[LonLat, ...]:
    """Return the (longitude, latitude) pairs of a coordinates text; altitudes are dropped unread.

    >>> read_positions("24.94,60.17,0 24.95, 60.18")
    ((24.94, 60.17), (24.95, 60.18))
    >>> read_positions("24.94 60.17")
    Traceback (most recent call last):
    ...
    geo.kml.coordinates.CoordinatesError: tuple 1, "24.94", has no latitude
    """
    positions = _read_plain_positions(text)
    return _read_odd_positions(text) if positions is None else positions


def _quote(text: str) -> str:
    return f'"{shorten(text)}"'


def _read_plain_positions(text: str) -> tuple[LonLat, ...] | None:
    """Read what nearly all files have, fast; None where it takes a closer look."""
    # float() would take 1_000 and digits of any script.
    if "_" in text or not text.isascii():
        return None
    positions = []
    try:
        for item in text.split():
            values = item.split(",")
            # A comma at the end may have its value behind white space.
            if len(values) > 3 or not values[-1]:
                return None
            longitude, latitude = float(values[0]), float(values[1])
            if not (isfinite(longitude) and isfinite(latitude)):
                return None
            positions.append((longitude, latitude))
    except (ValueError, IndexError):
        return None
    return tuple(positions)


def _read_odd_positions(text: str) -> tuple[LonLat, ...]:
    """Read positions with white space around commas or values after the altitude, or raise what is wrong."""
    # Not by a regular expression for white space, comma, white space: that is quadratic in a run of spaces.
    pieces = text.strip().split(",")
    folded = [piece.strip() for piece in pieces]
    has_spaced_commas = pieces != folded
    items = ",".join(folded).split()
    return tuple(_read_odd_position(ordinal, item, has_spaced_commas) for ordinal, item in enumerate(items, start=1))


def _read_odd_position(ordinal: int, item: str, has_spaced_commas: bool) -> LonLat:
    longitude, *others = item.split(",")
    if not others or not others[0]:
        raise CoordinatesError(f"tuple {ordinal}, {_quote(item)}, has no latitude")
    position = _parse_degrees(ordinal, "longitude", longitude), _parse_degrees(ordinal, "latitude", others[0])
    others = [value for value in others[1:] if value]
    # Values after the altitude are ignored, as Google Earth does. But "1,2,0, 3,4,0" and "1,2,0;3,4,0" are
    # positions with another separator: to ignore there is to lose vertices.
    if len(others) > 1 and (has_spaced_commas or not all(map(_is_number, others))):
        raise CoordinatesError(f"tuple {ordinal}, {_quote(item)}, has more than longitude, latitude and altitude")
    return position


def _parse_degrees(ordinal: int, what: str, value: str) -> float:
    if not _is_number(value):
        raise CoordinatesError(f"tuple {ordinal} has the {what} {_quote(value)}, which is not a finite number")
    return float(value)


def _is_number(value: str) -> bool:
    """Tell whether a value is a finite decimal number.

    >>> [_is_number(value) for value in ("-1.5e2", "1_0", "inf", "1e999", "12xx", "")]
    [True, False, False, False, False, False]
    """
    try:
        return isfinite(float(value)) and value.isascii() and "_" not in value
    except ValueError:
        return False
