"""Geofences as the table holds them, and as shapely and PostGIS would."""

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
from benchmarks.mixes import GEOFENCES_A_TOWN, Mix, Town, inhabited, shapes
from benchmarks.planar import area, middle
from fencepost.dynamodb.serializer import Item
from fencepost.geofences.items import version_item
from fencepost.geofences.model import Geofence
from fencepost.geofences.spatial_index.entry import IndexEntry, attribute_of, pack_entry
from geo.cells import Cell, cover
from geo.shapes.base import Shape

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Entered(NamedTuple):
    """What the index gets of a geofence; of a big one its version too, which is read in full."""

    cells: list[Cell]
    name: str
    entry: bytes
    version: Item | None

    def into(self, table: MemoryTable) -> None:
        table.enter(self.cells, self.name, self.entry)
        if self.version is not None:
            table.put(self.version)


@dataclass(frozen=True, kw_only=True)
class Built:
    """So many geofences. `areas` are polygons, prepared; `middles` reach `radius_m` metres around themselves."""

    geofences: int
    towns: Sequence[Town]
    table: MemoryTable
    cells_a_geofence: float
    areas: NDArray[Any]
    middles: NDArray[Any]
    radius_m: NDArray[Any]


class _InTown(NamedTuple):
    """Comes from another process, and so in bytes."""

    entered: list[Entered]
    areas: list[bytes]
    middles: list[bytes | None]
    radius_m: list[float]


def entered(shape: Shape, nth: int, geofence_id: str) -> Entered:
    geofence = Geofence(
        id=geofence_id, tenant_id=TENANT, name=f"Site {nth}", shape=shape, created_at=NOW, updated_at=NOW, number=nth
    )
    name, entry = attribute_of(geofence.id), pack_entry(geofence)
    version = version_item(geofence) if IndexEntry(name, entry).is_big else None
    return Entered(sorted(cover(shape)), name, entry, version)


def random_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def build(mix: Mix, sizes: Sequence[int], seed: str) -> dict[int, Built]:
    """The first so many geofences of a mix, for each size in ascending order: the smaller are part of the larger.

    Nothing here is garbage, and to look for it would take longer than the rest.
    """
    gc.disable()
    towns = inhabited(sizes[-1], seed)
    table, cells = MemoryTable(), 0
    areas, middles = np.empty(sizes[-1], object), np.empty(sizes[-1], object)
    radius_m = np.empty(sizes[-1])
    built = {}
    with Pool(initializer=gc.disable) as pool:
        shares = [(mix, nth, town, seed) for nth, town in enumerate(towns)]
        for nth, in_town in enumerate(pool.imap(_in_town, shares)):
            for one in in_town.entered:
                one.into(table)
                cells += len(one.cells)
            count = (nth + 1) * GEOFENCES_A_TOWN
            here = slice(count - GEOFENCES_A_TOWN, count)
            areas[here], middles[here] = shapely.from_wkb(in_town.areas), shapely.from_wkb(in_town.middles)
            radius_m[here] = in_town.radius_m
            if count in sizes:
                built[count] = Built(
                    geofences=count,
                    towns=towns[: nth + 1],
                    table=table if count == sizes[-1] else table.copy(),
                    cells_a_geofence=cells / count,
                    areas=areas[:count],
                    middles=middles[:count],
                    radius_m=radius_m[:count],
                )
    shapely.prepare(areas)
    gc.collect()
    gc.freeze()
    gc.enable()
    return built


def _in_town(share: tuple[Mix, int, Town, str]) -> _InTown:
    mix, nth, town, seed = share
    random = Random(f"{seed}/ids/{nth}")
    first = nth * GEOFENCES_A_TOWN
    here = shapes(mix, nth, town, seed)
    found = [middle(shape) for shape in here]
    return _InTown(
        entered=[entered(shape, first + k, random_id(random)) for k, shape in enumerate(here)],
        areas=shapely.to_wkb([area(shape) for shape in here]).tolist(),
        middles=shapely.to_wkb([geometry for geometry, _ in found]).tolist(),
        radius_m=[radius for _, radius in found],
    )
