"""Two mixes of geofences, in as many towns as it takes, and positions in them.

A town has 1,000 geofences over some 20 by 20 km, and more geofences are more towns: what a position meets stays the
same, however many there are elsewhere. The same seed makes the same geofences, and the first of them are the same
however many are made.
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

GEOFENCES_A_TOWN = 1_000
TOWN_KM = 20.0
_KM_A_DEGREE = 111.2


@dataclass(frozen=True, kw_only=True)
class Mix:
    name: str
    says: str
    shape_in: Callable[[Random, Town], Shape]


@dataclass(frozen=True)
class Town:
    """Where a town is, and degrees of longitude a kilometre there."""

    lon: float
    lat: float

    @property
    def lon_a_km(self) -> float:
        return 1 / (_KM_A_DEGREE * cos(radians(self.lat)))

    def point(self, random: Random) -> LonLat:
        return self.moved((self.lon, self.lat), *(random.uniform(-TOWN_KM / 2, TOWN_KM / 2) for _ in range(2)))

    def moved(self, point: LonLat, east_km: float, north_km: float) -> LonLat:
        return round(point[0] + east_km * self.lon_a_km, 7), round(point[1] + north_km / _KM_A_DEGREE, 7)


def towns(seed: str) -> Iterator[Town]:
    """Towns where people live, between 55 degrees south and 65 north, one after the other."""
    random = Random(f"{seed}/towns")
    while True:
        yield Town(round(random.uniform(-179, 179), 7), round(random.uniform(-55, 65), 7))


def inhabited(geofences: int, seed: str) -> list[Town]:
    """The towns of so many geofences."""
    return list(islice(towns(seed), geofences // GEOFENCES_A_TOWN))


def shapes(mix: Mix, nth: int, town: Town, seed: str) -> list[Shape]:
    """The shapes of the `nth` town."""
    random = Random(f"{seed}/{mix.name}/{nth}")
    return [mix.shape_in(random, town) for _ in range(GEOFENCES_A_TOWN)]


def positions(among: Sequence[Town], count: int, seed: str) -> list[Position]:
    """Positions in these towns, each in any of them."""
    random = Random(f"{seed}/positions")
    points = (random.choice(among).point(random) for _ in range(count))
    return [Position(lon=lon, lat=lat) for lon, lat in points]


def _circle(random: Random, town: Town, smallest_m: float, largest_m: float) -> Circle:
    lon, lat = town.point(random)
    return Circle(center=Position(lon=lon, lat=lat), radius_m=round(random.uniform(smallest_m, largest_m), 1))


def _polygon(random: Random, town: Town, vertices: int, radius_km: float) -> Polygon:
    """A ring around a point of the town, now farther, now nearer: simple by the way it is made."""
    middle = town.point(random)
    waves = [(random.randint(2, 9), random.uniform(0, 2 * pi), random.uniform(0.02, 0.08)) for _ in range(4)]
    turn = 2 * np.pi * np.arange(vertices) / vertices
    reach_km = radius_km * (1 + sum(height * np.sin(often * turn + phase) for often, phase, height in waves))
    lon = middle[0] + reach_km * np.cos(turn) * town.lon_a_km
    lat = middle[1] + reach_km * np.sin(turn) / _KM_A_DEGREE
    return Polygon.from_ring(list(zip(lon.round(7).tolist(), lat.round(7).tolist(), strict=True)))


def _corridor(random: Random, town: Town, length_km: float) -> Corridor:
    """A road out of the town, that turns a little every 5 km."""
    points, heading = [town.point(random)], random.uniform(0, 2 * pi)
    for _ in range(max(1, round(length_km / 5))):
        heading += random.gauss(0, 0.2)
        points.append(town.moved(points[-1], 5 * sin(heading), 5 * cos(heading)))
    wrapped = tuple((lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon, lat) for lon, lat in points)
    return Corridor(points=wrapped, half_width_m=random.choice((50.0, 100.0, 250.0)))


def _time_clock(random: Random, town: Town) -> Shape:
    return _circle(random, town, 50, 300)


def _mixed(random: Random, town: Town) -> Shape:
    which = random.random()
    try:
        if which < 0.75:
            return _circle(random, town, 50, 300)
        if which < 0.82:
            return _circle(random, town, 300, 1_000)
        if which < 0.96:
            return _polygon(random, town, random.randint(4, 60), random.uniform(0.03, 0.5))
        if which < 0.98:
            return _polygon(random, town, 1_000, random.uniform(0.5, 3))
        return _corridor(random, town, 500 if which > 0.998 else random.uniform(5, 100))
    except GeometryError:  # at the antimeridian or close to a pole; there are towns enough
        return _mixed(random, town)


TIME_CLOCK = Mix(name="time clock", says="circles of 50 to 300 m", shape_in=_time_clock)
MIXED = Mix(
    name="mixed sizes",
    says=(
        "75 % circles of 50 to 300 m, 7 % of 300 m to 1 km, 14 % outlines of 4 to 60 vertices,"
        " 2 % areas of 1,000 vertices and 1 to 6 km across, 1.8 % corridors of 5 to 100 km and 0.2 % of 500 km"
    ),
    shape_in=_mixed,
)
