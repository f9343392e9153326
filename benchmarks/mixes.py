"""Make two mixes of geofences in towns, and positions in these towns.

A town has 1,000 geofences over 20 by 20 km, and more geofences are more towns. So the number of geofences around a
position is the same in every set. The same seed makes the same geofences, and smaller sets are part of larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import cos, pi, radians, sin
from random import Random

import numpy as np

from geo.errors import GeometryError
from geo.shapes.base import LonLat, Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

GEOFENCES_PER_TOWN = 1_000
TOWN_KM = 20.0
_KM_PER_DEGREE = 111.2


@dataclass(frozen=True, kw_only=True)
class Mix:
    name: str
    description: str
    make_shape: Callable[[Random, Town], Shape]


@dataclass(frozen=True)
class Town:
    """The centre of a town."""

    lon: float
    lat: float

    @property
    def lon_per_km(self) -> float:
        """Degrees of longitude in a kilometre."""
        return 1 / (_KM_PER_DEGREE * cos(radians(self.lat)))

    def pick_point(self, random: Random) -> LonLat:
        return self.offset((self.lon, self.lat), *(random.uniform(-TOWN_KM / 2, TOWN_KM / 2) for _ in range(2)))

    def offset(self, point: LonLat, east_km: float, north_km: float) -> LonLat:
        return round(point[0] + east_km * self.lon_per_km, 7), round(point[1] + north_km / _KM_PER_DEGREE, 7)


def generate_towns(seed: str) -> Iterator[Town]:
    """Generate towns between 55 degrees south and 65 north, where people live."""
    random = Random(f"{seed}/towns")
    while True:
        yield Town(round(random.uniform(-179, 179), 7), round(random.uniform(-55, 65), 7))


def list_towns(geofences: int, seed: str) -> list[Town]:
    """Return the towns of this number of geofences."""
    return list(islice(generate_towns(seed), geofences // GEOFENCES_PER_TOWN))


def make_shapes(mix: Mix, nth: int, town: Town, seed: str) -> list[Shape]:
    """Return the shapes of the `nth` town."""
    random = Random(f"{seed}/{mix.name}/{nth}")
    return [mix.make_shape(random, town) for _ in range(GEOFENCES_PER_TOWN)]


def pick_positions(towns: Sequence[Town], count: int, seed: str) -> list[Position]:
    """Return random positions in these towns."""
    random = Random(f"{seed}/positions")
    points = (random.choice(towns).pick_point(random) for _ in range(count))
    return [Position(lon=lon, lat=lat) for lon, lat in points]


def _make_circle(random: Random, town: Town, smallest_m: float, largest_m: float) -> Circle:
    lon, lat = town.pick_point(random)
    return Circle(center=Position(lon=lon, lat=lat), radius_m=round(random.uniform(smallest_m, largest_m), 1))


def _make_polygon(random: Random, town: Town, vertices: int, radius_km: float) -> Polygon:
    """Make a ring with one vertex in each direction from its centre, so it never crosses itself."""
    center = town.pick_point(random)
    waves = [(random.randint(2, 9), random.uniform(0, 2 * pi), random.uniform(0.02, 0.08)) for _ in range(4)]
    angles = 2 * np.pi * np.arange(vertices) / vertices
    distances_km = radius_km * (1 + sum(height * np.sin(count * angles + phase) for count, phase, height in waves))
    lon = center[0] + distances_km * np.cos(angles) * town.lon_per_km
    lat = center[1] + distances_km * np.sin(angles) / _KM_PER_DEGREE
    return Polygon.from_ring(list(zip(lon.round(7).tolist(), lat.round(7).tolist(), strict=True)))


def _make_corridor(random: Random, town: Town, length_km: float) -> Corridor:
    """Make a road out of the town that turns a little every 5 km."""
    points, heading = [town.pick_point(random)], random.uniform(0, 2 * pi)
    for _ in range(max(1, round(length_km / 5))):
        heading += random.gauss(0, 0.2)
        points.append(town.offset(points[-1], 5 * sin(heading), 5 * cos(heading)))
    wrapped = tuple((lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon, lat) for lon, lat in points)
    return Corridor(points=wrapped, half_width_m=random.choice((50.0, 100.0, 250.0)))


def _make_time_clock_shape(random: Random, town: Town) -> Shape:
    return _make_circle(random, town, 50, 300)


def _make_mixed_shape(random: Random, town: Town) -> Shape:
    chance = random.random()
    try:
        if chance < 0.75:
            return _make_circle(random, town, 50, 300)
        if chance < 0.82:
            return _make_circle(random, town, 300, 1_000)
        if chance < 0.96:
            return _make_polygon(random, town, random.randint(4, 60), random.uniform(0.03, 0.5))
        if chance < 0.98:
            return _make_polygon(random, town, 1_000, random.uniform(0.5, 3))
        return _make_corridor(random, town, 500 if chance > 0.998 else random.uniform(5, 100))
    except GeometryError:  # at the antimeridian or close to a pole
        return _make_mixed_shape(random, town)


TIME_CLOCK = Mix(name="time clock", description="circles of 50 to 300 m", make_shape=_make_time_clock_shape)
MIXED = Mix(
    name="mixed sizes",
    description=(
        "75 % circles of 50 to 300 m, 7 % of 300 m to 1 km, 14 % outlines of 4 to 60 vertices,"
        " 2 % areas of 1,000 vertices and 1 to 6 km across, 1.8 % corridors of 5 to 100 km and 0.2 % of 500 km"
    ),
    make_shape=_make_mixed_shape,
)
