"""From a KML placemark to geofences: names, radii, and why something was left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fencepost.domain.geofence import MAX_NAME_LENGTH, folded, is_visible
from geo.errors import GeometryError
from geo.shapes import Circle, Corridor, Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geo.kml import KmlGeometry, Placemark
    from geo.shapes import Shape

DEFAULT_RADIUS_M = 150.0
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One geofence to be, or, with a `problem`, one thing that a file said and that cannot become a geofence.

    `placemark` counts the placemarks or features of the file from 1, `line` is where it begins in a KML file. What
    a GeoJSON feature says is kept in `said`, in the words of the canonical vocabulary.
    """

    placemark: int
    line: int
    name: str
    kind: str = ""
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    radius_m: float = DEFAULT_RADIUS_M
    description: str | None = None
    problem: str | None = None
    said: dict[str, Any] | None = None

    @property
    def vertices(self) -> int:
        """So many vertices it has, or so many numbers half of it."""
        if self.said is None:
            return sum(len(ring) for ring in self.rings)
        return _numbers(self.said.get("geometry", {}).get("coordinates")) // 2

    def shape(self) -> Shape:
        """The shape, checked. Raises GeometryError with the reason."""
        if self.kind == "Polygon":
            return Polygon(parts=(self.rings,))
        points = self.rings[0]
        if self.kind == "LineString":
            return Corridor(points=points, half_width_m=self.radius_m)
        lon, lat = points[0]
        if lon == 0 and lat == 0:
            raise GeometryError("coordinates", "0,0 is in the Atlantic and almost always a mistake")
        return Circle(center=Position(lon=lon, lat=lat), radius_m=self.radius_m)


def _numbers(coordinates: Any) -> int:
    return sum(map(_numbers, coordinates)) if isinstance(coordinates, list) else 1


class Namer:
    """Gives every geofence of one file a name of its own: the placemark's, else its folder's, else the document's.

    >>> namer = Namer("sites.kml")
    >>> [namer.name("Gate", ()), namer.name("gate", ()), namer.name(None, ("Sites", "North")), namer.name(None, ())]
    ['Gate', 'gate 2', 'North', 'sites']
    """

    def __init__(self, file_name: str) -> None:
        plain = file_name.rsplit("/", 1)[-1].removesuffix(".kml").removesuffix(".geojson")
        self._fallback = _shown(plain) or "Import"
        self._taken: Counter[str] = Counter()
        self._used: set[str] = set()

    def name(self, own: str | None, containers: tuple[str, ...]) -> str:
        candidates = (_shown(text) for text in (own, *reversed(containers)) if text)
        wanted = next((text for text in candidates if text), self._fallback)
        name = wanted
        while folded(name) in self._used:
            self._taken[folded(wanted)] += 1
            suffix = f" {self._taken[folded(wanted)] + 1}"
            name = wanted[: MAX_NAME_LENGTH - len(suffix)] + suffix
        self._used.add(folded(name))
        return name


def _shown(text: str) -> str:
    """A text as a name: without control characters, at most so long, and nothing at all if it shows nothing."""
    name = "".join(char for char in text if unicodedata.category(char) != "Cc").strip()[:MAX_NAME_LENGTH].strip()
    return name if is_visible(name) else ""


def rows_of(placemark: Placemark, namer: Namer) -> Iterator[Row]:
    """One row for each geometry and one for each problem, so that nothing of the file goes untold."""
    about: dict[str, Any] = {"placemark": placemark.ordinal, "line": placemark.line}
    for geometry in placemark.geometries:
        name = namer.name(placemark.name, placemark.containers)
        radius_m = _radius_m(geometry, placemark.data)
        yield Row(
            **about,
            name=name,
            kind=geometry.kind,
            rings=geometry.rings,
            radius_m=radius_m if radius_m is not None else DEFAULT_RADIUS_M,
            description=(placemark.description or "")[:500] or None,
            problem=None if radius_m is not None else "its radius is no number of metres",
        )
    for problem in placemark.problems:
        yield Row(**about, name=_shown(placemark.name or ""), problem=problem)


def _radius_m(geometry: KmlGeometry, data: Mapping[str, str]) -> float | None:
    """The radius that some producers write into ExtendedData, else the default; None where it cannot be read."""
    said = next((value for key, value in data.items() if key.casefold() == "radius"), None)
    if geometry.kind == "Polygon" or said is None or not said.strip():
        return DEFAULT_RADIUS_M
    return float(said) if _NUMBER.fullmatch(said.strip()) else None
