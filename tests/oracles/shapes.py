"""Random shapes and positions to ask them about, wherever on the globe geometry is hard.

Everything comes from the random generator handed in: the same seed gives the same shapes and positions. At least
half of the positions lie within 1 % of the boundary (of the radius, the half-width, or the polygon's size).
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
from tests.oracles.containment import Line, as_rows
from tests.oracles.geodesics import azimuth_deg, moved

METRES_A_DEGREE = 111_320.0
# Shapes more than 80 degrees across are refused: this far from its middle no vertex need fear it.
_WIDEST_RADIUS_DEG = 24.0
# Nor are all its edges together longer than 5,000 degrees.
_LONGEST_EDGES_DEG = 4_000
_POSITIONS_A_SHAPE = 16


class Question(NamedTuple):
    """A shape and the positions to put to it. `size_m` is what 1 % is taken of."""

    shape: Shape
    positions: list[Position]
    size_m: float


class Refused(Exception):
    """The layer refused a shape that is in order."""


def questions(random: Random) -> Iterator[Question]:
    """For ever: circle, corridor, polygon, circle, ..."""
    while True:
        yield circle_question(random)
        yield corridor_question(random)
        yield polygon_question(random)


def sound_questions(random: Random) -> Iterator[Question]:
    """As `questions`, without the shapes that the layer refuses: the comparison tells of those."""
    while True:
        try:
            yield from questions(random)
        except Refused:
            continue


def circle_question(random: Random) -> Question:
    circle = random_circle(random)
    center, radius_m = circle.center, circle.radius_m
    near = [
        position(*moved(center.lon, center.lat, random.uniform(-180, 180), radius_m * _just_off_one(random)))
        for _ in range(_POSITIONS_A_SHAPE * 5 // 8)
    ]
    around = [
        position(*moved(center.lon, center.lat, random.uniform(-180, 180), radius_m * random.uniform(0, 3)))
        for _ in range(_POSITIONS_A_SHAPE // 4)
    ]
    return Question(circle, [*near, *around, *_elsewhere(random, (center.lon, center.lat))], radius_m)


def corridor_question(random: Random) -> Question:
    corridor = random_corridor(random)
    started = []
    for _ in range(_POSITIONS_A_SHAPE * 5 // 8):
        lon, lat, heading = _place_on(random, corridor.points)
        sideways = heading + random.choice((-90, 90)) if random.random() < 0.8 else random.uniform(-180, 180)
        started.append(position(*moved(lon, lat, sideways, corridor.half_width_m * _just_off_one(random))))
    near = _pushed_out(random, corridor, started)
    around = []
    for _ in range(_POSITIONS_A_SHAPE // 4):
        lon, lat, _ = _place_on(random, corridor.points)
        by_m = corridor.half_width_m * random.uniform(0, 3)
        around.append(position(*moved(lon, lat, random.uniform(-180, 180), by_m)))
    positions = [*near, *around, *_elsewhere(random, random.choice(corridor.points))]
    return Question(corridor, positions, corridor.half_width_m)


def _pushed_out(random: Random, corridor: Corridor, positions: list[Position]) -> list[Position]:
    """The positions, those too near another stretch of the line moved away from it to the half-width."""
    line = Line([corridor.points])
    for _ in range(4):
        nearest = line.nearest(as_rows(positions))
        off = [k for k, near in enumerate(nearest) if abs(near.distance_m / corridor.half_width_m - 1) > 0.01]
        for k in off:
            near, from_it = nearest[k], positions[k]
            away = azimuth_deg(near.lon, near.lat, from_it.lon, from_it.lat)
            by_m = corridor.half_width_m * _just_off_one(random)
            positions[k] = position(*moved(near.lon, near.lat, away, by_m))
        if not off:
            break
    return positions


def polygon_question(random: Random) -> Question:
    return question_of(random, *random_polygon(random))


def question_of(random: Random, polygon: Polygon, size_m: float) -> Question:
    """The polygon, with positions beside its boundary, on an edge, on a vertex, amid it and away from it."""
    rings = [ring for part in polygon.parts for ring in part]
    near = []
    for _ in range(_POSITIONS_A_SHAPE * 5 // 8):
        lon, lat, _ = _place_around(random, random.choice(rings))
        by_m = size_m * 10 ** random.uniform(-9, -2)
        near.append(position(*moved(lon, lat, random.uniform(-180, 180), by_m)))
    on_edge = position(*_place_around(random, random.choice(rings))[:2])
    on_vertex = position(*random.choice(random.choice(rings)))
    around = [on_edge, on_vertex, _amid(random, random.choice(rings))]
    for _ in range(_POSITIONS_A_SHAPE // 4 - len(around)):
        lon, lat = random.choice(random.choice(rings))
        around.append(position(*moved(lon, lat, random.uniform(-180, 180), size_m * random.uniform(0, 1.5))))
    return Question(polygon, [*near, *around, *_elsewhere(random, rings[0][0])], size_m)


def _place_around(random: Random, ring: Ring) -> tuple[float, float, float]:
    return _place_on(random, (*ring, ring[0]))


def _amid(random: Random, ring: Ring) -> Position:
    """A position between two vertices, which most often is inside."""
    (lon, lat), (to_lon, to_lat) = random.choice(ring), random.choice(ring)
    at = random.random()
    lat = max(-90.0, min(90.0, lat + at * (to_lat - lat)))
    return position(wrapped(lon + at * wrapped(to_lon - lon)), lat)


def position(lon: float, lat: float) -> Position:
    return Position(lon=lon, lat=lat)


# -- places -----------------------------------------------------------------------------------------------------


def random_place(random: Random) -> LonLat:
    """Somewhere on the globe, often where it is hard: poles, 89.99 degrees, antimeridian, equator."""
    lat = degrees(asin(random.uniform(-1, 1)))
    where = random.random()
    if where < 0.25:
        lat = random.choice((-1, 1)) * (90 - 10 ** random.uniform(-7, 1))
    elif where < 0.30:
        lat = random.choice((-90.0, 90.0, -89.99, 89.99, 0.0))
    lon = random.uniform(-180, 180)
    where = random.random()
    if where < 0.25:
        lon = random.choice((-1, 1)) * (180 - 10 ** random.uniform(-7, 0.5))
    elif where < 0.35:
        lon = random.choice((-180.0, 180.0, 0.0, -0.0, 90.0))
    return (round(lon, 7), round(lat, 7)) if random.random() < 0.5 else (lon, lat)


def _elsewhere(random: Random, of: LonLat) -> list[Position]:
    """A position anywhere, and the antipode of a point of the shape or one quite near it."""
    lon, lat = of
    opposite = position(lon - 180 if lon > 0 else lon + 180, -lat)
    if random.random() < 0.5:
        opposite = position(*moved(opposite.lon, opposite.lat, random.uniform(-180, 180), random.uniform(0, 50_000)))
    return [position(*random_place(random)), opposite]


def _just_off_one(random: Random) -> float:
    """A factor within 1 % of 1, as often by a millionth as by a thousandth."""
    return 1 + random.choice((-1, 1)) * float(10 ** random.uniform(-9, -2.01))


def _log_uniform(random: Random, low: float, high: float) -> float:
    return min(high, max(low, low * float((high / low) ** random.random())))


def _radius_m(random: Random) -> float:
    return (
        random.choice((0.001, 100_000.0, 50.0)) if random.random() < 0.1 else _log_uniform(random, 0.001, 100_000.0)
    )


def _place_on(random: Random, run: tuple[LonLat, ...]) -> tuple[float, float, float]:
    """A point on a line (lon, lat degrees) and the azimuth in which its edge runs there."""
    k = random.randrange(len(run) - 1)
    (lon, lat), (to_lon, to_lat) = run[k], run[k + 1]
    east, north = wrapped(to_lon - lon), to_lat - lat
    at = random.choice((0.0, 1.0)) if random.random() < 0.2 else random.random()
    lat = max(-90.0, min(90.0, lat + north * at))
    return wrapped(lon + east * at), lat, degrees(atan2(east * cos(radians(lat)), north))


def wrapped(lon: float) -> float:
    """The same longitude from -180 to 180, unchanged where it is there already."""
    return lon - 360 * ceil((lon - 180) / 360) if abs(lon) > 180 else lon


def _place(point: LonLat) -> LonLat:
    """One name for a pole and for a point of the antimeridian."""
    lon, lat = point
    return (0.0, lat) if abs(lat) == 90 else (abs(lon) if abs(lon) == 180 else lon, lat)


def _off(lon: float, lat: float, azimuth_deg: float, arc_deg: float) -> LonLat:
    """The point `arc_deg` degrees of arc away on a sphere: near enough to place a vertex."""
    phi, arc, azimuth = radians(lat), radians(arc_deg), radians(azimuth_deg)
    to = asin(max(-1.0, min(1.0, sin(phi) * cos(arc) + cos(phi) * sin(arc) * cos(azimuth))))
    turn = atan2(sin(azimuth) * sin(arc) * cos(phi), cos(arc) - sin(phi) * sin(to))
    return wrapped(lon + degrees(turn)), degrees(to)


# -- shapes -----------------------------------------------------------------------------------------------------


def random_circle(random: Random) -> Circle:
    lon, lat = random_place(random)
    return Circle(center=Position(lon=lon, lat=lat), radius_m=_radius_m(random))


def random_corridor(random: Random) -> Corridor:
    make = random.choice((_one_edge, _one_edge, _walk, _walk, _walk, _round_a_pole))
    # The layer steps along every degree and takes at most 5,000; too many turns would take the run's time.
    most_turned_deg = _LONGEST_EDGES_DEG if random.random() < 0.02 else 360
    while True:
        points = make(random)
        if random.random() < 0.5:
            points = [(round(lon, 7), round(lat, 7)) for lon, lat in points]
        ways = [abs(wrapped(b[0] - a[0])) for a, b in pairwise(points)]
        # Half a turn has no short way, and one place given twice is no line.
        if max(ways) < 179.999 and sum(ways) < most_turned_deg and len({_place(point) for point in points}) > 1:
            return Corridor(points=tuple(points), half_width_m=_radius_m(random))


def _one_edge(random: Random) -> list[LonLat]:
    lon, lat = random_place(random)
    azimuth = random.choice((0, 90, 180, random.uniform(-180, 180)))
    return [(lon, lat), _off(lon, lat, azimuth, _log_uniform(random, 1e-7, 3 * _WIDEST_RADIUS_DEG))]


def _walk(random: Random) -> list[LonLat]:
    lon, lat = random_place(random)
    count = round(_log_uniform(random, 3, MAX_CORRIDOR_POINTS))
    stride = _log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG / count)
    wobble = random.choice((5, 30, 180))
    points, azimuth = [(lon, lat)], random.uniform(-180, 180)
    for _ in range(count - 1):
        azimuth += random.uniform(-wobble, wobble)
        points.append(_off(*points[-1], azimuth, stride * random.uniform(0.1, 1)))
    return points


def _round_a_pole(random: Random) -> list[LonLat]:
    pole = random.choice((-1, 1))
    count = round(_log_uniform(random, 3, 60))
    lon, away = random.uniform(-180, 180), _log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG)
    points = []
    for _ in range(count):
        points.append((lon, pole * (90 - away * random.uniform(0.2, 1))))
        lon = wrapped(lon + random.uniform(-20, 170))
    return points


def random_polygon(random: Random) -> tuple[Polygon, float]:
    """A polygon and its size in metres. Raises Refused where the layer refuses it."""
    make = random.choice((_star, _star, _box, _several, _polar))
    parts, size_deg = make(random)
    try:
        return Polygon(parts=parts), size_deg * METRES_A_DEGREE
    except ValueError as error:
        raise Refused(f"{error}: {parts!r:.2000}") from error


Parts = tuple[tuple[Ring, ...], ...]


class _Plane(NamedTuple):
    """Degrees of arc east and north of a middle, to longitude and latitude without bending a line."""

    lon: float
    lat: float
    stretch: float

    def lonlat(self, east: float, north: float) -> LonLat:
        return wrapped(self.lon + east * self.stretch), self.lat + north


def _random_plane(random: Random, size_deg: float) -> _Plane:
    """A plane with room for `size_deg` around its middle, less than half a turn of longitude wide."""
    lon, lat = random_place(random)
    room = 90 - 1.01 * size_deg
    lat = max(-room, min(room, lat))
    widest_parallel = cos(radians(max(0.0, abs(lat) - size_deg)))
    return _Plane(lon, lat, min(80 / size_deg, 1 / widest_parallel))


def _star_ring(
    random: Random, plane: _Plane, middle: tuple[float, float], radius: float, least: float, count: int
) -> Ring:
    """A ring around `middle` between `least * radius` and `radius` degrees from it, in either direction."""
    points = []
    for k in range(count):
        angle = 2 * pi * (k + random.uniform(0, 0.4)) / count
        out = radius * random.uniform(least, 1)
        points.append(plane.lonlat(middle[0] + out * cos(angle), middle[1] + out * sin(angle)))
    if radius / count > 1e-4 and random.random() < 0.5:
        points = [(round(lon, 7), round(lat, 7)) for lon, lat in points]
    return tuple(points if random.random() < 0.5 else points[::-1])


def _random_size_deg(random: Random, least: float = 1e-7) -> float:
    return _log_uniform(random, least, _WIDEST_RADIUS_DEG)


def _star(random: Random) -> tuple[Parts, float]:
    """One ring of 3 to 9,000 vertices; from 8 on with up to four holes, of which one may hold an island."""
    size = _random_size_deg(random)
    plane = _random_plane(random, size)
    most = MAX_VERTICES - 1_000 if random.random() < 0.02 else 60
    count = round(_log_uniform(random, 3, most)) if size > 1e-3 else random.randint(3, 8)
    count = min(count, round(_LONGEST_EDGES_DEG / 2 / (size * plane.stretch)))
    shell = _star_ring(random, plane, (0, 0), size, 0.6, count)
    if count < 8 or size < 1e-6 or random.random() < 0.4:
        return ((shell,),), size
    holes = []
    quarters = random.sample(range(4), random.randint(1, 4))
    for quarter in quarters:
        middle = size * 0.3 * cos(quarter * pi / 2), size * 0.3 * sin(quarter * pi / 2)
        holes.append(_star_ring(random, plane, middle, size * 0.15, 0.7, random.randint(6, 12)))
    if random.random() < 0.5:
        return ((shell, *holes),), size
    middle = size * 0.3 * cos(quarters[0] * pi / 2), size * 0.3 * sin(quarters[0] * pi / 2)
    island = _star_ring(random, plane, middle, size * 0.03, 0.5, random.randint(3, 8))
    return ((shell, *holes), (island,)), size


def _box(random: Random) -> tuple[Parts, float]:
    """Edges along meridians and parallels, where positions share coordinates with vertices."""
    size = _random_size_deg(random)
    plane = _random_plane(random, size)
    south, north = plane.lat - size * random.random(), plane.lat + size * random.uniform(0.1, 1)
    wide = size * plane.stretch
    west, east = wrapped(plane.lon - wide * random.random()), wrapped(plane.lon + wide * random.uniform(0.1, 1))
    ring: Ring = ((west, south), (east, south), (east, north), (west, north))
    if size > 1e-4 and random.random() < 0.5:
        ring = tuple((round(lon, 7), round(lat, 7)) for lon, lat in ring)
    return ((ring,),), size


def _several(random: Random) -> tuple[Parts, float]:
    """Two to five parts side by side, none touching another."""
    size = _random_size_deg(random, least=1e-5)
    plane = _random_plane(random, size)
    sites = random.sample([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)], random.randint(2, 5))
    parts = tuple(
        (_star_ring(random, plane, (x * size * 0.6, y * size * 0.6), size * 0.25, 0.5, random.randint(3, 9)),)
        for x, y in sites
    )
    return parts, size


def _polar(random: Random) -> tuple[Parts, float]:
    """A ring around a pole, sometimes with holes beside the pole."""
    pole = random.choice((-1, 1))
    size = _log_uniform(random, 1e-6, _WIDEST_RADIUS_DEG)
    count = round(_log_uniform(random, 3, 300))
    first, way = random.uniform(-180, 180), random.choice((-1, 1))
    ring = tuple(
        (
            wrapped(first + way * 360 * (k + random.uniform(0, 0.4)) / count),
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
        plane = _Plane(wrapped(start + 120 * k), pole * (90 - size * 0.3), 60 / size)
        holes.append(_star_ring(random, plane, (0, 0), size * 0.2, 0.7, random.randint(3, 12)))
    return ((ring, *holes),), size
