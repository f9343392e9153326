"""The frame in which every distance is measured: WGS84, seen from one position.

A vertex is turned into earth-centred coordinates, the query position is taken off, and the rest is turned to
east-north-up. Its horizontal part is then stretched from the chord to the arc, so that in the resulting plane
every distance from the origin is the true one along the ellipsoid.

Sources: earth-centred coordinates and the radii of curvature, NIMA TR8350.2 (3rd edition) chapters 3 and 4;
the radius in an azimuth is Euler's formula; an arc of radius R over a chord c is 2 R asin(c / 2 R).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, ceil, cos, degrees, hypot, isfinite, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from geo.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterable

SEMI_MAJOR_AXIS_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
_E2 = FLATTENING * (2 - FLATTENING)
SMALLEST_RADIUS_M = 6_330_000.0
"""Less than any radius of curvature of the ellipsoid, of which the smallest is 6,335,439 m."""

# Up to here the frame agrees with the geodesic to well under a millimetre; beyond it the geodesic is solved.
_FRAME_REACH_M = 200_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A point on the ellipsoid, in degrees. Keyword-only: the order cannot be guessed.

    >>> Position(lon=24.94, lat=60.17)
    Position(lon=24.94, lat=60.17)
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        if not (isfinite(self.lat) and -90 <= self.lat <= 90):
            raise GeometryError("latitude", "must be a number from -90 to 90")
        if not (isfinite(self.lon) and -180 <= self.lon <= 180):
            raise GeometryError("longitude", "must be a number from -180 to 180")


def wrap_position(lon: float, lat: float) -> Position:
    """Return the position of a longitude that may be outside of [-180, 180].

    >>> wrap_position(-181.0, 60.0)
    Position(lon=179.0, lat=60.0)
    """
    return Position(lon=lon - 360 * ceil((lon - 180) / 360), lat=lat)


def to_earth_centred_m(lon: float, lat: float) -> tuple[float, float, float]:
    """Return the earth-centred, earth-fixed coordinates (metres) of a point on the ellipsoid (degrees).

    >>> [round(v) for v in to_earth_centred_m(0, 0)]
    [6378137, 0, 0]
    """
    phi, lam = radians(lat), radians(lon)
    sin_phi = sin(phi)
    n = SEMI_MAJOR_AXIS_M / sqrt(1 - _E2 * sin_phi * sin_phi)
    across = n * cos(phi)
    return across * cos(lam), across * sin(lam), n * (1 - _E2) * sin_phi


def to_earth_centred_array_m(lon: Any, lat: Any) -> Any:
    """Return the coordinates of `to_earth_centred_m` for arrays, along a new last axis."""
    import numpy as np

    phi, lam = np.radians(lat), np.radians(lon)
    sin_phi = np.sin(phi)
    n = SEMI_MAJOR_AXIS_M / np.sqrt(1 - _E2 * sin_phi * sin_phi)
    across = n * np.cos(phi)
    return np.stack([across * np.cos(lam), across * np.sin(lam), n * (1 - _E2) * sin_phi], axis=-1)


class Frame:
    """The plane around one position in which distances from that position are true.

    >>> frame = Frame(Position(lon=-97.7431, lat=30.2672))
    >>> round(frame.distance_m(-97.7431, 30.2680), 2)
    88.69
    """

    __slots__ = (
        "_cos_lam",
        "_cos_phi",
        "_m",
        "_n",
        "_sin_lam",
        "_sin_phi",
        "position",
        "x",
        "y",
        "z"
    )  # fmt: skip

    def __init__(self, position: Position) -> None:
        self.position = position
        phi, lam = radians(position.lat), radians(position.lon)
        self._sin_phi, self._cos_phi = sin(phi), cos(phi)
        self._sin_lam, self._cos_lam = sin(lam), cos(lam)
        w2 = 1 - _E2 * self._sin_phi * self._sin_phi
        self._n = SEMI_MAJOR_AXIS_M / sqrt(w2)  # across the meridian
        self._m = self._n * (1 - _E2) / w2  # along the meridian
        across = self._n * self._cos_phi
        self.x, self.y, self.z = across * self._cos_lam, across * self._sin_lam, self._n * (1 - _E2) * self._sin_phi

    def distance_m(self, lon: float, lat: float) -> float:
        """Return the metres along the ellipsoid from the frame's position to a point (degrees)."""
        x, y, z = to_earth_centred_m(lon, lat)
        dx, dy, dz = x - self.x, y - self.y, z - self.z
        chord2 = dx * dx + dy * dy + dz * dz
        if chord2 > _FRAME_REACH_M * _FRAME_REACH_M:
            return _solve_geodesic_m(self.position.lon, self.position.lat, lon, lat)
        east = -self._sin_lam * dx + self._cos_lam * dy
        north = self._cos_phi * dz - self._sin_phi * (self._cos_lam * dx + self._sin_lam * dy)
        curvature = self._find_curvature(east, north)
        return float(2 / curvature * asin(min(1.0, sqrt(chord2) * curvature / 2)))

    def _find_curvature(self, east: Any, north: Any) -> Any:
        """Return one over the radius of curvature in the azimuth of a point, by Euler's formula."""
        return (north * north / self._m + east * east / self._n + 1e-12 / self._m) / (
            east * east + north * north + 1e-12
        )

    def to_east_north_m(self, lon: float, lat: float) -> tuple[float, float]:
        """Return east and north of a point (degrees) in this frame: `to_plane_m` for one point that is nearby."""
        x, y, z = to_earth_centred_m(lon, lat)
        dx, dy, dz = x - self.x, y - self.y, z - self.z
        towards = self._cos_lam * dx + self._sin_lam * dy
        east = -self._sin_lam * dx + self._cos_lam * dy
        north = self._cos_phi * dz - self._sin_phi * towards
        level2 = east * east + north * north
        if level2 == 0:
            return 0.0, 0.0
        curvature = self._find_curvature(east, north)
        arc = 2 / curvature * asin(min(1.0, sqrt(dx * dx + dy * dy + dz * dz) * curvature / 2))
        scale = arc / sqrt(level2)
        return east * scale, north * scale

    def to_plane_m(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        """Return east and north (metres, numpy arrays) of points (degrees, numpy arrays) in this frame.

        Exact to millimetres up to some 200 km, and to half a percent anywhere on the globe.
        """
        import numpy as np

        x, y, z = np.moveaxis(to_earth_centred_array_m(lon, lat), -1, 0)
        dx, dy, dz = x - self.x, y - self.y, z - self.z
        towards = self._cos_lam * dx + self._sin_lam * dy
        east = -self._sin_lam * dx + self._cos_lam * dy
        north = self._cos_phi * dz - self._sin_phi * towards
        chord2 = dx * dx + dy * dy + dz * dz
        level = np.sqrt(east * east + north * north)
        curvature = self._find_curvature(east, north)
        arc = 2 / curvature * np.arcsin(np.minimum(1.0, np.sqrt(chord2) * curvature / 2))
        scale = np.divide(arc, level, out=np.zeros_like(arc), where=level > 0)
        # The antipode has no direction; any will do, for it is half the globe away in each.
        return np.where(level > 0, east * scale, arc), north * scale


def measure_distance_m(a: Position, b: Position) -> float:
    """Return the metres along the ellipsoid between two positions.

    >>> round(measure_distance_m(Position(lon=0, lat=0), Position(lon=1, lat=0)), 3)
    111319.491
    """
    return Frame(a).distance_m(b.lon, b.lat)


def _solve_geodesic_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    from geographiclib.geodesic import Geodesic  # pure Python; only far positions pay for it

    return float(Geodesic.WGS84.Inverse(lat_a, lon_a, lat_b, lon_b, Geodesic.DISTANCE)["s12"])


def find_cap(points: Iterable[tuple[float, float]]) -> tuple[Position, float]:
    """Return a cap that contains all points (lon, lat degrees): its middle and its radius in degrees of arc.

    >>> middle, radius = find_cap([(-10, 0), (10, 0)])
    >>> (middle.lon, round(radius, 6))
    (0.0, 10.0)
    """
    unit = []
    for lon, lat in points:
        phi, lam = radians(lat), radians(lon)
        unit.append((cos(phi) * cos(lam), cos(phi) * sin(lam), sin(phi)))
    sx, sy, sz = (sum(axis) for axis in zip(*unit, strict=True))
    size = sqrt(sx * sx + sy * sy + sz * sz)
    if size < 1e-9 * len(unit):  # spread evenly around the globe: there is no middle
        return Position(lon=0.0, lat=0.0), 180.0
    mx, my, mz = sx / size, sy / size, sz / size
    widest_chord = max(sqrt((x - mx) ** 2 + (y - my) ** 2 + (z - mz) ** 2) for x, y, z in unit)
    middle = Position(lon=degrees(atan2(my, mx)), lat=degrees(atan2(mz, hypot(mx, my))))
    return middle, degrees(2 * asin(min(1.0, widest_chord / 2)))
