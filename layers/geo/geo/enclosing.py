"""The circle around a shape's centre that surely holds the whole shape, for those who know circles only."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Frame

if TYPE_CHECKING:
    from geo.edges import Steps
    from geo.shapes.base import Shape
    from geo.wgs84 import Position

# A centre is told to 1e-7 degrees, and the frame is exact to millimetres.
_SLACK_M = 0.02
# Up to here; beyond, to half a percent.
_EXACT_M, _BEYOND = 190_000.0, 1.01


def enclosing_radius_m(shape: Shape) -> int:
    """The whole metres around the centre within which all of the shape lies, rounded up.

    >>> from geo.shapes.polygon import Polygon
    >>> from geo.wgs84 import Position
    >>> enclosing_radius_m(Circle(center=Position(lon=24.94, lat=60.17), radius_m=99.5))
    100
    >>> enclosing_radius_m(Polygon.of_one_ring([(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)]))
    785
    """
    if isinstance(shape, Circle):
        return ceil(shape.radius_m)
    assert isinstance(shape, (Corridor, Polygon))
    farthest_m = _farthest_m(shape.center, shape.edges.steps)
    half_width_m = shape.half_width_m if isinstance(shape, Corridor) else 0.0
    return ceil(farthest_m + half_width_m + _SLACK_M)


def _farthest_m(center: Position, steps: Steps) -> float:
    """At most so far from the centre run steps, which are straight in longitude and latitude.

    Of a chord one end is the farthest point, and a step strays from its chord by a bend.
    """
    import numpy as np

    reach = np.hypot(*Frame(center).plane_m(steps.lon, steps.lat))
    start = steps.starts
    ends, strays_m = np.maximum(reach[start], reach[start + 1]), steps.bent_m[start]
    farthest_m = float((ends + strays_m).max())
    return farthest_m if farthest_m < _EXACT_M else farthest_m * _BEYOND
