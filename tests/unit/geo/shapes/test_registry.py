"""A geofence type is one module: whatever depends on the type of a shape goes by the registry."""

import pytest

from geo import shapes
from geo.cells import cover, list_cells_at
from geo.codec import count_bytes, cut_outline, find_near, measure_lower_bound_m, unpack_shape
from geo.distance_bounds import make_lower_bound
from geo.kml.reader import read_kml
from geo.kml.writer import format_placemark, write_document
from geo.shapes.base import Shape, ShapeFields, measure_distances_m
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.donut import Donut, register_donut

HELSINKI = Position(lon=24.94, lat=60.17)
IN_THE_RING = Position(lon=24.94, lat=60.1707)  # 78 m from the centre
DONUT = Donut(center=HELSINKI, radius_m=100)


@pytest.fixture(autouse=True)
def donuts(monkeypatch: pytest.MonkeyPatch) -> None:
    register_donut(monkeypatch)


def test_a_registered_type_is_packed_between_others_and_read_again() -> None:
    circle = Circle(center=HELSINKI, radius_m=5)
    packed = circle.pack() + DONUT.pack() + circle.pack()
    at = count_bytes(packed)
    assert unpack_shape(packed, at) == DONUT
    assert unpack_shape(packed, at + count_bytes(packed, at)) == circle


def test_a_registered_type_is_found_by_its_cells_and_box_and_checked_exactly() -> None:
    assert cover(DONUT) & {*list_cells_at(IN_THE_RING)}
    assert [*find_near(IN_THE_RING, 0, [("donut", DONUT.pack())])]
    assert [*find_near(IN_THE_RING, 0, [("donut", cut_outline(DONUT.pack()))])]
    assert not [*find_near(Position(lon=25, lat=60), 0, [("donut", DONUT.pack())])]
    assert next(measure_distances_m(HELSINKI, [DONUT], 0)) is None
    found = next(measure_distances_m(IN_THE_RING, [DONUT], 0))
    assert found is not None
    assert [round(metres) for metres in found] == [78, -22]


def test_the_lower_bound_of_a_registered_type_is_that_of_its_box() -> None:
    away = Position(lon=24.94, lat=61.17)
    bound_m = measure_lower_bound_m(cut_outline(DONUT.pack()), 0, make_lower_bound(away))
    assert 0.98 * DONUT.edge_distance_m(away) < bound_m <= DONUT.edge_distance_m(away)


def test_a_registered_type_is_described_by_fields_and_read_from_them() -> None:
    donut = shapes.find_by_kind("donut")
    assert donut is Donut
    assert donut.parse_fields(DONUT.to_fields(), None, 500) == DONUT


def test_a_registered_type_is_written_as_geojson_and_read_by_its_name() -> None:
    geometry = DONUT.to_geojson()
    donut = shapes.find_by_geometry(geometry["type"], "donut")
    assert donut is Donut
    assert donut.parse_fields(ShapeFields(**donut.read_geojson(geometry, 100)), None, 500) == DONUT


def test_a_registered_type_is_written_as_kml_and_read_by_its_name() -> None:
    text = format_placemark(DONUT, name="Ring", data={"type": "donut"})
    [found] = read_kml([piece.encode() for piece in write_document("zones", [text])])
    [geometry] = found.geometries
    donut = shapes.find_by_geometry(geometry.kind, found.data["type"])
    assert donut is Donut
    assert donut.from_kml(geometry.rings, 100) == DONUT


def test_a_geometry_without_the_name_of_a_type_is_read_as_the_first_that_reads_it() -> None:
    assert shapes.find_by_geometry("Point") is Circle
    assert shapes.find_by_geometry("Point", "polygon") is Circle
    assert shapes.find_by_geometry("GeometryCollection") is None


def test_a_name_or_tag_is_given_once() -> None:
    class Bagel(Donut):
        kind = "bagel"

    class Flagged(Donut):
        kind, tag = "flagged", 12

    for shape_type in (Donut, Bagel, Flagged):
        with pytest.raises(ValueError, match="tag"):
            shapes.register(shape_type)


@pytest.mark.parametrize(
    "shape",
    [
        Circle(center=HELSINKI, radius_m=30),
        DONUT,
    ],
)
def test_every_shape_names_its_type(shape: Shape) -> None:
    assert shapes.find_by_kind(shape.kind) is type(shape)
    assert shapes.find_by_first_byte(shape.pack()[0]) is type(shape)
