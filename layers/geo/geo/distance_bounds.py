"""Lower bounds of distances: quick to compute for a box, and never too large.

On the ellipsoid ds^2 = M^2 dlat^2 + (N cos lat)^2 dlon^2, and no radius of curvature, M or N, is below 6,335,439 m
(NIMA TR8350.2, chapter 4: M at the equator). So every line is at least as long as the same line of longitude and
latitude on a sphere of that radius, and the arc on that sphere is a lower bound of the distance.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.shapes.bounds import Bounds
    from geo.wgs84 import Position

# A little less than the smallest radius of curvature, to allow for rounding.
_SMALL_EARTH_M = 6_335_000.0
# The distance to a boundary is exact up to 200 km, and may be measured half a percent too long or too short beyond.
_EXACT_M, _FACTOR_BEYOND = 199_000.0, 0.99


def make_lower_bound(position: Position) -> Callable[[Bounds], float]:
    """Return a function that computes a lower bound in metres of the distance to anything in a box, 0 inside it.

    On the sphere the nearest point of a box of longitude and latitude has the position's own longitude where the
    box has it. Else it lies on the nearer of the two meridians that bound the box, since on each parallel the
    distance grows with the difference of longitude: at the foot of the perpendicular, or at an end of the edge.

    >>> from geo.shapes.bounds import Bounds
    >>> from geo.wgs84 import Position
    >>> lower_bound_m = make_lower_bound(Position(lon=0, lat=0))
    >>> [round(lower_bound_m(box)) for box in (Bounds(-1, -1, 1, 1), Bounds(1, -1, 2, 1), Bounds(-1, 1, 1, 2))]
    [0, 110567, 110567]
    """
    lon, lat = position.lon, position.lat
    phi = radians(lat)
    sin_phi, cos_phi = sin(phi), cos(phi)

    def to_haversine(to_lat: float, half_across2: float) -> float:
        to_phi = radians(to_lat)
        return sin((to_phi - phi) / 2) ** 2 + cos_phi * cos(to_phi) * half_across2

    def measure_arc(box: Bounds) -> float:
        west, south, east, north = box
        # How far east of the western edge the position lies, and how wide the box is.
        along = (lon - west) % 360
        if along <= east - west:
            return radians(max(0.0, south - lat, lat - north))
        across = radians(min(along - (east - west), 360 - along))
        half_across2 = sin(across / 2) ** 2
        nearest = min(to_haversine(south, half_across2), to_haversine(north, half_across2))
        foot = degrees(atan2(sin_phi, cos_phi * cos(across)))
        if south < foot < north:
            nearest = min(nearest, to_haversine(foot, half_across2))
        return 2 * asin(sqrt(min(1.0, nearest)))

    def measure(box: Bounds) -> float:
        return to_lower_bound_m(measure_arc(box) * _SMALL_EARTH_M)

    return measure


def to_lower_bound_m(distance_m: float) -> float:
    """Return the smallest true distance that can be measured as `distance_m`, and vice versa.

    >>> to_lower_bound_m(150_000), to_lower_bound_m(1_000_000)
    (150000, 990000.0)
    """
    return distance_m if distance_m < _EXACT_M else max(_EXACT_M, distance_m * _FACTOR_BEYOND)
