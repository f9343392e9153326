"""What a KML file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class KmlError(ValueError):
    """The file as a whole cannot be read; the message says in plain words where, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KmlGeometry:
    """One simple geometry of a placemark; a MultiGeometry is several of these.

    `rings` holds (longitude, latitude) pairs in degrees, in the order KML says them, not checked for range.
    A Point has one ring of one position, a LineString one ring; a Polygon has its outer ring first, then its
    holes.
    """

    kind: Literal["Point", "LineString", "Polygon"]
    rings: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placemark:
    """What one placemark says.

    ordinal      counts the placemarks of the file from 1
    line         the line of its start tag, from 1
    name         its own name, white space folded; None if there is none, or it is empty or "NULL"
    containers   names of the Document and Folders around it, outermost first, unnamed ones left out
    description  as written, without the white space around it; None if empty
    data         ExtendedData by name, Data/value and SimpleData alike; the last of a repeated name stands
    geometries   all that could be read, in the order of the file
    problems     a sentence for each geometry that cannot be read or is not supported, or if there is none
    """

    ordinal: int
    line: int
    name: str | None
    containers: tuple[str, ...]
    description: str | None
    data: Mapping[str, str]
    geometries: tuple[KmlGeometry, ...]
    problems: tuple[str, ...]
