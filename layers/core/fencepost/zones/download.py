"""Zones as a KML file, or as KMZ (a zipped KML file), which `zone/upload` accepts again."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING

from fencepost.http.app import MAX_RESPONSE_BYTES
from fencepost.http.fields import to_number
from fencepost.http.problems import ResponseTooLarge
from geo.shapes import find_by_geometry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.geofences.model import Geofence

KML, KMZ = "application/vnd.google-earth.kml+xml", "application/vnd.google-earth.kmz"
# KML compresses to about a tenth, so most files up to this size fit in a response as KMZ.
_MAX_UNZIPPED_BYTES = 10 * MAX_RESPONSE_BYTES


def prefers_kmz(accept: str) -> bool:
    """Return whether KMZ is the first media type of an Accept header.

    API Gateway looks only at the first media type to decide whether it returns bytes.

    >>> prefers_kmz("application/vnd.google-earth.kmz, */*"), prefers_kmz("*/*")
    (True, False)
    """
    return accept.partition(",")[0].partition(";")[0].strip().casefold() == KMZ


def build_kml(geofences: Iterable[Geofence], max_bytes: int | None = None) -> str:
    """Return the KML file of geofences, of at most `max_bytes`, by default those of a response.

    Raises:
        ResponseTooLarge: The file has more bytes.
    """
    from geo.kml.writer import write_document

    limit = MAX_RESPONSE_BYTES if max_bytes is None else max_bytes
    pieces: list[str] = []
    size = 0
    for piece in write_document("zones", map(_build_placemark, geofences)):
        pieces.append(piece)
        size += len(piece.encode())
        if size > limit:  # before all of it is in memory
            raise ResponseTooLarge("So many zones are more than one answer holds. Ask for fewer at once, or for KMZ.")
    return "".join(pieces)


def build_kmz(geofences: Iterable[Geofence]) -> bytes:
    """Return the KMZ file of geofences.

    Raises:
        ResponseTooLarge: The KML file in it has more than ten times the bytes of a response.
    """
    from zipfile import ZIP_DEFLATED, ZipFile

    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", build_kml(geofences, _MAX_UNZIPPED_BYTES))
    return packed.getvalue()


def _build_placemark(geofence: Geofence) -> str:
    from geo.kml.writer import format_placemark

    shape = geofence.shape
    is_type_implied = all(find_by_geometry(geometry) is type(shape) for geometry in shape.geometry_types)
    data = {
        "type": None if is_type_implied else shape.kind,
        "radius": None if shape.radius_m is None else str(to_number(shape.radius_m)),
        "address": geofence.address,
        "color": geofence.color,
        "tags": json.dumps(geofence.tags, ensure_ascii=False) if geofence.tags else None,
    }
    return format_placemark(
        shape,
        name=geofence.name,
        description=geofence.description,
        color=geofence.color,
        data={name: text for name, text in data.items() if text},
    )
