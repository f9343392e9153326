"""The content of a KML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class KmlError(ValueError):
    """A file that cannot be read as a whole. The message names the place, the reason, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KmlGeometry:
    """One simple geometry of a placemark; a MultiGeometry is several of these.

    `rings` has (longitude, latitude) pairs in degrees, in the order of the file, not checked for range.
    A Point has one ring of one position, a LineString one ring; a Polygon has its outer ring first, then its
    holes.
    """

    kind: Literal["Point", "LineString", "Polygon"]
    rings: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placemark:
    """The content of one placemark.

    Attributes:
        ordinal: Counts the placemarks of the file from 1.
        line: The line of its start tag, from 1.
        name: Its own name, white space folded. None if absent, empty or "NULL".
        containers: Names of the Document and Folders around it, outermost first, without unnamed ones.
        description: As written, without the white space around it. None if empty.
        data: ExtendedData by name, Data/value and SimpleData alike. The last of a repeated name counts.
        geometries: All that could be read, in the order of the file.
        problems: A sentence for each geometry that cannot be read or is not supported, or for the lack of one.
    """

    ordinal: int
    line: int
    name: str | None
    containers: tuple[str, ...]
    description: str | None
    data: Mapping[str, str]
    geometries: tuple[KmlGeometry, ...]
    problems: tuple[str, ...]
