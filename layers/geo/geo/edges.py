"""Edges that are straight in longitude and latitude, and how far a position is from them.

A position beside the edges is measured in two steps: a plane of scaled degrees tells which edge is nearest, all of
them in a few array operations, and the frame of WGS84 tells how far that one is. The plane's error is known and
small nearby. Far away, at the poles and for edges that run round the globe, every edge is stepped through the frame.
"""

from __future__ import annotations

from functools import cached_property
from math import floor, hypot, inf, radians, sqrt, tan
from typing import TYPE_CHECKING, NamedTuple

from geo.wgs84 import SMALLEST_RADIUS_M, Frame, Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vertices = NDArray[np.float64]
    """Rows of longitude and latitude in degrees, without a jump at the antimeridian."""

STEP_DEG = 0.05
_FINE_STEPS = 64
_LONGEST_STEP_M = 30_000.0

_NEARBY_M = 50_000.0
_HIGHEST_LAT = 80.0
FARTHEST_LON = 177.0
"""Up to here, and up to 80 degrees of latitude, nothing within 50 km is across the antimeridian."""
# Farther north or south nothing is nearby.
_LATS_NEARBY_DEG = 0.5
# A plane is kept for the positions of a band of latitudes: at 80 degrees it is 0.6 percent off at the most.
_BANDS_A_DEGREE = 8
_MOST_MEASURED = 12
# Single precision, over the few operations that it takes.
_ROUNDING = 5e-7
_BEND_M = 1e-4
_ROUNDING_M = 1e-6
_POINT_M = 1e-6


class Edges:
    """The edges along runs of vertices, each open or closed to a ring.

    :param vertices: of all runs, one after the other; a ring does not repeat its first at the end
    :param counts: how many of them each run has
    :param is_plain: whether they keep between -180 and 180 degrees, less than 180 degrees apart
    """

    def __init__(self, vertices: Vertices, counts: Sequence[int], *, are_rings: bool, is_plain: bool) -> None:
        self.vertices, self.counts, self.are_rings, self.is_plain = vertices, counts, are_rings, is_plain
        self._plane: _Plane | None = None

    def distance_m(self, frame: Frame, at_most_m: float = inf) -> float:
        """Metres from the frame's position to the nearest point of the edges, or infinity if surely more than that.

        >>> import numpy as np
        >>> from geo.wgs84 import Position
        >>> equator = Edges(np.array([[0.0, 0.0], [1.0, 0.0]]), [2], are_rings=False, is_plain=True)
        >>> frame = Frame(Position(lon=0.5, lat=0.01))
        >>> round(equator.distance_m(frame), 1), equator.distance_m(frame, at_most_m=1_000)
        (1105.7, inf)
        """
        nearby_m = self._distance_nearby_m(frame, at_most_m) if self.is_plain and is_clear(frame.position) else None
        return self.distance_anywhere_m(frame) if nearby_m is None else nearby_m

    def distance_anywhere_m(self, frame: Frame) -> float:
        """The same, slowly, wherever the position and the edges are."""
        return min(_distance_anywhere_m(frame, *steps) for steps in self.stepped)

    def _distance_nearby_m(self, frame: Frame, at_most_m: float) -> float | None:
        """The same, or None where planes cannot tell."""
        lat = frame.position.lat
        metres_lon, metres_lat = frame.metres_a_degree
        off_a_metre = off_a_metre_at(frame.position)
        south, north = self._lats
        if not south - _LATS_NEARBY_DEG <= lat <= north + _LATS_NEARBY_DEG:
            return inf if at_most_m <= _NEARBY_M else None
        true_lat = self._true_lat(lat)
        if self._plane is None or self._plane.true_lat != true_lat:
            self._plane = _plane(true_lat, self)
        plane = self._plane
        off_scale = abs(metres_lon / (metres_lat * plane.lon_scale) - 1)

        def reach2(metres: float) -> float:
            """Square degrees at most, in the plane, of what is so near."""
            off = off_scale + off_a_metre * metres
            return (metres / metres_lat * (1 + off) / (1 - off)) ** 2 + rounding2

        least2, rounding2 = plane.least2(frame.position.lon, lat)
        nearest = int(least2.argmin())
        if at_most_m <= _NEARBY_M and least2.item(nearest) > reach2(at_most_m):
            return inf
        vertex_m = sqrt(max(least2.item(nearest), 0.0) + plane.half2.item(nearest) + rounding2) * metres_lat
        apart_m = min(vertex_m * (1 + off_scale), at_most_m)
        if apart_m > _NEARBY_M:
            return None
        possible = (least2 <= reach2(apart_m)).nonzero()[0]
        if len(possible) > _MOST_MEASURED:
            possible = self._nearest_of(possible, frame, off_a_metre * apart_m)
            if len(possible) > _MOST_MEASURED:
                return None
        feet = self._feet(frame, possible.tolist())
        if not feet:
            return inf
        apart_m = min(feet)[0]
        off = off_a_metre * apart_m
        farthest_m = apart_m * (1 + off) / (1 - off) + _ROUNDING_M
        return min(_to_foot_m(frame, foot, off_a_metre) for foot in feet if foot[0] <= farthest_m)

    def _true_lat(self, lat: float) -> float:
        """Where the plane for a position is true: in the middle of edges that keep within a few kilometres of it."""
        south, north = self._lats
        if north - south < 1 / _BANDS_A_DEGREE:
            lat = (south + north) / 2
        else:
            lat = (floor(lat * _BANDS_A_DEGREE) + 0.5) / _BANDS_A_DEGREE
        return min(max(lat, -_HIGHEST_LAT), _HIGHEST_LAT)

    @cached_property
    def _lats(self) -> tuple[float, float]:
        lats = self.vertices[:, 1]
        return float(lats.min()), float(lats.max())

    def _feet(self, frame: Frame, vertices: Iterable[int]) -> list[Foot]:
        """For each edge at these vertices its point that is nearest to the position."""
        points, (before, after) = self._points, self.neighbours
        starts = {*vertices}
        starts |= {before.item(v) for v in starts}
        return [foot(frame, points.item(v), points.item(after.item(v))) for v in starts]

    def _nearest_of(self, possible: NDArray[np.intp], frame: Frame, off: float) -> NDArray[np.intp]:
        """Of some vertices those whose edges may be nearest, told in double precision and at the position."""
        import numpy as np

        metres_lon, metres_lat = frame.metres_a_degree
        here = np.array((frame.position.lon, frame.position.lat))
        starts = (self.vertices[possible] - here) * (metres_lon, metres_lat)
        steps = (self.vertices[[each[possible] for each in self.neighbours]] - here) * (
            metres_lon,
            metres_lat,
        ) - starts
        length2 = np.maximum((steps**2).sum(axis=2), _POINT_M**2)
        along = (-(starts * steps).sum(axis=2) / length2).clip(0.0, 1.0)
        apart_m = np.sqrt(((starts + along[..., None] * steps) ** 2).sum(axis=2)).min(axis=0)
        nearest: NDArray[np.intp] = possible[apart_m <= float(apart_m.min()) * (1 + off) / (1 - off) + _ROUNDING_M]
        return nearest

    @cached_property
    def _points(self) -> NDArray[np.complex128]:
        """The vertices as longitude and i times latitude."""
        import numpy as np

        return np.ascontiguousarray(self.vertices).view(np.complex128)[:, 0]

    @cached_property
    def neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each vertex the one before, and the one after; at the end of an open run the only one, twice."""
        import numpy as np

        before = np.arange(-1, len(self.vertices) - 1)
        after = before + 2
        first = 0
        for count in self.counts:
            last = first + count - 1
            before[first], after[last] = (last, first) if self.are_rings else (first + 1, last - 1)
            first += count
        return before, after

    @cached_property
    def stepped(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Longitudes and latitudes along each run, in steps of at most 0.05 degrees."""
        import numpy as np

        runs, start = [], 0
        for count in self.counts:
            run = self.vertices[start : start + count]
            runs.append(stepped(np.concatenate([run, run[:1]]) if self.are_rings else run, STEP_DEG))
            start += count
        return runs


class _Plane(NamedTuple):
    """Vertices in degrees, those of longitude scaled to be as long as those of latitude, around their middle.

    The nearer end of an edge is at most half the edge from where a position is nearest to it. So of an edge at the
    distance d one end is at most d^2 + (length / 2)^2 away, squared, and only the vertices of which that is true
    for the smallest d can be ends of the nearest edge. `terms` are multiplied by a position's (x, y, 1) to say, for
    each vertex, the square of its distance less that of half its longer edge, and less x^2 + y^2.
    """

    true_lat: float
    lon_scale: float
    lon: float
    lat: float
    terms: NDArray[np.float32]
    half2: NDArray[np.float32]
    reach_deg: float

    def least2(self, lon: float, lat: float) -> tuple[NDArray[np.float32], float]:
        """For each vertex the least that the square of its edges' distance can be, and by how much that is off."""
        import numpy as np

        x, y = (lon - self.lon) * self.lon_scale, lat - self.lat
        away2 = x * x + y * y
        least2 = np.array((x, y, 1.0), np.float32).dot(self.terms)
        return np.add(least2, np.float32(away2), out=least2), _ROUNDING * (self.reach_deg + sqrt(away2)) ** 2


def _plane(true_lat: float, edges: Edges) -> _Plane:
    import numpy as np

    metres_lon, metres_lat = Frame(Position(lon=0.0, lat=true_lat)).metres_a_degree
    lon_scale = metres_lon / metres_lat
    middle = (edges.vertices.min(axis=0) + edges.vertices.max(axis=0)) / 2
    vertices = (edges.vertices - middle) * (lon_scale, 1.0)
    half2 = np.max([((vertices[each] - vertices) ** 2).sum(axis=1) for each in edges.neighbours], axis=0) / 4
    away2 = (vertices**2).sum(axis=1)
    terms = np.concatenate([-2 * vertices.T, [away2 - half2]]).astype(np.float32)
    lon, lat = middle.tolist()
    return _Plane(true_lat, lon_scale, lon, lat, terms, half2.astype(np.float32), sqrt(away2.max()))


Foot = tuple[float, float, float, float, float, float]
"""Where an edge is nearest to a position, in a plane at the position: metres from it, the part of the edge that is
before it, and the edge itself: its start and its step, in degrees of longitude and latitude."""


def foot(frame: Frame, start: complex, end: complex) -> Foot:
    """The foot of an edge, from longitude and i times latitude to the same, as long as it is nearby.

    >>> from geo.wgs84 import Position
    >>> round(foot(Frame(Position(lon=0.5, lat=0.01)), 0j, 1 + 0j)[0], 1)
    1105.7
    """
    position, (metres_lon, metres_lat) = frame.position, frame.metres_a_degree
    lon, lat = start.real, start.imag
    lon_step, lat_step = end.real - lon, end.imag - lat
    east, north = (lon - position.lon) * metres_lon, (lat - position.lat) * metres_lat
    d_east, d_north = lon_step * metres_lon, lat_step * metres_lat
    length2 = d_east * d_east + d_north * d_north
    along = 0.0
    if length2 > _POINT_M * _POINT_M:
        along = min(max(-(east * d_east + north * d_north) / length2, 0.0), 1.0)
    return hypot(east + along * d_east, north + along * d_north), along, lon, lat, lon_step, lat_step


def is_surely_beyond(foot: Foot, at_most_m: float, off_a_metre: float) -> bool:
    """Whether an edge is more than so many metres away, wherever it is.

    >>> from geo.wgs84 import Position
    >>> frame = Frame(Position(lon=0.5, lat=0.01))
    >>> there, off_a_metre = foot(frame, 0j, 1 + 0j), off_a_metre_at(frame.position)
    >>> [is_surely_beyond(there, at_most_m, off_a_metre) for at_most_m in (1_105, 1_106)]
    [True, False]
    """
    return at_most_m <= _NEARBY_M and foot[0] > at_most_m * (1 + off_a_metre * at_most_m) + _ROUNDING_M


def is_clear(position: Position) -> bool:
    """Whether nothing nearby is close to a pole or across the antimeridian."""
    return abs(position.lat) <= _HIGHEST_LAT and abs(position.lon) <= FARTHEST_LON


def off_a_metre_at(position: Position) -> float:
    """How much a distance in the plane at a position is at most off, as a part of it, for each metre of it.

    The plane takes every degree for as long as at the position. At a distance d, the circle of latitude has changed
    by at most tan(latitude) d / R, and the meridian's radius of curvature by less than 0.02 d / R.
    """
    steepest = tan(radians(abs(position.lat) + _LATS_NEARBY_DEG))
    return 1.2 * (steepest + 0.02) / SMALLEST_RADIUS_M


def stepped(vertices: Vertices, longest_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The vertices, with more between them so that no step is longer than `longest_deg` on either axis.

    >>> import numpy as np
    >>> [axis.tolist() for axis in stepped(np.array([[0.0, 0.0], [1.0, 2.0]]), 1.0)]
    [[0.0, 0.5, 1.0], [0.0, 1.0, 2.0]]
    """
    import numpy as np

    lon_spans, lat_spans = np.abs(np.diff(vertices, axis=0)).T
    # Meridians draw together towards the poles: as many metres are more degrees there, up to 20 times as many.
    lowest = np.radians(np.minimum(np.abs(vertices[:-1, 1]), np.abs(vertices[1:, 1])))
    spans = np.maximum(lon_spans * np.maximum(np.cos(lowest), 0.05), lat_spans)
    counts = np.maximum(1, np.ceil(spans / longest_deg)).astype(int)
    at = np.concatenate([[0.0], np.cumsum(counts)])
    wanted = np.arange(at[-1] + 1)
    return np.interp(wanted, at, vertices[:, 0]), np.interp(wanted, at, vertices[:, 1])


def _to_foot_m(frame: Frame, foot: Foot, off_a_metre: float) -> float:
    """Metres to an edge, by its foot in the plane.

    Being off a little along the edge makes next to nothing of a short distance. For a longer one, a stretch of the
    edge strays from its chord by at most `bend` times its length squared: the stretch is made shorter until that is
    nothing.
    """
    apart_m, along, lon, lat, lon_step, lat_step = foot
    off = off_a_metre * apart_m
    if off * off * apart_m <= _BEND_M:
        return frame.distance_m(lon + along * lon_step, lat + along * lat_step)
    metres_lon, metres_lat = frame.metres_a_degree
    slack = (1 + 4 * off * apart_m) / max(hypot(lon_step * metres_lon, lat_step * metres_lat), _POINT_M)
    bend = off_a_metre / 8
    while True:
        first, last = max(0.0, along - slack), min(1.0, along + slack)
        east, north = frame.east_north_m(lon + first * lon_step, lat + first * lat_step)
        east_end, north_end = frame.east_north_m(lon + last * lon_step, lat + last * lat_step)
        d_east, d_north = east_end - east, north_end - north
        length2 = d_east * d_east + d_north * d_north
        if length2 < _POINT_M * _POINT_M:
            return hypot(east, north)
        at = min(max(-(east * d_east + north * d_north) / length2, 0.0), 1.0)
        if bend * length2 <= _BEND_M:
            return hypot(east + at * d_east, north + at * d_north)
        along = first + at * (last - first)
        slack /= 16


def _distance_anywhere_m(frame: Frame, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
    """Metres from the frame's position to the nearest point of a stepped line.

    Two looks: every step of 0.05 degrees as a chord of the frame's plane, then the steps that could hold
    the nearest point again, each cut into 64, where chord and edge differ by less than 0.1 mm up to 70 degrees of
    latitude, and by 6 mm at 89, where a step is wide in degrees of longitude.
    """
    import numpy as np

    east, north = frame.plane_m(lon, lat)
    reach = _to_segments_m(east, north)
    bend = bend_m(np.hypot(np.diff(east), np.diff(north)), lat)
    close = np.flatnonzero(reach - bend <= (reach + bend).min())
    along = np.linspace(0.0, 1.0, _FINE_STEPS + 1)
    fine_lon = lon[close, None] + (lon[close + 1] - lon[close])[:, None] * along
    fine_lat = lat[close, None] + (lat[close + 1] - lat[close])[:, None] * along
    return float(_to_segments_m(*frame.plane_m(fine_lon, fine_lat)).min())


def _to_segments_m(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the origin to each segment between neighbours along the last axis."""
    import numpy as np

    x, y = east[..., :-1], north[..., :-1]
    dx, dy = np.diff(east), np.diff(north)
    length2 = dx * dx + dy * dy
    # A step is never so long: its ends lie on either side of the antipode, where the plane is torn.
    is_whole = (length2 > 0) & (length2 < _LONGEST_STEP_M**2)
    at = np.divide(-(x * dx + y * dy), length2, out=np.zeros_like(length2), where=is_whole).clip(0, 1)
    nearest: NDArray[np.float64] = np.hypot(x + at * dx, y + at * dy)
    return np.where(is_whole, nearest, np.minimum(np.hypot(x, y), np.hypot(x + dx, y + dy)))


def bend_m(chord_m: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far an edge of a step strays from its chord at the most: a parallel bends by tan(latitude) / R.

    A tenth is added, and a millimetre.
    """
    import numpy as np

    steepest = np.radians(np.minimum(np.maximum(np.abs(lat[:-1]), np.abs(lat[1:])), 89.9999))
    bend: NDArray[np.float64] = 1.1 * chord_m**2 * np.tan(steepest) / (8 * SMALLEST_RADIUS_M) + 0.001
    return bend
