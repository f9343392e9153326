"""From KML placemarks to the rows of an import."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fencepost.common import strict_json
from fencepost.common.errors import ValidationFailed
from fencepost.geofences.model import MAX_TAG_LENGTH, MAX_TAGS
from fencepost.imports.rows import DEFAULT_RADIUS_M, Row, clean_name
from geo.shapes import find_by_geometry
from geo.shapes.checks import drop_repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fencepost.imports.rows import NameAllocator
    from geo.kml.model import KmlGeometry, Placemark

MAX_ADDRESS_LENGTH = 500
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
_COLOR = re.compile(r"#?([0-9A-Fa-f]{6})")


def parse_placemark(
    placemark: Placemark, names: NameAllocator, default_radius_m: float = DEFAULT_RADIUS_M
) -> Iterator[Row]:
    """Yield a row for each geometry and for each problem, so that the report accounts for all of the file."""
    place: dict[str, Any] = {"placemark": placemark.ordinal, "line": placemark.line}
    for geometry in placemark.geometries:
        name = names.allocate(placemark.name, placemark.containers)
        radius_m = _parse_radius(geometry, placemark.data, default_radius_m)
        yield Row(
            **place,
            name=name,
            kind=geometry.kind,
            shape_kind=placemark.data.get("type"),
            rings=geometry.rings,
            radius_m=radius_m if radius_m is not None else default_radius_m,
            description=(placemark.description or "")[:500] or None,
            problem=None if radius_m is not None else "its radius is no number of metres",
            **_parse_extended_data(placemark.data),
        )
    for problem in placemark.problems:
        yield Row(**place, name=clean_name(placemark.name or ""), problem=problem)


def _parse_radius(geometry: KmlGeometry, data: Mapping[str, str], default_radius_m: float) -> float | None:
    """Return the radius in ExtendedData, which some producers write, else the default; None if it is not a number."""
    text = next((value for key, value in data.items() if key.casefold() == "radius"), "").strip()
    shape_type = find_by_geometry(geometry.kind, data.get("type"))
    if shape_type is None or not shape_type.has_radius or not text:
        return default_radius_m
    return float(text) if _NUMBER.fullmatch(text) else None


def _parse_extended_data(data: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that Fencepost writes into ExtendedData. Other values under these names are ignored.

    >>> _parse_extended_data({"color": "27A9E3", "tags": '["cold", "big"]', "address": "Karlsplatz, 2"})
    {'address': 'Karlsplatz, 2', 'color': '#27A9E3', 'tags': ('cold', 'big')}
    >>> _parse_extended_data({"color": "red", "tags": "cold, big"})
    {'address': None, 'color': None, 'tags': ()}
    """
    color = _COLOR.fullmatch(data.get("color", ""))
    return {
        "address": data.get("address", "")[:MAX_ADDRESS_LENGTH] or None,
        "color": f"#{color[1]}" if color else None,
        "tags": _parse_tags(data.get("tags", "")),
    }


def _parse_tags(text: str) -> tuple[str, ...]:
    try:
        tags = strict_json.loads(text.encode())
    except ValidationFailed:
        return ()
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        return ()
    are_tags = all(isinstance(tag, str) and len(tag) <= MAX_TAG_LENGTH and clean_name(tag) == tag for tag in tags)
    return tuple(tags) if are_tags else ()


def to_zone_row(row: Row) -> Row:
    """Return the row as the zone API has it: a polygon without holes; of a line, only the ends are nodes.

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
