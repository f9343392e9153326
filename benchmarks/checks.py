"""The check in process against shapely's STRtree, and what a check reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

import shapely

from benchmarks.building import NOW, Built
from benchmarks.memory_table import TENANT, CountingTable, MemoryTable, Read, ReceivedTable
from benchmarks.mixes import positions
from benchmarks.timing import Ask, Timing, percentile, timed
from fencepost.common.principal import Principal
from fencepost.geofences.repository import DynamoDBGeofenceRepository
from fencepost.geofences.service import GeofenceService, Match
from geo.wgs84 import Position

WHO = Principal(tenant_id=TENANT, user_id="vera", roles=frozenset({"viewer"}))
BATCH = 1_000
_TOWNS_ASKED = 5
_READ = 1_000

OURS, TREE, TREE_PREPARED = "Fencepost", "STRtree", "STRtree, box then prepared"


@dataclass(frozen=True, kw_only=True)
class DirectorySnapshot:
    """What a check takes from the table: means, unless they say otherwise.

    `first_*` are checks by a container that has just begun, of positions at which it meets a big geometry.
    """

    units: float
    units_p50: float
    units_p99: float
    bytes: float
    bytes_p50: float
    bytes_p99: float
    candidates: float
    first_share: float
    first_units: float
    first_bytes: float
    batch_units: float
    batch_units_worst: float
    batch_bytes: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many matches two have found at the same positions."""

    ours: int
    tree: int


@dataclass(frozen=True, kw_only=True)
class Checks:
    timings: Mapping[int, Mapping[str, Timing]]
    readings: Mapping[int, DirectorySnapshot]
    agreements: Mapping[int, Agreement]


def service(table: MemoryTable) -> GeofenceService:
    return GeofenceService(DynamoDBGeofenceRepository(table))  # type: ignore[arg-type]  # a check only reads


def ours(table: MemoryTable) -> Ask:
    """The check of a container that keeps what it has seen, from the moment that it has the table's answer."""
    received = ReceivedTable(table)
    check = service(received).check

    def ask(position: Position) -> Callable[[], list[list[Match]]]:
        received.receive(position)
        return lambda: check(WHO, [position], NOW)

    return ask


def check_all(built: Mapping[int, Built], asked: int, passes: int, seed: str) -> Checks:
    where = {size: positions(one.towns, asked, seed) for size, one in built.items()}
    fields = {size: (where[size], _contenders(one)) for size, one in built.items()}
    return Checks(
        timings=timed(fields, passes),
        readings={size: _reading(one, where[size][:_READ], seed) for size, one in built.items()},
        agreements={size: _agreement(fields[size][1], where[size][:_READ]) for size in built},
    )


def _contenders(built: Built) -> dict[str, Ask]:
    """The tree's own query, and another way to ask it: the boxes first, then polygons that are prepared."""
    tree, areas = shapely.STRtree(built.areas), built.areas

    def own_query(position: Position) -> object:
        return tree.query(shapely.Point(position.lon, position.lat), predicate="intersects")

    def prepared(position: Position) -> object:
        met = tree.query(shapely.Point(position.lon, position.lat))
        return met[shapely.intersects_xy(areas[met], position.lon, position.lat)]

    return {
        OURS: ours(built.table),
        TREE: lambda position: partial(own_query, position),
        TREE_PREPARED: lambda position: partial(prepared, position),
    }


def _agreement(contenders: Mapping[str, Ask], where: list[Position]) -> Agreement:
    return Agreement(
        ours=sum(len(contenders[OURS](position)()[0]) for position in where),
        tree=sum(len(contenders[TREE](position)()) for position in where),
    )


def _reading(built: Built, where: list[Position], seed: str) -> DirectorySnapshot:
    table = CountingTable(built.table)
    check = service(table).check
    for position in where:  # so that what is big is known, and which cells are crowded
        check(WHO, [position], NOW)
    table.taken()
    reads = [_read_by(table, check, [position]) for position in where]
    firsts = [_read_by(table, service(table).check, [position]) for position in where]
    big = [read for read in firsts if read.versions]
    batches = []
    for town in Random(seed).sample(built.towns, min(_TOWNS_ASKED, len(built.towns))):
        batch = positions([town], BATCH, seed)
        check(WHO, batch, NOW)
        table.taken()
        batches.append(_read_by(table, check, batch))
    return DirectorySnapshot(
        units=_mean([read.units for read in reads]),
        units_p50=percentile([read.units for read in reads], 50),
        units_p99=percentile([read.units for read in reads], 99),
        bytes=_mean([read.bytes for read in reads]),
        bytes_p50=percentile([read.bytes for read in reads], 50),
        bytes_p99=percentile([read.bytes for read in reads], 99),
        candidates=_mean([read.entries for read in reads]),
        first_share=len(big) / len(firsts),
        first_units=_mean([read.units for read in big]),
        first_bytes=_mean([read.bytes for read in big]),
        batch_units=_mean([read.units / BATCH for read in batches]),
        batch_units_worst=max(read.units / BATCH for read in batches),
        batch_bytes=_mean([read.bytes / BATCH for read in batches]),
    )


def _read_by(table: CountingTable, check: Callable[..., object], where: list[Position]) -> Read:
    check(WHO, where, NOW)
    return table.taken()


def _mean(figures: list[float] | list[int]) -> float:
    return sum(figures) / len(figures) if figures else 0.0
