"""Compare the check in process with shapely's STRtree, and measure what a check reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import shapely

from benchmarks.geofence_sets import NOW, GeofenceSet
from benchmarks.memory_table import TENANT, CountingTable, MemoryTable, ReadCounts, ReceivedTable
from benchmarks.mixes import pick_positions
from benchmarks.timing import Prepare, Timing, compute_percentile, measure
from fencepost.common.principal import Principal
from fencepost.geofences.repository import DynamoDBGeofenceRepository
from fencepost.geofences.service import GeofenceService, Match
from fencepost.geofences.spatial_index.index import SpatialIndex
from geo.wgs84 import Position

PRINCIPAL = Principal(tenant_id=TENANT, user_id="vera", roles=frozenset({"viewer"}))
BATCH = 1_000
_BATCH_TOWNS = 5
_READ_POSITIONS = 1_000

OURS, TREE, TREE_PREPARED = "Fencepost", "STRtree", "STRtree, box then prepared"


@dataclass(frozen=True, kw_only=True)
class ReadFigures:
    """What a check reads from the table. Figures are means unless their name says otherwise.

    `first_*` are the checks by a new container that must read a large geometry.
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
    """The number of matches that two methods find at the same positions."""

    ours: int
    tree: int


@dataclass(frozen=True, kw_only=True)
class Checks:
    timings: Mapping[int, Mapping[str, Timing]]
    reads: Mapping[int, ReadFigures]
    agreements: Mapping[int, Agreement]


def create_service(table: MemoryTable) -> GeofenceService:
    reads: Any = table  # a check only reads
    index = SpatialIndex(reads)
    return GeofenceService(DynamoDBGeofenceRepository(reads, index), index)


def prepare_fencepost(table: MemoryTable) -> Prepare:
    """Prepare checks of a warm container, which are timed from the moment when the table's response is there."""
    received = ReceivedTable(table)
    check = create_service(received).check

    def prepare(position: Position) -> Callable[[], list[list[Match]]]:
        received.receive(position)
        return lambda: check(PRINCIPAL, [position], NOW)

    return prepare


def measure_checks(sets: Mapping[int, GeofenceSet], position_count: int, passes: int, seed: str) -> Checks:
    """Measure the checks in each of the sets, which are given by size."""
    positions = {size: pick_positions(one.towns, position_count, seed) for size, one in sets.items()}
    methods = {size: _prepare_methods(one) for size, one in sets.items()}
    return Checks(
        timings=measure({size: (positions[size], methods[size]) for size in sets}, passes),
        reads={size: _measure_reads(one, positions[size][:_READ_POSITIONS], seed) for size, one in sets.items()},
        agreements={size: _count_matches(methods[size], positions[size][:_READ_POSITIONS]) for size in sets},
    )


def _prepare_methods(geofence_set: GeofenceSet) -> dict[str, Prepare]:
    """Return Fencepost and two ways to query the tree: its own query, or boxes first and then prepared polygons."""
    polygons = geofence_set.polygons
    tree = shapely.STRtree(polygons)

    def query_tree(position: Position) -> object:
        return tree.query(shapely.Point(position.lon, position.lat), predicate="intersects")

    def query_boxes(position: Position) -> object:
        indices = tree.query(shapely.Point(position.lon, position.lat))
        return indices[shapely.intersects_xy(polygons[indices], position.lon, position.lat)]

    return {
        OURS: prepare_fencepost(geofence_set.table),
        TREE: lambda position: partial(query_tree, position),
        TREE_PREPARED: lambda position: partial(query_boxes, position),
    }


def _count_matches(methods: Mapping[str, Prepare], positions: list[Position]) -> Agreement:
    return Agreement(
        ours=sum(len(methods[OURS](position)()[0]) for position in positions),
        tree=sum(len(methods[TREE](position)()) for position in positions),
    )


def _measure_reads(geofence_set: GeofenceSet, positions: list[Position], seed: str) -> ReadFigures:
    table = CountingTable(geofence_set.table)
    check = create_service(table).check
    for position in positions:  # fills the caches of large geometries and of crowded cells
        check(PRINCIPAL, [position], NOW)
    table.take_counts()
    reads = [_read_check(table, check, [position]) for position in positions]
    first_reads = [_read_check(table, create_service(table).check, [position]) for position in positions]
    large = [read for read in first_reads if read.versions]
    batches = []
    towns = geofence_set.towns
    for town in Random(seed).sample(towns, min(_BATCH_TOWNS, len(towns))):
        batch = pick_positions([town], BATCH, seed)
        check(PRINCIPAL, batch, NOW)
        table.take_counts()
        batches.append(_read_check(table, check, batch))
    return ReadFigures(
        units=_mean([read.units for read in reads]),
        units_p50=compute_percentile([read.units for read in reads], 50),
        units_p99=compute_percentile([read.units for read in reads], 99),
        bytes=_mean([read.bytes for read in reads]),
        bytes_p50=compute_percentile([read.bytes for read in reads], 50),
        bytes_p99=compute_percentile([read.bytes for read in reads], 99),
        candidates=_mean([read.entries for read in reads]),
        first_share=len(large) / len(first_reads),
        first_units=_mean([read.units for read in large]),
        first_bytes=_mean([read.bytes for read in large]),
        batch_units=_mean([read.units / BATCH for read in batches]),
        batch_units_worst=max(read.units / BATCH for read in batches),
        batch_bytes=_mean([read.bytes / BATCH for read in batches]),
    )


def _read_check(table: CountingTable, check: Callable[..., object], positions: list[Position]) -> ReadCounts:
    check(PRINCIPAL, positions, NOW)
    return table.take_counts()


def _mean(figures: list[float] | list[int]) -> float:
    return sum(figures) / len(figures) if figures else 0.0
