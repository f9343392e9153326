"""Shapes that are none, and what is said of them."""

from collections.abc import Callable

import pytest

from geo.errors import GeometryError
from geo.shapes.base import LonLat, Ring, Shape
from geo.shapes.checks import drop_repeats
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

NAN, INFINITE = float("nan"), float("inf")
SQUARE: Ring = ((0, 0), (4, 0), (4, 4), (0, 4))


def make_circle(radius_m: float) -> Callable[[], Shape]:
    return lambda: Circle(center=Position(lon=0, lat=0), radius_m=radius_m)


def make_corridor(*points: LonLat, half_width_m: float = 10) -> Callable[[], Shape]:
    return lambda: Corridor(points=points, half_width_m=half_width_m)


def make_polygon(*rings: Ring) -> Callable[[], Shape]:
    return lambda: Polygon(parts=(rings,))


def make_zigzag(count: int) -> list[LonLat]:
    return [(k / 1_000, k % 2 / 1_000) for k in range(count)]


def make_comb(count: int) -> Ring:
    """A ring of so many vertices along two parallels."""
    half = count // 2
    there = [(k / 10_000, 0.0) for k in range(half)]
    return (*there, *((k / 10_000, 1.0) for k in reversed(range(count - half))))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(make_circle(0.0009), "radius_m", id="radius too small"),
        pytest.param(make_circle(100_000.01), "radius_m", id="radius too large"),
        pytest.param(make_circle(-5), "radius_m", id="radius negative"),
        pytest.param(make_circle(NAN), "radius_m", id="radius no number"),
        pytest.param(make_circle(INFINITE), "radius_m", id="radius infinite"),
        pytest.param(make_corridor((0, 0)), "points", id="corridor of one point"),
        pytest.param(make_corridor(), "points", id="corridor of no point"),
        pytest.param(make_corridor((0, 0), (0, 0)), "points", id="corridor of one point twice"),
        pytest.param(make_corridor((180, 0), (-180, 0)), "points", id="corridor of one point by two names"),
        pytest.param(make_corridor((0, 90), (50, 90)), "points", id="corridor of a pole alone"),
        pytest.param(make_corridor((0, 0), (81, 0)), "points", id="corridor too wide"),
        pytest.param(make_corridor((0, 0), (0, 91)), "points[1]", id="corridor off the globe"),
        pytest.param(make_corridor((NAN, 0), (0, 1)), "points[0]", id="corridor with no number"),
        pytest.param(make_corridor((0, 0), (0, 1), half_width_m=0), "radius_m", id="corridor without width"),
        pytest.param(make_corridor(*make_zigzag(1_025)), "points", id="corridor of 1,025 points"),
        pytest.param(make_polygon(((0, 0), (1, 1))), "points", id="ring of two points"),
        pytest.param(make_polygon(((0, 0), (1, 1), (0, 0), (1, 1))), "points", id="ring of two points over and over"),
        pytest.param(make_polygon(((0, 0), (1, 1), (0, 0))), "points", id="closed ring of two points"),
        pytest.param(make_polygon(((0, 0), (1, 1), (2, 2))), "points", id="ring without area"),
        pytest.param(make_polygon(((0, 0), (1, 1), (1, 0), (0, 1))), "points", id="bow-tie"),
        pytest.param(make_polygon(((179, 0), (-179, 1), (-179, 0), (179, 1))), "points", id="bow-tie, antimeridian"),
        pytest.param(make_polygon(SQUARE, ((5, 5), (6, 5), (6, 6), (5, 6))), "points", id="hole outside"),
        pytest.param(make_polygon(SQUARE, ((3, 1), (5, 1), (5, 2), (3, 2))), "points", id="hole half outside"),
        pytest.param(
            make_polygon(SQUARE, ((1, 1), (3, 1), (2, 3)), ((2, 1), (3, 2), (1, 2))), "points", id="holes cross"
        ),
        pytest.param(make_polygon(((0, 0), (NAN, 1), (1, 0))), "points[1]", id="ring with no number"),
        pytest.param(make_polygon(((0, 0), (1, INFINITE), (1, 0))), "points[1]", id="ring with infinity"),
        pytest.param(make_polygon(((0, 0), (1, 1), (181, 0))), "points[2]", id="ring off the globe"),
        pytest.param(make_polygon(((0, 0), (60, 0), (120, 0), (120, 20), (0, 20))), "points", id="120 degrees wide"),
        pytest.param(make_polygon(((0, 0), (120, 0), (-120, 0))), "points", id="round the equator"),
        pytest.param(make_polygon(make_comb(10_001)), "points", id="10,001 vertices"),
        pytest.param(make_polygon(), "points", id="no ring"),
        pytest.param(make_polygon(()), "points", id="empty ring"),
        pytest.param(lambda: Polygon(parts=()), "points", id="no part"),
        pytest.param(lambda: Polygon(parts=((SQUARE,), (((3, 3), (6, 3), (6, 6), (3, 6)),))), "points", id="overlap"),
    ],
)
def test_what_is_no_shape_is_refused_by_the_field_at_fault(make: Callable[[], Shape], field: str) -> None:
    with pytest.raises(GeometryError) as caught:
        make()
    assert caught.value.field == field
    assert caught.value.reason


def test_a_crossing_is_told_with_its_place() -> None:
    with pytest.raises(GeometryError, match=r"self-intersection at longitude and latitude 0\.5 0\.5"):
        Polygon.from_ring(((0, 0), (1, 1), (1, 0), (0, 1)))


@pytest.mark.parametrize(
    "make",
    [
        make_circle(0.001),
        make_circle(100_000),
        make_corridor(*make_zigzag(1_024)),
        make_corridor(*(point for point in make_zigzag(1_024) for _ in range(3))),
        make_corridor((0, 0), (79.9, 0)),
        make_polygon(make_comb(10_000)),
        make_polygon(SQUARE, ((1, 1), (2, 1), (2, 2), (1, 2)), ((2, 2), (3, 2), (3, 3), (2, 3))),
    ],
    ids=[
        "1 mm",
        "100 km",
        "1,024 points",
        "repeated points",
        "wide",
        "10,000 vertices",
        "holes that meet in a point",
    ],
)
def test_what_is_just_within_the_limits_is_taken(make: Callable[[], Shape]) -> None:
    assert make()


def test_points_that_repeat_the_one_before_are_dropped() -> None:
    assert drop_repeats([(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)]) == ((0, 0), (1, 0), (0, 0))
    assert Corridor(points=((0, 0), (0, 0), (0, 1), (0, 1)), half_width_m=1).points == ((0, 0), (0, 1))


def test_a_ring_is_kept_open() -> None:
    assert Polygon.from_ring((*SQUARE, SQUARE[0])).parts == ((SQUARE,),)


def test_a_shape_keeps_no_negative_zero() -> None:
    corridor = Corridor(points=((-0.0, -0.0), (0, 1)), half_width_m=1)
    assert str(corridor.points) == "((0.0, 0.0), (0.0, 1.0))"
