"""The rows of an import: one for each geofence to create, with a unique name."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fencepost.common.text import fold_case, is_visible
from fencepost.geofences.model import MAX_NAME_LENGTH
from geo.errors import GeometryError
from geo.shapes import find_by_geometry

if TYPE_CHECKING:
    from geo.shapes.base import Shape

DEFAULT_RADIUS_M = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A geofence to create or, with a `problem`, a part of the file that cannot become a geofence.

    Attributes:
        placemark: Counts the placemarks or features of the file from 1.
        line: The line of a KML file in which the placemark begins.
        kind: The KML geometry.
        shape_kind: The geofence type, if the file names one.
        body: The request body, in the canonical dialect, of a GeoJSON feature. A KML placemark has the other fields.
        nodes: As in a geofence.
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
    body: dict[str, Any] | None = None
    nodes: tuple[bool, ...] = ()
    address: str | None = None
    color: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def vertex_count(self) -> int:
        if self.body is None:
            return sum(len(ring) for ring in self.rings)
        return _count_numbers(self.body.get("geometry", {}).get("coordinates")) // 2

    def build_shape(self) -> Shape:
        """Build the shape of a KML placemark.

        Raises:
            GeometryError: No geofence can have this shape.
        """
        shape_type = find_by_geometry(self.kind, self.shape_kind)
        if shape_type is None:
            raise GeometryError("geometry", f"no geofence can be a {self.kind}")
        return shape_type.from_kml(self.rings, self.radius_m)


def _count_numbers(coordinates: Any) -> int:
    return sum(map(_count_numbers, coordinates)) if isinstance(coordinates, list) else 1


class NameAllocator:
    """Gives every geofence of a file a unique name: that of the placemark, else of its folder, else of the document.

    With `numbers_unnamed`, a name that is not the placemark's own has a number, beginning with 1.

    >>> names = NameAllocator("sites.kml")
    >>> [names.allocate("Gate"), names.allocate("gate"), names.allocate(None, ("All", "North")), names.allocate(None)]
    ['Gate', 'gate 2', 'North', 'sites']
    >>> names = NameAllocator("sites.kml", numbers_unnamed=True)
    >>> [names.allocate(None, ("Line",)), names.allocate(None, ("Line",)), names.allocate("Line")]
    ['Line 1', 'Line 2', 'Line']
    """

    def __init__(self, file_name: str, *, numbers_unnamed: bool = False) -> None:
        stem = file_name.rsplit("/", 1)[-1]
        for suffix in (".kml", ".kmz", ".geojson"):
            stem = stem.removesuffix(suffix)
        self._fallback = clean_name(stem) or "Import"
        self._numbers_unnamed = numbers_unnamed
        self._collisions: Counter[str] = Counter()
        self._allocated: set[str] = set()

    def allocate(self, own: str | None, containers: tuple[str, ...] = ()) -> str:
        """Return a name that no other geofence of the file has, whatever its case.

        Args:
            own: The name of the placemark.
            containers: The names of the document and the folders around it, from the outside in.
        """
        candidates = (clean_name(text) for text in (own, *reversed(containers)) if text)
        base = next((text for text in candidates if text), self._fallback)
        is_numbered = self._numbers_unnamed and not clean_name(own or "")
        name = _append_number(base, 1) if is_numbered else base
        while fold_case(name) in self._allocated:
            self._collisions[fold_case(base)] += 1
            name = _append_number(base, self._collisions[fold_case(base)] + 1)
        self._allocated.add(fold_case(name))
        return name


def _append_number(name: str, number: int) -> str:
    suffix = f" {number}"
    return name[: MAX_NAME_LENGTH - len(suffix)] + suffix


def clean_name(text: str) -> str:
    """Return a text as a name: without control characters, not too long, and empty if nothing of it is visible."""
    name = "".join(char for char in text if unicodedata.category(char) != "Cc").strip()[:MAX_NAME_LENGTH].strip()
    return name if is_visible(name) else ""
