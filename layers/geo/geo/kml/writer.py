"""Shapes as KML 2.2 (OGC 07-147r2), which maps open and an import takes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from geo.shapes.base import Ring, Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon

# What XML 1.0 cannot hold however it is written.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
_TAIL = "</Document>\n</kml>\n"


def document(name: str, placemarks: Iterable[str]) -> Iterator[str]:
    """A whole file, piece by piece."""
    yield f"{_HEAD}<name>{_text(name)}</name>\n"
    yield from placemarks
    yield _TAIL


def placemark(
    shape: Shape, *, name: str, description: str | None = None, color: str | None = None, data: Mapping[str, str]
) -> str:
    """A circle as its centre, a corridor as its line, a polygon with its holes; of several parts, as several.

    What KML has no word for is in `data`, as text by name. `color` is #RRGGBB.

    >>> from geo.wgs84 import Position
    >>> gate = Circle(center=Position(lon=24.94, lat=60.17), radius_m=50)
    >>> print(placemark(gate, name="Gate & yard", data={"radius": "50"}), end="")
    <Placemark><name>Gate &amp; yard</name><ExtendedData><Data name="radius"><value>50</value></Data></ExtendedData>
    <Point><coordinates>24.94,60.17</coordinates></Point></Placemark>
    """
    about = f"<description>{_text(description)}</description>" if description else ""
    style = _style(color) if color else ""
    extended = "".join(f'<Data name="{escape(k)}"><value>{_text(v)}</value></Data>' for k, v in data.items())
    extended = f"<ExtendedData>{extended}</ExtendedData>" if extended else ""
    return f"<Placemark><name>{_text(name)}</name>{about}{style}{extended}\n{_geometry(shape)}</Placemark>\n"


def _text(text: str) -> str:
    """A parser makes a line feed of a carriage return, unless it is written as a number."""
    return escape(_NOT_XML.sub("", text), quote=False).replace("\r", "&#13;")


def _style(color: str) -> str:
    """KML says colours backwards, the opacity first."""
    red, green, blue = color[1:3], color[3:5], color[5:7]
    bgr = f"{blue}{green}{red}".lower()
    return (
        f"<Style><LineStyle><color>ff{bgr}</color></LineStyle><PolyStyle><color>66{bgr}</color></PolyStyle></Style>"
    )


def _geometry(shape: Shape) -> str:
    if isinstance(shape, Circle):
        return f"<Point>{_coordinates([(shape.center.lon, shape.center.lat)])}</Point>"
    if isinstance(shape, Corridor):
        return f"<LineString>{_coordinates(shape.points)}</LineString>"
    assert isinstance(shape, Polygon)
    parts = "".join(map(_polygon, shape.parts))
    return f"<MultiGeometry>{parts}</MultiGeometry>" if len(shape.parts) > 1 else parts


def _polygon(rings: Sequence[Ring]) -> str:
    outer, *inner = (f"<LinearRing>{_coordinates([*ring, ring[0]])}</LinearRing>" for ring in rings)
    holes = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
    return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{holes}</Polygon>"


def _coordinates(points: Sequence[tuple[float, float]]) -> str:
    return f"<coordinates>{' '.join(f'{lon!r},{lat!r}' for lon, lat in points)}</coordinates>"
