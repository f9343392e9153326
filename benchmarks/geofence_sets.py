"""Build sets of geofences: index entries of the table, and geometries for shapely and PostGIS."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import Pool
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.memory_table import TENANT, MemoryTable
from benchmarks.mixes import GEOFENCES_PER_TOWN, Mix, Town, list_towns, make_shapes
from benchmarks.planar import to_axis, to_polygon
from fencepost.dynamodb.serializer import Item
from fencepost.geofences.items import build_version_item
from fencepost.geofences.model import Geofence
from fencepost.geofences.spatial_index.entry import IndexEntry, pack_entry, to_attribute
from geo.cells import Cell, cover
from geo.shapes.base import Shape

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class IndexedGeofence(NamedTuple):
    """The index entry of a geofence, and the version item of a large one, whose entry only refers to it."""

    cells: list[Cell]
    name: str
    entry: bytes
    version: Item | None

    def add_to(self, table: MemoryTable) -> None:
        table.add_to_index(self.cells, self.name, self.entry)
        if self.version is not None:
            table.put(self.version)


@dataclass(frozen=True, kw_only=True)
class GeofenceSet:
    """A set of geofences. `polygons` are prepared. Where a geofence has an axis, it covers `radius_m` around it."""

    geofences: int
    towns: Sequence[Town]
    table: MemoryTable
    cells_per_geofence: float
    polygons: NDArray[Any]
    axes: NDArray[Any]
    radius_m: NDArray[Any]


class _TownData(NamedTuple):
    """What a worker process returns. Geometries are WKB."""

    indexed: list[IndexedGeofence]
    polygons: list[bytes]
    axes: list[bytes | None]
    radius_m: list[float]


def index_geofence(shape: Shape, nth: int, geofence_id: str) -> IndexedGeofence:
    geofence = Geofence(
        id=geofence_id, tenant_id=TENANT, name=f"Site {nth}", shape=shape, created_at=NOW, updated_at=NOW, number=nth
    )
    name, entry = to_attribute(geofence.id), pack_entry(geofence)
    version = build_version_item(geofence) if IndexEntry(name, entry).is_reference else None
    return IndexedGeofence(sorted(cover(shape)), name, entry, version)


def make_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def build_sets(mix: Mix, sizes: Sequence[int], seed: str) -> dict[int, GeofenceSet]:
    """Return a set of each size, given in ascending order. The smaller sets are part of the larger ones."""
    gc.disable()  # nothing becomes garbage, and collections would take longer than the rest
    towns = list_towns(sizes[-1], seed)
    table, cells = MemoryTable(), 0
    polygons, axes = np.empty(sizes[-1], object), np.empty(sizes[-1], object)
    radius_m = np.empty(sizes[-1])
    sets = {}
    with Pool(initializer=gc.disable) as pool:
        shares = [(mix, nth, town, seed) for nth, town in enumerate(towns)]
        for nth, town in enumerate(pool.imap(_build_town, shares)):
            for geofence in town.indexed:
                geofence.add_to(table)
                cells += len(geofence.cells)
            count = (nth + 1) * GEOFENCES_PER_TOWN
            here = slice(count - GEOFENCES_PER_TOWN, count)
            polygons[here], axes[here] = shapely.from_wkb(town.polygons), shapely.from_wkb(town.axes)
            radius_m[here] = town.radius_m
            if count in sizes:
                sets[count] = GeofenceSet(
                    geofences=count,
                    towns=towns[: nth + 1],
                    table=table if count == sizes[-1] else table.copy(),
                    cells_per_geofence=cells / count,
                    polygons=polygons[:count],
                    axes=axes[:count],
                    radius_m=radius_m[:count],
                )
    shapely.prepare(polygons)
    gc.collect()
    gc.freeze()
    gc.enable()
    return sets


def _build_town(share: tuple[Mix, int, Town, str]) -> _TownData:
    mix, nth, town, seed = share
    random = Random(f"{seed}/ids/{nth}")
    first = nth * GEOFENCES_PER_TOWN
    shapes = make_shapes(mix, nth, town, seed)
    axes = [to_axis(shape) for shape in shapes]
    return _TownData(
        indexed=[index_geofence(shape, first + k, make_id(random)) for k, shape in enumerate(shapes)],
        polygons=shapely.to_wkb([to_polygon(shape) for shape in shapes]).tolist(),
        axes=shapely.to_wkb([axis for axis, _ in axes]).tolist(),
        radius_m=[radius_m for _, radius_m in axes],
    )
