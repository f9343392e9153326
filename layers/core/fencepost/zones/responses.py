"""The responses of the zone API, for its document and for readers of the code."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field

from fencepost.http.fields import ResponseModel


class ZoneLocation(ResponseModel):
    """A position in degrees."""

    lat: float
    lng: float


class ZonePoint(ZoneLocation):
    """A point of a polygon or sausage. A `node` was set by a person."""

    node: bool


class Zone(ResponseModel):
    """A zone. `approximate` is present, and true, if the geofence is more than the zone API can express."""

    id: int
    type: Literal["circle", "polygon", "sausage"]
    label: str
    address: str
    color: str
    radius: NotRequired[int | None]
    center: NotRequired[ZoneLocation | None]
    tags: list[int]
    points: NotRequired[list[ZonePoint] | None]
    approximate: NotRequired[Literal[True] | None]


class ZoneResponse(ResponseModel):
    """The call succeeded."""

    success: Literal[True]


class CreateZoneResponse(ZoneResponse):
    """The id of the created zone."""

    id: int


class ReadZoneResponse(ZoneResponse):
    """A zone, without its points."""

    value: Zone


class ListZonesResponse(ZoneResponse):
    """The zones, oldest first."""

    list_: Annotated[list[Zone], Field(alias="list")]


class ZoneLabel(ResponseModel):
    """The id and the label of a zone."""

    id: int
    label: str


class SearchLocationResponse(ZoneResponse):
    """The active zones that contain the location, the nearest centre first."""

    list_: Annotated[list[ZoneLabel], Field(alias="list")]


class ListZonePointsResponse(ZoneResponse):
    """The points of the zone, in their order."""

    list_: Annotated[list[ZonePoint], Field(alias="list")]


class PreviewedZone(ResponseModel):
    """A zone that a file describes and that does not exist yet."""

    id: None
    type: Literal["circle", "polygon", "sausage"]
    label: str
    address: str
    color: str
    radius: NotRequired[int | None]
    center: NotRequired[ZoneLocation | None]
    points: NotRequired[list[ZonePoint] | None]


class SkippedPlacemark(ResponseModel):
    """A part of the file that becomes no zone, with the reason; `placemark` counts from 1."""

    placemark: int
    line: int
    label: str
    reason: str


class UploadZonesResponse(ZoneResponse):
    """`list` contains the zones of the file or, without `dry_run`, the ids of the created zones.

    With `in_background`, workers create the zones: `GET /imports/{import_id}` reports the progress.
    """

    list_: Annotated[list[PreviewedZone] | list[int], Field(alias="list")]
    left_out: NotRequired[list[SkippedPlacemark] | None]
    in_background: NotRequired[Literal[True] | None]
    import_id: NotRequired[str | None]


class InvalidParameter(ResponseModel):
    """A parameter of the request, and what is wrong with it."""

    parameter: str
    error: str


class ConvertedZone(ResponseModel):
    """A zone of a table. With `errors`, `zone/create` would refuse it, and it has no `type`."""

    id: None
    type: NotRequired[Literal["circle"] | None]
    label: str
    address: str
    color: str
    radius: int
    center: ZoneLocation
    tags: list[int]
    errors: NotRequired[list[InvalidParameter] | None]


class ConvertBatchResponse(ZoneResponse):
    """`limit_exceeded` if the table has more rows than `list`."""

    list_: Annotated[list[ConvertedZone], Field(alias="list")]
    limit_exceeded: bool


class ParseSpreadsheetResponse(ZoneResponse):
    """`file_id` is valid for a day; `preview` contains the first rows."""

    file_id: str
    rows: int
    preview: list[list[str]]


class ZoneStatus(ResponseModel):
    """The code of the error, and its description."""

    code: int
    description: str


class ReferencingEntities(ResponseModel):
    """The entities of one type that reference a zone."""

    type: str
    ids: list[str]


class ZoneErrorResponse(ResponseModel):
    """`errors` name the invalid parameters (code 7), `entities` those that reference a zone (code 203)."""

    success: Literal[False]
    status: ZoneStatus
    errors: NotRequired[list[InvalidParameter] | None]
    entities: NotRequired[list[ReferencingEntities] | None]
