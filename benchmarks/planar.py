"""Shapes as shapely and PostGIS have them: polygons in longitude and latitude, or a point or line and its radius."""

from __future__ import annotations

from functools import cache
from math import cos, radians
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

CIRCLE_SIDES = 64
_QUARTER_SIDES = 8  # a buffer's corner, as PostGIS has it


def area(shape: Shape) -> Any:
    """The shape as a polygon. A circle is as wide as its latitude makes it; so is a corridor, at its middle."""
    if isinstance(shape, Circle):
        lon, lat = shape.center.lon, shape.center.lat
        return shapely.Polygon((lon, lat) + shape.radius_m * _around() / metres_a_degree(lat))
    if isinstance(shape, Corridor):
        line = _line(shape)
        lon_m, lat_m = metres_a_degree(float(line[:, 1].mean()))
        plane = shapely.LineString(line * (lon_m / lat_m, 1))
        buffered = plane.buffer(shape.half_width_m / lat_m, quad_segs=_QUARTER_SIDES)
        return shapely.transform(buffered, lambda points: points * (lat_m / lon_m, 1))
    assert isinstance(shape, Polygon)
    return shape.planar


def middle(shape: Shape) -> tuple[Any, float]:
    """Point and radius, line and half-width; a polygon reaches 0 m around itself, and is None for it is its area."""
    if isinstance(shape, Circle):
        return shapely.Point(shape.center.lon, shape.center.lat), shape.radius_m
    if isinstance(shape, Corridor):
        return shapely.LineString(_line(shape)), shape.half_width_m
    return None, 0.0


def metres_a_degree(lat: float) -> tuple[float, float]:
    """Metres of a degree of longitude and one of latitude, on WGS84: the series of the usual tables, to 1 m."""
    turn = radians(lat)
    return (
        111_412.84 * cos(turn) - 93.5 * cos(3 * turn) + 0.118 * cos(5 * turn),
        111_132.92 - 559.82 * cos(2 * turn) + 1.175 * cos(4 * turn),
    )


@cache
def _around() -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, CIRCLE_SIDES, endpoint=False)
    return np.column_stack([np.cos(turn), np.sin(turn)])


def _line(corridor: Corridor) -> NDArray[np.float64]:
    """Without a jump at the antimeridian."""
    points = np.array(corridor.points)
    points[:, 0] = np.unwrap(points[:, 0], period=360)
    return points
