"""Requests and responses of the canonical dialect: camelCase, with the fields of all dialects.

A request may use the names of the other dialects as well.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, AliasPath, ConfigDict, Field

from fencepost.common.timezones import MINUTES_PER_DAY
from fencepost.geofences.model import MAX_ASSIGNMENTS, MAX_NAME_LENGTH, MAX_TAG_LENGTH, MAX_TAGS
from fencepost.geofences.serializers import Kind, KindName, ScheduleOut
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
)
from geo.shapes.checks import MAX_RADIUS_M, MAX_VERTICES, MIN_RADIUS_M
from geo.shapes.corridor import Corridor

MAX_ACTION_BYTES = 8 * 1024
MAX_WINDOWS = 20
TYPE_ALIASES = {"sausage": Corridor.kind}


def _check_action_size(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_ACTION_BYTES:
        raise ValueError(f"must be at most {MAX_ACTION_BYTES:,} bytes as JSON")
    return value


def _accept_names(*names: str | AliasPath) -> Any:
    others = [name if isinstance(name, str) else ".".join(map(str, name.path)) for name in names[1:]]
    description = f"Also accepted as {', '.join(others)}." if others else None
    return Field(default=None, validation_alias=AliasChoices(*names), description=description)


Tag = Annotated[VisibleText, Field(max_length=MAX_TAG_LENGTH)]


class AssignmentIn(RequestModel):
    """An entity of the directory to which the geofence is assigned."""

    target_table: Annotated[
        Literal["users", "groups", "projects", "time_guis", "expense_guis", "travel_entry_guis"],
        Field(validation_alias=AliasChoices("targetTable", "target_table")),
    ]
    target_id: Annotated[
        str, Field(min_length=1, max_length=64, validation_alias=AliasChoices("targetId", "target_id"))
    ]


class Vertex(RequestModel):
    """A vertex in degrees."""

    latitude: Annotated[Latitude, Field(validation_alias=AliasChoices("latitude", "lat"))]
    longitude: Annotated[Longitude, Field(validation_alias=AliasChoices("longitude", "lng", "lon"))]


class WindowIn(RequestModel):
    """A span of local time on some days; one that ends at or before its start ends on the next day."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1, max_length=7)]
    start_minute: Annotated[TimeOfDay, Field(validation_alias="from", lt=MINUTES_PER_DAY)]
    end_minute: Annotated[TimeOfDay, Field(validation_alias="to")]


class ScheduleIn(RequestModel):
    """Times of the week, on the wall clock of a time zone."""

    time_zone: Annotated[TimeZone, Field(validation_alias=AliasChoices("timeZone", "time_zone"))]
    windows: Annotated[list[WindowIn], Field(min_length=1, max_length=MAX_WINDOWS)]


class GeofenceChange(RequestModel):
    """The fields of a geofence that a request may set. An absent field does not change, or has its default."""

    name: Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)] | None = _accept_names("name", "pname", "label")
    description: Annotated[Text, Field(max_length=500)] | None = None
    type: Annotated[str, KindName(*TYPE_ALIASES)] | None = None
    latitude: Latitude | None = _accept_names("latitude", "center_lat", AliasPath("center", "lat"))
    longitude: Longitude | None = _accept_names("longitude", "center_lon", AliasPath("center", "lng"))
    radius_m: Annotated[float, Field(ge=MIN_RADIUS_M, le=MAX_RADIUS_M)] | None = _accept_names(
        "radiusMeters", "radius", "radius_meters"
    )
    points: Annotated[list[Vertex], Field(max_length=MAX_VERTICES + 1, fail_fast=True)] | None = None
    geometry: dict[str, Any] | None = None
    min_accuracy_m: Metres | None = _accept_names("minAccuracy", "min_accuracy", "min_accuracy_meters")
    status: Literal["active", "inactive"] | None = None
    active: bool | None = None
    active_from: Instant | None = _accept_names("activeFrom", "active_from")
    expires_at: Instant | None = _accept_names("expiresAt", "expires_at")
    schedule: ScheduleIn | None = None
    is_priority: bool | None = _accept_names("isPriority", "is_priority", "priority")
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None
    address: Annotated[Text, Field(max_length=500)] | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None
    assignments: Annotated[list[AssignmentIn], Field(max_length=MAX_ASSIGNMENTS)] | None = None
    trigger_on: Literal["enter", "exit", "dwell"] | None = _accept_names("triggerOn", "trigger_on")
    dwell_minutes: Annotated[int, Field(ge=1, le=525_600)] | None = _accept_names("dwellMinutes", "dwell_minutes")
    cooldown_ms: Annotated[int, Field(ge=0, le=10**12)] | None = _accept_names("cooldownMs", "cooldown_ms")
    action: Annotated[dict[str, Any], AfterValidator(_check_action_size)] | None = None


class GeofenceCreate(GeofenceChange):
    """A new geofence. `name` is required, and what its type needs: a centre, or points or a geometry."""

    model_config = ConfigDict(json_schema_extra={"required": ["name"]})


class GeofenceUpdate(GeofenceChange):
    """A change of a geofence. The read-only fields of a response may be sent back, except `tenantId`."""

    id: str | None = None
    uri: Any = None
    number: Any = None
    version: Any = None
    created_at: Any = _accept_names("createdAt", "created_at")
    updated_at: Any = _accept_names("updatedAt", "updated_at")
    deleted_at: Any = _accept_names("deletedAt")


class AssignmentOut(ResponseModel):
    """An entity of the directory to which the geofence is assigned."""

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
    """A page may be short, even empty, where the request has filters: only a null `nextCursor` is the end."""

    data: list[GeofenceOut]
    nextCursor: str | None


class VersionOut(GeofenceOut):
    """A version of a geofence; `deletedAt` is set on the last one of a geofence that was deleted."""

    deletedAt: str | None


class VersionPage(ResponseModel):
    """A page of versions, newest first. A null `nextCursor` is the end."""

    data: list[VersionOut]
    nextCursor: str | None


class TagOut(ResponseModel):
    """A tag. Its number never changes."""

    number: int
    name: str


class TagList(ResponseModel):
    """All tags that a geofence of the tenant ever had."""

    data: list[TagOut]


class GeofenceDeletion(ResponseModel):
    """The id of a deleted geofence."""

    id: str
    deleted: Literal[True]
