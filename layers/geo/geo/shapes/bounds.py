"""Boxes of longitude and latitude."""

from __future__ import annotations

from math import asin, cos, degrees, floor, radians, sin
from typing import TYPE_CHECKING, NamedTuple

from geo.wgs84 import SMALLEST_RADIUS_M

if TYPE_CHECKING:
    from geo.edges import Vertices


class Bounds(NamedTuple):
    """A box in degrees. `west` is in [-180, 180]. `east` is at least `west`, may exceed 180, never west + 360."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def from_vertices(cls, vertices: Vertices) -> Bounds:
        """Return the smallest box around vertices whose longitudes have no jump at the antimeridian."""
        west, south = vertices.min(axis=0).tolist()
        east, north = vertices.max(axis=0).tolist()
        turns = 360 * floor((west + 180) / 360)
        return cls(west - turns, south, east - turns, north)

    def expand(self, by_m: float) -> Bounds:
        """Return a box that contains everything at most `by_m` metres away, and a little more."""
        arc = by_m / SMALLEST_RADIUS_M  # dividing by less than any radius makes every box wide enough
        south, north = self.south - degrees(arc) - 1e-9, self.north + degrees(arc) + 1e-9
        if south <= -90 or north >= 90:
            return Bounds(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
        nearest_pole = radians(max(abs(self.south), abs(self.north)))
        widen = degrees(asin(min(1.0, sin(arc) / cos(nearest_pole)))) * 1.01 + 1e-9
        if self.east - self.west + 2 * widen >= 360:
            return Bounds(-180.0, south, 180.0, north)
        west, east = self.west - widen, self.east + widen
        turns = 360 * floor((west + 180) / 360)
        return Bounds(west - turns, south, east - turns, north)

    def covers(self, lon: float, lat: float) -> bool:
        """Return whether the box contains a point, its border included.

        >>> Bounds(170, -10, 190, 10).covers(-175, 0)
        True
        """
        if not self.south <= lat <= self.north:
            return False
        return any(self.west <= turn <= self.east for turn in (lon, lon + 360, lon - 360))

    def overlaps(self, other: Bounds) -> bool:
        """Return whether two boxes share a point.

        >>> Bounds(170, -10, 190, 10).overlaps(Bounds(-175, 5, -170, 20))
        True
        """
        if self.south > other.north or other.south > self.north:
            return False
        return any(self.west <= other.east + turn and other.west + turn <= self.east for turn in (0, 360, -360))
