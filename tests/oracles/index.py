"""Compare the cell index with a test of every geofence."""

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
from tests.oracles.containment import Oracle, to_rows
from tests.oracles.geodesics import SPHERE_SLACK_M, Floats, to_unit_vectors
from tests.oracles.shapes import Question, generate_valid_questions, pick_place, to_position

_METRES_PER_RADIAN = 6_330_000.0  # a lower bound, so that the caps are never too small
_MAX_POSITIONS = 50_000


@dataclass
class IndexFindings:
    """The result of a comparison with the index."""

    positions: int = 0
    geofences: int = 0
    inside: int = 0
    """Pairs of a position and a geofence that covers it, by the oracle."""
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: IndexFindings) -> None:
        self.positions += other.positions
        self.geofences += other.geofences
        self.inside += other.inside
        self.disagreements += other.disagreements


def compare_index(positions: int, seed: str, geofences: int = 300) -> IndexFindings:
    """Look up positions among random geofences in the index, and test each geofence by itself."""
    random = Random(seed)
    findings = IndexFindings()
    while findings.positions < positions:
        _look_up(random, min(_MAX_POSITIONS, positions - findings.positions), geofences, findings)
    return findings


def find_cover_faults(shape: Shape, max_cells: int = MAX_CELLS) -> list[Disagreement]:
    """Return the faults of a cover: too many cells, several levels, cells off the grid."""
    cells = cover(shape, max_cells)
    faults = []
    # The coarsest level has no maximum: a shape at a pole meets all 8 columns there and perhaps cells below.
    is_coarsest = any(cell.level == LEVELS[-1] for cell in cells)
    if not 1 <= len(cells) <= (MAX_CELLS if is_coarsest else max_cells):
        faults.append(Disagreement("size of cover", shape, None, max_cells, len(cells)))
    levels = {cell.level for cell in cells}
    if len(levels) != 1 or not levels <= set(LEVELS):
        faults.append(Disagreement("levels of cover", shape, None, "one", levels))
    invalid = [cell for cell in cells if not (0 <= cell.x < 2**cell.level and 0 <= cell.y < 2 ** (cell.level - 1))]
    if invalid:
        faults.append(Disagreement("cells off the grid", shape, None, [], invalid))
    return faults


def _look_up(random: Random, count: int, geofences: int, findings: IndexFindings) -> None:
    questions = list(islice(generate_valid_questions(random), geofences))
    indexed: dict[Cell, set[int]] = defaultdict(set)
    max_cells = random.choice((MAX_CELLS, MAX_CELLS, 16, 8))
    covers = [cover(question.shape, max_cells) for question in questions]
    for number, cells in enumerate(covers):
        findings.disagreements += find_cover_faults(questions[number].shape, max_cells)
        for cell in cells:
            indexed[cell].add(number)
    positions = [_pick_position(random, questions, covers) for _ in range(count)]
    candidates = [set().union(*(indexed.get(cell, ()) for cell in list_cells_at(p))) for p in positions]
    rows = to_rows(positions)
    units = to_unit_vectors(rows[:, 0], rows[:, 1])
    for number, question in enumerate(questions):
        near = np.flatnonzero(_are_in_cap(question.shape, units))
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
    findings.geofences += len(questions)


def _pick_position(random: Random, questions: list[Question], covers: list[frozenset[Cell]]) -> Position:
    """Return a position near a boundary, on a border or corner of a cell, or anywhere."""
    chance = random.random()
    if chance < 0.1:
        return to_position(*pick_place(random))
    number = random.randrange(len(questions))
    near = random.choice(questions[number].positions)
    if chance < 0.7:
        return near
    cell = next(iter(covers[number]))
    level = random.choice((cell.level, *LEVELS))
    side = 360 / 2**level
    lon = round((near.lon + 180) / side) * side - 180 if random.random() < 0.7 else near.lon
    lat = round((near.lat + 90) / side) * side - 90 if random.random() < 0.7 else near.lat
    return to_position(lon, max(-90.0, min(90.0, lat)))


def _are_in_cap(shape: Shape, units: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which positions (unit vectors) are close enough to the centre of a shape that it could cover them."""
    center, radius_m = Oracle(shape).find_cap()
    angle = min(np.pi, (radius_m + SPHERE_SLACK_M) / _METRES_PER_RADIAN)
    within: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = units @ center >= np.cos(angle) - 1e-12
    return within
