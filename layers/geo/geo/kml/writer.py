"""Shapes as KML 2.2 (OGC 07-147r2), which maps open and an import reads."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from geo.shapes.base import Shape


# XML 1.0 cannot contain these characters, not even escaped.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
_TAIL = "</Document>\n</kml>\n"


def write_document(name: str, placemarks: Iterable[str]) -> Iterator[str]:
    """Yield a whole file, piece by piece."""
    yield f"{_HEAD}<name>{_escape_text(name)}</name>\n"
    yield from placemarks
    yield _TAIL


def format_placemark(
    shape: Shape, *, name: str, description: str | None = None, color: str | None = None, data: Mapping[str, str]
) -> str:
    """Return a shape as a placemark.

    `data` has further properties, as texts by name. `color` is #RRGGBB.

    >>> from geo.shapes.circle import Circle
    >>> from geo.wgs84 import Position
    >>> gate = Circle(center=Position(lon=24.94, lat=60.17), radius_m=50)
    >>> print(format_placemark(gate, name="Gate & yard", data={"radius": "50"}), end="")
    <Placemark><name>Gate &amp; yard</name><ExtendedData><Data name="radius"><value>50</value></Data></ExtendedData>
    <Point><coordinates>24.94,60.17</coordinates></Point></Placemark>
    """
    about = f"<description>{_escape_text(description)}</description>" if description else ""
    style = _format_style(color) if color else ""
    extended = "".join(f'<Data name="{escape(k)}"><value>{_escape_text(v)}</value></Data>' for k, v in data.items())
    extended = f"<ExtendedData>{extended}</ExtendedData>" if extended else ""
    return f"<Placemark><name>{_escape_text(name)}</name>{about}{style}{extended}\n{shape.to_kml()}</Placemark>\n"


def _escape_text(text: str) -> str:
    """Escape a text. A parser makes a line feed of a carriage return, unless it is written as a number."""
    return escape(_NOT_XML.sub("", text), quote=False).replace("\r", "&#13;")


def _format_style(color: str) -> str:
    """Return the style of a colour, which KML writes backwards, the opacity first."""
    red, green, blue = color[1:3], color[3:5], color[5:7]
    bgr = f"{blue}{green}{red}".lower()
    return (
        f"<Style><LineStyle><color>ff{bgr}</color></LineStyle><PolyStyle><color>66{bgr}</color></PolyStyle></Style>"
    )
