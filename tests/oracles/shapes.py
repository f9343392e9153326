"""Make random shapes and positions, often where geometry is hard.

The same seed of the random generator gives the same shapes and positions. At least half of the positions lie within
1 % of the boundary (of the radius, the half-width, or the polygon's size).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import asin, atan2, ceil, cos, degrees, pi, radians, sin
from random import Random
from typing import NamedTuple

from geo.shapes.base import LonLat, Ring, Shape
from geo.shapes.checks import MAX_CORRIDOR_POINTS, MAX_VERTICES
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.containment import Line, to_rows
from tests.oracles.geodesics import measure_azimuth_deg, move

METRES_PER_DEGREE = 111_320.0
# The layer refuses shapes more than 80 degrees across. It accepts all within this distance of the centre.
_WIDEST_RADIUS_DEG = 24.0
# The layer refuses shapes whose edges together are longer than 5,000 degrees.
_LONGEST_EDGES_DEG = 4_000
_POSITIONS_PER_SHAPE = 16


class Question(NamedTuple):
    """A shape and the positions to test. The 1 % of the boundary is 1 % of `size_m`."""

    shape: Shape
    positions: list[Position]
    size_m: float


class Refused(Exception):
    """The layer refused a valid shape."""


def generate_questions(random: Random) -> Iterator[Question]:
    """Generate questions for ever: circle, corridor, polygon, circle, ..."""
    while True:
        yield make_circle_question(random)
        yield make_corridor_question(random)
        yield make_polygon_question(random)


def generate_valid_questions(random: Random) -> Iterator[Question]:
    """Generate questions without the shapes that the layer refuses. The comparison reports those."""
    while True:
        try:
            yield from generate_questions(random)
        except Refused:
            continue


def make_circle_question(random: Random) -> Question:
    circle = make_circle(random)
    center, radius_m = circle.center, circle.radius_m
    near = [
        to_position(*move(center.lon, center.lat, random.uniform(-180, 180), radius_m * _pick_factor(random)))
        for _ in range(_POSITIONS_PER_SHAPE * 5 // 8)
    ]
    around = [
        to_position(*move(center.lon, center.lat, random.uniform(-180, 180), radius_m * random.uniform(0, 3)))
        for _ in range(_POSITIONS_PER_SHAPE // 4)
    ]
    return Question(circle, [*near, *around, *_pick_far(random, (center.lon, center.lat))], radius_m)


def make_corridor_question(random: Random) -> Question:
    corridor = make_corridor(random)
    candidates = []
    for _ in range(_POSITIONS_PER_SHAPE * 5 // 8):
        lon, lat, heading = _pick_on_line(random, corridor.points)
        sideways = heading + random.choice((-90, 90)) if random.random() < 0.8 else random.uniform(-180, 180)
        candidates.append(to_position(*move(lon, lat, sideways, corridor.half_width_m * _pick_factor(random))))
    near = _push_out(random, corridor, candidates)
    around = []
    for _ in range(_POSITIONS_PER_SHAPE // 4):
        lon, lat, _ = _pick_on_line(random, corridor.points)
        by_m = corridor.half_width_m * random.uniform(0, 3)
        around.append(to_position(*move(lon, lat, random.uniform(-180, 180), by_m)))
    positions = [*near, *around, *_pick_far(random, random.choice(corridor.points))]
    return Question(corridor, positions, corridor.half_width_m)


def _push_out(random: Random, corridor: Corridor, positions: list[Position]) -> list[Position]:
    """Move positions that are too near another part of the line away from it, to the half-width."""
    line = Line([corridor.points])
    for _ in range(4):
        nearest = line.find_nearest(to_rows(positions))
        misplaced = [k for k, near in enumerate(nearest) if abs(near.distance_m / corridor.half_width_m - 1) > 0.01]
        for k in misplaced:
            near, old = nearest[k], positions[k]
            away = measure_azimuth_deg(near.lon, near.lat, old.lon, old.lat)
            by_m = corridor.half_width_m * _pick_factor(random)
            positions[k] = to_position(*move(near.lon, near.lat, away, by_m))
        if not misplaced:
            break
    return positions


def make_polygon_question(random: Random) -> Question:
    return make_question(random, *make_polygon(random))


def make_question(random: Random, polygon: Polygon, size_m: float) -> Question:
    """Return a question with positions beside the boundary, on an edge, on a vertex, inside and far away."""
    rings = [ring for part in polygon.parts for ring in part]
    near = []
    for _ in range(_POSITIONS_PER_SHAPE * 5 // 8):
        lon, lat, _ = _pick_on_ring(random, random.choice(rings))
        by_m = size_m * 10 ** random.uniform(-9, -2)
        near.append(to_position(*move(lon, lat, random.uniform(-180, 180), by_m)))
    on_edge = to_position(*_pick_on_ring(random, random.choice(rings))[:2])
    on_vertex = to_position(*random.choice(random.choice(rings)))
    around = [on_edge, on_vertex, _pick_between(random, random.choice(rings))]
    for _ in range(_POSITIONS_PER_SHAPE // 4 - len(around)):
        lon, lat = random.choice(random.choice(rings))
        around.append(to_position(*move(lon, lat, random.uniform(-180, 180), size_m * random.uniform(0, 1.5))))
    return Question(polygon, [*near, *around, *_pick_far(random, rings[0][0])], size_m)


def _pick_between(random: Random, ring: Ring) -> Position:
    """Return a position between two vertices, which is mostly inside."""
    (lon, lat), (to_lon, to_lat) = random.choice(ring), random.choice(ring)
    at = random.random()
    lat = max(-90.0, min(90.0, lat + at * (to_lat - lat)))
    return to_position(wrap_lon(lon + at * wrap_lon(to_lon - lon)), lat)


def to_position(lon: float, lat: float) -> Position:
    return Position(lon=lon, lat=lat)


# -- places -----------------------------------------------------------------------------------------------------


def pick_place(random: Random) -> LonLat:
    """Return a place on the globe, often a hard one: poles, 89.99 degrees, antimeridian, equator."""
    lat = degrees(asin(random.uniform(-1, 1)))
    chance = random.random()
    if chance < 0.25:
        lat = random.choice((-1, 1)) * (90 - 10 ** random.uniform(-7, 1))
    elif chance < 0.30:
        lat = random.choice((-90.0, 90.0, -89.99, 89.99, 0.0))
    lon = random.uniform(-180, 180)
    chance = random.random()
    if chance < 0.25:
        lon = random.choice((-1, 1)) * (180 - 10 ** random.uniform(-7, 0.5))
    elif chance < 0.35:
        lon = random.choice((-180.0, 180.0, 0.0, -0.0, 90.0))
    return (round(lon, 7), round(lat, 7)) if random.random() < 0.5 else (lon, lat)


def _pick_far(random: Random, point: LonLat) -> list[Position]:
    """Return a position anywhere, and one at or near the antipode of a point of the shape."""
    lon, lat = point
    antipode = to_position(lon - 180 if lon > 0 else lon + 180, -lat)
    if random.random() < 0.5:
        azimuth_deg, distance_m = random.uniform(-180, 180), random.uniform(0, 50_000)
        antipode = to_position(*move(antipode.lon, antipode.lat, azimuth_deg, distance_m))
    return [to_position(*pick_place(random)), antipode]


def _pick_factor(random: Random) -> float:
    """Return a factor within 1 % of 1 with a log-uniform difference."""
    return 1 + random.choice((-1, 1)) * float(10 ** random.uniform(-9, -2.01))


def _pick_log_uniform(random: Random, low: float, high: float) -> float:
    return min(high, max(low, low * float((high / low) ** random.random())))


def _pick_radius_m(random: Random) -> float:
    return (
        random.choice((0.001, 100_000.0, 50.0))
        if random.random() < 0.1
        else _pick_log_uniform(random, 0.001, 100_000.0)
    )


def _pick_on_ring(random: Random, ring: Ring) -> tuple[float, float, float]:
    return _pick_on_line(random, (*ring, ring[0]))


def _pick_on_line(random: Random, points: tuple[LonLat, ...]) -> tuple[float, float, float]:
    """Return a point on a line (lon, lat degrees) and the azimuth of its edge."""
    k = random.randrange(len(points) - 1)
    (lon, lat), (to_lon, to_lat) = points[k], points[k + 1]
    east, north = wrap_lon(to_lon - lon), to_lat - lat
    at = random.choice((0.0, 1.0)) if random.random() < 0.2 else random.random()
    lat = max(-90.0, min(90.0, lat + north * at))
    return wrap_lon(lon + east * at), lat, degrees(atan2(east * cos(radians(lat)), north))


def wrap_lon(lon: float) -> float:
    """Return the same longitude from -180 to 180. Longitudes in this range stay unchanged."""
    return lon - 360 * ceil((lon - 180) / 360) if abs(lon) > 180 else lon


def _normalize(point: LonLat) -> LonLat:
    """Return the same coordinates for all names of a pole or of a point on the antimeridian."""
    lon, lat = point
    return (0.0, lat) if abs(lat) == 90 else (abs(lon) if abs(lon) == 180 else lon, lat)


def _move_on_sphere(lon: float, lat: float, azimuth_deg: float, arc_deg: float) -> LonLat:
    """Return the point `arc_deg` degrees of arc away on a sphere, which is exact enough to place a vertex."""
    phi, arc, azimuth = radians(lat), radians(arc_deg), radians(azimuth_deg)
    to = asin(max(-1.0, min(1.0, sin(phi) * cos(arc) + cos(phi) * sin(arc) * cos(azimuth))))
    turn = atan2(sin(azimuth) * sin(arc) * cos(phi), cos(arc) - sin(phi) * sin(to))
    return wrap_lon(lon + degrees(turn)), degrees(to)


# -- shapes -----------------------------------------------------------------------------------------------------


def make_circle(random: Random) -> Circle:
    lon, lat = pick_place(random)
    return Circle(center=Position(lon=lon, lat=lat), radius_m=_pick_radius_m(random))


def make_corridor(random: Random) -> Corridor:
    make = random.choice((_make_edge, _make_edge, _walk, _walk, _walk, _surround_pole))
    # The layer steps along every degree. Many long corridors would take too much time.
    max_length_deg = _LONGEST_EDGES_DEG if random.random() < 0.02 else 360
    while True:
        points = make(random)
        if random.random() < 0.5:
            points = [(round(lon, 7), round(lat, 7)) for lon, lat in points]
        lengths = [abs(wrap_lon(b[0] - a[0])) for a, b in pairwise(points)]
        is_line = len({_normalize(point) for point in points}) > 1
        # An edge over 180 degrees has no short way around the globe.
        if max(lengths) < 179.999 and sum(lengths) < max_length_deg and is_line:
            return Corridor(points=tuple(points), half_width_m=_pick_radius_m(random))


def _make_edge(random: Random) -> list[LonLat]:
    lon, lat = pick_place(random)
    azimuth = random.choice((0, 90, 180, random.uniform(-180, 180)))
    return [(lon, lat), _move_on_sphere(lon, lat, azimuth, _pick_log_uniform(random, 1e-7, 3 * _WIDEST_RADIUS_DEG))]


def _walk(random: Random) -> list[LonLat]:
    lon, lat = pick_place(random)
    count = round(_pick_log_uniform(random, 3, MAX_CORRIDOR_POINTS))
    stride = _pick_log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG / count)
    wobble = random.choice((5, 30, 180))
    points, azimuth = [(lon, lat)], random.uniform(-180, 180)
    for _ in range(count - 1):
        azimuth += random.uniform(-wobble, wobble)
        points.append(_move_on_sphere(*points[-1], azimuth, stride * random.uniform(0.1, 1)))
    return points


def _surround_pole(random: Random) -> list[LonLat]:
    pole = random.choice((-1, 1))
    count = round(_pick_log_uniform(random, 3, 60))
    lon, distance = random.uniform(-180, 180), _pick_log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG)
    points = []
    for _ in range(count):
        points.append((lon, pole * (90 - distance * random.uniform(0.2, 1))))
        lon = wrap_lon(lon + random.uniform(-20, 170))
    return points


def make_polygon(random: Random) -> tuple[Polygon, float]:
    """Return a polygon and its size in metres.

    Raises:
        Refused: The layer refuses the polygon, although it is valid.
    """
    make = random.choice((_make_star, _make_star, _make_box, _make_parts, _make_polar))
    parts, size_deg = make(random)
    try:
        return Polygon(parts=parts), size_deg * METRES_PER_DEGREE
    except ValueError as error:
        raise Refused(f"{error}: {parts!r:.2000}") from error


Parts = tuple[tuple[Ring, ...], ...]


class _Plane(NamedTuple):
    """A linear map from degrees of arc east and north of a centre to longitude and latitude."""

    lon: float
    lat: float
    stretch: float

    def to_lonlat(self, east: float, north: float) -> LonLat:
        return wrap_lon(self.lon + east * self.stretch), self.lat + north


def _make_plane(random: Random, size_deg: float) -> _Plane:
    """Return a plane with room for `size_deg` around its centre, less than 180 degrees of longitude wide."""
    lon, lat = pick_place(random)
    room = 90 - 1.01 * size_deg
    lat = max(-room, min(room, lat))
    widest_parallel = cos(radians(max(0.0, abs(lat) - size_deg)))
    return _Plane(lon, lat, min(80 / size_deg, 1 / widest_parallel))


def _make_star_ring(
    random: Random, plane: _Plane, center: tuple[float, float], radius: float, min_share: float, count: int
) -> Ring:
    """Return a ring between `min_share * radius` and `radius` degrees from its centre, in either direction."""
    points = []
    for k in range(count):
        angle = 2 * pi * (k + random.uniform(0, 0.4)) / count
        distance = radius * random.uniform(min_share, 1)
        points.append(plane.to_lonlat(center[0] + distance * cos(angle), center[1] + distance * sin(angle)))
    if radius / count > 1e-4 and random.random() < 0.5:
        points = [(round(lon, 7), round(lat, 7)) for lon, lat in points]
    return tuple(points if random.random() < 0.5 else points[::-1])


def _pick_size_deg(random: Random, smallest: float = 1e-7) -> float:
    return _pick_log_uniform(random, smallest, _WIDEST_RADIUS_DEG)


def _make_star(random: Random) -> tuple[Parts, float]:
    """Return a ring of 3 to 9,000 vertices. From 8 on it may have up to four holes, one with an island."""
    size = _pick_size_deg(random)
    plane = _make_plane(random, size)
    max_count = MAX_VERTICES - 1_000 if random.random() < 0.02 else 60
    count = round(_pick_log_uniform(random, 3, max_count)) if size > 1e-3 else random.randint(3, 8)
    count = min(count, round(_LONGEST_EDGES_DEG / 2 / (size * plane.stretch)))
    shell = _make_star_ring(random, plane, (0, 0), size, 0.6, count)
    if count < 8 or size < 1e-6 or random.random() < 0.4:
        return ((shell,),), size
    holes = []
    quarters = random.sample(range(4), random.randint(1, 4))
    for quarter in quarters:
        center = size * 0.3 * cos(quarter * pi / 2), size * 0.3 * sin(quarter * pi / 2)
        holes.append(_make_star_ring(random, plane, center, size * 0.15, 0.7, random.randint(6, 12)))
    if random.random() < 0.5:
        return ((shell, *holes),), size
    center = size * 0.3 * cos(quarters[0] * pi / 2), size * 0.3 * sin(quarters[0] * pi / 2)
    island = _make_star_ring(random, plane, center, size * 0.03, 0.5, random.randint(3, 8))
    return ((shell, *holes), (island,)), size


def _make_box(random: Random) -> tuple[Parts, float]:
    """Return a box with edges along meridians and parallels, where positions share coordinates with vertices."""
    size = _pick_size_deg(random)
    plane = _make_plane(random, size)
    south, north = plane.lat - size * random.random(), plane.lat + size * random.uniform(0.1, 1)
    width = size * plane.stretch
    west, east = wrap_lon(plane.lon - width * random.random()), wrap_lon(plane.lon + width * random.uniform(0.1, 1))
    ring: Ring = ((west, south), (east, south), (east, north), (west, north))
    if size > 1e-4 and random.random() < 0.5:
        ring = tuple((round(lon, 7), round(lat, 7)) for lon, lat in ring)
    return ((ring,),), size


def _make_parts(random: Random) -> tuple[Parts, float]:
    """Return two to five parts that do not touch."""
    size = _pick_size_deg(random, smallest=1e-5)
    plane = _make_plane(random, size)
    sites = random.sample([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)], random.randint(2, 5))
    parts = tuple(
        (_make_star_ring(random, plane, (x * size * 0.6, y * size * 0.6), size * 0.25, 0.5, random.randint(3, 9)),)
        for x, y in sites
    )
    return parts, size


def _make_polar(random: Random) -> tuple[Parts, float]:
    """Return a ring around a pole, sometimes with holes beside the pole."""
    pole = random.choice((-1, 1))
    size = _pick_log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG)
    count = round(_pick_log_uniform(random, 3, 300))
    first, direction = random.uniform(-180, 180), random.choice((-1, 1))
    ring = tuple(
        (
            wrap_lon(first + direction * 360 * (k + random.uniform(0, 0.4)) / count),
            pole * (90 - size * random.uniform(0.6, 1)),
        )
        for k in range(count)
    )
    if size > 1e-2 and random.random() < 0.5:
        ring = tuple((round(lon, 7), round(lat, 7)) for lon, lat in ring)
    if size < 1e-3 or random.random() < 0.4:
        return ((ring,),), size
    holes = []
    start = random.uniform(-180, 180)
    for k in range(random.randint(1, 3)):
        plane = _Plane(wrap_lon(start + 120 * k), pole * (90 - size * 0.3), 60 / size)
        holes.append(_make_star_ring(random, plane, (0, 0), size * 0.2, 0.7, random.randint(3, 12)))
    return ((ring, *holes),), size
