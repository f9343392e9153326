"""The cell index finds every geofence that holds a position."""

from itertools import islice
from math import nextafter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import LEVELS, MAX_CELLS, Cell, cover, list_cells_at
from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.index import find_cover_faults
from tests.oracles.shapes import generate_valid_questions

POLE_CIRCLE = Circle(center=Position(lon=0, lat=90), radius_m=100_000)
AWKWARD: list[Shape] = [
    POLE_CIRCLE,
    Circle(center=Position(lon=180, lat=-89.99), radius_m=2_000),
    Circle(center=Position(lon=0, lat=0), radius_m=100_000),
    Circle(center=Position(lon=-180, lat=45), radius_m=0.001),
    Corridor(points=((-40, 0), (39, 0)), half_width_m=100_000),
    Corridor(points=((175, -80), (-100, -70)), half_width_m=20),
    Polygon.from_ring(((-30, -20), (30, -20), (30, 20), (-30, 20))),
    Polygon.from_ring(((0, 60), (120, 60), (-120, 60))),
    Polygon.from_ring(((179.99, 10), (-179.99, 10), (-179.99, 10.01), (179.99, 10.01))),
]


@pytest.mark.parametrize("max_cells", [8, 16, MAX_CELLS])
def test_a_cover_is_of_one_level_and_no_larger_than_asked(max_cells: int, fresh_seed: int) -> None:
    random_shapes = [question.shape for question in islice(generate_valid_questions(Random(fresh_seed)), 30)]
    for shape in (*AWKWARD, *random_shapes):
        assert find_cover_faults(shape, max_cells) == [], f"seed {fresh_seed}"


@pytest.mark.parametrize("shape", AWKWARD, ids=str)
def test_a_cover_is_of_the_finest_level_that_is_small_enough(shape: Shape) -> None:
    levels = [next(iter(cover(shape, max_cells))).level for max_cells in (8, MAX_CELLS, 2_000)]
    assert levels == sorted(levels)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_position_has_one_cell_at_each_level_and_lies_in_it(lon: float, lat: float) -> None:
    cells = list_cells_at(Position(lon=lon, lat=lat))
    assert tuple(cell.level for cell in cells) == LEVELS
    for level, x, y in cells:
        side = 360 / 2**level
        assert 0 <= x < 2**level
        assert 0 <= y < 2 ** (level - 1)
        assert (lon + 180 - x * side + 1e-9) % 360 <= side + 2e-9
        assert y * side - 90 - 1e-9 <= lat <= (y + 1) * side - 90 + 1e-9


@given(st.floats(-90, 90))
def test_both_names_of_the_antimeridian_have_the_same_cells(lat: float) -> None:
    assert list_cells_at(Position(lon=180, lat=lat)) == list_cells_at(Position(lon=-180, lat=lat))


@given(st.floats(-180, 180))
def test_every_name_of_a_pole_finds_what_is_there(lon: float) -> None:
    assert cover(POLE_CIRCLE) & set(list_cells_at(Position(lon=lon, lat=90)))


def test_the_cells_are_where_they_are_said_to_be() -> None:
    assert list_cells_at(Position(lon=-180, lat=-90)) == [Cell(level, 0, 0) for level in LEVELS]
    assert list_cells_at(Position(lon=179.9999, lat=90)) == [
        Cell(level, 2**level - 1, 2 ** (level - 1) - 1) for level in LEVELS
    ]
    assert str(list_cells_at(Position(lon=0, lat=0))[0]) == "15.16384.8192"


def test_a_small_circle_is_entered_at_the_finest_level() -> None:
    cells = cover(Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=300))
    assert {cell.level for cell in cells} == {15}
    assert len(cells) <= 4


def test_a_polygon_that_ends_a_hair_west_of_a_cell_is_found_at_its_border() -> None:
    east = nextafter(11.25, 0)  # adding 180 rounds it into the next cell
    polygon = Polygon.from_ring(((11.249, 1.001), (east, 1.001), (east, 1.002), (11.249, 1.002)))
    on_border = Position(lon=east, lat=1.0015)
    assert polygon.covers(on_border)
    assert cover(polygon) & set(list_cells_at(on_border))
