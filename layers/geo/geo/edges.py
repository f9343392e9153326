"""Edges that are straight in longitude and latitude, and the distance of a position from them.

Steps of an edge are chords in space, where nothing is special about a pole or the antimeridian. One product of
matrices bounds how near each step can be. The frame of WGS84 then measures those few that can be the nearest.
"""

from __future__ import annotations

from functools import cached_property, partial
from math import dist, hypot, inf, isnan, nan, sqrt
from typing import TYPE_CHECKING

from geo.wgs84 import SMALLEST_RADIUS_M, Frame, to_earth_centred_array_m

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vertices = NDArray[np.float64]
    """Rows of longitude and latitude in degrees, without a jump at the antimeridian."""

STEP_DEG = 0.05
_FINE_STEPS = 64
_LONGEST_STEP_M = 30_000.0

# As far as the frame is exact.
_NEARBY_M = 200_000.0
# Of two places as far by the chord, up to 200 km, one may be farther along the ellipsoid by this part of it.
_OFF_BY_AZIMUTH = 1e-6
# Single precision, over the few operations that it takes.
_ROUNDING = 5e-7
_MAX_MEASURED = 24
_FEW = 8
_BEND_M = 1e-4
_POINT_M, _MILLIMETRE_M = 1e-6, 1e-3


class Edges:
    """The edges along runs of vertices, each open or closed to a ring."""

    def __init__(self, vertices: Vertices, counts: Sequence[int], *, are_rings: bool) -> None:
        """Take the vertices of all runs.

        Args:
            vertices: Of all runs, one after the other; a ring does not repeat its first at the end.
            counts: How many of them each run has.
            are_rings: Whether each run is closed.
        """
        self.vertices, self.counts, self.are_rings = vertices, counts, are_rings

    def distance_m(self, frame: Frame, at_most_m: float = inf) -> float:
        """Return the metres from the frame's position to the edges, or maybe infinity where it is over `at_most_m`.

        >>> import numpy as np
        >>> from geo.wgs84 import Position
        >>> equator = Edges(np.array([[0.0, 0.0], [1.0, 0.0]]), [2], are_rings=False)
        >>> frame = Frame(Position(lon=0.5, lat=0.1))
        >>> round(equator.distance_m(frame), 1), equator.distance_m(frame, at_most_m=1_000)
        (11057.4, inf)
        """
        steps = self.steps
        lower2, away2, rounding2 = steps.bound_distances2(frame)
        nearest = int(lower2.argmin())
        nearest2 = lower2.item(nearest) + away2
        # A chord is no longer than the arc, and a step strays from its chord.
        reach_m = min(sqrt(max(nearest2 + steps.half2.item(nearest), 0.0) + rounding2), at_most_m)
        reach2 = (reach_m * (1 + _OFF_BY_AZIMUTH) + 2 * steps.most_bent_m) ** 2 + rounding2
        if nearest2 > reach2:
            return inf
        possible = steps.find_chords((lower2 <= reach2 - away2).nonzero()[0].tolist())
        if len(possible) > _MAX_MEASURED:
            if nearest2 <= _NEARBY_M * _NEARBY_M:
                return self.measure_steps_m(frame, possible)
            # Far away there is no plane. Any few of those that are equally near by their bounds are near enough.
            possible = steps.find_chords(lower2.argsort()[:_FEW].tolist())
        feet = [steps.find_foot(frame, step) for step in possible]
        farthest_m = min(at_most_m, *[apart_m + bent_m for apart_m, bent_m, _, _ in feet]) * (1 + _OFF_BY_AZIMUTH)
        found = [steps.measure_m(frame, foot) for foot in feet if foot[0] - foot[1] <= farthest_m + _POINT_M]
        return self.measure_steps_m(frame, possible) if isnan(sum(found)) else min(found, default=inf)

    def measure_steps_m(self, frame: Frame, steps: Iterable[int] | None = None) -> float:
        """Return the metres to some of the steps or to all, slowly.

        Two passes: every step as a chord of the frame's plane, then those that could contain the nearest point, each
        cut into 64, where chord and edge differ by less than 0.1 mm up to 70 degrees of latitude, and by 6 mm
        at 89, where a step is wide in degrees of longitude.
        """
        import numpy as np

        lon, lat = self.steps.lon, self.steps.lat
        some = self.steps.starts if steps is None else np.fromiter(steps, np.intp)
        ends = np.stack([some, some + 1], axis=1)
        east, north = frame.to_plane_m(lon[ends], lat[ends])
        reach = _measure_segments_m(east, north)[:, 0]
        chord2 = (np.diff(east) ** 2 + np.diff(north) ** 2)[:, 0]
        bend = _bound_bends_m(chord2, lon[ends], lat[ends]) + _MILLIMETRE_M
        close = some[reach - bend <= (reach + bend).min()]
        along = np.linspace(0.0, 1.0, _FINE_STEPS + 1)
        fine_lon = lon[close, None] + (lon[close + 1] - lon[close])[:, None] * along
        fine_lat = lat[close, None] + (lat[close + 1] - lat[close])[:, None] * along
        return float(_measure_segments_m(*frame.to_plane_m(fine_lon, fine_lat)).min())

    @cached_property
    def steps(self) -> Steps:
        """The edges in steps."""
        import numpy as np

        runs, start = [], 0
        for count in self.counts:
            run = self.vertices[start : start + count]
            runs.append(add_steps(np.concatenate([run, run[:1]]) if self.are_rings else run, STEP_DEG))
            start += count
        return Steps(runs)


Foot = tuple[float, float, float, int]
"""Where the chord of a step is nearest to a position: metres from it, metres by which the step may stray from its
chord, the part of the chord that is before it, and the step."""


class Steps:
    """Edges in steps of at most 0.05 degrees: points in space, each but the last of a run with a chord to the next.

    The nearer end of a chord is at most half of it from where a position is nearest to it. So of a chord at the
    distance d one end is at most d^2 + (length / 2)^2 away, squared, and only points of which that is true for the
    smallest d can be ends of the nearest chord. `_terms` are multiplied by a position (x, y, z, 1) to give, for each
    point, the square of its distance less `half2`, that of half its longer chord, and less x^2 + y^2 + z^2.
    `bent_m` is how far a step may stray from its chord.
    """

    def __init__(self, runs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
        import numpy as np

        self.lon, self.lat = (np.concatenate(axis) for axis in zip(*runs, strict=True))
        self._points = to_earth_centred_array_m(self.lon, self.lat)
        is_last = np.zeros(len(self.lon), bool)
        is_last[np.cumsum([len(lon) for lon, _ in runs]) - 1] = True
        self._is_last = is_last
        chord2 = (np.diff(self._points, axis=0) ** 2).sum(axis=1)
        chord2[is_last[:-1]] = 0.0
        half2 = np.maximum(np.append(chord2, 0.0), np.append(0.0, chord2)) / 4
        ends = np.stack([np.arange(len(chord2)), np.arange(len(chord2)) + 1], axis=1)
        self.bent_m = _bound_bends_m(chord2, self.lon[ends], self.lat[ends])
        self.most_bent_m = float(self.bent_m.max())
        middle = (self._points.min(axis=0) + self._points.max(axis=0)) / 2
        self._middle = tuple(middle.tolist())
        around = self._points - middle
        away2 = (around**2).sum(axis=1)
        self._terms = np.concatenate([-2 * around.T, [away2 - half2]]).astype(np.float32)
        self.half2 = half2.astype(np.float32)
        self._vector = partial(np.array, dtype=np.float32)
        self._reach_m = sqrt(away2.max())

    @property
    def starts(self) -> NDArray[np.intp]:
        """The points at which a chord begins."""
        return (~self._is_last).nonzero()[0]

    def bound_distances2(self, frame: Frame) -> tuple[NDArray[np.float32], float, float]:
        """Return, for each point, a lower bound of the square of its chords' distance; an offset; the rounding.

        The offset, x^2 + y^2 + z^2, has to be added to each bound.
        """
        middle_x, middle_y, middle_z = self._middle
        x, y, z = frame.x - middle_x, frame.y - middle_y, frame.z - middle_z
        away2 = x * x + y * y + z * z
        lower2 = self._vector((x, y, z, 1.0)).dot(self._terms)
        return lower2, away2, _ROUNDING * (self._reach_m + sqrt(away2)) ** 2

    def find_chords(self, points: Sequence[int]) -> set[int]:
        """Return the chords that begin or end at these points, by the points where they begin."""
        is_last = self._is_last
        chords = {point for point in points if not is_last.item(point)}
        chords.update([point - 1 for point in points if point and not is_last.item(point - 1)])
        return chords

    def find_foot(self, frame: Frame, step: int) -> Foot:
        """Return the foot of a chord: its nearest point."""
        ((x, y, z), (end_x, end_y, end_z)) = self._points[step : step + 2].tolist()
        d_x, d_y, d_z = end_x - x, end_y - y, end_z - z
        x, y, z = x - frame.x, y - frame.y, z - frame.z
        length2 = d_x * d_x + d_y * d_y + d_z * d_z
        along = 0.0
        if length2 > _POINT_M * _POINT_M:
            along = min(max(-(x * d_x + y * d_y + z * d_z) / length2, 0.0), 1.0)
        apart_m = hypot(x + along * d_x, y + along * d_y, z + along * d_z)
        return apart_m, self.bent_m.item(step), along, step

    def measure_m(self, frame: Frame, foot: Foot) -> float:
        """Return the metres to a step, by the foot of its chord; NaN if the step bends too much for that.

        A step that strays from its chord by next to nothing has the same foot. For any other,
        ever shorter chords around the foot are measured, until they stray by next to nothing. The farther the
        position, the farther a bend moves the foot.
        """
        apart_m, bent_m, along, step = foot
        lon, lat = self.lon.item(step), self.lat.item(step)
        lon_step, lat_step = self.lon.item(step + 1) - lon, self.lat.item(step + 1) - lat
        if bent_m <= _BEND_M or apart_m > _NEARBY_M:
            return frame.distance_m(lon + along * lon_step, lat + along * lat_step)
        length_m = dist(*self._points[step : step + 2].tolist())
        bend = bent_m / (length_m * length_m)
        slack = (8 * bent_m * (1 + apart_m / length_m) + 1) / length_m
        shorter = max(1 / 16, 16 * bend * apart_m)
        if slack > 0.25 or shorter > 0.25:
            return nan
        while True:
            first, last = max(0.0, along - slack), min(1.0, along + slack)
            east, north = frame.to_east_north_m(lon + first * lon_step, lat + first * lat_step)
            east_end, north_end = frame.to_east_north_m(lon + last * lon_step, lat + last * lat_step)
            d_east, d_north = east_end - east, north_end - north
            length2 = d_east * d_east + d_north * d_north
            if length2 < _POINT_M * _POINT_M:
                return hypot(east, north)
            at = min(max(-(east * d_east + north * d_north) / length2, 0.0), 1.0)
            if bend * length2 <= _BEND_M:
                return hypot(east + at * d_east, north + at * d_north)
            along = first + at * (last - first)
            slack *= shorter


def add_steps(vertices: Vertices, longest_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the vertices, with more between them so that no step is longer than `longest_deg` on either axis.

    >>> import numpy as np
    >>> [axis.tolist() for axis in add_steps(np.array([[0.0, 0.0], [1.0, 2.0]]), 1.0)]
    [[0.0, 0.5, 1.0], [0.0, 1.0, 2.0]]
    """
    import numpy as np

    lon_spans, lat_spans = np.abs(np.diff(vertices, axis=0)).T
    # Meridians converge towards the poles: a metre is more degrees of longitude there. 20 times as many is the cap.
    lowest = np.radians(np.minimum(np.abs(vertices[:-1, 1]), np.abs(vertices[1:, 1])))
    spans = np.maximum(lon_spans * np.maximum(np.cos(lowest), 0.05), lat_spans)
    counts = np.maximum(1, np.ceil(spans / longest_deg)).astype(int)
    at = np.concatenate([[0.0], np.cumsum(counts)])
    at_steps = np.arange(at[-1] + 1)
    return np.interp(at_steps, at, vertices[:, 0]), np.interp(at_steps, at, vertices[:, 1])


def _measure_segments_m(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance from the origin to each segment between neighbours along the last axis."""
    import numpy as np

    x, y = east[..., :-1], north[..., :-1]
    dx, dy = np.diff(east), np.diff(north)
    length2 = dx * dx + dy * dy
    # A step is never so long: its ends lie on either side of the antipode, where the plane is torn.
    is_whole = (length2 > 0) & (length2 < _LONGEST_STEP_M**2)
    at = np.divide(-(x * dx + y * dy), length2, out=np.zeros_like(length2), where=is_whole).clip(0, 1)
    nearest: NDArray[np.float64] = np.hypot(x + at * dx, y + at * dy)
    return np.where(is_whole, nearest, np.minimum(np.hypot(x, y), np.hypot(x + dx, y + dy)))


def _bound_bends_m(
    chord2: NDArray[np.float64], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far steps stray from their chords at the most, by the square of the chord and both ends in degrees.

    A parallel bends by tan(latitude) / R, and all that is on the globe by 1 / R. A tenth is added. Close to a pole,
    where that has no end, what runs along the meridian and turns by an angle is bent by sqrt(5) times the angle.
    """
    import numpy as np

    chord = np.sqrt(chord2)
    parallels = np.tan(np.radians(np.abs(lat).max(axis=1))) * chord / SMALLEST_RADIUS_M
    turned = sqrt(5) * np.radians(np.abs(np.diff(lon)[:, 0]))
    bend: NDArray[np.float64] = 1.1 * chord * (chord / SMALLEST_RADIUS_M + np.minimum(parallels, turned)) / 8
    return bend
