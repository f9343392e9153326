"""The cell index against a look at every geofence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from random import Random

import numpy as np

from geo.cells import LEVELS, MAX_CELLS, Cell, cover, list_cells_at
from geo.shapes.base import Shape
from geo.wgs84 import Position
from tests.oracles.comparison import Disagreement
from tests.oracles.containment import Oracle, as_rows
from tests.oracles.geodesics import SPHERE_SLACK_M, Floats, unit_vectors
from tests.oracles.shapes import Question, position, random_place, sound_questions

_METRES_A_RADIAN = 6_330_000.0  # no less: the caps come out too wide rather than too narrow
_MOST_AT_ONCE = 50_000


@dataclass
class IndexFindings:
    """What a run over the index found."""

    positions: int = 0
    geofences: int = 0
    inside: int = 0
    """Pairs of a position and a geofence that the oracle takes to hold it."""
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: IndexFindings) -> None:
        self.positions += other.positions
        self.geofences += other.geofences
        self.inside += other.inside
        self.disagreements += other.disagreements


def index_compared(positions: int, seed: str, geofences: int = 300) -> IndexFindings:
    """Looks up so many positions among so many random geofences, and in each geofence on its own."""
    random = Random(seed)
    findings = IndexFindings()
    while findings.positions < positions:
        _look_up(random, min(_MOST_AT_ONCE, positions - findings.positions), geofences, findings)
    return findings


def cover_faults(shape: Shape, max_cells: int = MAX_CELLS) -> list[Disagreement]:
    """What is wrong with a cover as such: too many cells, several levels, cells that are none."""
    cells = cover(shape, max_cells)
    faults = []
    # The coarsest level is taken as it comes: a shape at a pole meets all 8 columns there, and may meet more below.
    is_coarsest = any(cell.level == LEVELS[-1] for cell in cells)
    if not 1 <= len(cells) <= (MAX_CELLS if is_coarsest else max_cells):
        faults.append(Disagreement("size of cover", shape, None, max_cells, len(cells)))
    levels = {cell.level for cell in cells}
    if len(levels) != 1 or not levels <= set(LEVELS):
        faults.append(Disagreement("levels of cover", shape, None, "one", levels))
    strange = [cell for cell in cells if not (0 <= cell.x < 2**cell.level and 0 <= cell.y < 2 ** (cell.level - 1))]
    if strange:
        faults.append(Disagreement("cells off the grid", shape, None, [], strange))
    return faults


def _look_up(random: Random, count: int, geofences: int, findings: IndexFindings) -> None:
    asked = list(islice(sound_questions(random), geofences))
    entered: dict[Cell, set[int]] = defaultdict(set)
    max_cells = random.choice((MAX_CELLS, MAX_CELLS, 16, 8))
    covers = [cover(question.shape, max_cells) for question in asked]
    for number, cells in enumerate(covers):
        findings.disagreements += cover_faults(asked[number].shape, max_cells)
        for cell in cells:
            entered[cell].add(number)
    positions = [_random_position(random, asked, covers) for _ in range(count)]
    candidates = [set().union(*(entered.get(cell, ()) for cell in list_cells_at(p))) for p in positions]
    rows = as_rows(positions)
    units = unit_vectors(rows[:, 0], rows[:, 1])
    for number, question in enumerate(asked):
        near = np.flatnonzero(_in_cap(question.shape, units))
        oracle = Oracle(question.shape)
        possible = near[oracle.may_cover(rows[near])].tolist()
        findings.inside += len(possible)
        findings.disagreements += [
            Disagreement(
                "missed by the index", question.shape, positions[k], covers[number], list_cells_at(positions[k])
            )
            for k in possible
            if number not in candidates[k] and question.shape.covers(positions[k])
        ]
    findings.positions += count
    findings.geofences += len(asked)


def _random_position(random: Random, asked: list[Question], covers: list[frozenset[Cell]]) -> Position:
    """Near a boundary, on a border or corner of a cell, or anywhere."""
    where = random.random()
    if where < 0.1:
        return position(*random_place(random))
    number = random.randrange(len(asked))
    near = random.choice(asked[number].positions)
    if where < 0.7:
        return near
    cell = next(iter(covers[number]))
    level = random.choice((cell.level, *LEVELS))
    side = 360 / 2**level
    lon = round((near.lon + 180) / side) * side - 180 if random.random() < 0.7 else near.lon
    lat = round((near.lat + 90) / side) * side - 90 if random.random() < 0.7 else near.lat
    return position(lon, max(-90.0, min(90.0, lat)))


def _in_cap(shape: Shape, units: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which positions (unit vectors) are so near the middle of a shape that it could cover them."""
    middle, reach_m = Oracle(shape).cap()
    angle = min(np.pi, (reach_m + SPHERE_SLACK_M) / _METRES_A_RADIAN)
    within: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = units @ middle >= np.cos(angle) - 1e-12
    return within
