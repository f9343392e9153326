"""Compare the layer with the oracles at random pairs of a shape and a position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from geo.cells import Cell, cover, list_cells_at
from geo.codec import find_near
from geo.shapes.base import Shape, measure_distances_m
from geo.shapes.circle import Circle
from geo.shapes.packing import unpack_bounds
from geo.wgs84 import Position
from tests.oracles.containment import REACH_M, Oracle
from tests.oracles.shapes import Question, Refused, generate_questions

# The distance from the boundary within which the layer may return the wrong side.
SIDE_BAR_M = {"Circle": 0.01, "Corridor": 0.01, "Polygon": 1.0}
# The error that a distance to the boundary may have up to 100 km from centre, line or ring, and up to REACH_M.
NEAR_M, NEAR_BAR_M, REACH_BAR_M = 100_000.0, 0.01, 0.02
# A position that is beside an edge by a rounding error may have the distance 0.
_ROUNDING_M = 1e-6
# The two methods to measure a corridor close to a pole differ by this.
_OTHER_METHOD_M = 1e-3
# Beyond REACH_M the layer measures too short, but within these factors.
_MIN_FAR_FACTOR, _MAX_FAR_FACTOR = 0.9, 1.1


@dataclass(frozen=True)
class Disagreement:
    """A question that the layer and the oracle answer differently."""

    what: str
    shape: Shape | None
    position: Position | None
    expected: object
    got: object

    def __str__(self) -> str:
        text = f"{self.what}: expected {self.expected}, got {self.got}"
        return f"{text} at {self.position!r} for {self.shape!r:.1500}" if self.shape else text


@dataclass
class Findings:
    """The result of a comparison, by kind of shape."""

    pairs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    near_pairs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Pairs whose position is within 1 % of the boundary."""
    worst_m: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The largest error of a distance to the boundary within REACH_M."""
    worst_side_m: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The largest distance from the boundary of a position on the wrong side."""
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        for counts, other_counts in ((self.pairs, other.pairs), (self.near_pairs, other.near_pairs)):
            for kind, count in other_counts.items():
                counts[kind] += count
        for worst, other_worst in ((self.worst_m, other.worst_m), (self.worst_side_m, other.worst_side_m)):
            for kind, metres in other_worst.items():
                worst[kind] = max(worst[kind], metres)
        self.disagreements += other.disagreements


def run_comparison(pairs: int, seed: str) -> Findings:
    """Compare at least this number of pairs of a shape and a position."""
    random = Random(seed)
    findings = Findings()
    stream = generate_questions(random)
    while sum(findings.pairs.values()) < pairs:
        try:
            for question in islice(stream, 1):
                compare(question, findings)
        except Refused as error:
            findings.disagreements.append(Disagreement("refused", None, None, "a polygon", str(error)))
            stream = generate_questions(random)
    return findings


def compare(question: Question, findings: Findings) -> list[float]:
    """Compare at the positions of a question, and return the oracle's distances to the boundary in metres."""
    shape, positions, size_m = question
    kind = type(shape).__name__
    oracle = Oracle(shape)
    packed, cells = shape.pack(), cover(shape)
    expected = oracle.edge_distances_m(positions)
    for position, edge_m, is_boundary in zip(positions, expected, oracle.on_boundary(positions), strict=True):
        findings.pairs[kind] += 1
        findings.near_pairs[kind] += abs(edge_m) <= 0.01 * size_m
        covers, got_m = shape.covers(position), shape.edge_distance_m(position)

        def report(what: str, expected: object, got: object, at: Position = position) -> None:
            findings.disagreements.append(Disagreement(f"{kind} {what}", shape, at, expected, got))

        if is_boundary and not covers:
            report("covers its boundary", expected=True, got=False)
        if covers != (edge_m <= 0) and not is_boundary:
            findings.worst_side_m[kind] = max(findings.worst_side_m[kind], abs(edge_m))
            if abs(edge_m) > SIDE_BAR_M[kind]:
                report("side", f"{edge_m:.3f} m from the boundary", f"covers: {covers}")
        if covers != (got_m <= 0) and abs(got_m) > _ROUNDING_M:
            report("covers and distance contradict each other", covers, got_m)
        if not _is_right_distance(shape, edge_m, got_m, findings):
            report("distance", edge_m, got_m)
        if covers:
            for name in _find_wrong_filters(shape, got_m, packed, cells, position):
                report(f"is not found by its {name}", expected=True, got=False)
    return expected


def _find_wrong_filters(
    shape: Shape, edge_m: float, packed: bytes, cells: frozenset[Cell], position: Position
) -> Iterator[str]:
    """Yield the fast filters that wrongly exclude the shape at a covered position."""
    if cells.isdisjoint(list_cells_at(position)):
        yield "cells"
    if not shape.bounds.covers(position.lon, position.lat):
        yield "bounds"
    if not isinstance(shape, Circle) and not unpack_bounds(packed).covers(position.lon, position.lat):
        yield "packed bounds"
    if not [*find_near(position, 0, [(None, packed)])]:
        yield "packed bytes"
    if edge_m <= -_OTHER_METHOD_M and next(measure_distances_m(position, [shape], 0.0)) is None:
        yield "check"


def _is_right_distance(shape: Shape, edge_m: float, got_m: float, findings: Findings) -> bool:
    kind, half_width_m = type(shape).__name__, _get_half_width_m(shape)
    from_line_m = abs(edge_m + half_width_m) if half_width_m else abs(edge_m)
    if from_line_m > REACH_M and not isinstance(shape, Circle):
        return _MIN_FAR_FACTOR <= (got_m + half_width_m) / (edge_m + half_width_m) <= _MAX_FAR_FACTOR
    # A wrong side is reported by itself, so only the size counts here.
    error_m = abs(got_m - edge_m) if half_width_m else abs(abs(got_m) - abs(edge_m))
    findings.worst_m[kind] = max(findings.worst_m[kind], error_m)
    return error_m <= (NEAR_BAR_M if from_line_m <= NEAR_M else REACH_BAR_M)


def _get_half_width_m(shape: Shape) -> float:
    return shape.radius_m if isinstance(shape, Circle) else getattr(shape, "half_width_m", 0.0)
