"""The quick ways to the nearest edge against the slow one, which steps through the frame of WGS84."""

from math import cos, radians, sin
from random import Random

import numpy as np
import pytest

from geo.codec import find_near
from geo.edges import Edges
from geo.shapes.base import Shape, measure_distances_m
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Frame, Position, measure_distance_m

CASES = 300
METRE_DEG = 1 / 111_000


def make_position(lon: float, lat: float) -> Position:
    return Position(lon=lon, lat=lat)


def make_edges(random: Random) -> tuple[Edges, Position]:
    """A line or a ring of any size, and a position near it, on it, or up to some 60 km away."""
    lat, lon = random.uniform(-79, 79), random.uniform(-174, 174)
    size = random.choice((20, 500, 5_000, 80_000)) * METRE_DEG
    count = random.choice((2, 3, 8, 70))
    wide = size / cos(radians(lat))
    vertices = np.array(
        [(lon + random.uniform(-wide, wide), lat + random.uniform(-size, size)) for _ in range(count)]
    )
    vertices[:, 1] = vertices[:, 1].clip(-80, 80)
    edges = Edges(vertices, [count], are_rings=count > 2 and random.random() < 0.5)
    away = random.choice((0.0, 1e-9, 1.0, 300.0, 60_000.0)) * METRE_DEG
    east, north = (random.uniform(-away, away) for _ in range(2))
    near = vertices[random.randrange(count)] if random.random() < 0.5 else vertices.mean(axis=0)
    return edges, make_position(float(near[0] + east / cos(radians(lat))), float((near[1] + north).clip(-80, 80)))


def test_the_quick_distance_is_the_slow_one(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(CASES):
        edges, position = make_edges(random)
        frame = Frame(position)
        slow_m = edges.measure_steps_m(frame)
        assert edges.distance_m(frame) == pytest.approx(slow_m, abs=0.002), (fresh_seed, edges.vertices, position)


def test_of_several_runs_the_nearest_counts(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(CASES // 10):
        edges, position = make_edges(random)
        frame = Frame(position)
        halves = [half for half in np.array_split(edges.vertices, 2) if len(half) > 1] or [edges.vertices]
        runs = [Edges(half, [len(half)], are_rings=False) for half in halves]
        counts = [len(half) for half in halves]
        together = Edges(np.concatenate(halves), counts, are_rings=False)
        expected_m = min(run.distance_m(frame) for run in runs)
        assert together.distance_m(frame) == pytest.approx(expected_m, abs=0.002), fresh_seed


@pytest.mark.parametrize("lat", [0.0, 47.0, 79.0])
@pytest.mark.parametrize("radius_m", [5.0, 300.0, 20_000.0])
def test_a_ring_of_many_edges_that_are_all_as_far_is_measured(lat: float, radius_m: float, fresh_seed: int) -> None:
    random = Random(fresh_seed)
    turn = 2 * np.pi * np.arange(2_000) / 2_000
    high = radius_m * METRE_DEG
    wide = high / cos(radians(lat))
    ring = Edges(
        np.stack([10 + wide * np.cos(turn), lat + high * np.sin(turn)], axis=1),
        [2_000],
        are_rings=True,
    )
    for off in (0.0, 1e-6, 0.01, 0.3, 0.999, 1.5):
        angle = random.uniform(0, 6)
        frame = Frame(
            make_position(10 + off * wide * float(np.cos(angle)), min(lat + off * high * float(np.sin(angle)), 80.0))
        )
        assert ring.distance_m(frame) == pytest.approx(ring.measure_steps_m(frame), abs=0.002), (fresh_seed, off)


def test_one_shape_serves_positions_of_many_latitudes(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    coast = [(10 + random.uniform(-0.3, 0.3), 40 + k / 100) for k in range(1_000)]
    edges = Edges(np.array(coast), [1_000], are_rings=False)
    for _ in range(30):
        frame = Frame(make_position(10 + random.uniform(-0.5, 0.5), random.uniform(39.5, 50.5)))
        expected_m = edges.measure_steps_m(frame)
        assert edges.distance_m(frame) == pytest.approx(expected_m, abs=0.002), fresh_seed


def test_nothing_within_the_limit_is_said_to_be_beyond(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(CASES):
        edges, position = make_edges(random)
        frame = Frame(position)
        slow_m = edges.measure_steps_m(frame)
        above, below = slow_m * 1.000001 + 0.001, slow_m * 0.9 - 0.01
        assert edges.distance_m(frame, above) == pytest.approx(slow_m, abs=0.002), fresh_seed
        if 0 < below < 40_000:
            assert edges.distance_m(frame, below) > below, fresh_seed


@pytest.mark.parametrize(
    "position", [make_position(23, 86), make_position(-170, 5), make_position(100, -40), make_position(-152.4, -80)]
)
def test_the_distance_of_many_vertices_far_away_is_that_of_a_geodesic(position: Position) -> None:
    around = [(-152.39 + cos(k / 16) / 500, -86.48 + sin(k / 16) / 9_000) for k in range(100)]
    polygon = Polygon.from_ring(around)
    nearest_m = min(measure_distance_m(position, make_position(*vertex)) for vertex in around)
    assert polygon.edge_distance_m(position) == pytest.approx(nearest_m, rel=1e-5)


@pytest.mark.parametrize(
    "position",
    [
        make_position(179.999, 10),
        make_position(-179.999, 10),
        make_position(177.5, -79),
        make_position(20, 80.5),
        make_position(20, 89.9),
    ],
)
def test_where_the_plane_cannot_be_trusted_the_slow_way_is_taken(position: Position) -> None:
    lon, lat = position.lon, position.lat
    vertices = np.array([(lon - 0.0005, lat), (lon + 0.0005, lat)])
    corridor = Corridor(points=tuple(map(tuple, vertices.tolist())), half_width_m=10)
    assert corridor.edge_distance_m(position) == pytest.approx(-10, abs=0.01)
    other_side = make_position(-lon, lat) if abs(lon) > 179 else position
    assert (next(measure_distances_m(other_side, [corridor], 500)) is not None) == (
        corridor.edge_distance_m(other_side) <= 500
    )


def make_shape(random: Random) -> tuple[Shape, Position]:
    edges, position = make_edges(random)
    points = tuple((lon, lat) for lon, lat in edges.vertices.tolist())
    if random.random() < 0.2:
        return Circle(center=make_position(*points[0]), radius_m=random.uniform(1, 50_000)), position
    if len(points) == 3:
        return Polygon.from_ring(points), position
    return Corridor(points=points, half_width_m=random.choice((1.0, 100.0, 20_000.0))), position


def test_shapes_held_to_a_position_at_once_are_as_near_as_one_by_one(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(CASES // 10):
        shape, position = make_shape(random)
        shapes = [shape, *(make_shape(random)[0] for _ in range(3))]
        for within_m in (0.0, 2_000.0):
            alone = [each.edge_distance_m(position) for each in shapes]
            expected = [edge_m if edge_m <= within_m else None for edge_m in alone]
            found = [metres and metres[1] for metres in measure_distances_m(position, shapes, within_m)]
            for got, wanted, edge_m in zip(found, expected, alone, strict=True):
                if abs(edge_m - within_m) < 1e-6:
                    continue  # on a boundary the last bit decides
                assert (got is None) == (wanted is None), (fresh_seed, shapes, position)
                assert got is None or got == pytest.approx(wanted, abs=0.002), (fresh_seed, shapes, position)


def test_packed_shapes_that_are_near_are_never_called_far(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(CASES):
        shape, position = make_shape(random)
        edge_m = shape.edge_distance_m(position)
        for reach_m in (0.0, 10.0, 2_000.0):
            if edge_m <= reach_m:
                assert [*find_near(position, reach_m, [(None, shape.pack())])], (fresh_seed, shape, position)


@pytest.mark.parametrize("step", [5e-324, 1e-300, 1e-15, 3.6e-15, 1e-12, 1e-9])
def test_vertices_that_differ_by_next_to_nothing_have_a_distance(step: float) -> None:
    with np.errstate(all="raise", under="ignore"):
        short = Corridor(points=((0, 0), (step, 0)), half_width_m=10)
        assert short.edge_distance_m(make_position(0, 0)) == pytest.approx(-10, abs=0.001)
        assert short.edge_distance_m(make_position(0.001, 0)) == pytest.approx(101.319, abs=0.001)
        bent = Corridor(
            points=((32.1, 23.1), (32.101, 23.1), (32.101, 23.1 + 4e-15), (32.102, 23.101)), half_width_m=20
        )
        assert bent.edge_distance_m(make_position(32.1011, 23.0999)) == pytest.approx(-5, abs=5)


@pytest.mark.parametrize(
    ("here", "there"), [(180, -179.995), (-180, 179.995), (179.999, -179.995), (-179.999, 179.995)]
)
def test_a_corridor_across_the_antimeridian_is_near(here: float, there: float) -> None:
    corridor = Corridor(points=((there, 0), (there, 1)), half_width_m=10)
    assert [*find_near(make_position(here, 0.5), 2_000, [(None, corridor.pack())])]
    assert next(measure_distances_m(make_position(here, 0.5), [corridor], 2_000)) is not None
