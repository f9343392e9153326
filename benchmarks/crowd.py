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
_SPOT = Position(lon=24.94, lat=60.17)
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
    tables = {count: _circles(count, seed) for count in (FEW, MANY)}
    checks = {count: service(table).check for count, table in tables.items()}
    taken: dict[int, list[float]] = {count: [] for count in tables}
    for _ in range(_PASSES):
        for count, check in checks.items():
            rounds = MANY // count  # as many matches each time
            before = perf_counter()
            for _ in range(rounds):
                check(WHO, [_SPOT], NOW)
            taken[count].append((perf_counter() - before) / MANY * 1e6)
    told = answer_over_http(tables[MANY], _SPOT)
    return Crowd(
        few_us=min(taken[FEW]),
        many_us=min(taken[MANY]),
        matches=len(json.loads(told["body"])["matches"]),
        answer_bytes=len(told["body"].encode()),
    )


def _circles(count: int, seed: str) -> MemoryTable:
    """Of 100 to 200 m, and of one centre."""
    table, random = MemoryTable(), Random(f"{seed}/crowd")
    for nth in range(count):
        entered(Circle(center=_SPOT, radius_m=100 + nth / 100), nth, random_id(random)).into(table)
    return table
