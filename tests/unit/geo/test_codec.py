"""Shapes as bytes: what comes back is what went in."""

from itertools import islice
from math import nextafter
from random import Random
from struct import unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.codec import count_bytes, cut_outline, unpack_shape
from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.packing import unpack_bounds
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.shapes import Question, generate_valid_questions

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
radii = st.floats(0.001, 100_000)
whole_longitudes = st.integers(-1_800_000_000, 1_800_000_000).map(lambda n: n / 10_000_000)
whole_latitudes = st.integers(-900_000_000, 900_000_000).map(lambda n: n / 10_000_000)
TRIANGLE = ((24.9400001, 60.17), (24.95, 60.17), (24.945, 60.18))


def make_questions(seed: int, count: int) -> list[Question]:
    return list(islice(generate_valid_questions(Random(seed)), count))


def list_corners(shape: Shape) -> list[tuple[float, float]]:
    if isinstance(shape, Corridor):
        return list(shape.points)
    assert isinstance(shape, Polygon)
    return [vertex for part in shape.parts for ring in part for vertex in ring]


@given(longitudes, latitudes, radii)
def test_a_circle_of_any_numbers_comes_back(lon: float, lat: float, radius_m: float) -> None:
    circle = Circle(center=Position(lon=lon, lat=lat), radius_m=radius_m)
    assert unpack_shape(circle.pack()) == circle


@given(whole_longitudes, whole_latitudes, radii)
def test_a_circle_of_map_coordinates_takes_17_bytes(lon: float, lat: float, radius_m: float) -> None:
    circle = Circle(center=Position(lon=lon, lat=lat), radius_m=radius_m)
    packed = circle.pack()
    assert unpack_shape(packed) == circle
    assert len(packed) == count_bytes(packed) == 17


@given(st.lists(st.tuples(whole_longitudes, st.floats(85, 89.99)), min_size=2, max_size=30, unique=True), radii)
def test_a_corridor_of_any_numbers_comes_back(points: list[tuple[float, float]], half_width_m: float) -> None:
    corridor = Corridor(points=tuple(points), half_width_m=half_width_m)
    assert unpack_shape(corridor.pack()) == corridor


def test_a_vertex_of_map_coordinates_takes_8_bytes_and_any_other_16() -> None:
    small = Polygon.from_ring(TRIANGLE).pack()
    wide = Polygon.from_ring((*TRIANGLE[:2], (24.945, 60.180000000000007))).pack()
    assert len(wide) - len(small) == 3 * 8


def test_random_shapes_come_back_one_after_another(fresh_seed: int) -> None:
    shapes = [question.shape for question in make_questions(fresh_seed, 90)]
    packed = [shape.pack() for shape in shapes]
    together = b"".join(packed)
    offset = 0
    for shape, alone in zip(shapes, packed, strict=True):
        assert unpack_shape(together, offset) == shape, f"seed {fresh_seed}"
        assert count_bytes(together, offset) == count_bytes(alone) == len(alone), f"seed {fresh_seed}"
        assert (len(cut_outline(alone)) == len(alone)) == isinstance(shape, Circle), f"seed {fresh_seed}"
        offset += len(alone)


def test_a_shape_that_came_back_answers_as_before(fresh_seed: int) -> None:
    for shape, positions, _ in make_questions(fresh_seed, 24):
        again = unpack_shape(shape.pack())
        assert again.bounds == shape.bounds, f"seed {fresh_seed}"
        for position in positions:
            assert again.covers(position) == shape.covers(position), f"seed {fresh_seed}"


def test_the_packed_bounds_hold_the_shape_and_little_more(fresh_seed: int) -> None:
    for shape, _, _ in make_questions(fresh_seed, 90):
        if isinstance(shape, Circle):
            continue
        bounds = unpack_bounds(cut_outline(shape.pack()))
        assert all(bounds.covers(*corner) for corner in list_corners(shape)), f"seed {fresh_seed}"
        wider = [abs(a - b) for a, b in zip(bounds, shape.bounds, strict=True)]
        assert max(wider) < 2.5e-7, f"seed {fresh_seed}"


def test_the_packed_bounds_hold_a_vertex_a_hair_below_a_whole_number() -> None:
    west = nextafter(-125.5242981, -180)
    triangle = Polygon.from_ring(((west, 10.0), (-125.0, 10.0), (-125.0, 11.0)))
    assert triangle.covers(Position(lon=west, lat=10.0))
    assert unpack_bounds(triangle.pack()).covers(west, 10.0)


def test_numbers_are_written_big_endian() -> None:
    packed = Circle(center=Position(lon=-0.0000001, lat=1.5), radius_m=2.5).pack()
    assert unpack(">Bdii", packed) == (0, 2.5, -1, 15_000_000)


@pytest.mark.parametrize("count", [2, 1_024])
def test_a_corridor_takes_8_bytes_a_point_after_its_head(count: int) -> None:
    corridor = Corridor(points=tuple((k / 1_000, k % 7 / 1_000) for k in range(count)), half_width_m=5)
    assert count_bytes(corridor.pack()) == 27 + 8 * count


def test_the_largest_polygon_comes_back() -> None:
    ring = tuple((k / 10_000, 0.0) for k in range(5_000)) + tuple((k / 10_000, 1.0) for k in reversed(range(5_000)))
    polygon = Polygon.from_ring(ring)
    packed = polygon.pack()
    assert unpack_shape(packed) == polygon
    assert count_bytes(packed) == len(packed)
