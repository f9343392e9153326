"""Which positions a shape covers and how far its boundary is, against oracles that find it out in another way."""

import tracemalloc
from collections.abc import Callable
from itertools import islice, pairwise
from math import nextafter
from random import Random

import pytest

from geo import edges as layer
from geo.raster import Raster
from geo.shapes.base import LonLat, Ring, Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Frame, Position
from tests.oracles.comparison import Findings, run_comparison
from tests.oracles.containment import Oracle
from tests.oracles.geodesics import measure_exact_m, move
from tests.oracles.shapes import Question, generate_valid_questions, make_circle

PAIRS = 1_200
CAP: Ring = ((0, 80), (90, 80), (180, 80), (-90, 80))


def make_position(lon: float, lat: float) -> Position:
    return Position(lon=lon, lat=lat)


def measure_expected_m(shape: Shape, position: Position) -> float:
    return Oracle(shape).edge_distances_m([position])[0]


def describe(findings: Findings, seed: object) -> str:
    return f"{len(findings.disagreements)} with seed {seed}, first: {findings.disagreements[:1]}"


# -- random shapes and positions ------------------------------------------------------------------------------


def test_half_of_the_positions_are_within_one_percent_of_the_boundary() -> None:
    findings = run_comparison(PAIRS // 3, "near")
    for kind, pairs in findings.pairs.items():
        assert findings.near_pairs[kind] >= pairs / 2, kind


# -- the comparison sees a fault when there is one --------------------------------------------------------------


def make_stretched(factor: float) -> Callable[[Frame, float, float], float]:
    original = Frame.distance_m

    def stretch(self: Frame, lon: float, lat: float) -> float:
        return factor * original(self, lon, lat)

    return stretch


def test_a_millionth_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Frame, "distance_m", make_stretched(1 + 1e-6))
    kinds = {disagreement.what.split()[0] for disagreement in run_comparison(PAIRS, "long").disagreements}
    assert "Circle" in kinds


def test_edges_as_chords_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "STEP_DEG", 5.0)
    monkeypatch.setattr(layer, "_BEND_M", 1e9)
    kinds = {disagreement.what.split()[0] for disagreement in run_comparison(PAIRS, "coarse").disagreements}
    assert {"Corridor", "Polygon"} <= kinds


def test_a_boundary_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    covers = Polygon.covers
    monkeypatch.setattr(Polygon, "covers", lambda self, p: covers(self, p) and not Oracle(self).on_boundary([p])[0])
    assert any("covers its boundary" in d.what for d in run_comparison(PAIRS, "boundary").disagreements)


def test_a_road_drawn_too_thin_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Raster.__init__
    monkeypatch.setattr(
        Raster, "__init__", lambda self, line, margins: drawn(self, line, (margins[0] / 2, margins[1] / 2))
    )
    assert any("not found by its check" in d.what for d in run_comparison(PAIRS, "thin").disagreements)


# -- known places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius_m", [0.001, 50, 100_000])
@pytest.mark.parametrize("center", [(0, 0), (180, 60), (24.94, 89.99), (0, 90), (-77, -90)])
def test_a_circle_reaches_as_far_as_its_radius(center: LonLat, radius_m: float) -> None:
    circle = Circle(center=make_position(*center), radius_m=radius_m)
    slack_m = min(0.01, radius_m / 1_000)
    for azimuth in range(0, 360, 15):
        assert circle.covers(make_position(*move(*center, azimuth, radius_m - slack_m)))
        assert not circle.covers(make_position(*move(*center, azimuth, radius_m + slack_m)))


def test_a_circle_covers_its_boundary(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(200):
        center = make_circle(random).center
        on_it = make_position(*move(center.lon, center.lat, random.uniform(-180, 180), random.uniform(0.01, 90_000)))
        radius_m = measure_exact_m(center.lon, center.lat, on_it.lon, on_it.lat)
        assert abs(Circle(center=center, radius_m=radius_m).edge_distance_m(on_it)) < 0.001, f"seed {fresh_seed}"


def test_a_corridor_follows_the_parallel_and_not_the_great_circle() -> None:
    corridor = Corridor(points=((0, 60), (40, 60)), half_width_m=100)
    assert corridor.covers(make_position(20, 60))
    assert not corridor.covers(make_position(20, 60.01))


def test_a_polygon_follows_the_parallel_and_not_the_great_circle() -> None:
    polygon = Polygon.from_ring(((0, 60), (40, 60), (40, 50), (0, 50)))
    assert polygon.covers(make_position(20, 60))
    assert not polygon.covers(make_position(20, 60.000001))
    assert polygon.edge_distance_m(make_position(20, 61)) == pytest.approx(
        measure_expected_m(polygon, make_position(20, 61)), abs=0.01
    )


def test_a_corridor_is_not_near_at_the_antipode_of_a_crossing_of_the_antimeridian() -> None:
    corridor = Corridor(points=((179.99, 0), (-179.99, 0)), half_width_m=100)
    assert not corridor.covers(make_position(0, 0))
    assert corridor.edge_distance_m(make_position(0, 0)) > 12_000_000


def test_a_polygon_is_far_from_the_antipode_of_its_boundary() -> None:
    polygon = Polygon.from_ring(((20, 10), (30, 10), (30, 20), (20, 20)))
    assert polygon.edge_distance_m(make_position(-155, -10)) > 12_000_000


def test_the_nearest_stretch_of_a_bent_corridor_counts_near_a_pole() -> None:
    spirals = Corridor(points=((0, 89.95), (0.05, 90), (0.13, 90), (0.08, 89.95)), half_width_m=1)
    random = Random(7)
    for _ in range(100):
        along = random.uniform(0.2, 0.8)
        between = make_position(0.05 * along + random.uniform(0, 0.08), 89.95 + 0.05 * along)
        assert spirals.edge_distance_m(between) == pytest.approx(measure_expected_m(spirals, between), abs=0.01)


def test_a_corridor_around_a_pole_takes_little_memory_at_the_pole() -> None:
    corridor = Corridor(points=tuple((lon, 89.9) for lon in (0, 170, -20, 150, -40, 130, -60, 110)), half_width_m=10)
    tracemalloc.start()
    corridor.edge_distance_m(make_position(0, 90))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_one_of_several_parts_may_cross_the_antimeridian() -> None:
    across: Ring = ((170, 0), (-170, 0), (-170, 10), (170, 10))
    east_of_it: Ring = ((-179, 20), (-178, 20), (-178, 21), (-179, 21))
    polygon = Polygon(parts=((across,), (east_of_it,)))
    for lon in (170, 175, 180, -180, -175, -170):
        assert polygon.covers(make_position(lon, 5)), lon
    assert polygon.covers(make_position(-178.5, 20.5))
    assert not polygon.covers(make_position(-169, 5))
    assert not polygon.covers(make_position(-178.5, 15))


@pytest.mark.parametrize("lat", [90, -90])
@pytest.mark.parametrize("lon", [-180, -77.1, 0, 100, 180])
def test_a_ring_around_a_pole_holds_the_pole(lon: float, lat: float) -> None:
    ring = tuple((x, y if lat > 0 else -y) for x, y in CAP)
    polygon = Polygon.from_ring(ring)
    assert polygon.covers(make_position(lon, lat))
    assert polygon.covers(make_position(lon, 0.9 * lat))
    assert not polygon.covers(make_position(lon, 0.88 * lat))
    assert not polygon.covers(make_position(lon, -lat))
    assert polygon.edge_distance_m(make_position(lon, lat)) == pytest.approx(-measure_exact_m(0, 80, 0, 90), rel=1e-5)


@pytest.mark.parametrize("middle", [0, 45, 90, 135, 180, -90])
def test_a_polygon_around_a_pole_may_have_a_hole_on_every_meridian(middle: float) -> None:
    hole = tuple(((middle + x + 180) % 360 - 180, y) for x, y in ((-5, 83), (5, 83), (5, 84), (-5, 84)))
    polygon = Polygon(parts=((CAP, hole),))
    assert not polygon.covers(make_position(middle, 83.5))
    assert polygon.covers(make_position(middle, 84.5))
    assert polygon.covers(make_position(middle, 84))


def test_a_polygon_around_a_pole_may_have_a_hole_around_the_pole() -> None:
    polygon = Polygon(parts=((CAP, tuple((lon, 85.0) for lon, _ in CAP)),))
    assert polygon.covers(make_position(33, 82))
    assert polygon.covers(make_position(33, 85))
    assert not polygon.covers(make_position(33, 87))
    assert not polygon.covers(make_position(33, 90))


@pytest.mark.parametrize("lon", [-180, 0, 20, 100])
def test_a_vertex_at_the_pole_is_covered_by_every_name_of_the_pole(lon: float) -> None:
    wedge = Polygon.from_ring(((0, 80), (40, 80), (40, 90), (0, 90)))
    assert wedge.covers(make_position(lon, 90))


def test_a_hole_is_outside_but_its_edge_is_inside() -> None:
    polygon = Polygon(parts=((((0, 0), (8, 0), (8, 8), (0, 8)), ((2, 2), (6, 2), (6, 6), (2, 6))),))
    assert not polygon.covers(make_position(4, 4))
    assert polygon.covers(make_position(2, 4))
    assert polygon.covers(make_position(6, 6))
    assert polygon.covers(make_position(1, 4))
    assert polygon.edge_distance_m(make_position(3, 4)) == pytest.approx(
        measure_expected_m(polygon, make_position(3, 4)), abs=0.01
    )
    assert polygon.edge_distance_m(make_position(1.5, 4)) < 0


@pytest.mark.parametrize("turn", [0, 178, 180, -179])
def test_points_on_an_edge_are_inside_and_a_hair_beside_it_outside(turn: int) -> None:
    def move_east(lon: float) -> float:
        return (lon + turn + 180) % 360 - 180

    ring = ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 4.0))
    polygon = Polygon.from_ring(tuple((move_east(lon), lat) for lon, lat in ring))
    for lon, lat in ((1.0, 3.5), (2.0, 3.0), (3.5, 2.25), (4.0, 1.3), (2.7, 0.0), (0.0, 3.9), *ring):
        assert polygon.covers(make_position(move_east(lon), lat))
    for lon, lat in ((1.0, nextafter(3.5, 9)), (2.7, -5e-324), (3.5, nextafter(2.25, 9))):
        assert not polygon.covers(make_position(move_east(lon), lat))


@pytest.mark.parametrize(
    "shape",
    [
        Corridor(points=((20, 10), (30, 10)), half_width_m=5_000),
        Polygon.from_ring(((20, 9), (30, 9), (30, 11), (20, 11))),
        Circle(center=make_position(25, 10), radius_m=5_000),
    ],
    ids=["corridor", "polygon", "circle"],
)
def test_the_center_of_a_shape_is_amid_it(shape: Shape) -> None:
    assert (shape.center.lon, shape.center.lat) == pytest.approx((25, 10))


def test_the_center_of_a_shape_across_the_antimeridian_is_a_position() -> None:
    corridor = Corridor(points=((179, 10), (-177, 10)), half_width_m=5_000)
    assert (corridor.center.lon, corridor.center.lat) == pytest.approx((-179, 10))
    polygon = Polygon.from_ring(((179, 10), (-177, 10), (-177, 12), (179, 12)))
    assert (polygon.center.lon, polygon.center.lat) == pytest.approx((-179, 11))


# -- what must not matter ------------------------------------------------------------------------------------------


def make_questions(seed: int, kind: type[Shape], count: int) -> list[Question]:
    return list(islice((q for q in generate_valid_questions(Random(seed)) if isinstance(q.shape, kind)), count))


def assert_same_answers(one: Shape, other: Shape, positions: list[Position], seed: int) -> None:
    """The same side, save within a micrometre of the boundary, and the same distance to 10 micrometres."""
    for position in positions:
        distance_m = one.edge_distance_m(position)
        assert abs(other.edge_distance_m(position)) == pytest.approx(abs(distance_m), abs=1e-5, rel=1e-6), (
            f"seed {seed}: {position} for {one!r:.900}"
        )
        if abs(distance_m) > 1e-6:
            assert one.covers(position) == other.covers(position), f"seed {seed}: {position} for {one!r:.900}"


def change_rings(polygon: Polygon, change: Callable[[Ring], Ring]) -> Polygon:
    return Polygon(parts=tuple(tuple(change(ring) for ring in part) for part in polygon.parts))


def test_it_does_not_matter_where_a_ring_begins(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for polygon, positions, _ in make_questions(fresh_seed, Polygon, 12):
        assert isinstance(polygon, Polygon)
        by = random.randrange(1, 12)

        def rotated(ring: Ring, by: int = by) -> Ring:
            return (*ring[by % len(ring) :], *ring[: by % len(ring)])

        assert_same_answers(polygon, change_rings(polygon, rotated), positions, fresh_seed)


def test_a_vertex_is_covered_wherever_a_ring_begins(fresh_seed: int) -> None:
    for polygon, _, _ in make_questions(fresh_seed, Polygon, 60):
        assert isinstance(polygon, Polygon)
        ring = polygon.parts[0][0][:60]
        for k in range(0, len(ring), max(1, len(ring) // 6)):
            parts = (((*polygon.parts[0][0][k:], *polygon.parts[0][0][:k]),),)
            turned = Polygon(parts=parts)
            lost = [vertex for vertex in ring if not turned.covers(make_position(*vertex))]
            assert not lost, f"seed {fresh_seed}: begun at {k}, lost {lost[0]} of {parts!r:.900}"


def test_the_direction_of_a_ring_does_not_matter(fresh_seed: int) -> None:
    for polygon, positions, _ in make_questions(fresh_seed, Polygon, 12):
        assert isinstance(polygon, Polygon)
        assert_same_answers(polygon, change_rings(polygon, lambda ring: ring[::-1]), positions, fresh_seed)


def test_a_ring_may_be_closed_or_open_and_repeat_its_vertices(fresh_seed: int) -> None:
    for polygon, _, _ in make_questions(fresh_seed, Polygon, 12):
        assert isinstance(polygon, Polygon)
        assert change_rings(polygon, lambda ring: (*ring, ring[0])) == polygon
        assert change_rings(polygon, lambda ring: tuple(v for vertex in ring for v in (vertex, vertex))) == polygon


def test_more_vertices_on_the_edges_do_not_matter() -> None:
    ring: Ring = ((10.0, 50.0), (18.0, 50.0), (18.0, 54.0), (14.0, 58.0), (10.0, 54.0))
    closed = (*ring, ring[0])
    halves = tuple(point for a, b in pairwise(closed) for point in (a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)))
    positions = [make_position(lon / 4, lat / 4) for lon in range(36, 80, 3) for lat in range(196, 236, 3)]
    assert_same_answers(Polygon.from_ring(ring), Polygon.from_ring(halves), positions, 0)
    line = Corridor(points=closed, half_width_m=40_000)
    assert_same_answers(line, Corridor(points=(*halves, ring[0]), half_width_m=40_000), positions, 0)


def test_the_direction_of_a_corridor_does_not_matter(fresh_seed: int) -> None:
    for corridor, positions, _ in make_questions(fresh_seed, Corridor, 12):
        assert isinstance(corridor, Corridor)
        other = Corridor(points=corridor.points[::-1], half_width_m=corridor.half_width_m)
        assert_same_answers(corridor, other, positions, fresh_seed)


@pytest.mark.parametrize("lat", [-89.5, 0, 45.0, 89.99])
def test_a_position_on_the_antimeridian_may_be_called_180_or_minus_180(lat: float) -> None:
    south, north = lat - 0.005, lat + 0.005
    found: list[Shape] = [
        Circle(center=make_position(-179.999, lat), radius_m=500),
        Circle(center=make_position(180, lat), radius_m=1),
        Corridor(points=((179.99, south), (-179.99, north)), half_width_m=1),
        Polygon.from_ring(((179.99, south), (-179.99, south), (-179.99, north), (179.99, north))),
        Polygon.from_ring(((180, south), (-179.99, south), (-179.99, north), (180, north))),
        Polygon.from_ring(((-180, south), (-179.99, south), (-179.99, north), (180, north))),
        Polygon.from_ring(((179.99, south), (-180, south), (180, north), (179.99, north))),
    ]
    for shape in found:
        assert shape.covers(make_position(180, lat)), shape
        assert shape.covers(make_position(-180, lat)), shape
        assert shape.edge_distance_m(make_position(180, lat)) == pytest.approx(
            shape.edge_distance_m(make_position(-180, lat)), abs=1e-5
        )


def test_a_shape_moved_along_its_parallel_gives_the_same_answers() -> None:
    ring = ((0.0, 60.0), (1.5, 60.0), (1.5, 61.25), (0.75, 60.5))

    def make_shift(by: float) -> Callable[[float], float]:
        return lambda lon: (lon + by + 180) % 360 - 180

    for by in (0.0, 178.5, 179.25, 180.0, -181.5):
        there = make_shift(by)
        polygon = Polygon.from_ring(tuple((there(lon), lat) for lon, lat in ring))
        corridor = Corridor(points=polygon.parts[0][0], half_width_m=2_000)
        for k in range(40):
            lon, lat = -0.25 + k % 8 * 0.25, 59.75 + k // 8 * 0.375
            for shape in (polygon, corridor):
                here = Polygon.from_ring(ring) if shape is polygon else Corridor(points=ring, half_width_m=2_000)
                assert shape.covers(make_position(there(lon), lat)) == here.covers(make_position(lon, lat)), (
                    by,
                    lon,
                    lat,
                )
