"""The canonical vocabulary: camelCase, as in the tenant geofence API, widened by all that the others can say.

Input takes every alias of the other vocabularies, and an error names the field as the caller did.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, AliasPath, ConfigDict, Field

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.common.text import fold_case
from fencepost.common.timezones import MINUTES_A_DAY
from fencepost.geofences.model import MAX_ASSIGNMENTS, MAX_NAME_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, Geofence
from fencepost.geofences.serializers import Kind, NameOfType, ScheduleOut, told_in_force, told_shape
from fencepost.geofences.validity import ALWAYS, DAYS, InForce, Schedule, Window
from fencepost.http.fields import (
    Instant,
    Latitude,
    Longitude,
    Metres,
    RequestModel,
    ResponseModel,
    Text,
    TimeOfDay,
    TimeZone,
    VisibleText,
    format_timestamp,
    to_number,
    validate,
)
from geo.errors import GeometryError
from geo.shapes import find_by_geometry, find_by_kind
from geo.shapes.base import ShapeFields
from geo.shapes.checks import MAX_RADIUS_M, MAX_VERTICES, MIN_RADIUS_M
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.geofences.model import Version
    from geo.shapes.base import Shape

DEFAULT_RADIUS_M = 500.0
MAX_ACTION_BYTES = 8 * 1024
MAX_WINDOWS = 20
_TYPE_ALIASES = {"sausage": Corridor.kind}
ADDRESS = "/api/v1/geofences/"


def _small_action(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_ACTION_BYTES:
        raise ValueError(f"must be at most {MAX_ACTION_BYTES:,} bytes as JSON")
    return value


def _aliases(*names: str | AliasPath) -> Any:
    others = [name if isinstance(name, str) else ".".join(map(str, name.path)) for name in names[1:]]
    said = f"Also taken as {', '.join(others)}." if others else None
    return Field(default=None, validation_alias=AliasChoices(*names), description=said)


Tag = Annotated[VisibleText, Field(max_length=MAX_TAG_LENGTH)]


class AssignmentIn(RequestModel):
    target_table: Annotated[
        Literal["users", "groups", "projects", "time_guis", "expense_guis", "travel_entry_guis"],
        Field(validation_alias=AliasChoices("targetTable", "target_table")),
    ]
    target_id: Annotated[
        str, Field(min_length=1, max_length=64, validation_alias=AliasChoices("targetId", "target_id"))
    ]


class Vertex(RequestModel):
    latitude: Annotated[Latitude, Field(validation_alias=AliasChoices("latitude", "lat"))]
    longitude: Annotated[Longitude, Field(validation_alias=AliasChoices("longitude", "lng", "lon"))]


class WindowIn(RequestModel):
    """A span of local time on some days; one that ends at or before its start ends on the next day."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1, max_length=7)]
    start_minute: Annotated[TimeOfDay, Field(validation_alias="from", lt=MINUTES_A_DAY)]
    end_minute: Annotated[TimeOfDay, Field(validation_alias="to")]


class ScheduleIn(RequestModel):
    time_zone: Annotated[TimeZone, Field(validation_alias=AliasChoices("timeZone", "time_zone"))]
    windows: Annotated[list[WindowIn], Field(min_length=1, max_length=MAX_WINDOWS)]


class GeofenceChange(RequestModel):
    """The fields of a geofence that a request may set. What is absent is left as it is, or at its default."""

    name: Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)] | None = _aliases("name", "pname", "label")
    description: Annotated[Text, Field(max_length=500)] | None = None
    type: Annotated[str, NameOfType(*_TYPE_ALIASES)] | None = None
    latitude: Latitude | None = _aliases("latitude", "center_lat", AliasPath("center", "lat"))
    longitude: Longitude | None = _aliases("longitude", "center_lon", AliasPath("center", "lng"))
    radius_m: Annotated[float, Field(ge=MIN_RADIUS_M, le=MAX_RADIUS_M)] | None = _aliases(
        "radiusMeters", "radius", "radius_meters"
    )
    points: Annotated[list[Vertex], Field(max_length=MAX_VERTICES + 1, fail_fast=True)] | None = None
    geometry: dict[str, Any] | None = None
    min_accuracy_m: Metres | None = _aliases("minAccuracy", "min_accuracy", "min_accuracy_meters")
    status: Literal["active", "inactive"] | None = None
    active: bool | None = None
    active_from: Instant | None = _aliases("activeFrom", "active_from")
    expires_at: Instant | None = _aliases("expiresAt", "expires_at")
    schedule: ScheduleIn | None = None
    is_priority: bool | None = _aliases("isPriority", "is_priority", "priority")
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None
    address: Annotated[Text, Field(max_length=500)] | None = None
    tags: (
        Annotated[list[Annotated[VisibleText, Field(max_length=MAX_TAG_LENGTH)]], Field(max_length=MAX_TAGS)] | None
    ) = None
    assignments: Annotated[list[AssignmentIn], Field(max_length=MAX_ASSIGNMENTS)] | None = None
    trigger_on: Literal["enter", "exit", "dwell"] | None = _aliases("triggerOn", "trigger_on")
    dwell_minutes: Annotated[int, Field(ge=1, le=525_600)] | None = _aliases("dwellMinutes", "dwell_minutes")
    cooldown_ms: Annotated[int, Field(ge=0, le=10**12)] | None = _aliases("cooldownMs", "cooldown_ms")
    action: Annotated[dict[str, Any], AfterValidator(_small_action)] | None = None


class GeofenceCreate(GeofenceChange):
    """A new geofence. `name` is required, and what its type needs: a centre, or points or a geometry."""

    model_config = ConfigDict(json_schema_extra={"required": ["name"]})


class GeofenceUpdate(GeofenceChange):
    """A change of a geofence. The read-only fields of an answer may be sent back, save `tenantId`: that is nobody's
    to say."""

    id: str | None = None
    uri: Any = None
    number: Any = None
    version: Any = None
    created_at: Any = _aliases("createdAt", "created_at")
    updated_at: Any = _aliases("updatedAt", "updated_at")
    deleted_at: Any = _aliases("deletedAt")


class AssignmentOut(ResponseModel):
    targetTable: str
    targetId: str


class GeofenceOut(ResponseModel):
    """A geofence. `latitude` and `longitude` are the centre; `geometry` (GeoJSON) is null for a circle."""

    id: str
    number: int
    tenantId: str
    uri: str
    name: str
    description: str | None
    type: Kind
    latitude: float
    longitude: float
    radiusMeters: float | None
    geometry: dict[str, Any] | None
    minAccuracy: float
    status: Literal["active", "inactive"]
    activeFrom: str | None
    expiresAt: str | None
    schedule: ScheduleOut | None
    isPriority: bool
    color: str | None
    address: str | None
    tags: list[str]
    assignments: list[AssignmentOut]
    triggerOn: Literal["enter", "exit", "dwell"]
    dwellMinutes: int | None
    cooldownMs: int
    action: dict[str, Any]
    version: int
    createdAt: str
    updatedAt: str


class GeofencePage(ResponseModel):
    """A page may be short, even empty, where filters are asked for: only a null `nextCursor` is the end."""

    data: list[GeofenceOut]
    nextCursor: str | None


class VersionOut(GeofenceOut):
    """A version of a geofence; `deletedAt` is set on the last one of a geofence that was deleted."""

    deletedAt: str | None


class VersionPage(ResponseModel):
    data: list[VersionOut]
    nextCursor: str | None


class TagOut(ResponseModel):
    number: int
    name: str


class TagList(ResponseModel):
    data: list[TagOut]


class GeofenceDeletion(ResponseModel):
    id: str
    deleted: Literal[True]


# What an update sets to null, it clears; for any other field null is no value.
_IN_FORCE_FIELDS = {"active_from", "expires_at", "schedule"}
_CLEARABLE = {"description", "color", "address", "dwell_minutes", *_IN_FORCE_FIELDS}
_OTHER_CENTERS = ("latitude", "longitude", "center_lat", "center_lon")
_SHAPE_FIELDS = {"type", "latitude", "longitude", "radius_m", "points", "geometry"}
_AS_IT_IS = (
    "description",
    "is_priority",
    "min_accuracy_m",
    "color",
    "address",
    "trigger_on",
    "dwell_minutes",
)


def new_fields(change: GeofenceCreate, said: Mapping[str, Any]) -> dict[str, Any]:
    """The domain's fields of a new geofence. `said` is the body, for the names that its sender used."""
    if change.name is None:
        field = _said_as("name", said)
        raise ValidationFailed.field(field, "must not be null" if field in said else "is missing")
    return _fields(change, said, ALWAYS) | {"shape": _shape(change, said, None)}


def fields_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The domain's fields of a new geofence that was said outside of a request. Raises Invalid."""
    return new_fields(validate(GeofenceCreate, said), said)


def changed_fields(change: GeofenceUpdate, said: Mapping[str, Any], before: Geofence) -> dict[str, Any]:
    """The domain's fields that an update sets."""
    fields = _fields(change, said, before.in_force)
    if _SHAPE_FIELDS & {name for name in change.model_fields_set if getattr(change, name) is not None}:
        fields["shape"] = _shape(change, said, before.shape)
    return fields


def _fields(change: GeofenceChange, said: Mapping[str, Any], in_force: InForce) -> dict[str, Any]:
    given = {name: getattr(change, name) for name in change.model_fields_set}
    nothing = sorted(
        name
        for name, v in given.items()
        if v is None and name in GeofenceChange.model_fields and name not in _CLEARABLE | _SHAPE_FIELDS
    )
    if nothing:
        raise ValidationFailed([FieldError(_said_as(name, said), "must not be null") for name in nothing])
    fields = {name: given[name] for name in (*_AS_IT_IS, "name", "cooldown_ms", "action") if name in given}
    if "status" in given and "active" in given and (change.status == "active") is not change.active:
        raise ValidationFailed.field("active", "contradicts status")
    if "status" in given or "active" in given:
        fields["is_active"] = change.active if change.status is None else change.status == "active"
    if change.tags is not None:
        fields["tags"] = tuple({fold_case(tag): tag for tag in reversed(change.tags)}.values())[::-1]
    _check_said_center(said)
    if _IN_FORCE_FIELDS & change.model_fields_set:
        fields["in_force"] = _in_force(change, said, in_force)
    if change.assignments is not None:
        wanted = [EntityRef(a.target_table, a.target_id) for a in change.assignments]
        for n, assignment in enumerate(wanted):
            if assignment in wanted[:n]:
                raise ValidationFailed.field(f"assignments[{n}]", "is given twice")
        fields["assignments"] = tuple(wanted)
    return fields


def _check_said_center(said: Mapping[str, Any]) -> None:
    """A centre is looked into by name, so what else it holds would go unseen."""
    center = said.get("center", {})
    if not isinstance(center, dict):
        raise ValidationFailed.field("center", "must be an object with lat and lng")
    other = sorted(center.keys() - {"lat", "lng"})
    if other:
        raise ValidationFailed.field(f"center.{other[0]}", "is not a field of this request")
    if "center" in said:
        absent = next((name for name in ("lat", "lng") if center.get(name) is None), None)
        if absent is not None:
            raise ValidationFailed.field(f"center.{absent}", "is missing")
        twice = next((name for name in _OTHER_CENTERS if name in said), None)
        if twice is not None:
            raise ValidationFailed.field(twice, "says what center says too; give one of them")


def _in_force(change: GeofenceChange, said: Mapping[str, Any], before: InForce) -> InForce:
    given = {name: getattr(change, name) for name in _IN_FORCE_FIELDS & change.model_fields_set}
    if given.get("schedule") is not None:
        windows = (
            Window(
                days=frozenset(DAYS.index(day) for day in window.days),
                start_minute=window.start_minute,
                end_minute=window.end_minute,
            )
            for window in given["schedule"].windows
        )
        given["schedule"] = Schedule(time_zone=given["schedule"].time_zone, windows=tuple(windows))
    for name in ("active_from", "expires_at"):
        if given.get(name) is not None:  # kept as it is told, so that an answer sent back changes nothing
            given[name] = given[name].replace(microsecond=given[name].microsecond // 1000 * 1000)
    after = replace(before, **given)
    if after.active_from is not None and after.expires_at is not None and after.active_from >= after.expires_at:
        raise ValidationFailed.field(_said_as("expires_at", said), "must be later than activeFrom")
    return after


def _shape(change: GeofenceChange, said: Mapping[str, Any], before: Shape | None) -> Shape:
    """The shape that the request describes, on top of the one that there is."""
    points = change.points
    fields = ShapeFields(
        lon=change.longitude,
        lat=change.latitude,
        radius_m=change.radius_m,
        points=None if points is None else tuple((vertex.longitude, vertex.latitude) for vertex in points),
        geometry=change.geometry,
    )
    try:
        return _type_of(change, before).parse_fields(fields, before, DEFAULT_RADIUS_M)
    except GeometryError as error:
        raise ValidationFailed(
            [FieldError(_blamed(field, change, said), error.reason) for field in error.fields]
        ) from None


def _type_of(change: GeofenceChange, before: Shape | None) -> type[Shape]:
    """The type that a request names, else the one that its geometry implies, else the one that there is."""
    if change.type is not None:
        named = find_by_kind(_TYPE_ALIASES.get(change.type, change.type))
        assert named is not None, "the field is validated"
        return named
    if change.geometry is not None:
        kind = before.kind if before is not None else None
        return find_by_geometry(str(change.geometry.get("type")), kind) or Circle
    return type(before) if before is not None else Circle


def _blamed(field: str, change: GeofenceChange, said: Mapping[str, Any]) -> str:
    """The caller's name for what a geometry error calls `points` or `radius_m`."""
    if field.startswith("points") and change.geometry is not None and change.points is None:
        return "geometry" + field.removeprefix("points")
    return _said_as(field, said)


def _said_as(field: str, said: Mapping[str, Any]) -> str:
    if field not in GeofenceUpdate.model_fields:
        return field
    aliases = GeofenceUpdate.model_fields[field].validation_alias
    if not isinstance(aliases, AliasChoices):
        return field
    names = [name for name in aliases.choices if isinstance(name, str)]
    inner = [".".join(map(str, path.path)) for path in aliases.choices if isinstance(path, AliasPath)]
    if inner and "center" in said:
        return inner[0]
    return next((name for name in names if name in said), names[0])


def told(geofence: Geofence) -> dict[str, Any]:
    """A geofence in the words of this vocabulary: a GeofenceOut."""
    return {
        "id": geofence.id,
        "number": geofence.number,
        "tenantId": geofence.tenant_id,
        "uri": ADDRESS + geofence.id,
        "name": geofence.name,
        "description": geofence.description,
        **told_shape(geofence.shape),
        "minAccuracy": to_number(geofence.min_accuracy_m),
        "status": "active" if geofence.is_active else "inactive",
        **told_in_force(geofence.in_force),
        "isPriority": geofence.is_priority,
        "color": geofence.color,
        "address": geofence.address,
        "tags": list(geofence.tags),
        "assignments": [{"targetTable": a.target_table, "targetId": a.target_id} for a in geofence.assignments],
        "triggerOn": geofence.trigger_on,
        "dwellMinutes": geofence.dwell_minutes,
        "cooldownMs": geofence.cooldown_ms,
        "action": dict(geofence.action),
        "version": geofence.version,
        "createdAt": format_timestamp(geofence.created_at),
        "updatedAt": format_timestamp(geofence.updated_at),
    }


def told_version(version: Version) -> dict[str, Any]:
    """A version in the words of this vocabulary: a VersionOut."""
    return told(version.geofence) | {
        "deletedAt": format_timestamp(version.deleted_at) if version.deleted_at else None
    }
