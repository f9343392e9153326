"""Measure distances to boundaries and test containment, by other methods than the layer's.

Distance to a line: the straight longitude-latitude edges are cut into pieces. A golden-section search over each piece
that could contain the nearest point ends less than 0.1 mm from it. Containment: the number of edges that the meridian
crosses from the position to the north pole decides, in exact fractions where floats could be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geo.shapes.base import LonLat, Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.geodesics import (
    SPHERE_ERROR,
    SPHERE_SLACK_M,
    Floats,
    measure_exact_m,
    measure_sphere_m,
    measure_vincenty_m,
    to_unit_vectors,
)

REACH_M = 200_000.0
"""Beyond this distance from a line, a distance has the error SPHERE_ERROR."""

# An upper bound on WGS84 for a degree of latitude, and of longitude divided by the cosine of the latitude.
_LONGEST_DEGREE_M = 111_700.0
_LONGEST_PIECE_M = 5_000.0
# The limit along a parallel, so that a piece near a pole is nearly straight.
_WIDEST_PIECE_DEG = 1.0
_GOLDEN = (5**0.5 - 1) / 2
_PRECISION_M = 2e-5


@dataclass(frozen=True)
class NearestPoint:
    """The nearest point of a line (degrees) and the distance to it (metres)."""

    distance_m: float
    lon: float
    lat: float


class Line:
    """Straight longitude-latitude edges, each the short way around the globe. They may be disconnected."""

    def __init__(self, runs: Iterable[Sequence[LonLat]]) -> None:
        starts: list[LonLat] = []
        ends: list[LonLat] = []
        for run in runs:
            starts += run[:-1]
            ends += run[1:]
        self.start = np.array(starts, dtype=np.float64)
        self.step = np.array(ends, dtype=np.float64) - self.start
        self.step[:, 0] = np.remainder(self.step[:, 0] + 180, 360) - 180

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats]:
        """Start and step of each piece (degrees), and an upper bound of its length in metres."""
        by_length = _length_m(self.start, self.step) / _LONGEST_PIECE_M
        by_width = np.abs(self.step[:, 0]) / _WIDEST_PIECE_DEG
        counts = np.maximum(np.ceil(np.maximum(by_length, by_width)), 1).astype(int)
        edge = np.repeat(np.arange(len(counts)), counts)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
        step = self.step[edge] / counts[edge, None]
        start = self.start[edge] + step * nth[:, None]
        return start, step, _length_m(start, step)

    @cached_property
    def _middles(self) -> Floats:
        start, step, _ = self._pieces
        return to_unit_vectors(start[:, 0] + step[:, 0] / 2, start[:, 1] + step[:, 1] / 2)

    def find_cap(self) -> tuple[Floats, float]:
        """Return a centre (unit vector), and an upper bound of the metres from it to any point of the line."""
        center = self._middles.mean(axis=0)
        center /= np.linalg.norm(center)
        farthest_m = measure_sphere_m(center[None], self._middles)[0] * (1 + SPHERE_ERROR) + self._pieces[2] / 2
        return center, float(farthest_m.max())

    def find_lower_bounds_m(self, positions: Floats) -> Floats:
        """Return a lower bound of the distance to each position (rows of lon, lat)."""
        coarse_m = measure_sphere_m(to_unit_vectors(positions[:, 0], positions[:, 1]), self._middles)
        bounds_m: Floats = (coarse_m * (1 - SPHERE_ERROR) - self._pieces[2] / 2).min(axis=1) - SPHERE_SLACK_M
        return bounds_m

    def find_nearest(self, positions: Floats) -> list[NearestPoint]:
        """Return the nearest point of the line to each position (rows of lon, lat)."""
        start, step, length = self._pieces
        coarse_m = measure_sphere_m(to_unit_vectors(positions[:, 0], positions[:, 1]), self._middles)
        first = coarse_m.argmin(axis=1)
        nearest = [
            NearestPoint(float(coarse_m[row, k]), *(start[k] + step[k] / 2).tolist())
            for row, k in enumerate(first.tolist())
        ]
        best = coarse_m.min(axis=1, keepdims=True)
        possible = coarse_m * (1 - SPHERE_ERROR) - length / 2 <= best * (1 + SPHERE_ERROR) + 2 * SPHERE_SLACK_M
        possible &= best <= REACH_M * (1 + 2 * SPHERE_ERROR) + length / 2
        row, piece = np.nonzero(possible)
        if not len(row):
            return nearest
        middle = start[piece] + step[piece] / 2
        middle_m = measure_vincenty_m(positions[row, 0], positions[row, 1], middle[:, 0], middle[:, 1])
        closest = np.full(len(positions), np.inf)
        np.minimum.at(closest, row, middle_m)
        possible = middle_m - length[piece] / 2 <= closest[row]
        row, piece = row[possible], piece[possible]
        at, distance = _golden_section(positions[row], start[piece], step[piece], float(length[piece].max()))
        for k in np.lexsort((-distance, row)).tolist():  # the nearest of each position comes last
            lon, lat = (start[piece[k]] + step[piece[k]] * at[k]).tolist()
            nearest[int(row[k])] = NearestPoint(float(distance[k]), lon, lat)
        return nearest


def _length_m(start: Floats, step: Floats) -> Floats:
    """Return an upper bound of the length of an edge (degrees) in metres."""
    end = start[:, 1] + step[:, 1]
    lowest = np.where(start[:, 1] * end > 0, np.minimum(np.abs(start[:, 1]), np.abs(end)), 0)
    length: Floats = _LONGEST_DEGREE_M * np.hypot(step[:, 0] * np.cos(np.radians(lowest)), step[:, 1])
    return length


def _golden_section(positions: Floats, start: Floats, step: Floats, longest_m: float) -> tuple[Floats, Floats]:
    """Return where each piece is nearest to its position, from 0 (start) to 1 (end), and the metres to that point."""

    def distance_m(at: Floats) -> Floats:
        return measure_vincenty_m(
            positions[:, 0], positions[:, 1], start[:, 0] + step[:, 0] * at, start[:, 1] + step[:, 1] * at
        )

    low, high = np.zeros(len(start)), np.ones(len(start))
    ends = np.stack([distance_m(low), distance_m(high)])
    left, right = high - _GOLDEN, low + _GOLDEN
    at_left, at_right = distance_m(left), distance_m(right)
    width = longest_m
    while width > _PRECISION_M:
        goes_left = at_left < at_right
        low, high = np.where(goes_left, low, left), np.where(goes_left, right, high)
        fresh = np.where(goes_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_fresh = distance_m(fresh)
        left, right = np.where(goes_left, fresh, right), np.where(goes_left, left, fresh)
        at_left, at_right = np.where(goes_left, at_fresh, at_right), np.where(goes_left, at_left, at_fresh)
        width *= _GOLDEN
    candidates = np.stack([np.zeros_like(low), np.ones_like(low), left, right])
    distances = np.stack([*ends, at_left, at_right])
    best, column = distances.argmin(axis=0), np.arange(len(low))
    return candidates[best, column], distances[best, column]


@dataclass(frozen=True)
class Side:
    """Whether a position is inside a polygon, and whether it is exactly on its boundary, which is also inside."""

    inside: bool
    on_boundary: bool


class Rings:
    """The rings of a polygon, with the even-odd rule for each part."""

    def __init__(self, polygon: Polygon) -> None:
        self._parts = [[_RingEdges(ring) for ring in part] for part in polygon.parts]

    def find_sides(self, positions: Floats) -> list[Side]:
        """Return the side of each position (rows of lon, lat)."""
        inside = np.zeros(len(positions), dtype=bool)
        boundary = np.zeros(len(positions), dtype=bool)
        for part in self._parts:
            odd = np.zeros(len(positions), dtype=bool)
            for ring in part:
                crossings, touches = ring.count_crossings(positions)
                odd ^= (crossings + ring.contains_north_pole) % 2 == 1
                boundary |= touches
            inside |= odd
        return [Side(a, b) for a, b in zip((inside | boundary).tolist(), boundary.tolist(), strict=True)]


class _RingEdges:
    def __init__(self, ring: Sequence[LonLat]) -> None:
        self._edges = list(zip(ring, (*ring[1:], ring[0]), strict=True))
        self._line = Line([(*ring, ring[0])])
        turn = sum((_wrap_degrees(Fraction(b[0]) - Fraction(a[0])) for a, b in self._edges), Fraction(0))
        self.contains_north_pole = turn != 0 and ring[0][1] > 0

    def count_crossings(self, positions: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return how many edges cross the meridian north of each position, and whether an edge contains it."""
        start, step = self._line.start, self._line.step
        x0 = np.remainder(start[:, 0] - positions[:, :1] + 180, 360) - 180
        x1 = x0 + step[:, 0]
        y0 = start[:, 1] - positions[:, 1:]
        y1 = y0 + step[:, 1]
        turn = y0 * step[:, 0] - x0 * step[:, 1]
        straddles = (x0 > 0) != (x1 > 0)
        north = straddles & (turn * np.sign(step[:, 0]) > 0)
        # The differences and the wrap each have a rounding error of at most some 1e-13 degrees.
        unsure = np.abs(turn) <= 1e-12 * (np.abs(x0) + np.abs(x1) + np.abs(y0) + np.abs(y1)) + 1e-24
        near_ends = np.minimum(np.abs(x0), np.abs(x1)) <= 1e-12
        unsure = (straddles | near_ends) & (unsure | near_ends)
        unsure |= (np.abs(positions[:, 1:]) == 90) & (y0 == 0)
        counts = (north & ~unsure).sum(axis=1)
        on_edge = np.zeros(len(positions), dtype=bool)
        for row, edge in zip(*(axis.tolist() for axis in np.nonzero(unsure)), strict=True):
            crosses, touches = _test_edge(*positions[row].tolist(), *self._edges[edge])
            counts[row] += crosses
            on_edge[row] |= touches
        return counts, on_edge


def _wrap_degrees(degrees: Fraction) -> Fraction:
    return (degrees + 180) % 360 - 180


def _test_edge(lon: float, lat: float, a: LonLat, b: LonLat) -> tuple[bool, bool]:
    """Return exactly whether an edge crosses the meridian north of a position, and whether it contains it."""
    if abs(lat) == 90 and a[1] == lat:  # a pole has every longitude
        return False, True
    x0 = _wrap_degrees(Fraction(a[0]) - Fraction(lon))
    x1 = x0 + _wrap_degrees(Fraction(b[0]) - Fraction(a[0]))
    y0, y1 = Fraction(a[1]) - Fraction(lat), Fraction(b[1]) - Fraction(lat)
    if x0 == x1:
        return False, x0 == 0 and min(y0, y1) <= 0 <= max(y0, y1)
    if not min(x0, x1) <= 0 <= max(x0, x1):
        return False, False
    height = y0 - x0 * (y1 - y0) / (x1 - x0)
    return (x0 > 0) != (x1 > 0) and height > 0, height == 0


def _list_edges(polygon: Polygon) -> list[Sequence[LonLat]]:
    """Return the edges of all rings, without the seams of parts that were split at the antimeridian."""
    on_seam: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    edges: list[Sequence[LonLat]] = []
    for part in polygon.parts:
        is_west = sum(lon for lon, _ in part[0] if abs(lon) < 180) > 0  # of the antimeridian
        for ring in part:
            for a, b in zip(ring, (*ring[1:], ring[0]), strict=True):
                if abs(a[0]) == abs(b[0]) == 180 and len(polygon.parts) > 1:
                    on_seam[is_west].append((min(a[1], b[1]), max(a[1], b[1])))
                else:
                    edges.append((a, b))
    for is_west, spans in on_seam.items():
        for span in spans:
            rest = [span]
            for low, high in on_seam[not is_west]:
                cut = [((a, min(b, low)), (max(a, high), b)) for a, b in rest]
                rest = [(a, b) for both in cut for a, b in both if a < b]
            edges += [((180.0, a), (180.0, b)) for a, b in rest]
    return edges


class Oracle:
    """The right answers for one shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._rings = Rings(shape) if isinstance(shape, Polygon) else None
        if isinstance(shape, Circle):
            self._line = Line([[(shape.center.lon, shape.center.lat)] * 2])
        elif isinstance(shape, Corridor):
            self._line = Line([shape.points])
        else:
            assert isinstance(shape, Polygon)
            self._line = Line(_list_edges(shape))

    @property
    def _half_width_m(self) -> float:
        if isinstance(self.shape, Circle):
            return self.shape.radius_m
        return self.shape.half_width_m if isinstance(self.shape, Corridor) else 0.0

    def edge_distances_m(self, positions: Sequence[Position]) -> list[float]:
        """Return the metres to the boundary, negative inside. Beyond REACH_M they have the error SPHERE_ERROR."""
        if isinstance(self.shape, Circle):
            center = self.shape.center
            return [measure_exact_m(p.lon, p.lat, center.lon, center.lat) - self.shape.radius_m for p in positions]
        rows = to_rows(positions)
        distances = [
            # Where the distance decides the side, geographiclib measures it again.
            measure_exact_m(p.lon, p.lat, near.lon, near.lat)
            if abs(near.distance_m - self._half_width_m) < 1
            else near.distance_m
            for p, near in zip(positions, self._line.find_nearest(rows), strict=True)
        ]
        if self._rings is None:
            return [distance - self._half_width_m for distance in distances]
        sides = self._rings.find_sides(rows)
        return [-d if side.inside else d for d, side in zip(distances, sides, strict=True)]

    def on_boundary(self, positions: Sequence[Position]) -> list[bool]:
        """Return which positions are exactly on a polygon's boundary. No float is exactly on a curved one."""
        if self._rings is None:
            return [False] * len(positions)
        return [side.on_boundary for side in self._rings.find_sides(to_rows(positions))]

    def find_cap(self) -> tuple[Floats, float]:
        """Return a centre (unit vector) and an upper bound of the metres to any position that the shape covers.

        A cap of less than half the globe that contains a ring also contains its inside.
        """
        center, radius_m = self._line.find_cap()
        return center, radius_m + self._half_width_m

    def may_cover(self, rows: Floats) -> NDArray[np.bool_]:
        """Return which positions (rows of lon, lat) the shape may cover. All that it covers are among them."""
        if self._rings is not None:
            return np.array([side.inside for side in self._rings.find_sides(rows)], dtype=bool)
        possible: NDArray[np.bool_] = self._line.find_lower_bounds_m(rows) <= self._half_width_m
        return possible


def to_rows(positions: Sequence[Position]) -> Floats:
    """Return positions as rows of lon, lat (degrees)."""
    return np.array([(p.lon, p.lat) for p in positions], dtype=np.float64).reshape(-1, 2)
