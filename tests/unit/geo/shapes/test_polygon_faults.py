"""Faults that Polygon once had, most of them found with real polygons."""

from unittest.mock import patch

import pytest
import shapely

from geo.cells import cover, list_cells_at
from geo.codec import find_near, unpack_shape
from geo.shapes.base import Ring
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.containment import Oracle

# Around the north pole, with a hook: north of (30, 70) the meridian crosses the edge from (0, 80) to (50, 80).
HOOKED: Ring = ((0, 80), (50, 80), (30, 70), (90, 65), (180, 80), (-90, 80))
ASKED = [Position(lon=lon, lat=lat) for lon in (-180, -90, 0, 20, 30, 45, 60) for lat in (64, 72, 79, 81, 88, 90)]


@pytest.mark.parametrize("pole", [1, -1])
@pytest.mark.parametrize("first", range(len(HOOKED)))
def test_a_ring_around_a_pole_may_begin_at_any_vertex(first: int, pole: int) -> None:
    ring = tuple((lon, pole * lat) for lon, lat in (*HOOKED[first:], *HOOKED[:first]))
    polygon = Polygon.from_ring(ring)
    there = [Position(lon=p.lon, lat=pole * p.lat) for p in ASKED]
    expected = [edge_m <= 0 for edge_m in Oracle(polygon).edge_distances_m(there)]
    assert [polygon.covers(p) for p in there] == expected


def test_a_polygon_of_70_degrees_is_taken_wherever_its_vertices_crowd() -> None:
    """The Netherlands with Bonaire are 71.7 degrees across: nearly all vertices are at one end."""
    crowd: Ring = tuple((5 + k % 50 / 100, 52 + k // 50) for k in (*range(50), *range(99, 49, -1)))
    island: Ring = ((-68.4, 12), (-68.2, 12), (-68.2, 12.3))
    assert Polygon(parts=((crowd,), (island,))).covers(Position(lon=-68.21, lat=12.01))


def test_a_polygon_of_90_degrees_is_refused_wherever_its_vertices_crowd() -> None:
    crowd: Ring = tuple((5 + k % 50 / 100, 52 + k // 50) for k in (*range(50), *range(99, 49, -1)))
    island: Ring = ((-100, 12), (-99.8, 12), (-99.8, 12.3))
    with pytest.raises(ValueError, match="80 degrees across"):
        Polygon(parts=((crowd,), (island,)))


def make_spiral(turns: float, width_deg: float) -> tuple[Ring, list[Position]]:
    """A band from 84 to 87 degrees that winds around a pole and does not hold it, and positions in its middle."""
    count = round(turns * 36)
    lons = [(10.0 * k + 180) % 360 - 180 for k in range(count + 1)]
    lats = [84 + 3 * k / count for k in range(count + 1)]
    edge, other = zip(lons, lats, strict=True), zip(lons, (lat + width_deg for lat in lats), strict=True)
    middle = [Position(lon=lon, lat=lat + width_deg / 2) for lon, lat in zip(lons, lats, strict=True)]
    return (*edge, *reversed([*other])), middle[1:-1]


@pytest.mark.parametrize("turns", [0.9, 1.25, 1.6, 2.2, 3.5])
def test_a_band_that_winds_around_a_pole_is_covered_all_along(turns: float) -> None:
    ring, middle = make_spiral(turns, width_deg=1.2 / turns)
    polygon = Polygon.from_ring(ring)
    again = unpack_shape(polygon.pack())
    cells = cover(polygon)
    for position in middle:
        assert polygon.covers(position), position
        assert again.covers(position), position
        assert not cells.isdisjoint(list_cells_at(position)), position
        assert polygon.bounds.covers(position.lon, position.lat)
        assert [*find_near(position, 0, [(None, polygon.pack())])]


def test_a_band_that_meets_itself_after_a_turn_is_refused() -> None:
    ring, _ = make_spiral(2.2, width_deg=1.5)
    with pytest.raises(ValueError, match="overlaps itself around a pole"):
        Polygon.from_ring(ring)


def test_a_thousand_holes_around_a_pole_are_taken_off_at_once() -> None:
    """One by one they would take a minute. No two of them may meet."""
    holes = [((x, y), (x + 0.5, y), (x + 0.2, y + 0.02)) for x in range(-179, 179, 1) for y in (81.0, 82.0, 83.0)]
    whole = shapely.Polygon.difference
    with patch.object(shapely.Polygon, "difference", autospec=True, side_effect=whole) as difference:
        polygon = Polygon(parts=((CAP, *holes),))
    assert difference.call_count == 1
    assert not polygon.covers(Position(lon=10.25, lat=82.005))
    assert polygon.covers(Position(lon=10.25, lat=82.5))
    with pytest.raises(ValueError, match="a hole is outside the ring, or meets another"):
        Polygon(parts=((CAP, *holes, ((10.1, 82.001), (10.3, 82.001), (10.2, 82.5))),))


CAP: Ring = ((0, 80), (90, 80), (180, 80), (-90, 80))
CROSSING: Ring = ((0, 80), (50, 80), (20, 85), (30, 70), (90, 65), (180, 80), (-90, 80))
HOLE: Ring = ((-91, 84), (-89, 84), (-89, 86), (-91, 86))
BOW_TIE: Ring = ((-91, 84), (-89, 86), (-89, 84), (-91, 86))
SPIKED: Ring = ((-100, 84), (-80, 84), (-90, 84), (-90, 86))


@pytest.mark.parametrize(("shell", "hole"), [(CROSSING, HOLE), (CAP, BOW_TIE), (CAP, SPIKED)])
@pytest.mark.parametrize("first", range(7))
def test_an_invalid_ring_of_a_polygon_around_a_pole_is_refused(first: int, shell: Ring, hole: Ring) -> None:
    """Holes are taken off before anyone asks whether the rings are valid: a polygon that is not is taken as if it
    were, or shapely raises a GEOSException of its own, which is no ValueError and becomes a 500."""
    first %= len(shell)
    with pytest.raises(ValueError, match="not valid"):
        Polygon(parts=(((*shell[first:], *shell[:first]), hole),))


@pytest.mark.parametrize("first", range(len(HOOKED)))
def test_a_ring_around_a_pole_with_a_hole_may_begin_at_any_vertex(first: int) -> None:
    polygon = Polygon(parts=(((*HOOKED[first:], *HOOKED[:first]), HOLE),))
    assert not polygon.covers(Position(lon=-90, lat=85))
    assert polygon.covers(Position(lon=0, lat=90))


def test_the_place_of_a_crossing_has_a_longitude_of_at_most_180_degrees() -> None:
    with pytest.raises(ValueError, match=r"longitude and latitude -?1[78]\d(\.\d+)? ") as caught:
        Polygon.from_ring(((170, 0), (-170, 1), (-170, 0), (175, 1)))
    assert abs(float(str(caught.value).split()[-2])) <= 180
