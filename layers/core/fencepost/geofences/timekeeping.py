"""The timekeeping vocabulary: `pname`, `radius`, `is_priority`, and 200 where something was created.

It knows circles only. Geofences of other shapes, made in other words, are told as near as it can say them: the
centre, no radius, and the shape itself as GeoJSON under `geometry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.geofences import schemas
from fencepost.geofences.schemas import GeofenceCreate
from fencepost.geofences.serializers import Kind
from fencepost.http.fields import ResponseModel, format_timestamp, to_number
from geo.shapes.circle import Circle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.geofences.model import Geofence
    from fencepost.geofences.schemas import GeofenceUpdate

TABLE = "geofences"
DEFAULT_MIN_ACCURACY_M = 10.0


class TimekeepingAssignment(ResponseModel):
    target_table: str
    target_id: str


class TimekeepingGeofence(ResponseModel):
    """A geofence. `radius` is in metres, and null for a polygon, whose shape is `geometry` (GeoJSON)."""

    id: str
    uri: str
    pname: str
    description: str | None
    type: Kind
    latitude: float
    longitude: float
    radius: float | None
    min_accuracy: float
    active: bool
    is_priority: bool
    color: str | None
    assignments: list[TimekeepingAssignment]
    version: int
    created_at: str
    updated_at: str
    geometry: NotRequired[dict[str, Any] | None]


class TimekeepingPage(ResponseModel):
    data: list[TimekeepingGeofence]
    nextCursor: str | None


def new_fields(change: GeofenceCreate, said: Mapping[str, Any]) -> dict[str, Any]:
    """The domain's fields of a new geofence, with the required fields and the defaults of this vocabulary."""
    missing = [
        FieldError(field, "is missing")
        for field, value in (
            ("pname", change.name),
            ("latitude", change.latitude),
            ("longitude", change.longitude),
            ("radius", change.radius_m),
        )
        if value is None
    ]
    if missing:
        raise ValidationFailed(missing)
    _check_is_circle(change, None)
    return {"min_accuracy_m": DEFAULT_MIN_ACCURACY_M, **schemas.new_fields(change, said)}


def changed_fields(change: GeofenceUpdate, said: Mapping[str, Any], before: Geofence) -> dict[str, Any]:
    """The domain's fields that an update sets."""
    _check_is_circle(change, before)
    return schemas.changed_fields(change, said, before)


def _check_is_circle(change: GeofenceCreate | GeofenceUpdate, before: Geofence | None) -> None:
    """A shape of another kind may be sent back as it was told, and not be made."""
    kinds = {Circle.kind, before.shape.kind} if before else {Circle.kind}
    if change.type is not None and change.type not in kinds:
        raise ValidationFailed.field("type", "must be circle in this vocabulary")
    for field in ("points", "geometry"):
        if getattr(change, field) is not None and kinds == {Circle.kind}:
            raise ValidationFailed.field(field, "belongs to no circle, and this vocabulary knows circles only")


def told(geofence: Geofence) -> dict[str, Any]:
    """A geofence in the words of this vocabulary: a TimekeepingGeofence."""
    common = schemas.told(geofence)
    body = {
        "id": geofence.id,
        "uri": common["uri"],
        "pname": geofence.name,
        "description": geofence.description,
        "type": common["type"],
        "latitude": common["latitude"],
        "longitude": common["longitude"],
        "radius": common["radiusMeters"],
        "min_accuracy": to_number(geofence.min_accuracy_m),
        "active": geofence.is_active,
        "is_priority": geofence.is_priority,
        "color": geofence.color,
        "assignments": [{"target_table": a.target_table, "target_id": a.target_id} for a in geofence.assignments],
        "version": geofence.version,
        "created_at": format_timestamp(geofence.created_at),
        "updated_at": format_timestamp(geofence.updated_at),
    }
    return body if common["geometry"] is None else body | {"geometry": common["geometry"]}
