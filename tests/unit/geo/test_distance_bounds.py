"""Bounds that must not be too large, and circles that must not be too small, against geographiclib."""

from __future__ import annotations

from itertools import islice
from math import ceil
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.cells import LIST_LEVELS, ROOT, Cell, find_listing_cell, list_cells_at, to_bounds
from geo.distance_bounds import make_lower_bound
from geo.shapes.base import Shape
from geo.shapes.bounds import Bounds
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.geodesics import measure_exact_m, move
from tests.oracles.shapes import generate_valid_questions, pick_place

LONS, LATS = st.floats(-180, 180), st.floats(-90, 90)


@st.composite
def draw_boxes(draw: st.DrawFn) -> Bounds:
    """Of any size: at the poles, across the antimeridian, all around the globe, or a point."""
    west, width = draw(LONS), draw(st.sampled_from((0.0, 1e-6, 0.01, 1, 45, 179, 360)) | st.floats(0, 360))
    south, north = sorted((draw(LATS), draw(LATS | st.sampled_from((-90.0, 90.0)))))
    return Bounds(west, south, west + width, north)


@given(LONS, LATS, draw_boxes(), st.floats(0, 1), st.floats(0, 1))
@example(0.0, 89.0, Bounds(90, -90, 180, 90), 0.5, 0.99)
@example(10.0, -89.0, Bounds(120, -90, 200, 80), 0.0, 0.001)
@example(0.0, 0.0, Bounds(90, -45, 91, 45), 0.0, 0.5)
@example(-179.9999, 10.0, Bounds(179, 9, 179.9999, 11), 1.0, 0.5)
def test_no_point_of_a_box_is_nearer_than_the_bound(
    lon: float, lat: float, box: Bounds, east: float, north: float
) -> None:
    least = make_lower_bound(Position(lon=lon, lat=lat))(box)
    for x in (box.west, box.west + east * (box.east - box.west), box.east):
        for y in (
            box.south,
            box.south + north * (box.north - box.south),
            min(max(lat, box.south), box.north),
            box.north,
        ):
            assert least <= measure_exact_m(lon, lat, x, y) + 1e-6


@given(LONS, LATS, draw_boxes())
def test_the_bound_is_0_inside_and_close_outside(lon: float, lat: float, box: Bounds) -> None:
    least = make_lower_bound(Position(lon=lon, lat=lat))(box)
    if box.covers(lon, lat):
        assert least == 0
        return
    # Not so much too small that a search would read all there is: a bound of 0 would pass the other test.
    steps = [k / 200 for k in range(201)]
    edges = [(x, box.south + k * (box.north - box.south)) for x in (box.west, box.east) for k in steps]
    edges += [(lon, y) for y in (box.south, box.north) if Bounds(box.west, -90, box.east, 90).covers(lon, 0)]
    nearest_m = min(measure_exact_m(lon, lat, x, y) for x, y in edges)
    assert least >= 0.97 * nearest_m - 0.01 * (box.north - box.south) * 111_000 - 0.01


@given(LONS, LATS, LONS, LATS)
def test_the_bound_of_a_cell_is_one_of_every_position_in_it(
    lon: float, lat: float, to_lon: float, to_lat: float
) -> None:
    least_m = make_lower_bound(Position(lon=lon, lat=lat))
    there = measure_exact_m(lon, lat, to_lon, to_lat)
    # All longitudes are one place at a pole, but for the last bit.
    assert all(least_m(to_bounds(cell)) <= there + 1e-6 for cell in list_cells_at(Position(lon=to_lon, lat=to_lat)))


@given(LONS, LATS)
def test_every_cell_is_listed_up_to_the_root_in_the_cells_of_the_same_position(lon: float, lat: float) -> None:
    own = list_cells_at(Position(lon=lon, lat=lat))
    for cell in own:
        while cell != ROOT:
            above = find_listing_cell(cell)
            assert above.level in LIST_LEVELS
            assert above in (*own, ROOT)
            cell = above  # noqa: PLW2901 - up to the root
    assert find_listing_cell(Cell(15, 2**15 - 1, 2**14 - 1)) == Cell(9, 511, 255)


AWKWARD: list[Shape] = [
    Circle(center=Position(lon=180, lat=-89.99), radius_m=2_000.5),
    Corridor(points=((-40, 0), (39, 0)), half_width_m=100_000),
    Corridor(points=((175, -80), (-100, -70)), half_width_m=20),
    Corridor(points=((0, 89.9999), (180, 89.9999)), half_width_m=1),
    Polygon.from_ring(((-30, -20), (30, -20), (30, 20), (-30, 20))),
    Polygon.from_ring(((0, 60), (120, 60), (-120, 60))),
    Polygon.from_ring(((0, 60), (39, 60), (39, 60.1), (0, 60.1))),
    Polygon.from_ring(((179.99, 10), (-179.99, 10), (-179.99, 10.01), (179.99, 10.01))),
    Polygon.from_ring(((0, 89.99), (120, 89.99), (-120, 89.99))),
]


def make_points(shape: Shape, random: Random) -> list[tuple[float, float]]:
    """Points of the shape, most of them as far out as it goes."""
    if isinstance(shape, Circle):
        center = shape.center
        return [move(center.lon, center.lat, random.uniform(-180, 180), shape.radius_m) for _ in range(20)]
    if isinstance(shape, Corridor):
        lines = [shape.points]
    else:
        assert isinstance(shape, Polygon)
        lines = [(*part[0], part[0][0]) for part in shape.parts]
    points = []
    for line in lines:
        for _ in range(60):
            n = random.randrange(len(line) - 1)
            (lon_a, lat_a), (lon_b, lat_b) = line[n], line[n + 1]
            at = random.choice((0.0, 0.5, 1.0, random.random()))
            lon = lon_a + at * (lon_b - lon_a - 360 * round((lon_b - lon_a) / 360))  # the short way
            lat = lat_a + at * (lat_b - lat_a)
            if isinstance(shape, Corridor):
                lon, lat = move(lon, lat, random.uniform(-180, 180), shape.half_width_m)
            points.append((lon, lat))
    return points


def _check_enclosed(shape: Shape, random: Random) -> None:
    radius_m = shape.enclosing_radius_m()
    lon, lat = round(shape.center.lon, 7), round(shape.center.lat, 7)
    if isinstance(shape, Circle):
        lon, lat = shape.center.lon, shape.center.lat
    farthest_m = max(measure_exact_m(lon, lat, *point) for point in make_points(shape, random))
    assert farthest_m <= radius_m + 1e-6, shape


@pytest.mark.parametrize("shape", AWKWARD, ids=str)
def test_the_circle_around_a_shape_holds_it(shape: Shape) -> None:
    _check_enclosed(shape, Random(str(shape)))


def test_the_circle_around_a_random_shape_holds_it(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for question in islice(generate_valid_questions(random), 150):
        _check_enclosed(question.shape, random)


def test_the_circle_around_a_shape_is_no_larger_than_it_must_be(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(40):
        lon, lat = pick_place(random)
        lon, lat = max(-179.0, min(179.0, lon)), max(-80.0, min(80.0, lat))
        size = 10 ** random.uniform(-5, -0.5)
        ring = ((lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size))
        polygon = Polygon.from_ring(ring)
        corner_m = max(measure_exact_m(polygon.center.lon, polygon.center.lat, *vertex) for vertex in ring)
        assert polygon.enclosing_radius_m() <= ceil(corner_m * 1.002 + 0.03)
