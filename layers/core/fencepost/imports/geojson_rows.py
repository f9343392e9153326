"""From the features of a GeoJSON FeatureCollection (RFC 7946) to the rows of an import.

An import reads the files that Fencepost exports. Files of other programs may use the names of a geofence's fields
with other meanings, so the values are validated later, when a row becomes a geofence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.imports.rows import DEFAULT_RADIUS_M, Row
from geo.shapes import find_by_geometry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fencepost.imports.rows import NameAllocator

# The properties that become fields of the geofence as they are. Name and radius are parsed separately.
FIELDS = (
    "description",
    "minAccuracy",
    "status",
    "activeFrom",
    "expiresAt",
    "schedule",
    "isPriority",
    "color",
    "address",
    "tags",
    "assignments",
    "triggerOn",
    "dwellMinutes",
    "cooldownMs",
    "action",
)
# The fields that an import ignores if their value is not valid. `assignments` is not one of them: a geofence without
# its assignments would apply to other users than those in the file.
OPTIONAL_FIELDS = frozenset(FIELDS) - {"assignments"}
_NAMES = ("name", "title", "label")
_RADII = ("radiusMeters", "radius")
# The fields of a shape, by their names in the canonical dialect.
_SHAPE_FIELDS = {"lon": "longitude", "lat": "latitude", "radius_m": "radiusMeters"}
_PART_TYPES = {"MultiPoint": "Point", "MultiLineString": "LineString"}
_MAX_DEPTH = 8


def parse_features(features: Sequence[Any], names: NameAllocator) -> Iterator[Iterator[Row]]:
    """Yield the rows of each feature."""
    for ordinal, feature in enumerate(features, start=1):
        yield parse_feature(feature, ordinal, names)


def parse_feature(feature: Any, ordinal: int, names: NameAllocator) -> Iterator[Row]:
    """Yield a row for each geometry of a feature that can become a geofence, and for each that cannot."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield _build_problem(ordinal, "", "it is no Feature")
        return
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        properties = {}
    own_name = next((properties[key] for key in _NAMES if isinstance(properties.get(key), str)), None)
    is_empty = True
    for geometry in _split_geometry(feature.get("geometry")):
        is_empty = False
        if isinstance(geometry, str):
            yield _build_problem(ordinal, own_name or "", geometry)
            continue
        name = names.allocate(own_name)
        yield Row(
            placemark=ordinal,
            line=0,
            name=name,
            body={
                "name": name,
                **_parse_shape(geometry, properties),
                **{key: properties[key] for key in FIELDS if properties.get(key) is not None},
            },
        )
    if is_empty:
        yield _build_problem(ordinal, own_name or "", "it has no geometry")


def _build_problem(ordinal: int, name: str, problem: str) -> Row:
    return Row(placemark=ordinal, line=0, name=name[:100], problem=problem)


def _split_geometry(geometry: Any, depth: int = 0) -> Iterator[dict[str, Any] | str]:
    """Yield the geometries that become a geofence each, and a message for each that cannot."""
    if not isinstance(geometry, dict):
        yield "it has no geometry"
        return
    kind = geometry.get("type")
    parts = geometry.get("geometries" if kind == "GeometryCollection" else "coordinates")
    if isinstance(kind, str) and find_by_geometry(kind) is not None:
        yield geometry
    elif kind not in ("GeometryCollection", *_PART_TYPES) or not isinstance(parts, list) or depth == _MAX_DEPTH:
        yield f"its geometry is a {str(kind)[:40]}, which cannot be read"
    else:
        for part in parts:
            inner = part if kind == "GeometryCollection" else {"type": _PART_TYPES[kind], "coordinates": part}
            yield from _split_geometry(inner, depth + 1)


def _parse_shape(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the request body that describe the shape."""
    radius = next((properties[key] for key in _RADII if properties.get(key) is not None), DEFAULT_RADIUS_M)
    shape_type = find_by_geometry(geometry["type"], properties.get("type"))
    assert shape_type is not None, "_split_geometry yields no other geometries"
    values = shape_type.read_geojson(geometry, radius)
    return {"type": shape_type.kind} | {_SHAPE_FIELDS.get(name, name): value for name, value in values.items()}
