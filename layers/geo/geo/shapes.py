"""Circles, corridors and polygons: which positions they cover, and how far their boundary is.

Every shape answers the same questions. The boundary belongs to the shape: a worker on the fence is inside.
Edges are straight in longitude and latitude (RFC 7946, section 3.1.1) and take the short way round the globe
(section 3.1.9), so a shape may cross the antimeridian or hold a pole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from math import asin, ceil, cos, degrees, floor, isfinite, radians, sin
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from geo.edges import STEP_DEG, Edges, stepped
from geo.errors import GeometryError
from geo.raster import Raster
from geo.wgs84 import SMALLEST_RADIUS_M, Frame, Position, angular_radius_deg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from geo.edges import Vertices

LonLat = tuple[float, float]
"""A vertex: longitude, then latitude, in degrees."""
Distances = tuple[float, float]
"""Metres from a position to the centre of a shape, and to its boundary, negative inside."""

MIN_RADIUS_M, MAX_RADIUS_M = 0.001, 100_000.0
MAX_CORRIDOR_POINTS = 1_024
MAX_VERTICES = 10_000
MAX_ACROSS_DEG = 80.0

# So many steps measure a boundary in some 10 ms: the edges of a shape together may be 5,000 degrees long.
_MAX_STEPS = 100_000
_CAP_STEPS = 300
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
        return Frame(position).distance_m(self.center.lon, self.center.lat) - self.radius_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        center_m = frame.distance_m(self.center.lon, self.center.lat)
        edge_m = center_m - self.radius_m
        return (center_m, edge_m) if edge_m <= within_m else None

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

    @classmethod
    def of_vertices(cls, vertices: Vertices, half_width_m: float, *, is_plain: bool) -> Corridor:
        """A corridor that was checked before, of rows of longitude and latitude.

        `is_plain` where it does not come near the antimeridian.
        """
        corridor = object.__new__(cls)
        corridor.__dict__.update(half_width_m=half_width_m, _given=vertices, _is_plain=is_plain)
        return corridor

    def __getattr__(self, name: str) -> Any:
        """The vertices as tuples are made only where somebody asks for them: a check does not."""
        if name != "points":
            raise AttributeError(name)
        points = self.__dict__["points"] = _as_points(self._given)
        return points

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        """Metres to the boundary, negative inside."""
        return self.edges.distance_m(Frame(position)) - self.half_width_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        if within_m == 0 and not self._raster.is_near(frame.position.lon, frame.position.lat):
            return None
        edge_m = self.edges.distance_m(frame, self.half_width_m + within_m) - self.half_width_m
        return (frame.distance_m(self.center.lon, self.center.lat), edge_m) if edge_m <= within_m else None

    @cached_property
    def bounds(self) -> Bounds:
        return _grown(_bounds_of(self._vertices), self.half_width_m)

    @cached_property
    def center(self) -> Position:
        """The point half-way along the line, in the plane of longitude and latitude."""
        import numpy as np

        line = np.ascontiguousarray(self._vertices).view(np.complex128)[:, 0]
        ends = np.abs(line[1:] - line[:-1]).cumsum()
        half = float(ends[-1]) / 2
        k = int(ends.searchsorted(half))
        length = float(ends[k] - ends[k - 1] if k else ends[0])
        middle = complex(line[k + 1]) - (complex(line[k + 1]) - complex(line[k])) * (float(ends[k]) - half) / length
        return _on_globe(middle.real, middle.imag)

    def boxes_along(self, longest_deg: float) -> list[Bounds]:
        """Boxes that together hold the corridor, one for each stretch of at most `longest_deg` degrees."""
        lon, lat = stepped(self._vertices, longest_deg)
        ends = zip(lon[:-1].tolist(), lat[:-1].tolist(), lon[1:].tolist(), lat[1:].tolist(), strict=True)
        return [_grown(Bounds(min(a, c), min(b, d), max(a, c), max(b, d)), self.half_width_m) for a, b, c, d in ends]

    @cached_property
    def _raster(self) -> Raster:
        """A quick look at where the corridor is, for the box of a road holds half a country."""
        import numpy as np

        bounds, line = self.bounds, self._vertices
        across, upright = np.ptp(line, axis=0).tolist()
        around = (bounds.east - bounds.west - across) / 2, (bounds.north - bounds.south - upright) / 2
        # One that comes near a pole has no sides.
        return Raster(line, around if bounds.east - bounds.west < 360 else (360.0, 180.0))

    @cached_property
    def edges(self) -> Edges:
        """The line that the corridor is around."""
        return Edges(self._vertices, [len(self._vertices)], are_rings=False)

    @cached_property
    def _given(self) -> Vertices:
        import numpy as np

        return np.array(self.points, dtype=np.float64)

    @cached_property
    def _is_plain(self) -> bool:
        return _is_plain(self._given)

    @property
    def _vertices(self) -> Vertices:
        return self._given if self._is_plain else _unwrapped(self._given)


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
    def of_vertices(cls, vertices: Vertices, counts: Sequence[Sequence[int]], *, is_plain: bool) -> Polygon:
        """A polygon that was checked before: rows of longitude and latitude, and how many each ring of each part has.

        `is_plain` where it does not come near the antimeridian nor go around a pole.
        """
        polygon = object.__new__(cls)
        polygon.__dict__.update(_given=vertices, _counts=counts, _is_plain=is_plain)
        return polygon

    def __getattr__(self, name: str) -> Any:
        """The vertices as tuples are made only where somebody asks for them: a check does not."""
        if name != "parts":
            raise AttributeError(name)
        parts = self.__dict__["parts"] = tuple(tuple(map(_as_points, rings)) for rings in self._rings)
        return parts

    @classmethod
    def of_one_ring(cls, ring: Sequence[LonLat]) -> Polygon:
        return cls(parts=((tuple(ring),),))

    def covers(self, position: Position) -> bool:
        if abs(position.lat) == 90:
            return self._holds_pole(position.lat)
        if self._is_plain:
            return bool(self._meets(position.lon, position.lat)[0])
        return any(bool(self._meets(position.lon + turn, position.lat)[0]) for turn in (-360, *self.turns))

    def edge_distance_m(self, position: Position) -> float:
        """Metres to the boundary, negative inside."""
        nearest_m = self.edges.distance_m(Frame(position))
        return -nearest_m if self.covers(position) else nearest_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        if self.covers(frame.position):
            edge_m = -self.edges.distance_m(frame)
        elif within_m > 0:
            edge_m = self.edges.distance_m(frame, within_m)
        else:
            return None
        return (frame.distance_m(self.center.lon, self.center.lat), edge_m) if edge_m <= within_m else None

    @cached_property
    def bounds(self) -> Bounds:
        west, south, east, north = self.planar.bounds
        if north == 90 or south == -90 or east - west >= 360:
            return Bounds(-180.0, south, 180.0, north)  # every longitude is one at a pole
        return Bounds(west, south, east, north)

    @cached_property
    def turns(self) -> range:
        """The degrees by which a longitude is turned to the east to be one of the planar geometry."""
        return range(0, ceil(self.planar.bounds[2]) + 181, 360)

    def _holds_pole(self, lat: float) -> bool:
        """Whether a pole belongs to the polygon: it has every longitude, so any vertex or edge there will do."""
        import shapely

        west, _, east, _ = self.planar.bounds
        return bool(shapely.intersects(self.planar, shapely.LineString([(west - 1, lat), (east + 1, lat)])))

    @cached_property
    def center(self) -> Position:
        """The centroid in the plane of longitude and latitude."""
        middle = self.planar.centroid
        return _on_globe(middle.x, middle.y)

    @cached_property
    def planar(self) -> Any:
        """The shapely geometry in unwrapped longitude and latitude, prepared for many questions.

        Starts between -180 and 180 degrees and runs east; a ring around a pole is closed along the pole.
        """
        import shapely

        if self._is_plain:
            parts = [shapely.polygons(rings[0], rings[1:] or None) for rings in self._linear_rings()]
            geometry = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        else:
            geometry = self._turned()
        shapely.prepare(geometry)
        return geometry

    @cached_property
    def _meets(self) -> Any:
        """A function of longitude and latitude, with the geometry in an array: numpy would make one at every call."""
        import numpy as np
        import shapely

        array = np.empty(1, object)
        array[0] = self.planar
        return partial(shapely.intersects_xy, array)

    def _turned(self) -> Any:
        """The shapely geometry of a polygon that is near the antimeridian or around a pole."""
        import shapely

        parts = [_PlanarPart(part) for part in self.parts]
        for part in parts[1:]:
            part.turn(round((parts[0].middle - part.middle) / 360))
        first_turn = -floor((min(part.west for part in parts) + 180) / 360)
        for part in parts:
            part.turn(first_turn)
        polygons = [part.polygon() for part in parts]
        if len(polygons) == 1:
            return polygons[0]
        if all(shapely.is_valid(polygons)) and any(abs(v[0]) == 180 for part in self.parts for v in part[0]):
            return shapely.union_all(polygons)  # parts that were split at the antimeridian are one again
        return shapely.MultiPolygon(polygons)

    @cached_property
    def edges(self) -> Edges:
        """The boundary. The seam along which a ring around a pole is closed, or parts were split, is none."""
        import numpy as np
        import shapely

        if self._is_plain:
            counts = [count for counts in self._counts for count in counts]
            return Edges(self._given, counts, are_rings=True)
        if len(self._counts) > len(shapely.get_parts(self.planar)):
            outlines = shapely.get_rings(shapely.get_parts(self.planar))
            runs = [shapely.get_coordinates(outline) for outline in outlines]
        else:
            runs = [_unwrapped(np.concatenate([ring, ring[:1]])) for rings in self._rings for ring in rings]
        return Edges(np.concatenate(runs), [len(run) for run in runs], are_rings=False)

    @cached_property
    def _given(self) -> Vertices:
        """The vertices of all rings, one after the other."""
        import numpy as np

        return np.array([vertex for part in self.parts for ring in part for vertex in ring], dtype=np.float64)

    @cached_property
    def _counts(self) -> Sequence[Sequence[int]]:
        return [[len(ring) for ring in part] for part in self.parts]

    @cached_property
    def _is_plain(self) -> bool:
        return _is_plain(self._given)

    @property
    def _rings(self) -> list[list[Vertices]]:
        """For each part its rings, open."""
        rings = iter(_runs(self._given, [count for counts in self._counts for count in counts]))
        return [[next(rings) for _ in counts] for counts in self._counts]

    def _linear_rings(self) -> Iterable[list[Any]]:
        import shapely

        return ([shapely.linearrings(ring) for ring in rings] for rings in self._rings)

    def _check_valid(self) -> None:
        import numpy as np
        import shapely

        _check_planar(self.planar)
        west, _, east, _ = self.planar.bounds
        for turn in range(360, ceil(east - west), 360):
            turned = shapely.transform(self.planar, partial(np.add, (turn, 0)))
            if shapely.intersection(self.planar, turned).area > _SAME_AREA:
                raise GeometryError("points", "the polygon is not valid: it overlaps itself around a pole")


Shape = Circle | Corridor | Polygon


def _unwrapped(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertices with no jump over the antimeridian, moved by whole turns only, so that they stay exact.

    >>> import numpy as np
    >>> _unwrapped(np.array([(179.0, 0.0), (-179.0, 0.0)])).tolist()
    [[179.0, 0.0], [181.0, 0.0]]
    """
    import numpy as np

    lon, lat = vertices.T
    turns = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(lon) / 360))])
    return np.column_stack([lon - 360 * turns, lat])


def _runs(vertices: Vertices, counts: Iterable[int]) -> Iterable[Vertices]:
    start = 0
    for count in counts:
        yield vertices[start : start + count]
        start += count


def _is_plain(vertices: Vertices) -> bool:
    """Whether the longitudes need no turning: nothing is at the antimeridian or goes around a pole."""
    lon = vertices[:, 0]
    west, east = float(lon.min()), float(lon.max())
    return east - west < 180 and west > -180 and east < 180


def _as_points(vertices: Vertices) -> tuple[LonLat, ...]:
    return tuple(zip(vertices[:, 0].tolist(), vertices[:, 1].tolist(), strict=True))


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
        _check_planar(polygon)
        holes = [shapely.Polygon(_in_plane(hole)) for hole in self._holes]
        for hole in holes:
            _check_planar(hole)
        turned = [shapely.Polygon(_in_plane(hole, turns)) for hole in self._holes for turns in (-1, 0, 1)]
        whole, polygon = polygon, polygon.difference(shapely.union_all(turned))
        if abs(whole.area - polygon.area - sum(hole.area for hole in holes)) > _SAME_AREA:
            raise GeometryError("points", "the polygon is not valid: a hole is outside the ring, or meets another")
        return polygon


def _turning(ring: Ring) -> NDArray[np.float64]:
    """A ring, closed, as longitude, latitude and the whole turns after which it has no jump."""
    import numpy as np

    closed = np.array((*ring, ring[0]), dtype=np.float64)
    turns = np.concatenate([[0.0], -np.cumsum(np.rint(np.diff(closed[:, 0]) / 360))])
    turning = np.column_stack([closed, turns])
    first = int(np.abs(closed[:-1, 1]).argmax())
    if not _runs_round(turning) or first == 0:
        return turning
    # It will be closed along the meridian of its first vertex: from the one nearest to the pole that meets no edge.
    return _turning((*ring[first:], *ring[:first]))


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


def distances_within_m(position: Position, shapes: Iterable[Shape], within_m: float) -> Iterator[Distances | None]:
    """For each shape the metres to its centre and to its boundary, or None where the boundary is farther.

    >>> near, far = (Circle(center=Position(lon=lon, lat=0), radius_m=100) for lon in (0.0001, 0.1))
    >>> found = distances_within_m(Position(lon=0, lat=0), [near, far], 0)
    >>> [one and [round(metres, 1) for metres in one] for one in found]
    [[11.1, -88.9], None]
    """
    frame = Frame(position)
    return (shape.distances_m(frame, within_m) for shape in shapes)


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
            steps += ceil(max(min(across, 360 - across), abs(lat_b - lat_a)) / STEP_DEG)
    if steps > _MAX_STEPS:
        raise GeometryError(field, f"the edges together are longer than {_MAX_STEPS * STEP_DEG:,.0f} degrees")


def _place(point: LonLat) -> LonLat:
    """One name for a place that has several: a pole, or a point of the antimeridian."""
    lon, lat = point
    return (0.0, lat) if abs(lat) == 90 else (abs(lon) if abs(lon) == 180 else lon, lat)


def _check_radius(radius_m: float) -> None:
    if not (isfinite(radius_m) and MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M):
        raise GeometryError("radius_m", f"must be from {MIN_RADIUS_M} to {MAX_RADIUS_M:,.0f} metres")


def _check_planar(geometry: Any) -> None:
    import shapely

    if not shapely.is_valid(geometry):
        raise GeometryError("points", f"the polygon is not valid: {_plain(shapely.is_valid_reason(geometry))}")


def _check_across(field: str, points: Sequence[LonLat]) -> None:
    _, radius_deg = angular_radius_deg(points)
    # That is around the middle of the vertices: where many of them are on one side, there is a smaller one.
    if 2 * radius_deg > MAX_ACROSS_DEG and _smallest_across_deg(points) > MAX_ACROSS_DEG:
        raise GeometryError(field, f"the shape is more than {MAX_ACROSS_DEG:.0f} degrees across")


def _smallest_across_deg(points: Sequence[LonLat]) -> float:
    """The diameter in degrees of arc of the smallest cap that holds all points, too large by less than a hundredth.

    The middle moves towards the farthest point by ever shorter steps (Badoiu and Clarkson 2003, Smaller core-sets
    for balls).

    >>> round(_smallest_across_deg([(0, 0), (0, 0.1), (0, 0.2), (60, 0)]))
    60
    """
    import numpy as np

    lon, lat = np.radians(np.array(points, dtype=np.float64)).T
    units = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    middle = units.mean(axis=0)
    for step in range(2, _CAP_STEPS):
        middle += (units[(units @ middle).argmin()] - middle) / step
    return float(2 * np.degrees(np.arccos((units @ middle).min() / np.linalg.norm(middle))))


def _bounds_of(vertices: NDArray[np.float64]) -> Bounds:
    west, south = vertices.min(axis=0).tolist()
    east, north = vertices.max(axis=0).tolist()
    turns = 360 * floor((west + 180) / 360)
    return Bounds(west - turns, south, east - turns, north)


def _grown(box: Bounds, by_m: float) -> Bounds:
    """The box with everything that is at most `by_m` metres away, a little more rather than less."""
    arc = by_m / SMALLEST_RADIUS_M  # dividing by less than any radius makes every box wide enough
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


def _on_globe(lon: float, lat: float) -> Position:
    return Position(lon=lon - 360 * ceil((lon - 180) / 360), lat=lat)


def _plain(reason: str) -> str:
    """Shapely's reason in words: 'Self-intersection[0.5 0.5]' with the place as longitude and latitude."""
    words, _, place = reason.partition("[")
    if not place:
        return words.lower()
    at = _on_globe(*(float(degrees) for degrees in place.rstrip("]").split()))
    return f"{words.lower()} at longitude and latitude {at.lon:.15g} {at.lat:.15g}"
