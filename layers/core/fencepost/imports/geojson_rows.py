"""From the features of a GeoJSON FeatureCollection (RFC 7946) to geofences: a row each, or a reason why not.

What Fencepost writes it reads again. The properties of other producers may have the names of a geofence's fields and
other meanings: those are looked at when the row becomes a geofence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.imports.kml_rows import DEFAULT_RADIUS_M, Row
from geo.shapes import find_by_geometry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fencepost.imports.kml_rows import NameAllocator

# What of a feature's properties says something of a geofence; `name` and the radius are read apart.
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
# Those that may be passed over where they are no field's value. Who is bound is not among them: a geofence that was
# to bind somebody must not come to bind nobody.
PASSED_OVER = frozenset(FIELDS) - {"assignments"}
_NAMES = ("name", "title", "label")
_RADII = ("radiusMeters", "radius")
# The fields of a shape as the canonical vocabulary names them.
_SHAPE_FIELDS = {"lon": "longitude", "lat": "latitude", "radius_m": "radiusMeters"}
_SEVERAL = {"MultiPoint": "Point", "MultiLineString": "LineString"}
_MAX_DEPTH = 8


def parse_features(features: Sequence[Any], namer: NameAllocator) -> Iterator[Iterator[Row]]:
    """The rows of each feature."""
    for ordinal, feature in enumerate(features, start=1):
        yield parse_feature(feature, ordinal, namer)


def parse_feature(feature: Any, ordinal: int, namer: NameAllocator) -> Iterator[Row]:
    """One row for each geometry of a feature that can be a geofence of its own, and one for each that cannot."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield _problem(ordinal, "", "it is no Feature")
        return
    said = feature.get("properties")
    properties: Mapping[str, Any] = said if isinstance(said, dict) else {}
    nothing = True
    own_name = next((properties[key] for key in _NAMES if isinstance(properties.get(key), str)), None)
    for geometry in _simple(feature.get("geometry")):
        nothing = False
        if isinstance(geometry, str):
            yield _problem(ordinal, own_name or "", geometry)
            continue
        name = namer.name(own_name, ())
        yield Row(
            placemark=ordinal,
            line=0,
            name=name,
            said={
                "name": name,
                **_shape(geometry, properties),
                **{key: properties[key] for key in FIELDS if properties.get(key) is not None},
            },
        )
    if nothing:
        yield _problem(ordinal, own_name or "", "it has no geometry")


def _problem(ordinal: int, name: str, problem: str) -> Row:
    return Row(placemark=ordinal, line=0, name=name[:100], problem=problem)


def _simple(geometry: Any, depth: int = 0) -> Iterator[dict[str, Any] | str]:
    """The geometries that become a geofence each, and in words what cannot."""
    if not isinstance(geometry, dict):
        yield "it has no geometry"
        return
    kind = geometry.get("type")
    parts = geometry.get("geometries" if kind == "GeometryCollection" else "coordinates")
    if isinstance(kind, str) and find_by_geometry(kind) is not None:
        yield geometry
    elif kind not in ("GeometryCollection", *_SEVERAL) or not isinstance(parts, list) or depth == _MAX_DEPTH:
        yield f"its geometry is a {str(kind)[:40]}, which cannot be read"
    else:
        for part in parts:
            inner = part if kind == "GeometryCollection" else {"type": _SEVERAL[kind], "coordinates": part}
            yield from _simple(inner, depth + 1)


def _shape(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say the shape."""
    radius = next((properties[key] for key in _RADII if properties.get(key) is not None), DEFAULT_RADIUS_M)
    shape_type = find_by_geometry(geometry["type"], properties.get("type"))
    assert shape_type is not None, "other geometries are refused before"
    values = shape_type.read_geojson(geometry, radius)
    return {"type": shape_type.kind} | {_SHAPE_FIELDS.get(name, name): value for name, value in values.items()}
