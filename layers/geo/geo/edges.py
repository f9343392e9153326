"""Edges that are straight in longitude and latitude, and how far a position is from them.

A position beside the edges is measured in two steps: a plane of scaled degrees tells which edge is nearest, all of
them in a few array operations, and the frame of WGS84 tells how far that one is. The plane's error is known and
small nearby. Far away, at the poles and for edges that run round the globe, every edge is stepped through the frame.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from math import hypot, inf, radians, tan
from typing import TYPE_CHECKING

from geo.wgs84 import SMALLEST_RADIUS_M, frame_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from geo.wgs84 import Frame, Position

    Vertices = NDArray[np.float64]
    """Rows of longitude and latitude in degrees, without a jump at the antimeridian."""
    Points = NDArray[np.complex128]
    """The same as longitude and i times latitude."""
    Ends = tuple[Points, Points]

STEP_DEG = 0.05
_FINE_STEPS = 64
_LONGEST_STEP_M = 30_000.0

_NEARBY_M, _SURELY_NEARBY_M = 50_000.0, 45_000.0
_HIGHEST_LAT = 80.0
FARTHEST_LON = 177.0
"""Up to here, and up to 80 degrees of latitude, nothing within 50 km is across the antimeridian."""
_LATS_NEARBY_DEG = 0.5
_MOST_REFINED = 16
_MANY = 200
# Up to 80 degrees a degree of longitude is at most so many of latitude.
_MOST_SCALED = 1.01
_BEND_M = 1e-4
_ROUNDING_M = 1e-6
_POINT_M, _POINT_DEG = 1e-6, 1e-11


class Edges:
    """The edges along runs of vertices, each open or closed to a ring.

    :param vertices: of all runs, one after the other; a ring does not repeat its first at the end
    :param counts: how many of them each run has
    :param is_plain: whether they keep between -180 and 180 degrees, less than 180 degrees apart
    """

    def __init__(self, vertices: Vertices, counts: Sequence[int], *, are_rings: bool, is_plain: bool) -> None:
        self.vertices, self.counts, self.are_rings, self.is_plain = vertices, counts, are_rings, is_plain

    @cached_property
    def ends(self) -> Ends:
        """Where each edge starts, and where it ends.

        The last vertex of a ring is followed by its first. The last one of an open run looks back along its edge.
        """
        import numpy as np

        following = np.arange(1, len(self.vertices) + 1)
        at = 0
        for count in self.counts:
            following[at + count - 1] = at if self.are_rings else at + count - 2
            at += count
        starts = np.ascontiguousarray(self.vertices).view(np.complex128)[:, 0]
        ends = starts[following]
        is_point = np.abs(ends - starts) < _POINT_DEG
        if is_point.any():  # vertices may differ by the last bit only, and a step is divided by
            ends[is_point] = starts[is_point] + _POINT_DEG
        return starts, ends

    @cached_property
    def _longest_deg(self) -> float:
        starts, ends = self.ends
        return float(abs(ends - starts).max())

    def possible(self, at: complex, lon_scale: float) -> Ends:
        """Edges of which one is the nearest: of many, those that start no farther than the nearest and an edge."""
        starts, ends = self.ends
        if len(starts) < _MANY:
            return starts, ends
        away = starts - at
        away.real *= lon_scale
        away2 = away.real**2 + away.imag**2
        reach_deg = float(away2.min()) ** 0.5 + _MOST_SCALED * self._longest_deg
        near = (away2 <= reach_deg * reach_deg).nonzero()[0]
        return starts[near], ends[near]

    def distance_m(self, position: Position) -> float:
        """Metres from a position to the nearest point of the edges."""
        return distances_m(position, [(self, inf)])[0]

    def distance_anywhere_m(self, position: Position) -> float:
        """The same, slowly, wherever the position and the edges are."""
        return min(_distance_anywhere_m(position, *steps) for steps in self.stepped)

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


def distances_m(position: Position, wanted: Sequence[tuple[Edges, float]]) -> list[float]:
    """Metres from a position to each of several edges, or infinity where that is surely more than its limit.

    >>> import numpy as np
    >>> from geo.wgs84 import Position
    >>> equator = Edges(np.array([[0.0, 0.0], [1.0, 0.0]]), [2], are_rings=False, is_plain=True)
    >>> [round(m, 1) for m in distances_m(Position(lon=0.5, lat=0.01), [(equator, inf), (equator, 1_000)])]
    [1105.7, inf]
    """
    nearby: Sequence[float | None] = [None] * len(wanted)
    if _is_clear(position) and all(edges.is_plain for edges, _ in wanted):
        nearby = _distances_nearby_m(position, wanted)
    return [
        edges.distance_anywhere_m(position) if metres is None else metres
        for (edges, _), metres in zip(wanted, nearby, strict=True)
    ]


def is_surely_beyond(
    position: Position, lon: float, lat: float, end_lon: float, end_lat: float, *, at_most_m: float
) -> bool:
    """Whether one edge, which keeps clear of the antimeridian, is surely more than so many metres away.

    >>> from geo.wgs84 import Position
    >>> [is_surely_beyond(Position(lon=0.5, lat=0.01), 0, 0, 1, 0, at_most_m=metres) for metres in (1_105, 1_106)]
    [True, False]
    """
    if not _is_clear(position) or at_most_m > _SURELY_NEARBY_M:
        return False
    metres_lon, metres_lat = frame_at(position).metres_a_degree
    east, north = (lon - position.lon) * metres_lon, (lat - position.lat) * metres_lat
    d_east, d_north = (end_lon - lon) * metres_lon, (end_lat - lat) * metres_lat
    along = min(max(-(east * d_east + north * d_north) / (d_east * d_east + d_north * d_north), 0.0), 1.0)
    apart_m = hypot(east + along * d_east, north + along * d_north)
    return apart_m > at_most_m * (1 + _off_a_metre(_steepest(position)) * at_most_m) + _ROUNDING_M


def _is_clear(position: Position) -> bool:
    """Whether nothing nearby is close to a pole or across the antimeridian."""
    return abs(position.lat) <= _HIGHEST_LAT and abs(position.lon) <= FARTHEST_LON


def _steepest(position: Position) -> float:
    """The largest tangent of a latitude nearby."""
    return tan(radians(abs(position.lat) + _LATS_NEARBY_DEG))


def _off_a_metre(tangent: float) -> float:
    """How much a distance in the plane is at most off, as a part of it, for each metre of it.

    The plane takes every degree for as long as at the position. At a distance d, the circle of latitude has changed
    by at most tan(latitude) d / R, and the meridian's radius of curvature by less than 0.02 d / R.
    """
    return 1.2 * (tangent + 0.02) / SMALLEST_RADIUS_M


def _distances_nearby_m(position: Position, wanted: Sequence[tuple[Edges, float]]) -> list[float | None]:
    """The same, with None where the plane of scaled degrees cannot tell."""
    import numpy as np

    frame = frame_at(position)
    metres_lon, metres_lat = frame.metres_a_degree
    tangent = _steepest(position)
    off_a_metre = _off_a_metre(tangent)
    lon_scale = metres_lon / metres_lat
    at = complex(position.lon, position.lat)
    starts, ends, places = _together([edges.possible(at, lon_scale) for edges, _ in wanted])
    # Degrees of longitude made as long as those of latitude, and the position in the middle.
    from_start, step = starts - at, ends - starts
    from_start.real *= lon_scale
    step.real *= lon_scale
    back = from_start / step  # the position's place on the edge's own axis, from 0 to -1 along it
    along = np.minimum(np.maximum(back.real, -1.0), 0.0)
    apart = np.abs((back - along) * step) * metres_lat
    found: list[float | None] = []
    for (_, at_most_m), (first, end) in zip(wanted, pairwise(places), strict=True):
        here = apart[first:end]
        least_m = float(here.min())
        off = off_a_metre * least_m
        metres: float | None = None
        if least_m > _NEARBY_M:
            metres = inf if at_most_m <= _SURELY_NEARBY_M else None
        elif least_m > at_most_m * (1 + off) + _ROUNDING_M:
            metres = inf
        else:
            possible = (here <= least_m * (1 + off) ** 2 + _ROUNDING_M).nonzero()[0].tolist()
            if len(possible) <= _MOST_REFINED:
                slack, bend = (1 + 4 * off * least_m) / metres_lat, tangent / (8 * SMALLEST_RADIUS_M)
                metres = min(
                    _refined_m(frame, starts[k], ends[k], -along[k], slack / abs(step[k]), bend)
                    for k in (first + nth for nth in possible)
                )
        found.append(metres)
    return found


def _together(several: Sequence[Ends]) -> tuple[Points, Points, list[int]]:
    """The edges of all of them, by their ends, and where each begin and end."""
    import numpy as np

    places = [0]
    for starts, _ in several:
        places.append(places[-1] + len(starts))
    if len(several) == 1:
        return *several[0], places
    return np.concatenate([starts for starts, _ in several]), np.concatenate([ends for _, ends in several]), places


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


def _refined_m(frame: Frame, start: complex, end: complex, along: float, slack: float, bend: float) -> float:
    """Metres to an edge whose nearest point is at `along`, give or take `slack`, both of them parts of the edge.

    A stretch of an edge strays from its chord by at most `bend` times its length squared: the stretch is made
    shorter until that is nothing.
    """
    lon, lat = float(start.real), float(start.imag)
    lon_step, lat_step = float(end.real) - lon, float(end.imag) - lat
    along, slack = float(along), float(slack)
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


def _distance_anywhere_m(position: Position, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
    """Metres from a position to the nearest point of a stepped line.

    Two looks: every step of 0.05 degrees as a chord of the frame's plane, then the steps that could hold
    the nearest point again, each cut into 64, where chord and edge differ by less than 0.1 mm up to 70 degrees of
    latitude, and by 6 mm at 89, where a step is wide in degrees of longitude.
    """
    import numpy as np

    frame = frame_at(position)
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
