"""The zone vocabulary: whole numbers for ids and tags, points apart from their zone, errors by number.

A geofence that it cannot say is told as near as it can: of several parts the largest, of rings the outer one, a
radius in whole metres. Such a zone is marked `approximate`, and what is sent back as it was told changes nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from math import cos, radians
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.common.errors import (
    FencepostError,
    FieldError,
    Forbidden,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    NotFound,
    ServiceBusy,
    ValidationFailed,
)
from fencepost.geofences.errors import AreaTooDense, NameTaken, QuotaReached, StillReferenced
from fencepost.geofences.model import MAX_NAME_LENGTH, MAX_TAGS
from fencepost.http.fields import Latitude, Longitude, RequestModel, ResponseModel, Text, VisibleText
from fencepost.http.problems import AnswerTooLarge, BodyTooLarge, UnsupportedMediaType
from fencepost.zones.request import WrongHash
from geo.errors import GeometryError
from geo.shapes.checks import MAX_CORRIDOR_POINTS, MAX_RADIUS_M, MIN_RADIUS_M
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fencepost.geofences.model import Geofence
    from geo.shapes.base import LonLat, Shape

    TagsNamed = Callable[[Iterable[int]], Mapping[int, str]]
    PointLimit = Callable[[], int]

DEFAULT_COLOR = "27A9E3"
MAX_DELETED = 500
# Geofences of any other type are reported as circles, and their shapes cannot be changed here.
_KINDS = {Circle.kind: "circle", Polygon.kind: "polygon", Corridor.kind: "sausage"}
# A polygon of so many points needs no look at what its tenant may.
_ALWAYS_ALLOWED = 100

Number = Annotated[int, Field(ge=1, le=2**53)]
Numbers = list[Number]


# --- requests ------------------------------------------------------------------------------------------------------
class ZoneLocationInput(RequestModel):
    lat: Latitude
    lng: Longitude


class ZonePointInput(RequestModel):
    """`node` tells a point that somebody set from one in between; every point is one unless it says otherwise."""

    lat: Latitude
    lng: Longitude
    node: bool | None = None


Points = Annotated[list[ZonePointInput], Field(fail_fast=True)]


class ZoneInput(RequestModel):
    """A zone without its points. In an update, what is absent is kept."""

    id: Number | None = None
    type: Literal["circle", "polygon", "sausage"] | None = None
    label: Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)] | None = None
    address: Annotated[Text, Field(max_length=500)] | None = None
    color: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{6}$")] | None = None
    radius: Annotated[float, Field(ge=MIN_RADIUS_M, le=MAX_RADIUS_M)] | None = None
    center: ZoneLocationInput | None = None
    tags: Annotated[list[Number], Field(max_length=MAX_TAGS)] | None = None


class CreateZoneRequest(RequestModel):
    zone: ZoneInput
    points: Points | None = None


class UpdateZoneRequest(RequestModel):
    """`zone.id` says which; without one, it is the zone of that label."""

    zone: ZoneInput


class DeleteZonesRequest(RequestModel):
    """One of the two."""

    zone_id: Number | None = None
    zone_ids: Annotated[Numbers, Field(min_length=1, max_length=MAX_DELETED)] | None = None


class ZoneRequest(RequestModel):
    zone_id: Number


class DownloadZonesRequest(RequestModel):
    """`filter` is looked for in label, address and description; a zone must have all of `tag_ids`."""

    filter: Annotated[Text, Field(max_length=100)] | None = None
    tag_ids: Annotated[list[Number], Field(max_length=MAX_TAGS)] | None = None
    offset: Annotated[int, Field(ge=0, le=10**9)] | None = None
    limit: Annotated[int, Field(ge=1, le=10**9)] | None = None


class ListZonesRequest(DownloadZonesRequest):
    with_points: bool | None = None


class SearchLocationRequest(RequestModel):
    location: ZoneLocationInput


class UpdateZonePointsRequest(RequestModel):
    zone_id: Number
    points: Points


# --- answers -------------------------------------------------------------------------------------------------------
class ZoneLocation(ResponseModel):
    lat: float
    lng: float


class ZonePoint(ZoneLocation):
    node: bool


class Zone(ResponseModel):
    """`approximate` is there, and true, where the geofence is more than this vocabulary can say."""

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
    success: Literal[True]


class CreateZoneResponse(ZoneResponse):
    id: int


class ReadZoneResponse(ZoneResponse):
    value: Zone


class ListZonesResponse(ZoneResponse):
    list_: Annotated[list[Zone], Field(alias="list")]


class ZoneLabel(ResponseModel):
    id: int
    label: str


class SearchLocationResponse(ZoneResponse):
    list_: Annotated[list[ZoneLabel], Field(alias="list")]


class ListZonePointsResponse(ZoneResponse):
    list_: Annotated[list[ZonePoint], Field(alias="list")]


class ZoneStatus(ResponseModel):
    code: int
    description: str


class InvalidParameter(ResponseModel):
    parameter: str
    error: str


class ReferencingEntities(ResponseModel):
    type: str
    ids: list[str]


class ZoneErrorResponse(ResponseModel):
    """`errors` name the parameters that are wrong (7), `entities` what holds a zone (203)."""

    success: Literal[False]
    status: ZoneStatus
    errors: NotRequired[list[InvalidParameter] | None]
    entities: NotRequired[list[ReferencingEntities] | None]


# --- refusals ------------------------------------------------------------------------------------------------------
class NoPoints(ValidationFailed):
    """Points belong to polygons and sausages."""


class OtherType(ValidationFailed):
    """A zone keeps its type."""


class TooManyPoints(ValidationFailed):
    """More than the type, or the tenant, may have."""


class TooFewPoints(ValidationFailed):
    """Fewer than the type needs, those that repeat the one before not counted."""


class NoDataFile(ValidationFailed):
    """A call that is about a file has none."""


class WrongFormat(ValidationFailed):
    """A file or a table that cannot be read."""


_WRONG_PARAMETER, _TRY_AGAIN = 7, 8
_CODES: dict[type, int] = {
    WrongHash: 4,
    ValidationFailed: _WRONG_PARAMETER,
    Forbidden: 13,
    NotFound: 201,
    TooManyPoints: 202,
    StillReferenced: 203,
    NoPoints: 230,
    OtherType: 231,
    NoDataFile: 233,
    WrongFormat: 234,
    QuotaReached: 268,
    TooFewPoints: 284,
    ServiceBusy: _TRY_AGAIN,
    IdempotencyInProgress: _TRY_AGAIN,
}
# The parameter that is wrong, where an error is not about fields.
_PARAMETERS: dict[type[FencepostError], str] = {
    NameTaken: "zone.label",
    AreaTooDense: "location",
    BodyTooLarge: "body",
    AnswerTooLarge: "limit",
    UnsupportedMediaType: "Content-Type",
    IdempotencyKeyReused: "Idempotency-Key",
}
STATUS: Mapping[type[FencepostError], int] = {
    **dict.fromkeys((WrongHash, Forbidden, NotFound, StillReferenced, *_PARAMETERS), HTTPStatus.BAD_REQUEST),
    OtherType: HTTPStatus.CONFLICT,
}


def render_zone_error(error: FencepostError, _request_id: str) -> dict[str, Any]:
    """A ZoneRefusal."""
    errors = error.errors if isinstance(error, ValidationFailed) else ()
    if type(error) in _PARAMETERS:
        errors = (FieldError(_PARAMETERS[type(error)], str(error)),)
    code = next((_CODES[cls] for cls in type(error).__mro__ if cls in _CODES), _WRONG_PARAMETER)
    description = "; ".join(f"{e.field}: {e.message}" for e in errors) or str(error)
    told: dict[str, Any] = {"success": False, "status": {"code": code, "description": description}}
    if errors:
        told["errors"] = [{"parameter": e.field, "error": e.message} for e in errors]
    if isinstance(error, StillReferenced):
        by_table: dict[str, list[str]] = {}
        for held in error.assignments:
            by_table.setdefault(held.target_table, []).append(held.target_id)
        told["entities"] = [{"type": table, "ids": ids} for table, ids in by_table.items()]
    return told


# --- from requests to geofences ------------------------------------------------------------------------------------
def build_new_fields(call: CreateZoneRequest, tags_named: TagsNamed, point_limit: PointLimit) -> dict[str, Any]:
    """The domain's fields of a new geofence."""
    zone = call.zone
    if zone.id is not None:
        raise ValidationFailed.field("zone.id", "is given by the service")
    if zone.label is None:
        raise ValidationFailed.field("zone.label", "is missing")
    fields = {"color": f"#{DEFAULT_COLOR}", **_plain_fields(zone, tags_named)}
    kind = zone.type or "circle"
    if kind == "circle":
        if call.points is not None:
            raise NoPoints.field("points", "belong to polygons and sausages; a circle has none")
        return fields | {"shape": _circle(zone, None)}
    _check_has_no(zone, *(("center",) if kind == "sausage" else ("center", "radius")))
    if kind == "sausage" and zone.radius is None:
        raise ValidationFailed.field("zone.radius", "is missing")
    return fields | _line_fields(call.points or [], zone.radius if kind == "sausage" else None, point_limit)


def build_changed_fields(
    zone: ZoneInput, before: Geofence, was: Mapping[str, Any], tags_named: TagsNamed
) -> dict[str, Any]:
    """The domain's fields that an update sets. What comes as it was told stays as it is."""
    if zone.type not in (None, was["type"]):
        raise OtherType.field("zone.type", f"cannot change: this zone is a {was['type']}")
    same = [name for name, value in zone.model_dump(exclude_none=True).items() if value == was.get(name)]
    new, shape = zone.model_copy(update=dict.fromkeys(same)), before.shape
    fields = _plain_fields(new, tags_named)
    if shape.kind not in _KINDS and (new.center is not None or new.radius is not None):
        raise OtherType.field(
            "zone.type", f"cannot change: this zone is a {shape.kind}, which has no other shape here"
        )
    if isinstance(shape, Circle):
        return fields if new.center is None and new.radius is None else fields | {"shape": _circle(new, shape)}
    _check_has_no(new, *(("center",) if isinstance(shape, Corridor) else ("center", "radius")))
    return fields if new.radius is None else fields | {"shape": _line(_outline(shape), new.radius)}


def build_changed_points(
    points: Sequence[ZonePointInput], before: Geofence, point_limit: PointLimit
) -> dict[str, Any]:
    """The domain's fields that other points set."""
    shape = before.shape
    if isinstance(shape, Circle):
        raise NoPoints.field("points", "belong to polygons and sausages; this zone is a circle")
    if shape.kind not in _KINDS:
        raise NoPoints.field("points", f"belong to polygons and sausages; this zone is a {shape.kind}")
    half_width_m = shape.half_width_m if isinstance(shape, Corridor) else None
    vertices, nodes = _vertices(points, is_ring=half_width_m is None)
    if vertices == _outline(shape):  # told of one part, perhaps, or without its holes: those stay
        return {"nodes": () if all(nodes) else nodes}
    return _line_fields(points, half_width_m, point_limit)


def _plain_fields(zone: ZoneInput, tags_named: TagsNamed) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if zone.label is not None:
        fields["name"] = zone.label
    if zone.address is not None:
        fields["address"] = zone.address or None
    if zone.color is not None:
        fields["color"] = f"#{zone.color}"
    if zone.tags is not None:
        names = tags_named(zone.tags)
        for n, number in enumerate(zone.tags):
            if number not in names:
                raise ValidationFailed.field(f"zone.tags[{n}]", f"no tag has the number {number}")
        fields["tags"] = tuple(dict.fromkeys(names[number] for number in zone.tags))
    return fields


def _circle(zone: ZoneInput, before: Circle | None) -> Circle:
    """The circle that a zone describes, on top of the one that there is."""
    center = before.center if before else None
    if zone.center is not None:
        if zone.center.lat == 0 and zone.center.lng == 0:
            raise ValidationFailed.field("zone.center", "0,0 is in the Atlantic and almost always a mistake")
        center = Position(lon=zone.center.lng, lat=zone.center.lat)
    radius_m = zone.radius or (before.radius_m if before else None)
    if center is None or radius_m is None:
        missing = [name for name, value in (("center", center), ("radius", radius_m)) if value is None]
        raise ValidationFailed([FieldError(f"zone.{name}", "is missing") for name in missing])
    return Circle(center=center, radius_m=radius_m)


def _line_fields(
    points: Sequence[ZonePointInput], half_width_m: float | None, point_limit: PointLimit
) -> dict[str, Any]:
    """The shape that points describe, a polygon where there is no half-width, and which of them are nodes."""
    vertices, nodes = _vertices(points, is_ring=half_width_m is None)
    least, kind = (3, "polygon") if half_width_m is None else (2, "sausage")
    if len(set(vertices)) < least:
        raise TooFewPoints.field("points", f"a {kind} needs at least {least} different points")
    check_points(len(vertices), kind, point_limit)
    return {"shape": _line(vertices, half_width_m), "nodes": () if all(nodes) else nodes}


def check_points(
    vertices: int, kind: str, point_limit: PointLimit, field: str = "points", where: str = "here"
) -> None:
    """Raises TooManyPoints."""
    most = MAX_CORRIDOR_POINTS if kind == "sausage" else _most_points(vertices, point_limit)
    if vertices > most:
        raise TooManyPoints.field(field, f"a {kind} takes at most {most:,} points, {where} are {vertices:,}")


def _most_points(count: int, point_limit: PointLimit) -> int:
    return point_limit() if count > _ALWAYS_ALLOWED else _ALWAYS_ALLOWED


def _line(vertices: tuple[LonLat, ...], half_width_m: float | None) -> Shape:
    try:
        if half_width_m is None:
            return Polygon.from_ring(vertices)
        return Corridor(points=vertices, half_width_m=half_width_m)
    except GeometryError as error:
        field = "zone.radius" if error.field in ("radius_m", "half_width_m") else error.field
        raise ValidationFailed.field(field, error.reason) from None


def _vertices(points: Sequence[ZonePointInput], *, is_ring: bool) -> tuple[tuple[LonLat, ...], tuple[bool, ...]]:
    """The points without those that repeat the one before or close a ring, and whether each is a node.

    >>> here, there = ZonePointInput(lat=1, lng=2), ZonePointInput(lat=3, lng=4, node=False)
    >>> _vertices([here, there, there, here], is_ring=True)
    (((2.0, 1.0), (4.0, 3.0)), (True, False))
    """
    vertices: list[LonLat] = []
    nodes: list[bool] = []
    for point in points:
        vertex, is_node = (point.lng, point.lat), point.node is not False
        if vertices and vertex == vertices[-1]:
            nodes[-1] |= is_node
        else:
            vertices.append(vertex)
            nodes.append(is_node)
    if is_ring and len(vertices) > 1 and vertices[0] == vertices[-1]:
        vertices.pop()
        nodes[0] |= nodes.pop()
    return tuple(vertices), tuple(nodes)


def _check_has_no(zone: ZoneInput, *names: str) -> None:
    for name in names:
        if getattr(zone, name) is not None:
            raise ValidationFailed.field(f"zone.{name}", "is nothing that a zone of this type has")


# --- from geofences to answers -------------------------------------------------------------------------------------
def serialize_zone(geofence: Geofence, tags: Sequence[int], *, with_points: bool = False) -> dict[str, Any]:
    """A geofence in the words of this vocabulary: a ZoneOut. `tags` are the numbers of its tags."""
    shape = _as_zone_shape(geofence.shape)
    zone: dict[str, Any] = {
        "id": geofence.number,
        "type": _KINDS[shape.kind],
        "label": geofence.name,
        "address": geofence.address or "",
        "color": (geofence.color or DEFAULT_COLOR).removeprefix("#"),
        "tags": list(tags),
    }
    if shape.radius_m is not None:
        zone["radius"] = max(1, round(shape.radius_m))
    if isinstance(shape, Circle):
        zone["center"] = _told_at((shape.center.lon, shape.center.lat))
    elif with_points:
        zone["points"] = serialize_points(geofence)
    if shape is not geofence.shape or _is_more(shape):
        zone["approximate"] = True
    return zone


def serialize_points(geofence: Geofence) -> list[dict[str, Any]]:
    """The points of a polygon or a sausage. Raises NoPoints."""
    shape = geofence.shape
    if isinstance(shape, Circle) or shape.kind not in _KINDS:
        raise NoPoints.field("zone_id", f"is a {shape.kind}, and a {shape.kind} has no points")
    outline = _outline(shape)
    nodes = geofence.nodes if len(geofence.nodes) == len(outline) else (True,) * len(outline)
    return [_told_at(vertex) | {"node": is_node} for vertex, is_node in zip(outline, nodes, strict=True)]


def _as_zone_shape(shape: Shape) -> Shape:
    """The shape, or the circle around it where its type is none of this vocabulary."""
    if shape.kind in _KINDS:
        return shape
    return Circle(center=shape.center, radius_m=min(MAX_RADIUS_M, float(shape.enclosing_radius_m())))


def _told_at(vertex: LonLat) -> dict[str, Any]:
    lng, lat = vertex
    return {"lat": lat, "lng": lng}


def _outline(shape: Shape) -> tuple[LonLat, ...]:
    """The line of a corridor, or the outer ring of a polygon's largest part."""
    if isinstance(shape, Corridor):
        return shape.points
    assert isinstance(shape, Polygon)
    return max((part[0] for part in shape.parts), key=_size) if len(shape.parts) > 1 else shape.parts[0][0]


def _size(ring: Sequence[LonLat]) -> float:
    """An area that tells the larger ring from the smaller: square degrees, narrower towards the poles.

    >>> _size([(179, 0), (-179, 0), (-179, 1), (179, 1)]) < _size([(0, 0), (2.1, 0), (2.1, 1), (0, 1)])
    True
    """
    west, south = ring[0]
    east = [(lon - west + 180) % 360 - 180 for lon, _ in ring]
    north = [lat - south for _, lat in ring]
    twice = sum(east[k - 1] * north[k] - east[k] * north[k - 1] for k in range(len(ring)))
    return abs(twice) * cos(radians(sum(lat for _, lat in ring) / len(ring)))


def _is_more(shape: Shape) -> bool:
    """Whether a shape is more than this vocabulary says of it."""
    if isinstance(shape, Polygon):
        return len(shape.parts) > 1 or len(shape.parts[0]) > 1
    return shape.radius_m != max(1, round(shape.radius_m or 0))
