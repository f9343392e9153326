"""The search for the nearest geofences against a look at every geofence, on a table that is a dict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from fencepost.dynamodb import keys
from fencepost.dynamodb.keys import Key
from fencepost.geofences.model import Geofence
from fencepost.geofences.spatial_index import nearest_search
from fencepost.geofences.spatial_index.entry import IndexEntry, pack_entry, to_attribute
from fencepost.geofences.spatial_index.occupied_cells import to_element
from geo.cells import ROOT, find_listing_cell
from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.oracles.comparison import Disagreement
from tests.oracles.shapes import position, random_place, sound_questions

_NOW = datetime(2026, 5, 4, tzinfo=UTC)
_TENANT = "t"


@dataclass
class NearestFindings:
    """What a run found, and what the searches read."""

    searches: int = 0
    rounds: list[int] = field(default_factory=list)
    keys_read: list[int] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: NearestFindings) -> None:
        self.searches += other.searches
        self.rounds += other.rounds
        self.keys_read += other.keys_read
        self.disagreements += other.disagreements


class FakeTable:
    """Geofences of some shapes, entered and listed as the store does it, in a dict."""

    def __init__(self, shapes: Sequence[Shape], random: Random) -> None:
        self.items: dict[tuple[str, str], Any] = {}
        self.geofences = [self._entered(shape, random) for shape in shapes]
        self.reads: list[int] = []

    def read(self, wanted: Sequence[Key]) -> dict[tuple[str, str], Any]:
        self.reads.append(len(wanted))
        pairs = [keys.to_pair(key) for key in wanted]
        assert len(set(pairs)) == len(pairs) <= 100
        return {pair: self.items[pair] for pair in pairs if pair in self.items}

    def in_full(self, entries: Sequence[IndexEntry]) -> list[IndexEntry | Geofence]:
        by_id = {geofence.id: geofence for geofence in self.geofences}
        return [by_id[entry.id] if entry.is_reference else entry for entry in entries]

    def found(self, where: Position, count: int) -> list[str]:
        self.reads.clear()
        found = nearest_search.search_nearest(_TENANT, where, count, lambda _: True, self.read, self.in_full)
        return [geofence.id for _, geofence in found]

    def by_brute_force(self, where: Position, count: int) -> list[str]:
        measured = sorted((geofence.shape.edge_distance_m(where), geofence.id) for geofence in self.geofences)
        return [geofence_id for _, geofence_id in measured[:count]]

    def _entered(self, shape: Shape, random: Random) -> Geofence:
        geofence = Geofence(
            id=str(UUID(int=random.getrandbits(128))),
            tenant_id=_TENANT,
            name="G",
            shape=shape,
            created_at=_NOW,
            updated_at=_NOW,
        ).assign_cells()
        entry = {"B": pack_entry(geofence)}
        for cell in geofence.cells:
            self.items.setdefault(keys.to_pair(keys.cell_key(_TENANT, cell)), {})[to_attribute(geofence.id)] = entry
            while cell != ROOT:
                above = keys.to_pair(keys.cell_list_key(_TENANT, find_listing_cell(cell)))
                self.items.setdefault(above, {"listed": {"BS": set()}})["listed"]["BS"].add(to_element(cell))
                cell = find_listing_cell(cell)  # noqa: PLW2901 - up to the root
        return geofence


def nearest_compared(searches: int, seed: str, geofences: int = 100) -> NearestFindings:
    """So many searches among random geofences: of every kind all over the globe, or of one city."""
    random = Random(seed)
    findings = NearestFindings()
    while findings.searches < searches:
        asked = list(islice(sound_questions(random), random.choice((1, 3, geofences))))
        city = random_place(random) if random.random() < 0.3 else None
        shapes = [question.shape for question in asked] if city is None else _city(random, *city, geofences)
        table = FakeTable(shapes, random)
        for _ in range(10):
            near = random.choice(random.choice(asked).positions) if city is None else _about(random, *city)
            where = near if random.random() < 0.8 else position(*random_place(random))
            count = random.choice((1, 2, 21, 101))
            expected, found = table.by_brute_force(where, count), table.found(where, count)
            findings.searches += 1
            findings.rounds.append(len(table.reads))
            findings.keys_read.append(sum(table.reads))
            if found != expected:
                first = next(n for n in range(len(expected)) if found[n : n + 1] != expected[n : n + 1])
                missed = next(one for one in table.geofences if one.id == expected[first])
                findings.disagreements.append(
                    Disagreement("not the nearest", missed.shape, where, expected[first], found[first : first + 1])
                )
    return findings


def _city(random: Random, lon: float, lat: float, count: int) -> list[Shape]:
    return [Circle(center=_about(random, lon, lat), radius_m=random.choice((50, 200, 1000))) for _ in range(count)]


def _about(random: Random, lon: float, lat: float) -> Position:
    east = (lon + random.gauss(0, 0.1) + 180) % 360 - 180
    return position(east, max(-90.0, min(90.0, lat + random.gauss(0, 0.1))))
