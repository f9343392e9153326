"""Real polygons, which `make verify` puts to the layer: how they are read, judged and changed, on made-up ones."""

from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from geo.shapes.base import Ring
from geo.shapes.polygon import Polygon
from tests.oracles.atlas import NoAtlas, compare_atlas, load_real_polygons
from tests.oracles.changes import CHANGES, find_noticed_changes
from tests.oracles.containment import Oracle
from tests.oracles.refusals import confirm_reason, measure_across_deg
from tests.oracles.shapes import METRES_PER_DEGREE, Parts, generate_valid_questions, make_question
from tests.oracles.topojson import read_polygons

# Two fields with a border in common, the eastern one with a pond and an island.
TOPOLOGY: dict[str, Any] = {
    "type": "Topology",
    "transform": {"scale": [0.5, 2.0], "translate": [10.0, -20.0]},
    "objects": {
        "fields": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]]},
                {"type": "MultiPolygon", "arcs": [[[2, -1], [3]], [[4]]]},
                {"type": "Point", "coordinates": [0, 0]},
            ],
        },
        "pond": {"type": "Polygon", "arcs": [[-4]]},
    },
    "arcs": [
        [[2, 0], [0, 2]],
        [[2, 2], [-2, 0], [0, -2], [2, 0]],
        [[2, 0], [4, 0], [0, 2], [-4, 0]],
        [[3, 1], [1, 0], [0, 1], [-1, -1]],
        [[9, 9], [1, 0], [0, 1], [-1, -1]],
    ],
}
POND: Ring = ((11.5, -18), (12, -18), (12, -16))
SQUARE: Ring = ((0, 0), (4, 0), (4, 4), (0, 4))


def test_the_polygons_of_a_topology_share_its_arcs() -> None:
    west: Ring = ((11, -20), (11, -16), (10, -16), (10, -20))
    east: Ring = ((11, -20), (13, -20), (13, -16), (11, -16))
    island: Ring = ((14.5, -2), (15, -2), (15, 0))
    backwards: Ring = (POND[0], *POND[:0:-1])
    assert list(read_polygons(TOPOLOGY)) == [((west,),), ((east, POND), (island,)), ((backwards,),)]


def test_a_topology_without_a_transform_has_degrees() -> None:
    arcs = [[list(point) for point in (*POND, POND[0])]]
    topology = {"type": "Topology", "objects": {"pond": {"type": "Polygon", "arcs": [[0]]}}, "arcs": arcs}
    assert list(read_polygons(topology)) == [((POND,),)]


def test_without_npm_there_are_no_real_polygons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoAtlas, match="npm"):
        load_real_polygons(tmp_path)


def test_a_package_that_is_not_the_one_that_was_pinned_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "us-atlas-3.0.1.tgz").write_bytes(b"something else")
    with pytest.raises(ValueError, match="is not us-atlas"):
        load_real_polygons(tmp_path)


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((((*SQUARE, (2, -1)),),), "ring meets itself"),
        ((((*SQUARE, (0, 2), (-1, 2), (0, 2)),),), "ring meets itself"),
        ((((*SQUARE[:3], (2, 2), (3, 3), (0, 4)),),), "ring meets itself"),
        (((SQUARE, ((1, 1), (2, 1), (1, 1))),), "too few points"),
        (((SQUARE, ((5, 5), (6, 5), (6, 6))),), "hole outside"),
        (((((0, 0), (60, 0), (60, 70), (0, 70)),),), "too large"),
        (((tuple((k / 10_000, k % 2) for k in range(10_001)),),), "too many points"),
    ],
)
def test_a_true_reason_is_told(parts: Parts, reason: str) -> None:
    findings = compare_atlas([parts], "refused")
    assert (dict(findings.refused), findings.pairs.disagreements) == ({reason: 1}, [])


@pytest.mark.parametrize(
    "reason",
    [
        "the polygon is not valid: self-intersection at longitude and latitude 0 0",
        "the polygon is not valid: ring self-intersection at longitude and latitude 2 4",
        "the polygon is not valid: self-intersection at longitude and latitude 2 2",
        "the polygon is not valid: a hole is outside the ring, or meets another",
        "a ring needs at least 3 different points",
        "the shape is more than 80 degrees across",
        "a polygon takes at most 10,000 points, not 10,001",
        "it is no polygon",
    ],
)
def test_a_reason_that_does_not_hold_is_noticed(reason: str) -> None:
    assert confirm_reason(reason, ((SQUARE, ((1, 1), (2, 1), (2, 2))),)) is None


@pytest.mark.parametrize("crowd", [0, 100])
def test_how_large_a_polygon_is_does_not_depend_on_where_its_vertices_crowd(crowd: int) -> None:
    far_apart = [(-30.0, 0.0), *((-30.0, k / 1_000) for k in range(1, crowd)), (40.0, 0.0)]
    assert measure_across_deg(((tuple(far_apart),),)) == pytest.approx(70, abs=0.05)


# -- what must not matter ---------------------------------------------------------------------------------------


def test_where_a_ring_begins_and_runs_and_what_lies_on_it_does_not_matter(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for shape, positions, _ in islice(generate_valid_questions(random), 36):
        if isinstance(shape, Polygon):
            noticed = list(find_noticed_changes(shape, positions, Oracle(shape).edge_distances_m(positions), random))
            assert not noticed, f"seed {fresh_seed}: {noticed[0]}"


def test_a_polygon_that_answers_otherwise_once_changed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    random, square = Random(1), Polygon.from_ring(SQUARE)
    positions = make_question(random, square, 3 * METRES_PER_DEGREE).positions
    covers = Polygon.covers
    monkeypatch.setattr(Polygon, "covers", lambda self, p: covers(self, p) == (self == square))
    noticed = find_noticed_changes(square, positions, Oracle(square).edge_distances_m(positions), random)
    assert {disagreement.what for disagreement in noticed} >= {f"Polygon {change}, side" for change in CHANGES}
