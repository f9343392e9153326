"""Shapes as KML, read again by our own reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geo.kml.reader import read_kml
from geo.kml.writer import format_placemark, write_document
from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

longitudes = st.floats(-180, 180, allow_nan=False)
latitudes = st.floats(-85, 85, allow_nan=False)
# What XML has no way to write is not there; a name has its white space folded.
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=30)


@given(lon=longitudes, lat=latitudes, name=texts, value=texts)
def test_a_circle_is_read_as_it_was_written(lon: float, lat: float, name: str, value: str) -> None:
    circle = Circle(center=Position(lon=lon, lat=lat), radius_m=50)
    told = format_placemark(circle, name=name, description=value, color="#27A9E3", data={"x&": value})
    written = write_document("zones", [told])
    (read,) = read_kml(piece.encode() for piece in written)
    assert read.geometries[0].rings == (((lon, lat),),)
    assert (read.name or "") == " ".join(name.split()).removeprefix("NULL" if name.strip() == "NULL" else "\0")
    assert (read.description or "", read.data["x&"]) == (value.strip(), value.strip())


def test_holes_parts_and_lines_are_read_as_they_were_written() -> None:
    square = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))
    hole = ((0.7, 0.7), (0.8, 0.7), (0.8, 0.8))
    far = ((5.0, 5.0), (6.0, 5.0), (6.0, 6.0))
    shapes: list[Shape] = [Polygon(parts=((square, hole), (far,))), Corridor(points=far, half_width_m=5)]
    written = write_document("zones", [format_placemark(shape, name="a", data={}) for shape in shapes])
    two, line = read_kml([piece.encode() for piece in written])
    assert [geometry.rings for geometry in two.geometries] == [
        (square + square[:1], hole + hole[:1]),
        (far + far[:1],),
    ]
    assert (line.geometries[0].kind, line.geometries[0].rings) == ("LineString", (far,))


def test_what_xml_cannot_hold_is_left_out() -> None:
    circle = Circle(center=Position(lon=1, lat=1), radius_m=50)
    (read,) = read_kml(
        p.encode() for p in write_document("a", [format_placemark(circle, name="a\x00b\uffffc", data={})])
    )
    assert read.name == "abc"
