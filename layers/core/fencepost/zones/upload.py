"""Upload of zones: from a KML or KMZ file to rows of an import, and from their results to the response."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fencepost.common.errors import ValidationFailed
from fencepost.imports.kml_rows import parse_placemark, to_zone_row
from fencepost.imports.model import SkippedRow
from fencepost.imports.rows import NameAllocator, Row
from fencepost.zones.errors import NoDataFile, WrongFormat
from fencepost.zones.mapping import MIN_POINT_LIMIT, check_point_count, serialize_zone
from geo.shapes.checks import drop_repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fencepost.imports.model import RowResult
    from fencepost.zones.schemas import UploadZonesRequest

MAX_UNZIPPED_BYTES = 8 * 2**20
# A caller cannot wait until more rows are queued. A file in the bucket may have any number.
MAX_ROWS = 20_000
# A function may return 6 MB, in which quotes are escaped.
_MAX_RESPONSE_BYTES = 4_500_000
# Gateways and browsers accept some 10,000 characters of headers.
_MAX_URL_LENGTH = 8_000
_TYPES = {"LineString": "sausage", "Polygon": "polygon"}


def parse_upload(request: UploadZonesRequest, get_point_limit: Callable[[], int]) -> list[Row]:
    """Return a row for each zone of the file, and one with a problem for each part that cannot become a zone.

    `get_point_limit` reads the number of points that the tenant's polygons may have. Few files need it.

    Raises:
        NoDataFile: The request has no file.
        WrongFormat: The file cannot be read, or has too many zones.
        TooManyPoints: A zone has more points than its type, or the tenant, allows.
    """
    from fencepost.imports.source_reader import MAX_TEXT_BYTES
    from geo.kml.kmz import unzip_kml
    from geo.kml.model import KmlError
    from geo.kml.reader import read_kml

    if request.file is None:
        raise NoDataFile.field("file", "is missing: send a KML or KMZ file as the part of this name")
    names = NameAllocator(request.file.name, numbers_unnamed=True)
    rows: list[Row] = []
    try:
        content = unzip_kml([request.file.content], max_bytes=MAX_UNZIPPED_BYTES)
        for placemark in read_kml(content, max_text_bytes=MAX_TEXT_BYTES):
            for row in map(to_zone_row, parse_placemark(placemark, names, request.default_radius)):
                if row.kind in _TYPES:
                    count = _count_vertices(row)
                    is_large = row.kind == "Polygon" and count > MIN_POINT_LIMIT
                    limit = get_point_limit() if is_large else MIN_POINT_LIMIT
                    check_point_count(count, _TYPES[row.kind], limit, "file", f"in line {row.line}")
                rows.append(row)
                if len(rows) > MAX_ROWS:
                    raise WrongFormat.field(
                        "file", f"has more than {MAX_ROWS:,} zones; drop it in the bucket instead"
                    )
    except KmlError as error:
        raise WrongFormat.field("file", str(error)) from None
    return rows


def _count_vertices(row: Row) -> int:
    points = drop_repeats(row.rings[0])
    return len(points) - (row.kind == "Polygon" and len(points) > 1 and points[0] == points[-1])


def serialize_preview(results: Sequence[RowResult]) -> dict[str, Any]:
    """Return the members of an `UploadZonesResponse` for a dry run.

    Raises:
        ValidationFailed: They do not fit in one response.
    """
    zones = []
    for result in results:
        if result.geofence is not None:
            zone = serialize_zone(result.geofence, (), with_points=True) | {"id": None}
            del zone["tags"]
            zones.append(zone)
    body = {"list": zones, **serialize_skipped(result.outcome for result in results)}
    if len(json.dumps(body, ensure_ascii=False).encode()) > _MAX_RESPONSE_BYTES:
        raise ValidationFailed.field(
            "file", "has more zones than one answer tells; split it, or make them without dry_run"
        )
    return body


def serialize_skipped(outcomes: Iterable[object]) -> dict[str, Any]:
    """Return the member `left_out` for the skipped rows among the outcomes; nothing if no row was skipped."""
    skipped = [
        {"placemark": row.placemark, "line": row.line, "label": row.name, "reason": row.reason}
        for row in outcomes
        if isinstance(row, SkippedRow)
    ]
    return {"left_out": skipped} if skipped else {}


def build_redirect_url(target: str, body: dict[str, Any]) -> str:
    """Add a response body to the query of an URL, as `response`.

    If the URL becomes too long, the skipped rows are omitted; the report of the import contains them.

    >>> build_redirect_url("https://a.example/done?x=1", {"success": True})
    'https://a.example/done?x=1&response=%7B%22success%22%3Atrue%7D'

    Raises:
        ValidationFailed: The body is too long for an URL.
    """
    shorter = {name: value for name, value in body.items() if name != "left_out"}
    for candidate in (body, shorter) if "import_id" in body else (body,):
        text = quote(json.dumps(candidate, ensure_ascii=False, separators=(",", ":")), safe="")
        url = f"{target}{'&' if '?' in target else '?'}response={text}"
        if len(url) <= _MAX_URL_LENGTH:
            return url
    raise ValidationFailed.field("redirect_target", "cannot be told so many zones in an address; leave it out")
