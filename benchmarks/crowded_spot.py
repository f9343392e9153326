"""Measure a check of a spot that thousands of geofences cover: all are returned, and each has a cost."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from time import process_time
from typing import Any

from benchmarks.checks import PRINCIPAL, create_service
from benchmarks.geofence_sets import NOW, index_geofence, make_id
from benchmarks.memory_table import MemoryTable
from benchmarks.request_cpu import build_event, invoke, load_handler, set_environment, to_body
from benchmarks.table_server import serve_table
from geo.shapes.circle import Circle
from geo.wgs84 import Position

FEW, MANY = 1_000, 10_000
MAX_RESPONSE_BYTES = 6_000_000
_SPOTS = {FEW: Position(lon=24.94, lat=60.17), MANY: Position(lon=24.94, lat=61.17)}
_NEAR_DEG = 0.0003
_PASSES = 40


@dataclass(frozen=True, kw_only=True)
class CrowdedSpot:
    """Microseconds of CPU for each geofence in the fastest pass, by the number of geofences over the spot.

    `response_us` is from the event to the response, with the read of the table. `check_us` is of the check alone,
    with the table in memory. `matches` and `response_bytes` are of the spot with `MANY` geofences.
    """

    response_us: Mapping[int, float]
    check_us: Mapping[int, float]
    matches: int
    response_bytes: int

    @property
    def ratio(self) -> float:
        return self.response_us[MANY] / self.response_us[FEW]


def measure_crowded_spot(seed: str) -> CrowdedSpot:
    """Measure two spots in turn, one under many geofences and one under few."""
    table = MemoryTable()
    for count, spot in _SPOTS.items():
        _add_circles(table, spot, count, seed)
    gc.freeze()  # as a function does before its snapshot
    check = create_service(table).check
    checks = {count: partial(check, PRINCIPAL, [spot], NOW) for count, spot in _SPOTS.items()}
    with serve_table(table) as address, set_environment(address), load_handler() as handler:
        requests = {
            count: partial(invoke, handler, build_event("check", to_body(spot))) for count, spot in _SPOTS.items()
        }
        response_us = _measure_fastest_us(requests)
        body = requests[MANY]()["body"]
    return CrowdedSpot(
        response_us=response_us,
        check_us=_measure_fastest_us(checks),
        matches=len(json.loads(body)["matches"]),
        response_bytes=len(body.encode()),
    )


def _measure_fastest_us(calls: Mapping[int, Callable[[], Any]]) -> dict[int, float]:
    """Return the microseconds of CPU for each geofence in the fastest pass, by the number of geofences."""
    times_us: dict[int, list[float]] = {count: [] for count in calls}
    for _ in range(_PASSES):
        for count, call in calls.items():
            start = process_time()
            call()
            times_us[count].append((process_time() - start) / count * 1e6)
    return {count: min(figures) for count, figures in times_us.items()}


def _add_circles(table: MemoryTable, spot: Position, count: int, seed: str) -> None:
    """Add circles of 100 to 200 m over a spot, with centres at most 40 m from it."""
    random = Random(f"{seed}/crowd of {count}")
    for nth in range(count):
        lon, lat = (degrees + random.uniform(-1, 1) * _NEAR_DEG for degrees in (spot.lon, spot.lat))
        circle = Circle(center=Position(lon=round(lon, 7), lat=round(lat, 7)), radius_m=100 + 100 * nth / count)
        index_geofence(circle, nth, make_id(random)).add_to(table)
