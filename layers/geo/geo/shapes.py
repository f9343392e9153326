"""Circles, corridors and polygons: which positions they cover, and how far their boundary is.

Every shape answers the same questions. The boundary belongs to the shape: a worker on the fence is inside.
Edges are straight in longitude and latitude (RFC 7946, section 3.1.1) and take the short way round the globe
(section 3.1.9), so a shape may cross the antimeridian or hold a pole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import asin, ceil, cos, degrees, floor, isfinite, radians, sin
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from geo.errors import GeometryError
from geo.wgs84 import Position, angular_radius_deg, distance_m, frame_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LonLat = tuple[float, float]
"""A vertex: longitude, then latitude, in degrees."""

MIN_RADIUS_M, MAX_RADIUS_M = 0.001, 100_000.0
MAX_CORRIDOR_POINTS = 1_024
MAX_VERTICES = 10_000
MAX_ACROSS_DEG = 80.0

# The smallest radius of curvature of the ellipsoid is 6,335,439 m: dividing by less makes every box wide enough.
_SMALL_EARTH_M = 6_330_000.0
_STEP_DEG = 0.05
# So many steps measure a boundary in some 10 ms: the edges of a shape together may be 5,000 degrees long.
_MAX_STEPS = 100_000
_FINE_STEPS = 64
_LONGEST_STEP_M = 30_000.0
# Square degrees by which two areas may differ and still be the same.
_SAME_AREA = 1e-9


class Bounds(NamedTuple):
    """A box in degrees. `west` is in [-180, 180]; `east` is west of nothing: it may exceed 180, never west + 360."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, lon: float, lat: float) -> bool:
        """Whether the box holds a point, its border included.

        >>> Bounds(170, -10, 190, 10).meets(-175, 0)
        True
        """
        if not self.south <= lat <= self.north:
            return False
        return any(self.west <= turn <= self.east for turn in (lon, lon + 360, lon - 360))

    def overlaps(self, other: Bounds) -> bool:
        """Whether two boxes share a point.

        >>> Bounds(170, -10, 190, 10).overlaps(Bounds(-175, 5, -170, 20))
        True
        """
        if self.south > other.north or other.south > self.north:
            return False
        return any(self.west <= other.east + turn and other.west + turn <= self.east for turn in (0, 360, -360))


@dataclass(frozen=True, kw_only=True)
class Circle:
    """All positions at most `radius_m` metres from `center`.

    >>> office = Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100)
    >>> office.covers(Position(lon=-97.7431, lat=30.2680)), office.covers(Position(lon=-97.7431, lat=30.2682))
    (True, False)
    """

    center: Position
    radius_m: float

    def __post_init__(self) -> None:
        _check_radius(self.radius_m)

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        """Metres to the boundary, negative inside."""
        return distance_m(position, self.center) - self.radius_m

    @cached_property
    def bounds(self) -> Bounds:
        return _grown(Bounds(self.center.lon, self.center.lat, self.center.lon, self.center.lat), self.radius_m)


@dataclass(frozen=True, kw_only=True)
class Corridor:
    """All positions at most `half_width_m` metres from a line of at least two vertices."""

    points: tuple[LonLat, ...]
    half_width_m: float

    def __post_init__(self) -> None:
        _check_radius(self.half_width_m)
        points = without_repeats(_checked_vertices("points", self.points))
        if len({_place(point) for point in points}) < 2:
            raise GeometryError("points", "a corridor needs at least 2 different points")
        if len(points) > MAX_CORRIDOR_POINTS:
            raise GeometryError("points", f"a corridor takes at most {MAX_CORRIDOR_POINTS:,} points")
        _check_across("points", points)
        _check_steps("points", [points])
        object.__setattr__(self, "points", points)

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        """Metres to the boundary, negative inside."""
        return self._line.distance_m(position) - self.half_width_m

    @cached_property
    def bounds(self) -> Bounds:
        return _grown(_bounds_of(self._line.vertices), self.half_width_m)

    @cached_property
    def center(self) -> Position:
        """The point half-way along the line."""
        import shapely

        middle = shapely.line_interpolate_point(shapely.LineString(self._line.vertices), 0.5, normalized=True)
        return _wrapped(middle.x, middle.y)

    def boxes_along(self, longest_deg: float) -> list[Bounds]:
        """Boxes that together hold the corridor, one for each stretch of at most `longest_deg` degrees."""
        lon, lat = _stepped(self._line.vertices, longest_deg)
        ends = zip(lon[:-1].tolist(), lat[:-1].tolist(), lon[1:].tolist(), lat[1:].tolist(), strict=True)
        return [_grown(Bounds(min(a, c), min(b, d), max(a, c), max(b, d)), self.half_width_m) for a, b, c, d in ends]

    @cached_property
    def _line(self) -> _Edges:
        return _Edges(_unwrapped(self.points))


Ring = tuple[LonLat, ...]
"""The vertices of a ring, the first not repeated at the end, in either direction."""


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """One or several parts, each an outer ring and its holes.

    Rings come open or closed and are kept open. Crossing, touching-along-a-line and misplaced rings are refused.

    >>> yard = Polygon(parts=((((0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)),),))
    >>> yard.covers(Position(lon=0.01, lat=0.005)), yard.covers(Position(lon=0.011, lat=0.005))
    (True, False)
    """

    parts: tuple[tuple[Ring, ...], ...]

    def __post_init__(self) -> None:
        parts = tuple(tuple(_checked_ring(ring) for ring in part) for part in self.parts)
        if not parts or not all(parts):
            raise GeometryError("points", "a polygon needs an outer ring")
        vertices = [vertex for part in parts for ring in part for vertex in ring]
        if len(vertices) > MAX_VERTICES:
            raise GeometryError("points", f"a polygon takes at most {MAX_VERTICES:,} points, not {len(vertices):,}")
        _check_across("points", vertices)
        _check_steps("points", [ring for part in parts for ring in part])
        object.__setattr__(self, "parts", parts)
        self._check_valid()

    @classmethod
    def of_one_ring(cls, ring: Sequence[LonLat]) -> Polygon:
        return cls(parts=((tuple(ring),),))

    def covers(self, position: Position) -> bool:
        import shapely

        if abs(position.lat) == 90:
            return self._holds_pole(position.lat)
        west, _, east, _ = self.planar.bounds
        turns = (lon for lon in (position.lon, position.lon + 360, position.lon - 360) if west <= lon <= east)
        return any(bool(shapely.intersects_xy(self.planar, lon, position.lat)) for lon in turns)

    def edge_distance_m(self, position: Position) -> float:
        """Metres to the boundary, negative inside."""
        nearest = min(edges.distance_m(position) for edges in self._boundary)
        return -nearest if self.covers(position) else nearest

    @cached_property
    def bounds(self) -> Bounds:
        west, south, east, north = self.planar.bounds
        if north == 90 or south == -90:
            return Bounds(-180.0, south, 180.0, north)  # every longitude is one at a pole
        return Bounds(west, south, east, north)

    def _holds_pole(self, lat: float) -> bool:
        """Whether a pole belongs to the polygon: it has every longitude, so any vertex or edge there will do."""
        import shapely

        west, _, east, _ = self.planar.bounds
        return bool(shapely.intersects(self.planar, shapely.LineString([(west - 1, lat), (east + 1, lat)])))

    @cached_property
    def center(self) -> Position:
        """The centroid in the plane of longitude and latitude."""
        middle = self.planar.centroid
        return _wrapped(middle.x, middle.y)

    @cached_property
    def planar(self) -> Any:
        """The shapely geometry in unwrapped longitude and latitude, prepared for many questions.

        Starts between -180 and 180 degrees and runs east; a ring around a pole is closed along the pole.
        """
        import shapely

        parts = [_PlanarPart(part) for part in self.parts]
        for part in parts[1:]:
            part.turn(round((parts[0].middle - part.middle) / 360))
        first_turn = -floor((min(part.west for part in parts) + 180) / 360)
        for part in parts:
            part.turn(first_turn)
        polygons = [part.polygon() for part in parts]
        if len(polygons) == 1:
            geometry = polygons[0]
        elif all(shapely.is_valid(polygons)) and any(abs(v[0]) == 180 for part in self.parts for v in part[0]):
            geometry = shapely.union_all(polygons)  # parts that were split at the antimeridian are one again
        else:
            geometry = shapely.MultiPolygon(polygons)
        shapely.prepare(geometry)
        return geometry

    @cached_property
    def _boundary(self) -> list[_Edges]:
        """The rings as edges. The seam along which a ring around a pole is closed, or parts were split, is none."""
        import shapely

        if len(self.parts) > len(shapely.get_parts(self.planar)):
            outlines = shapely.get_rings(shapely.get_parts(self.planar))
            return [_Edges(shapely.get_coordinates(outline)) for outline in outlines]
        return [_Edges(_unwrapped((*ring, ring[0]))) for part in self.parts for ring in part]

    def _check_valid(self) -> None:
        import shapely

        if not shapely.is_valid(self.planar):
            raise GeometryError("points", f"the polygon is not valid: {_plain(shapely.is_valid_reason(self.planar))}")


Shape = Circle | Corridor | Polygon


class _Edges:
    """A line of straight longitude-latitude edges, and the distance to it."""

    def __init__(self, vertices: NDArray[np.float64]) -> None:
        self.vertices = vertices

    @cached_property
    def _steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _stepped(self.vertices, _STEP_DEG)

    def distance_m(self, position: Position) -> float:
        """Metres from a position to the nearest point of the line.

        Two looks: every step of 0.05 degrees as a chord of the frame's plane, then the steps that could hold
        the nearest point again, each cut into 64, where chord and edge differ by less than 0.1 mm.
        """
        import numpy as np

        lon, lat = self._steps
        frame = frame_at(position)
        east, north = frame.plane_m(lon, lat)
        reach = _to_segments_m(east, north)
        bend = _bend_m(np.hypot(np.diff(east), np.diff(north)), lat)
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


def _bend_m(chord_m: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far an edge of a step strays from its chord at the most: a parallel bends by tan(latitude) / R.

    A tenth is added, and a millimetre.
    """
    import numpy as np

    steepest = np.radians(np.minimum(np.maximum(np.abs(lat[:-1]), np.abs(lat[1:])), 89.9999))
    bend: NDArray[np.float64] = 1.1 * chord_m**2 * np.tan(steepest) / (8 * _SMALL_EARTH_M) + 0.001
    return bend


def _stepped(vertices: NDArray[np.float64], longest_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The vertices, with more between them so that no step is longer than `longest_deg` on either axis."""
    import numpy as np

    lon_spans, lat_spans = np.abs(np.diff(vertices, axis=0)).T
    # Meridians draw together towards the poles: as many metres are more degrees there, up to 20 times as many.
    lowest = np.radians(np.minimum(np.abs(vertices[:-1, 1]), np.abs(vertices[1:, 1])))
    spans = np.maximum(lon_spans * np.maximum(np.cos(lowest), 0.05), lat_spans)
    counts = np.maximum(1, np.ceil(spans / longest_deg)).astype(int)
    at = np.concatenate([[0.0], np.cumsum(counts)])
    wanted = np.arange(at[-1] + 1)
    return np.interp(wanted, at, vertices[:, 0]), np.interp(wanted, at, vertices[:, 1])


def _unwrapped(points: Sequence[LonLat]) -> NDArray[np.float64]:
    """Vertices with no jump over the antimeridian, moved by whole turns only, so that they stay exact.

    >>> _unwrapped([(179.0, 0.0), (-179.0, 0.0)]).tolist()
    [[179.0, 0.0], [181.0, 0.0]]
    """
    import numpy as np

    vertices = np.array(points, dtype=np.float64)
    turns = np.cumsum(np.rint(np.diff(vertices[:, 0]) / 360))
    vertices[1:, 0] -= 360 * turns
    return vertices


class _PlanarPart:
    """A part of a polygon in the plane: rings of longitude, latitude and whole turns, which are added only once.

    A longitude that is turned back and forth is no longer itself to the last bit, and its vertex no longer covered.
    """

    def __init__(self, part: tuple[Ring, ...]) -> None:
        shell, *holes = (_turning(ring) for ring in part)
        self._is_polar = _runs_round(shell)
        self._shell, self._holes = _closed_at_pole(shell), [_closed_at_pole(hole) for hole in holes]
        for hole in self._holes:
            hole[:, 2] += round((self.middle - _middle(hole)) / 360)

    @property
    def west(self) -> float:
        return float(_in_plane(self._shell)[:, 0].min())

    @property
    def middle(self) -> float:
        return _middle(self._shell)

    def turn(self, turns: int) -> None:
        for ring in (self._shell, *self._holes):
            ring[:, 2] += turns

    def polygon(self) -> Any:
        """Around a pole a hole may cross the seam, or be around the pole too: it is taken off, with its turns."""
        import shapely

        shell = _in_plane(self._shell)
        if not self._is_polar:
            return shapely.Polygon(shell, [_in_plane(hole) for hole in self._holes])
        polygon = shapely.Polygon(shell)
        for hole in self._holes:
            before = polygon.area
            for turns in (-1, 0, 1):
                polygon = polygon.difference(shapely.Polygon(_in_plane(hole, turns)))
            if abs(before - polygon.area - shapely.Polygon(_in_plane(hole)).area) > _SAME_AREA:
                raise GeometryError(
                    "points", "the polygon is not valid: a hole is outside the ring, or meets another"
                )
        return polygon


def _turning(ring: Ring) -> NDArray[np.float64]:
    """A ring, closed, as longitude, latitude and the whole turns after which it has no jump."""
    import numpy as np

    closed = np.array((*ring, ring[0]), dtype=np.float64)
    turns = np.concatenate([[0.0], -np.cumsum(np.rint(np.diff(closed[:, 0]) / 360))])
    return np.column_stack([closed, turns])


def _runs_round(ring: NDArray[np.float64]) -> bool:
    """Whether a closed ring ends a turn away from where it began: it holds a pole."""
    return abs(float(ring[-1, 2] - ring[0, 2])) > 0


def _closed_at_pole(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ring that runs once round the globe, closed along the pole that it holds; any other as it is."""
    import numpy as np

    if not _runs_round(ring):
        return ring
    pole = 90.0 if ring[:, 1].mean() > 0 else -90.0
    (lon, lat, _), (_, _, turns) = ring[0].tolist(), ring[-1].tolist()
    return np.concatenate([ring, np.array([[lon, pole, turns], [lon, pole, 0.0], [lon, lat, 0.0]])])


def _in_plane(ring: NDArray[np.float64], turns: int = 0) -> NDArray[np.float64]:
    import numpy as np

    return np.column_stack([ring[:, 0] + 360 * (ring[:, 2] + turns), ring[:, 1]])


def _middle(ring: NDArray[np.float64]) -> float:
    lon = _in_plane(ring)[:, 0]
    return float(lon.min() + lon.max()) / 2


def kind_of(shape: Shape) -> Literal["circle", "polygon", "corridor"]:
    if isinstance(shape, Circle):
        return "circle"
    return "corridor" if isinstance(shape, Corridor) else "polygon"


def without_repeats(points: Sequence[LonLat]) -> tuple[LonLat, ...]:
    """The points without those that repeat the one before.

    >>> without_repeats([(1, 2), (1, 2), (3, 4)])
    ((1, 2), (3, 4))
    """
    return tuple(point for k, point in enumerate(points) if k == 0 or point != points[k - 1])


def _checked_ring(ring: Sequence[LonLat]) -> Ring:
    points = without_repeats(_checked_vertices("points", ring))
    if len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(set(points)) < 3:
        raise GeometryError("points", "a ring needs at least 3 different points")
    return points


def _checked_vertices(field: str, points: Sequence[LonLat]) -> tuple[LonLat, ...]:
    checked = []
    for k, (lon, lat) in enumerate(points):
        if not (isfinite(lon) and -180 <= lon <= 180 and isfinite(lat) and -90 <= lat <= 90):
            raise GeometryError(
                f"{field}[{k}]", "longitude must be from -180 to 180 and latitude from -90 to 90 degrees"
            )
        checked.append((lon + 0.0, lat + 0.0))  # -0.0 becomes 0.0
    return tuple(checked)


def _check_steps(field: str, rings: Sequence[Sequence[LonLat]]) -> None:
    """A shape of long edges, however few, would cost seconds at every check."""
    steps = 0
    for ring in rings:
        for (lon_a, lat_a), (lon_b, lat_b) in pairwise(ring):
            across = abs(lon_b - lon_a)
            steps += ceil(max(min(across, 360 - across), abs(lat_b - lat_a)) / _STEP_DEG)
    if steps > _MAX_STEPS:
        raise GeometryError(field, f"the edges together are longer than {_MAX_STEPS * _STEP_DEG:,.0f} degrees")


def _place(point: LonLat) -> LonLat:
    """One name for a place that has several: a pole, or a point of the antimeridian."""
    lon, lat = point
    return (0.0, lat) if abs(lat) == 90 else (abs(lon) if abs(lon) == 180 else lon, lat)


def _check_radius(radius_m: float) -> None:
    if not (isfinite(radius_m) and MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M):
        raise GeometryError("radius_m", f"must be from {MIN_RADIUS_M} to {MAX_RADIUS_M:,.0f} metres")


def _check_across(field: str, points: Sequence[LonLat]) -> None:
    _, radius_deg = angular_radius_deg(points)
    if 2 * radius_deg > MAX_ACROSS_DEG:
        raise GeometryError(field, f"the shape is more than {MAX_ACROSS_DEG:.0f} degrees across")


def _bounds_of(vertices: NDArray[np.float64]) -> Bounds:
    west, south = vertices.min(axis=0).tolist()
    east, north = vertices.max(axis=0).tolist()
    turns = 360 * floor((west + 180) / 360)
    return Bounds(west - turns, south, east - turns, north)


def _grown(box: Bounds, by_m: float) -> Bounds:
    """The box with everything that is at most `by_m` metres away, a little more rather than less."""
    arc = by_m / _SMALL_EARTH_M
    south, north = box.south - degrees(arc) - 1e-9, box.north + degrees(arc) + 1e-9
    if south <= -90 or north >= 90:
        return Bounds(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    nearest_pole = radians(max(abs(box.south), abs(box.north)))
    widen = degrees(asin(min(1.0, sin(arc) / cos(nearest_pole)))) * 1.01 + 1e-9
    if box.east - box.west + 2 * widen >= 360:
        return Bounds(-180.0, south, 180.0, north)
    west, east = box.west - widen, box.east + widen
    turns = 360 * floor((west + 180) / 360)
    return Bounds(west - turns, south, east - turns, north)


def _wrapped(lon: float, lat: float) -> Position:
    return Position(lon=lon - 360 * ceil((lon - 180) / 360), lat=lat)


def _plain(reason: str) -> str:
    """Shapely's reason in words: 'Self-intersection[0.5 0.5]' with the place as longitude and latitude."""
    words, _, place = reason.partition("[")
    return f"{words.lower()} at longitude and latitude {place.rstrip(']')}" if place else words.lower()
