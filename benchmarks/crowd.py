"""Thousands of geofences over one spot: answered whole, and what each of them costs."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from time import process_time
from typing import Any

from benchmarks.building import NOW, entered, random_id
from benchmarks.checks import WHO, service
from benchmarks.memory_table import MemoryTable
from benchmarks.requests import answered, environment, event, handler, said
from benchmarks.table_server import serving
from geo.shapes.circle import Circle
from geo.wgs84 import Position

FEW, MANY = 1_000, 10_000
MAX_ANSWER_BYTES = 6_000_000
_SPOTS = {FEW: Position(lon=24.94, lat=60.17), MANY: Position(lon=24.94, lat=61.17)}
_NEAR_DEG = 0.0003
_PASSES = 40


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """By how many geofences are over the spot, microseconds of CPU for each of them, of the quickest pass.

    `answer_us` is the function's, from the event to the answer with the reading of the table; `check_us` is of the
    check alone, with the table in memory. The answer is the one with many.
    """

    answer_us: Mapping[int, float]
    check_us: Mapping[int, float]
    matches: int
    answer_bytes: int

    @property
    def times(self) -> float:
        return self.answer_us[MANY] / self.answer_us[FEW]


def crowd(seed: str) -> Crowd:
    """Many over one spot and few over another, asked in turn, as by callers in two places."""
    table = MemoryTable()
    for count, spot in _SPOTS.items():
        _enter_circles(table, spot, count, seed)
    gc.freeze()  # as a function does before its snapshot
    check = service(table).check
    checks = {count: partial(check, WHO, [spot], NOW) for count, spot in _SPOTS.items()}
    with serving(table) as address, environment(address), handler() as answer:
        asked = {count: partial(answered, answer, event("check", said(spot))) for count, spot in _SPOTS.items()}
        answer_us = _quickest_us(asked)
        told = asked[MANY]()
    return Crowd(
        answer_us=answer_us,
        check_us=_quickest_us(checks),
        matches=len(json.loads(told["body"])["matches"]),
        answer_bytes=len(told["body"].encode()),
    )


def _quickest_us(asked: Mapping[int, Callable[[], Any]]) -> dict[int, float]:
    taken: dict[int, list[float]] = {count: [] for count in asked}
    for _ in range(_PASSES):
        for count, ask in asked.items():
            before = process_time()
            ask()
            taken[count].append((process_time() - before) / count * 1e6)
    return {count: min(figures) for count, figures in taken.items()}


def _enter_circles(table: MemoryTable, spot: Position, count: int, seed: str) -> None:
    """So many over a spot, of 100 to 200 m, with centres up to 40 m from it."""
    random = Random(f"{seed}/crowd of {count}")
    for nth in range(count):
        lon, lat = (degrees + random.uniform(-1, 1) * _NEAR_DEG for degrees in (spot.lon, spot.lat))
        circle = Circle(center=Position(lon=round(lon, 7), lat=round(lat, 7)), radius_m=100 + 100 * nth / count)
        entered(circle, nth, random_id(random)).into(table)
