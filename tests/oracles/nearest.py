"""Compare the search for the nearest geofences with a measurement of every geofence."""

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
from tests.oracles.shapes import generate_valid_questions, pick_place, to_position

_NOW = datetime(2026, 5, 4, tzinfo=UTC)
_TENANT = "t"


@dataclass
class NearestFindings:
    """The result of a comparison, and what the searches read."""

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
    """A table in a dict, with index entries and lists of occupied cells in the form of the repository."""

    def __init__(self, shapes: Sequence[Shape], random: Random) -> None:
        self.items: dict[tuple[str, str], Any] = {}
        self.geofences = [self._add(shape, random) for shape in shapes]
        self.reads: list[int] = []

    def read(self, requested: Sequence[Key]) -> dict[tuple[str, str], Any]:
        self.reads.append(len(requested))
        pairs = [keys.to_pair(key) for key in requested]
        assert len(set(pairs)) == len(pairs) <= 100
        return {pair: self.items[pair] for pair in pairs if pair in self.items}

    def load_in_full(self, entries: Sequence[IndexEntry]) -> list[IndexEntry | Geofence]:
        by_id = {geofence.id: geofence for geofence in self.geofences}
        return [by_id[entry.id] if entry.is_reference else entry for entry in entries]

    def find_nearest(self, position: Position, count: int) -> list[str]:
        self.reads.clear()
        nearest = nearest_search.search_nearest(
            _TENANT, position, count, lambda _: True, self.read, self.load_in_full
        )
        return [geofence.id for _, geofence in nearest]

    def find_by_brute_force(self, position: Position, count: int) -> list[str]:
        measured = sorted((geofence.shape.edge_distance_m(position), geofence.id) for geofence in self.geofences)
        return [geofence_id for _, geofence_id in measured[:count]]

    def _add(self, shape: Shape, random: Random) -> Geofence:
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


def compare_nearest(searches: int, seed: str, geofences: int = 100) -> NearestFindings:
    """Compare searches among random geofences: of all shapes around the globe, or circles in one city."""
    random = Random(seed)
    findings = NearestFindings()
    while findings.searches < searches:
        questions = list(islice(generate_valid_questions(random), random.choice((1, 3, geofences))))
        city = pick_place(random) if random.random() < 0.3 else None
        shapes = [question.shape for question in questions] if city is None else _make_city(random, *city, geofences)
        table = FakeTable(shapes, random)
        for _ in range(10):
            near = random.choice(random.choice(questions).positions) if city is None else _pick_near(random, *city)
            position = near if random.random() < 0.8 else to_position(*pick_place(random))
            count = random.choice((1, 2, 21, 101))
            expected, found = table.find_by_brute_force(position, count), table.find_nearest(position, count)
            findings.searches += 1
            findings.rounds.append(len(table.reads))
            findings.keys_read.append(sum(table.reads))
            if found != expected:
                first = next(n for n in range(len(expected)) if found[n : n + 1] != expected[n : n + 1])
                missed = next(one for one in table.geofences if one.id == expected[first])
                findings.disagreements.append(
                    Disagreement("not the nearest", missed.shape, position, expected[first], found[first : first + 1])
                )
    return findings


def _make_city(random: Random, lon: float, lat: float, count: int) -> list[Shape]:
    return [
        Circle(center=_pick_near(random, lon, lat), radius_m=random.choice((50, 200, 1000))) for _ in range(count)
    ]


def _pick_near(random: Random, lon: float, lat: float) -> Position:
    east = (lon + random.gauss(0, 0.1) + 180) % 360 - 180
    return to_position(east, max(-90.0, min(90.0, lat + random.gauss(0, 0.1))))
