"""GeoJSON geometries (RFC 7946) to shapes and back. Longitude comes first, and rings are closed.

This and the KML reader are the only places that take coordinates in an order instead of by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geo.errors import GeometryError
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.shapes.base import LonLat, Ring, Shape


# No longitude is as far out, and an int beyond it may be too large for a float.
_ANY_DEGREES = 1e6


def corridor_of(geometry: Mapping[str, Any], half_width_m: float) -> Corridor:
    """The corridor along a LineString. Raises GeometryError with the place of what is wrong, from `points` on.

    >>> corridor_of({"type": "LineString", "coordinates": [[0, 1], [0, 2]]}, half_width_m=50)
    Corridor(points=((0.0, 1.0), (0.0, 2.0)), half_width_m=50)
    """
    if geometry.get("type") != "LineString":
        raise GeometryError("points.type", "must be LineString for a corridor")
    points = _points(geometry.get("coordinates"), ".coordinates")
    return Corridor(points=points, half_width_m=half_width_m)


def polygon_of(geometry: Mapping[str, Any]) -> Polygon:
    """The polygon of a Polygon or MultiPolygon. Raises GeometryError as `corridor_of` does.

    >>> ring = [[0, 0], [1, 0], [0, 1], [0, 0]]
    >>> polygon_of({"type": "Polygon", "coordinates": [ring]}).parts
    ((((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)),),)
    """
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        return Polygon(parts=(_rings(coordinates, ".coordinates"),))
    if kind == "MultiPolygon":
        parts = _listed(coordinates, ".coordinates")
        return Polygon(parts=tuple(_rings(part, f".coordinates[{n}]") for n, part in enumerate(parts)))
    raise GeometryError("points.type", "must be Polygon or MultiPolygon for a polygon")


def geometry_of(shape: Shape) -> dict[str, Any]:
    """The shape as a GeoJSON geometry.

    >>> geometry_of(Corridor(points=((0, 1), (0, 2)), half_width_m=50))
    {'type': 'LineString', 'coordinates': [[0.0, 1.0], [0.0, 2.0]]}
    """
    if isinstance(shape, Corridor):
        return {"type": "LineString", "coordinates": [list(point) for point in shape.points]}
    assert isinstance(shape, Polygon)
    parts = [[_closed(ring) for ring in part] for part in shape.parts]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _closed(ring: Ring) -> list[list[float]]:
    return [list(point) for point in (*ring, ring[0])]


def _rings(value: Any, where: str) -> tuple[Ring, ...]:
    return tuple(_ring(ring, f"{where}[{n}]") for n, ring in enumerate(_listed(value, where)))


def _ring(value: Any, where: str) -> Ring:
    points = _points(value, where)
    if len(points) < 4 or points[0] != points[-1]:
        raise GeometryError(f"points{where}", "must be a closed ring of at least 4 positions, the last as the first")
    return points[:-1]


def _points(value: Any, where: str) -> tuple[LonLat, ...]:
    return tuple(_point(point, f"{where}[{n}]") for n, point in enumerate(_listed(value, where)))


def _point(value: Any, where: str) -> LonLat:
    numbers = _listed(value, where)
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


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise GeometryError(f"points{where}", "must be a list that is not empty")
    return value
