"""The circle around a shape's centre that surely holds the whole shape, for those who know circles only."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from geo.edges import bend_m
from geo.shapes import Circle, Corridor
from geo.wgs84 import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geo.shapes import Shape
    from geo.wgs84 import Position

# A centre is told to 1e-7 degrees, and the frame is exact to millimetres.
_SLACK_M = 0.02
# Up to here; beyond, to half a percent.
_EXACT_M, _BEYOND = 190_000.0, 1.01
_LARGE_EARTH_M = 6_400_000.0


def enclosing_radius_m(shape: Shape) -> int:
    """The whole metres around the centre within which all of the shape lies, rounded up.

    >>> from geo.shapes import Polygon
    >>> from geo.wgs84 import Position
    >>> enclosing_radius_m(Circle(center=Position(lon=24.94, lat=60.17), radius_m=99.5))
    100
    >>> enclosing_radius_m(Polygon.of_one_ring([(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)]))
    785
    """
    if isinstance(shape, Circle):
        return ceil(shape.radius_m)
    farthest_m = max(_farthest_m(shape.center, *steps) for steps in shape.edges.stepped)
    half_width_m = shape.half_width_m if isinstance(shape, Corridor) else 0.0
    return ceil(farthest_m + half_width_m + _SLACK_M)


def _farthest_m(center: Position, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
    """At most so far from the centre runs a stepped line, whose edges are straight in longitude and latitude.

    Of a chord of the frame's plane one end is the farthest point; an edge strays from its chord by a bend, and
    from the nearer of its ends by no more than half its length.
    """
    import numpy as np

    east, north = Frame(center).plane_m(lon, lat)
    reach = np.hypot(east, north)
    ends = np.maximum(reach[:-1], reach[1:])
    across = np.radians(np.abs(np.diff(lon))) * np.cos(np.radians(np.minimum(np.abs(lat[:-1]), np.abs(lat[1:]))))
    half_m = (across + np.radians(np.abs(np.diff(lat)))) * _LARGE_EARTH_M / 2
    strays_m = np.minimum(bend_m(np.hypot(np.diff(east), np.diff(north)), lat), half_m)
    farthest_m = float((ends + strays_m).max())
    return farthest_m if farthest_m < _EXACT_M else farthest_m * _BEYOND
