"""The requests of the zone API: integers for ids and tags, and the points of a zone apart from the zone."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from fencepost.geofences.model import MAX_NAME_LENGTH, MAX_TAGS
from fencepost.http.fields import Latitude, Longitude, RequestModel, Text, VisibleText
from fencepost.imports.rows import DEFAULT_RADIUS_M
from geo.shapes.checks import MAX_RADIUS_M, MIN_RADIUS_M

MAX_DELETED = 500
MIN_UPLOAD_RADIUS_M = 20

Number = Annotated[int, Field(ge=1, le=2**53)]
ColumnName = Literal["label", "address", "lat", "lng", "radius", "tags"]


class ZoneLocationInput(RequestModel):
    """A position in degrees."""

    lat: Latitude
    lng: Longitude


class ZonePointInput(RequestModel):
    """A point of a polygon or sausage. A `node` was set by a person; every point is one unless it says otherwise."""

    lat: Latitude
    lng: Longitude
    node: bool | None = None


Points = Annotated[list[ZonePointInput], Field(fail_fast=True)]


class ZoneInput(RequestModel):
    """A zone without its points. An update keeps what is absent."""

    id: Number | None = None
    type: Literal["circle", "polygon", "sausage"] | None = None
    label: Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)] | None = None
    address: Annotated[Text, Field(max_length=500)] | None = None
    color: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{6}$")] | None = None
    radius: Annotated[float, Field(ge=MIN_RADIUS_M, le=MAX_RADIUS_M)] | None = None
    center: ZoneLocationInput | None = None
    tags: Annotated[list[Number], Field(max_length=MAX_TAGS)] | None = None


class CreateZoneRequest(RequestModel):
    """A new zone. A circle has a `center`; a polygon or sausage has `points`."""

    zone: ZoneInput
    points: Points | None = None


class UpdateZoneRequest(RequestModel):
    """`zone.id` selects the zone; without an id, `zone.label` does."""

    zone: ZoneInput


class DeleteZonesRequest(RequestModel):
    """Either `zone_id` or `zone_ids`."""

    zone_id: Number | None = None
    zone_ids: Annotated[list[Number], Field(min_length=1, max_length=MAX_DELETED)] | None = None


class ZoneRequest(RequestModel):
    """The zone to read."""

    zone_id: Number


class DownloadZonesRequest(RequestModel):
    """`filter` is searched in label, address and description; a zone must have all of `tag_ids`."""

    filter: Annotated[Text, Field(max_length=100)] | None = None
    tag_ids: Annotated[list[Number], Field(max_length=MAX_TAGS)] | None = None
    offset: Annotated[int, Field(ge=0, le=10**9)] | None = None
    limit: Annotated[int, Field(ge=1, le=10**9)] | None = None


class ListZonesRequest(DownloadZonesRequest):
    """Filters of the list. `with_points` adds the points of polygons and sausages."""

    with_points: bool | None = None


class SearchLocationRequest(RequestModel):
    """The location that the zones must contain."""

    location: ZoneLocationInput


class UpdateZonePointsRequest(RequestModel):
    """New points of a polygon or sausage, which replace all of its points."""

    zone_id: Number
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """The file of a multipart form, as `fencepost.zones.request` passes it on."""

    name: str
    content: bytes

    @classmethod
    def _validate(cls, value: Any) -> UploadedFile:
        if not isinstance(value, dict):
            raise ValueError("must be a file")  # noqa: TRY004 - pydantic reports a ValueError, not a TypeError
        return cls(name=value["name"], content=b64decode(value["content"]))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return no_info_plain_validator_function(cls._validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}


class UploadZonesRequest(RequestModel):
    """A KML or KMZ file. With `dry_run`, the default, no zone is created.

    `default_radius`, in metres, is that of circles and sausages to which the file gives none. With
    `redirect_target`, the response is a redirect to that URL.
    """

    file: UploadedFile | None = None
    default_radius: Annotated[int, Field(ge=MIN_UPLOAD_RADIUS_M, le=MAX_RADIUS_M)] = round(DEFAULT_RADIUS_M)
    dry_run: bool = True
    redirect_target: Annotated[Text, Field(max_length=2_000)] | None = None


def _check_unique(columns: list[ColumnName]) -> list[ColumnName]:
    if len(set(columns)) < len(columns):
        raise ValueError("must not name a field twice")
    return columns


class ConvertBatchRequest(RequestModel):
    """Either `batch` or `file_id`; the file wins. There is one geocoder, whatever `geocoder` says."""

    batch: str | None = None
    file_id: Annotated[Text, Field(max_length=64)] | None = None
    fields: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(_check_unique)] | None = None
    geocoder: Annotated[Text, Field(max_length=50)] | None = None
    default_radius: Annotated[int, Field(ge=1, le=MAX_RADIUS_M)] = 100


class ParseSpreadsheetRequest(RequestModel):
    """A CSV or XLSX file."""

    file: UploadedFile | None = None
