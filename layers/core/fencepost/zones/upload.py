"""Zones out of files: what a call says of its file, and what the answer tells."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired
from urllib.parse import quote

from pydantic import Field
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from fencepost.common.errors import ValidationFailed
from fencepost.http.fields import RequestModel, ResponseModel, Text
from fencepost.imports.kml_rows import DEFAULT_RADIUS_M, NameAllocator, Row, parse_placemark, to_zone_row
from fencepost.imports.model import SkippedRow
from fencepost.zones.schemas import (
    NoDataFile,
    WrongFormat,
    ZoneLocation,
    ZonePoint,
    ZoneResponse,
    check_points,
    serialize_zone,
)
from geo.shapes.checks import MAX_RADIUS_M, drop_repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fencepost.imports.service import RowResult
    from fencepost.zones.schemas import PointLimit

MIN_RADIUS_M = 20
MAX_OPENED_BYTES = 8 * 2**20
# More than that takes longer to hand over than a caller can wait. A file dropped in the bucket may have any number.
MAX_ROWS = 20_000
# A function may return 6 MB, in which quotes are escaped.
_MAX_TOLD_BYTES = 4_500_000
# Gateways and browsers take some 10,000 characters of headers.
_MAX_ADDRESS = 8_000


# --- requests ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """What `zone_call` makes of the part of a form that is a file."""

    name: str
    content: bytes

    @classmethod
    def _of(cls, value: Any) -> UploadedFile:
        if not isinstance(value, dict):
            raise ValueError("must be a file")  # noqa: TRY004 - of this one pydantic makes an answer
        return cls(name=value["name"], content=b64decode(value["content"]))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return no_info_plain_validator_function(cls._of)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}


class UploadZonesRequest(RequestModel):
    file: UploadedFile | None = None
    default_radius: Annotated[int, Field(ge=MIN_RADIUS_M, le=MAX_RADIUS_M)] = round(DEFAULT_RADIUS_M)
    dry_run: bool = True
    redirect_target: Annotated[Text, Field(max_length=2_000)] | None = None


# --- answers -------------------------------------------------------------------------------------------------------
class PreviewedZone(ResponseModel):
    """A zone that is not there yet."""

    id: None
    type: Literal["circle", "polygon", "sausage"]
    label: str
    address: str
    color: str
    radius: NotRequired[int | None]
    center: NotRequired[ZoneLocation | None]
    points: NotRequired[list[ZonePoint] | None]


class SkippedPlacemark(ResponseModel):
    """What of the file is no zone, and why; `placemark` counts from 1."""

    placemark: int
    line: int
    label: str
    reason: str


class UploadZonesResponse(ZoneResponse):
    """`list` are the zones that the file has, or, without `dry_run`, the ids of those that were made.

    With `in_background`, they are being made: `GET /imports/{import_id}` tells how far it is.
    """

    list_: Annotated[list[PreviewedZone] | list[int], Field(alias="list")]
    left_out: NotRequired[list[SkippedPlacemark] | None]
    in_background: NotRequired[Literal[True] | None]
    import_id: NotRequired[str | None]


# --- from a file to rows -------------------------------------------------------------------------------------------
def parse_upload(call: UploadZonesRequest, point_limit: PointLimit) -> list[Row]:
    """What is to become a zone each, and what cannot. Raises NoDataFile, WrongFormat, TooManyPoints."""
    from fencepost.imports.service import MAX_TEXT_BYTES
    from geo.kml.kmz import unzip_kml
    from geo.kml.model import KmlError
    from geo.kml.reader import read_kml

    if call.file is None:
        raise NoDataFile.field("file", "is missing: send a KML or KMZ file as the part of this name")
    namer = NameAllocator(call.file.name, numbers_unnamed=True)
    rows: list[Row] = []
    try:
        content = unzip_kml([call.file.content], max_bytes=MAX_OPENED_BYTES)
        for placemark in read_kml(content, max_text_bytes=MAX_TEXT_BYTES):
            for row in map(to_zone_row, parse_placemark(placemark, namer, call.default_radius)):
                if row.kind in _KINDS:
                    check_points(_vertices(row), _KINDS[row.kind], point_limit, "file", f"in line {row.line}")
                rows.append(row)
                if len(rows) > MAX_ROWS:
                    raise WrongFormat.field(
                        "file", f"has more than {MAX_ROWS:,} zones; drop it in the bucket instead"
                    )
    except KmlError as error:
        raise WrongFormat.field("file", str(error)) from None
    return rows


_KINDS = {"LineString": "sausage", "Polygon": "polygon"}


def _vertices(row: Row) -> int:
    points = drop_repeats(row.rings[0])
    return len(points) - (row.kind == "Polygon" and len(points) > 1 and points[0] == points[-1])


# --- answers to an upload ------------------------------------------------------------------------------------------
def serialize_preview(steps: Sequence[RowResult]) -> dict[str, Any]:
    """An UploadAnswer of what would be made. Raises Invalid where that is more than an answer holds."""
    told_all = {
        "list": [_told_ready(step) for step in steps if step.geofence is not None],
        **serialize_skipped(step.outcome for step in steps),
    }
    if len(json.dumps(told_all, ensure_ascii=False).encode()) > _MAX_TOLD_BYTES:
        raise ValidationFailed.field(
            "file", "has more zones than one answer tells; split it, or make them without dry_run"
        )
    return told_all


def serialize_skipped(outcomes: Iterable[object]) -> dict[str, Any]:
    """What was left out, where something was."""
    left_out = [
        {"placemark": row.placemark, "line": row.line, "label": row.name, "reason": row.reason}
        for row in outcomes
        if isinstance(row, SkippedRow)
    ]
    return {"left_out": left_out} if left_out else {}


def _told_ready(step: RowResult) -> dict[str, Any]:
    assert step.geofence is not None
    zone = serialize_zone(step.geofence, (), with_points=True) | {"id": None}
    del zone["tags"]
    return zone


def build_redirect_url(target: str, answer: dict[str, Any]) -> str:
    """The address with the answer in its query, as `response`. Raises Invalid where the answer is too long for one.

    What was left out is not told there where it is too much: the report of the import has it.

    >>> build_redirect_url("https://a.example/done?x=1", {"success": True})
    'https://a.example/done?x=1&response=%7B%22success%22%3Atrue%7D'
    """
    shorter = {name: value for name, value in answer.items() if name != "left_out"}
    for body in (answer, shorter) if "import_id" in answer else (answer,):
        text = quote(json.dumps(body, ensure_ascii=False, separators=(",", ":")), safe="")
        address = f"{target}{'&' if '?' in target else '?'}response={text}"
        if len(address) <= _MAX_ADDRESS:
            return address
    raise ValidationFailed.field("redirect_target", "cannot be told so many zones in an address; leave it out")
