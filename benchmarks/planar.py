"""Convert shapes for shapely and PostGIS: to polygons of longitude and latitude, or to an axis with a radius."""

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
_QUARTER_SIDES = 8  # of a buffer's corner, as in PostGIS


def to_polygon(shape: Shape) -> Any:
    """Return the shape as a polygon of degrees, scaled at a circle's centre or at a corridor's mean latitude."""
    if isinstance(shape, Circle):
        lon, lat = shape.center.lon, shape.center.lat
        return shapely.Polygon((lon, lat) + shape.radius_m * _build_unit_circle() / metres_per_degree(lat))
    if isinstance(shape, Corridor):
        line = _unwrap_line(shape)
        lon_m, lat_m = metres_per_degree(float(line[:, 1].mean()))
        plane = shapely.LineString(line * (lon_m / lat_m, 1))
        buffered = plane.buffer(shape.half_width_m / lat_m, quad_segs=_QUARTER_SIDES)
        return shapely.transform(buffered, lambda points: points * (lat_m / lon_m, 1))
    assert isinstance(shape, Polygon)
    return shape.planar


def to_axis(shape: Shape) -> tuple[Any, float]:
    """Return point and radius of a circle, or line and half-width of a corridor. A polygon has no axis."""
    if isinstance(shape, Circle):
        return shapely.Point(shape.center.lon, shape.center.lat), shape.radius_m
    if isinstance(shape, Corridor):
        return shapely.LineString(_unwrap_line(shape)), shape.half_width_m
    return None, 0.0


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return the metres of a degree of longitude and of latitude on WGS84, by the usual series, to 1 m."""
    phi = radians(lat)
    return (
        111_412.84 * cos(phi) - 93.5 * cos(3 * phi) + 0.118 * cos(5 * phi),
        111_132.92 - 559.82 * cos(2 * phi) + 1.175 * cos(4 * phi),
    )


@cache
def _build_unit_circle() -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, CIRCLE_SIDES, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _unwrap_line(corridor: Corridor) -> NDArray[np.float64]:
    """Return the line of a corridor without a jump at the antimeridian."""
    points = np.array(corridor.points)
    points[:, 0] = np.unwrap(points[:, 0], period=360)
    return points
