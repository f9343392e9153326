"""The pieces of GeoJSON geometries (RFC 7946). Longitude comes first, and rings are closed.

This and the KML reader are the only places that take coordinates in an order instead of by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geo.errors import GeometryError

if TYPE_CHECKING:
    from geo.shapes.base import LonLat, Ring


# Far beyond any longitude. A larger int may not fit in a float.
_ANY_DEGREES = 1e6


def parse_rings(value: Any, where: str) -> tuple[Ring, ...]:
    """Return closed rings as open ones.

    Args:
        value: The coordinates of a Polygon, not checked.
        where: Their place in the geometry, for the error.

    Raises:
        GeometryError: With the place of what is wrong, from `points` on.
    """
    return tuple(_parse_ring(ring, f"{where}[{n}]") for n, ring in enumerate(parse_list(value, where)))


def _parse_ring(value: Any, where: str) -> Ring:
    points = parse_points(value, where)
    if len(points) < 4 or points[0] != points[-1]:
        raise GeometryError(f"points{where}", "must be a closed ring of at least 4 positions, the last as the first")
    return points[:-1]


def parse_points(value: Any, where: str) -> tuple[LonLat, ...]:
    """Return the positions of a LineString or ring; see `parse_rings`. Heights are ignored."""
    return tuple(_parse_point(point, f"{where}[{n}]") for n, point in enumerate(parse_list(value, where)))


def _parse_point(value: Any, where: str) -> LonLat:
    numbers = parse_list(value, where)
    if len(numbers) not in (2, 3) or not all(_is_number(number) for number in numbers):
        raise GeometryError(f"points{where}", "must be [longitude, latitude] in degrees")
    lon, lat = float(numbers[0]), float(numbers[1])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise GeometryError(
            f"points{where}",
            "longitude must be from -180 to 180 and latitude from -90 to 90 degrees, in this order",
        )
    return lon, lat


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _ANY_DEGREES


def parse_list(value: Any, where: str) -> list[Any]:
    """Return a list that is not empty; see `parse_rings`."""
    if not isinstance(value, list) or not value:
        raise GeometryError(f"points{where}", "must be a list that is not empty")
    return value
