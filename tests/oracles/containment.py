"""Where a shape's boundary is and what it holds, found in other ways than the layer's.

Distance to a line: the straight longitude-latitude edges are cut into pieces, those that could hold the nearest
point are kept, and a golden-section search over each ends less than 0.1 mm from it. Containment: how many edges the
meridian crosses on its way from the position to the north pole, decided in exact fractions where floats could err.
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
    exact_m,
    sphere_m,
    unit_vectors,
    vincenty_m,
)

REACH_M = 200_000.0
"""Farther than this from a line a distance is only known to SPHERE_ERROR."""

# No degree of latitude, and none of longitude times the cosine of the latitude, is longer on WGS84.
_LONGEST_DEGREE_M = 111_700.0
_LONGEST_PIECE_M = 5_000.0
# Of a parallel, however short: so that a piece near a pole is nearly straight.
_WIDEST_PIECE_DEG = 1.0
_GOLDEN = (5**0.5 - 1) / 2
_NEAR_ENOUGH_M = 2e-5


@dataclass(frozen=True)
class Nearest:
    """The nearest point of a line (degrees) and how far it is (metres)."""

    distance_m: float
    lon: float
    lat: float


class Line:
    """Straight longitude-latitude edges, each the short way round; they need not hang together."""

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
        """Start and step of each piece (degrees), and more metres than it is long."""
        by_length = _length_m(self.start, self.step) / _LONGEST_PIECE_M
        by_turn = np.abs(self.step[:, 0]) / _WIDEST_PIECE_DEG
        counts = np.maximum(np.ceil(np.maximum(by_length, by_turn)), 1).astype(int)
        edge = np.repeat(np.arange(len(counts)), counts)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
        step = self.step[edge] / counts[edge, None]
        start = self.start[edge] + step * nth[:, None]
        return start, step, _length_m(start, step)

    @cached_property
    def _middles(self) -> Floats:
        start, step, _ = self._pieces
        return unit_vectors(start[:, 0] + step[:, 0] / 2, start[:, 1] + step[:, 1] / 2)

    def cap(self) -> tuple[Floats, float]:
        """A unit vector amid the line, and more metres from it than any point of the line is."""
        middle = self._middles.mean(axis=0)
        middle /= np.linalg.norm(middle)
        farthest_m = sphere_m(middle[None], self._middles)[0] * (1 + SPHERE_ERROR) + self._pieces[2] / 2
        return middle, float(farthest_m.max())

    def at_least_m(self, positions: Floats) -> Floats:
        """For each position (rows of lon, lat) a distance that is surely not more than the true one."""
        rough = sphere_m(unit_vectors(positions[:, 0], positions[:, 1]), self._middles)
        least: Floats = (rough * (1 - SPHERE_ERROR) - self._pieces[2] / 2).min(axis=1) - SPHERE_SLACK_M
        return least

    def nearest(self, positions: Floats) -> list[Nearest]:
        """The nearest point of the line to each position (rows of lon, lat)."""
        start, step, length = self._pieces
        rough = sphere_m(unit_vectors(positions[:, 0], positions[:, 1]), self._middles)
        first = rough.argmin(axis=1)
        found = [
            Nearest(float(rough[row, k]), *(start[k] + step[k] / 2).tolist()) for row, k in enumerate(first.tolist())
        ]
        best = rough.min(axis=1, keepdims=True)
        possible = rough * (1 - SPHERE_ERROR) - length / 2 <= best * (1 + SPHERE_ERROR) + 2 * SPHERE_SLACK_M
        possible &= best <= REACH_M * (1 + 2 * SPHERE_ERROR) + length / 2
        row, piece = np.nonzero(possible)
        if not len(row):
            return found
        middle = start[piece] + step[piece] / 2
        known = vincenty_m(positions[row, 0], positions[row, 1], middle[:, 0], middle[:, 1])
        closest = np.full(len(positions), np.inf)
        np.minimum.at(closest, row, known)
        kept = known - length[piece] / 2 <= closest[row]
        row, piece = row[kept], piece[kept]
        at, distance = _golden_section(positions[row], start[piece], step[piece], float(length[piece].max()))
        for k in np.lexsort((-distance, row)).tolist():  # the nearest of each position comes last
            lon, lat = (start[piece[k]] + step[piece[k]] * at[k]).tolist()
            found[int(row[k])] = Nearest(float(distance[k]), lon, lat)
        return found


def _length_m(start: Floats, step: Floats) -> Floats:
    """Metres that an edge (degrees) does not exceed."""
    end = start[:, 1] + step[:, 1]
    lowest = np.where(start[:, 1] * end > 0, np.minimum(np.abs(start[:, 1]), np.abs(end)), 0)
    length: Floats = _LONGEST_DEGREE_M * np.hypot(step[:, 0] * np.cos(np.radians(lowest)), step[:, 1])
    return length


def _golden_section(positions: Floats, start: Floats, step: Floats, longest_m: float) -> tuple[Floats, Floats]:
    """How far along each piece (0 to 1) its nearest point to its position is, and the metres to it."""

    def distance_m(at: Floats) -> Floats:
        return vincenty_m(
            positions[:, 0], positions[:, 1], start[:, 0] + step[:, 0] * at, start[:, 1] + step[:, 1] * at
        )

    low, high = np.zeros(len(start)), np.ones(len(start))
    ends = np.stack([distance_m(low), distance_m(high)])
    left, right = high - _GOLDEN, low + _GOLDEN
    at_left, at_right = distance_m(left), distance_m(right)
    width = longest_m
    while width > _NEAR_ENOUGH_M:
        goes_left = at_left < at_right
        low, high = np.where(goes_left, low, left), np.where(goes_left, right, high)
        fresh = np.where(goes_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_fresh = distance_m(fresh)
        left, right = np.where(goes_left, fresh, right), np.where(goes_left, left, fresh)
        at_left, at_right = np.where(goes_left, at_fresh, at_right), np.where(goes_left, at_left, at_fresh)
        width *= _GOLDEN
    tried = np.stack([np.zeros_like(low), np.ones_like(low), left, right])
    distances = np.stack([*ends, at_left, at_right])
    best, column = distances.argmin(axis=0), np.arange(len(low))
    return tried[best, column], distances[best, column]


@dataclass(frozen=True)
class Side:
    """Whether a position is inside a polygon, and whether it is exactly on its boundary (then it is inside too)."""

    inside: bool
    on_boundary: bool


class Rings:
    """A polygon's rings and the even-odd rule, part by part."""

    def __init__(self, polygon: Polygon) -> None:
        self._parts = [[_RingEdges(ring) for ring in part] for part in polygon.parts]

    def sides(self, positions: Floats) -> list[Side]:
        """The side of each position (rows of lon, lat)."""
        inside = np.zeros(len(positions), dtype=bool)
        boundary = np.zeros(len(positions), dtype=bool)
        for part in self._parts:
            odd = np.zeros(len(positions), dtype=bool)
            for ring in part:
                crossings, touched = ring.crossings(positions)
                odd ^= (crossings + ring.holds_north_pole) % 2 == 1
                boundary |= touched
            inside |= odd
        return [Side(a, b) for a, b in zip((inside | boundary).tolist(), boundary.tolist(), strict=True)]


class _RingEdges:
    def __init__(self, ring: Sequence[LonLat]) -> None:
        self._edges = list(zip(ring, (*ring[1:], ring[0]), strict=True))
        self._line = Line([(*ring, ring[0])])
        turned = sum((_short_way(Fraction(b[0]) - Fraction(a[0])) for a, b in self._edges), Fraction(0))
        self.holds_north_pole = turned != 0 and ring[0][1] > 0

    def crossings(self, positions: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """How many edges lie north on the meridian of each position, and whether one goes through it."""
        start, step = self._line.start, self._line.step
        x0 = np.remainder(start[:, 0] - positions[:, :1] + 180, 360) - 180
        x1 = x0 + step[:, 0]
        y0 = start[:, 1] - positions[:, 1:]
        y1 = y0 + step[:, 1]
        turn = y0 * step[:, 0] - x0 * step[:, 1]
        straddles = (x0 > 0) != (x1 > 0)
        north = straddles & (turn * np.sign(step[:, 0]) > 0)
        # Subtracting and turning round each cost at most some 1e-13 degrees.
        doubt = np.abs(turn) <= 1e-12 * (np.abs(x0) + np.abs(x1) + np.abs(y0) + np.abs(y1)) + 1e-24
        near_ends = np.minimum(np.abs(x0), np.abs(x1)) <= 1e-12
        doubt = (straddles | near_ends) & (doubt | near_ends)
        doubt |= (np.abs(positions[:, 1:]) == 90) & (y0 == 0)
        counts = (north & ~doubt).sum(axis=1)
        touched = np.zeros(len(positions), dtype=bool)
        for row, edge in zip(*(axis.tolist() for axis in np.nonzero(doubt)), strict=True):
            crosses, touches = _meridian_and_edge(*positions[row].tolist(), *self._edges[edge])
            counts[row] += crosses
            touched[row] |= touches
        return counts, touched


def _short_way(degrees: Fraction) -> Fraction:
    return (degrees + 180) % 360 - 180


def _meridian_and_edge(lon: float, lat: float, a: LonLat, b: LonLat) -> tuple[bool, bool]:
    """Exactly: whether the edge from `a` to `b` lies north on a position's meridian, and whether it is met."""
    if abs(lat) == 90 and a[1] == lat:  # a pole has every longitude
        return False, True
    x0 = _short_way(Fraction(a[0]) - Fraction(lon))
    x1 = x0 + _short_way(Fraction(b[0]) - Fraction(a[0]))
    y0, y1 = Fraction(a[1]) - Fraction(lat), Fraction(b[1]) - Fraction(lat)
    if x0 == x1:
        return False, x0 == 0 and min(y0, y1) <= 0 <= max(y0, y1)
    if not min(x0, x1) <= 0 <= max(x0, x1):
        return False, False
    height = y0 - x0 * (y1 - y0) / (x1 - x0)
    return (x0 > 0) != (x1 > 0) and height > 0, height == 0


def _boundary(polygon: Polygon) -> list[Sequence[LonLat]]:
    """The edges of all rings, without what two parts share that were split at the antimeridian."""
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
            left = [span]
            for low, high in on_seam[not is_west]:
                cut = [((a, min(b, low)), (max(a, high), b)) for a, b in left]
                left = [(a, b) for both in cut for a, b in both if a < b]
            edges += [((180.0, a), (180.0, b)) for a, b in left]
    return edges


class Oracle:
    """What the layer should say of one shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._rings = Rings(shape) if isinstance(shape, Polygon) else None
        if isinstance(shape, Circle):
            self._line = Line([[(shape.center.lon, shape.center.lat)] * 2])
        elif isinstance(shape, Corridor):
            self._line = Line([shape.points])
        else:
            assert isinstance(shape, Polygon)
            self._line = Line(_boundary(shape))

    @property
    def _half_width_m(self) -> float:
        if isinstance(self.shape, Circle):
            return self.shape.radius_m
        return self.shape.half_width_m if isinstance(self.shape, Corridor) else 0.0

    def edge_distances_m(self, positions: Sequence[Position]) -> list[float]:
        """Metres to the boundary, negative inside; beyond REACH_M from the shape to SPHERE_ERROR only."""
        if isinstance(self.shape, Circle):
            center = self.shape.center
            return [exact_m(p.lon, p.lat, center.lon, center.lat) - self.shape.radius_m for p in positions]
        rows = as_rows(positions)
        distances = [
            # geographiclib has the last word where it decides the side; a point of the line is never too near.
            exact_m(p.lon, p.lat, near.lon, near.lat)
            if abs(near.distance_m - self._half_width_m) < 1
            else near.distance_m
            for p, near in zip(positions, self._line.nearest(rows), strict=True)
        ]
        if self._rings is None:
            return [distance - self._half_width_m for distance in distances]
        sides = self._rings.sides(rows)
        return [-d if side.inside else d for d, side in zip(distances, sides, strict=True)]

    def on_boundary(self, positions: Sequence[Position]) -> list[bool]:
        """Whether a position is exactly on a polygon's boundary; of a curved boundary no float can be."""
        if self._rings is None:
            return [False] * len(positions)
        return [side.on_boundary for side in self._rings.sides(as_rows(positions))]

    def cap(self) -> tuple[Floats, float]:
        """A middle (unit vector) and more metres than anything that the shape covers is away from it.

        A cap of less than half the globe that holds a ring holds all that is inside the ring.
        """
        middle, reach_m = self._line.cap()
        return middle, reach_m + self._half_width_m

    def may_cover(self, rows: Floats) -> NDArray[np.bool_]:
        """Which positions (rows of lon, lat) the shape could cover: surely no fewer than it does."""
        if self._rings is not None:
            return np.array([side.inside for side in self._rings.sides(rows)], dtype=bool)
        possible: NDArray[np.bool_] = self._line.at_least_m(rows) <= self._half_width_m
        return possible


def as_rows(positions: Sequence[Position]) -> Floats:
    """Positions as rows of lon, lat (degrees)."""
    return np.array([(p.lon, p.lat) for p in positions], dtype=np.float64).reshape(-1, 2)
