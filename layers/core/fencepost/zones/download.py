"""Zones as a file that maps open and `zone/upload` takes back: KML, or KMZ, which is KML in a zip file."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING

from fencepost.http.app import MAX_ANSWER_BYTES
from fencepost.http.fields import number
from fencepost.http.problems import AnswerTooLarge
from geo.shapes import find_by_geometry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.geofences.model import Geofence

KML, KMZ = "application/vnd.google-earth.kml+xml", "application/vnd.google-earth.kmz"
# Ten times as much as fits in an answer as it is: what a zip file makes of it does fit, mostly.
_MAX_PACKED_BYTES = 10 * MAX_ANSWER_BYTES


def prefers_kmz(accept: str) -> bool:
    """Whether a zip file comes first: a gateway looks at nothing else before it lets bytes through.

    >>> prefers_kmz("application/vnd.google-earth.kmz, */*"), prefers_kmz("*/*")
    (True, False)
    """
    return accept.partition(",")[0].partition(";")[0].strip().casefold() == KMZ


def build_kml(geofences: Iterable[Geofence]) -> str:
    """The file. Raises AnswerTooLarge."""
    return _joined(geofences, MAX_ANSWER_BYTES)


def build_kmz(geofences: Iterable[Geofence]) -> bytes:
    """The zip file. Raises AnswerTooLarge."""
    from zipfile import ZIP_DEFLATED, ZipFile

    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", _joined(geofences, _MAX_PACKED_BYTES))
    return packed.getvalue()


def _joined(geofences: Iterable[Geofence], most: int) -> str:
    from geo.kml.writer import write_document

    pieces: list[str] = []
    size = 0
    for piece in write_document("zones", map(_placemark, geofences)):
        pieces.append(piece)
        size += len(piece.encode())
        if size > most:  # before all of it is in memory
            raise AnswerTooLarge("So many zones are more than one answer holds. Ask for fewer at once, or for KMZ.")
    return "".join(pieces)


def _placemark(geofence: Geofence) -> str:
    from geo.kml.writer import format_placemark

    shape = geofence.shape
    is_implied = all(find_by_geometry(geometry) is type(shape) for geometry in shape.geometry_types)
    said = {
        "type": None if is_implied else shape.kind,
        "radius": None if shape.radius_m is None else str(number(shape.radius_m)),
        "address": geofence.address,
        "color": geofence.color,
        "tags": json.dumps(geofence.tags, ensure_ascii=False) if geofence.tags else None,
    }
    return format_placemark(
        shape,
        name=geofence.name,
        description=geofence.description,
        color=geofence.color,
        data={name: text for name, text in said.items() if text},
    )
