"""Thousands of geofences over one spot: answered whole, and what each of them costs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from time import perf_counter

from benchmarks.building import NOW, entered, random_id
from benchmarks.checks import WHO, service
from benchmarks.memory_table import MemoryTable
from benchmarks.requests import answer_over_http
from geo.shapes import Circle
from geo.wgs84 import Position

FEW, MANY = 1_000, 10_000
MAX_ANSWER_BYTES = 6_000_000
_SPOTS = [Position(lon=24.94, lat=60.17 + nth) for nth in range(MANY // FEW)]
_NEAR_DEG = 0.0003
_PASSES = 15


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Microseconds for each match, in process, of the quickest pass; the answer of the function, with many."""

    few_us: float
    many_us: float
    matches: int
    answer_bytes: int

    @property
    def times(self) -> float:
        return self.many_us / self.few_us


def crowd(seed: str) -> Crowd:
    """Many over one spot against few over each of several: as many matches, of as many geofences, in a pass."""
    one_spot, several = _circles(_SPOTS[:1], MANY, seed), _circles(_SPOTS, FEW, seed)
    asked = {MANY: (service(one_spot).check, _SPOTS[:1]), FEW: (service(several).check, _SPOTS)}
    taken: dict[int, list[float]] = {count: [] for count in asked}
    for _ in range(_PASSES):
        for count, (check, spots) in asked.items():
            before = perf_counter()
            for spot in spots:
                check(WHO, [spot], NOW)
            taken[count].append((perf_counter() - before) / MANY * 1e6)
    told = answer_over_http(one_spot, _SPOTS[0])
    return Crowd(
        few_us=min(taken[FEW]),
        many_us=min(taken[MANY]),
        matches=len(json.loads(told["body"])["matches"]),
        answer_bytes=len(told["body"].encode()),
    )


def _circles(spots: list[Position], count: int, seed: str) -> MemoryTable:
    """So many over each spot, of 100 to 200 m, with centres up to 40 m from it."""
    table, random = MemoryTable(), Random(f"{seed}/crowd")
    for spot in spots:
        for nth in range(count):
            lon, lat = (degrees + random.uniform(-1, 1) * _NEAR_DEG for degrees in (spot.lon, spot.lat))
            circle = Circle(center=Position(lon=round(lon, 7), lat=round(lat, 7)), radius_m=100 + 100 * nth / count)
            entered(circle, nth, random_id(random)).into(table)
    return table
