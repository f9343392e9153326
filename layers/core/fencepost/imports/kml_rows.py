"""From a KML placemark to geofences: names, radii, and why something was left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fencepost.common import strict_json
from fencepost.common.errors import ValidationFailed
from fencepost.common.text import fold_case, is_visible
from fencepost.geofences.model import MAX_NAME_LENGTH, MAX_TAG_LENGTH, MAX_TAGS
from geo.errors import GeometryError
from geo.shapes import find_by_geometry
from geo.shapes.checks import drop_repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geo.kml.model import KmlGeometry, Placemark
    from geo.shapes.base import Shape

DEFAULT_RADIUS_M = 150.0
MAX_ADDRESS_LENGTH = 500
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
_COLOR = re.compile(r"#?([0-9A-Fa-f]{6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One geofence to be, or, with a `problem`, one thing that a file said and that cannot become a geofence.

    `placemark` counts the placemarks or features of the file from 1, `line` is where it begins in a KML file. `kind`
    is its KML geometry, and `shape_kind` the geofence type, where the file names one. What
    a GeoJSON feature says is kept in `said`, in the words of the canonical vocabulary. `nodes` as in a geofence.
    """

    placemark: int
    line: int
    name: str
    kind: str = ""
    shape_kind: str | None = None
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    radius_m: float = DEFAULT_RADIUS_M
    description: str | None = None
    problem: str | None = None
    said: dict[str, Any] | None = None
    nodes: tuple[bool, ...] = ()
    address: str | None = None
    color: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def vertices(self) -> int:
        """So many vertices it has, or so many numbers half of it."""
        if self.said is None:
            return sum(len(ring) for ring in self.rings)
        return _numbers(self.said.get("geometry", {}).get("coordinates")) // 2

    def shape(self) -> Shape:
        """The shape, checked. Raises GeometryError with the reason."""
        shape_type = find_by_geometry(self.kind, self.shape_kind)
        if shape_type is None:
            raise GeometryError("geometry", f"no geofence can be a {self.kind}")
        return shape_type.from_kml(self.rings, self.radius_m)


def _numbers(coordinates: Any) -> int:
    return sum(map(_numbers, coordinates)) if isinstance(coordinates, list) else 1


class NameAllocator:
    """Gives every geofence of one file a name of its own: the placemark's, else its folder's, else the document's.

    With `numbers_unnamed`, a name that is not the placemark's own has a number from the first on.

    >>> namer = NameAllocator("sites.kml")
    >>> [namer.name("Gate", ()), namer.name("gate", ()), namer.name(None, ("Sites", "North")), namer.name(None, ())]
    ['Gate', 'gate 2', 'North', 'sites']
    >>> namer = NameAllocator("sites.kml", numbers_unnamed=True)
    >>> [namer.name("Gate", ()), namer.name(None, ("Line",)), namer.name(None, ("Line",)), namer.name("Line", ())]
    ['Gate', 'Line 1', 'Line 2', 'Line']
    """

    def __init__(self, file_name: str, *, numbers_unnamed: bool = False) -> None:
        plain = file_name.rsplit("/", 1)[-1]
        for ending in (".kml", ".kmz", ".geojson"):
            plain = plain.removesuffix(ending)
        self._fallback = _shown(plain) or "Import"
        self._numbers_unnamed = numbers_unnamed
        self._taken: Counter[str] = Counter()
        self._used: set[str] = set()

    def name(self, own: str | None, containers: tuple[str, ...]) -> str:
        candidates = (_shown(text) for text in (own, *reversed(containers)) if text)
        wanted = next((text for text in candidates if text), self._fallback)
        is_numbered = self._numbers_unnamed and not _shown(own or "")
        name = _with_number(wanted, 1) if is_numbered else wanted
        while fold_case(name) in self._used:
            self._taken[fold_case(wanted)] += 1
            name = _with_number(wanted, self._taken[fold_case(wanted)] + 1)
        self._used.add(fold_case(name))
        return name


def _with_number(name: str, number: int) -> str:
    suffix = f" {number}"
    return name[: MAX_NAME_LENGTH - len(suffix)] + suffix


def _shown(text: str) -> str:
    """A text as a name: without control characters, at most so long, and nothing at all if it shows nothing."""
    name = "".join(char for char in text if unicodedata.category(char) != "Cc").strip()[:MAX_NAME_LENGTH].strip()
    return name if is_visible(name) else ""


def parse_placemark(
    placemark: Placemark, namer: NameAllocator, default_radius_m: float = DEFAULT_RADIUS_M
) -> Iterator[Row]:
    """One row for each geometry and one for each problem, so that nothing of the file goes untold."""
    about: dict[str, Any] = {"placemark": placemark.ordinal, "line": placemark.line}
    for geometry in placemark.geometries:
        name = namer.name(placemark.name, placemark.containers)
        radius_m = _radius_m(geometry, placemark.data, default_radius_m)
        yield Row(
            **about,
            name=name,
            kind=geometry.kind,
            shape_kind=placemark.data.get("type"),
            rings=geometry.rings,
            radius_m=radius_m if radius_m is not None else default_radius_m,
            description=(placemark.description or "")[:500] or None,
            problem=None if radius_m is not None else "its radius is no number of metres",
            **_told_apart(placemark.data),
        )
    for problem in placemark.problems:
        yield Row(**about, name=_shown(placemark.name or ""), problem=problem)


def _told_apart(data: Mapping[str, str]) -> dict[str, Any]:
    """What our own files say in ExtendedData. Whatever else stands under such a name is passed over.

    >>> _told_apart({"color": "27A9E3", "tags": '["cold", "big"]', "address": "Karlsplatz, 2"})
    {'address': 'Karlsplatz, 2', 'color': '#27A9E3', 'tags': ('cold', 'big')}
    >>> _told_apart({"color": "red", "tags": "cold, big"})
    {'address': None, 'color': None, 'tags': ()}
    """
    color = _COLOR.fullmatch(data.get("color", ""))
    return {
        "address": data.get("address", "")[:MAX_ADDRESS_LENGTH] or None,
        "color": f"#{color[1]}" if color else None,
        "tags": _tags(data.get("tags", "")),
    }


def _tags(text: str) -> tuple[str, ...]:
    try:
        tags = strict_json.loads(text.encode())
    except ValidationFailed:
        return ()
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        return ()
    are_tags = all(isinstance(tag, str) and len(tag) <= MAX_TAG_LENGTH and _shown(tag) == tag for tag in tags)
    return tuple(tags) if are_tags else ()


def to_zone_row(row: Row) -> Row:
    """The row as the zone vocabulary has it: a polygon without holes, and of a line only the ends are nodes.

    >>> line = Row(placemark=1, line=1, name="Way", kind="LineString", rings=(((1, 1), (2, 1), (2, 1), (3, 1)),))
    >>> to_zone_row(line).rings, to_zone_row(line).nodes
    ((((1, 1), (2, 1), (3, 1)),), (True, False, True))
    """
    if row.kind == "Polygon":
        return replace(row, rings=row.rings[:1])
    if row.kind != "LineString":
        return row
    points = drop_repeats(row.rings[0])
    is_end = tuple(n in (0, len(points) - 1) for n in range(len(points)))
    return replace(row, rings=(points,), nodes=() if all(is_end) else is_end)


def _radius_m(geometry: KmlGeometry, data: Mapping[str, str], default_radius_m: float) -> float | None:
    """The radius that some producers write into ExtendedData, else the default; None where it cannot be read."""
    said = next((value for key, value in data.items() if key.casefold() == "radius"), None)
    shape_type = find_by_geometry(geometry.kind, data.get("type"))
    if shape_type is None or not shape_type.has_radius or said is None or not said.strip():
        return default_radius_m
    return float(said) if _NUMBER.fullmatch(said.strip()) else None
