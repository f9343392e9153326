"""The timekeeping dialect: `pname`, `radius`, `is_priority`, and 200 for a created geofence.

It creates circles only. Of a geofence of another shape, which another dialect created, it reports the centre, no
radius, and the shape itself as GeoJSON under `geometry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.geofences import mapping
from fencepost.geofences.patch import GeofencePatch
from fencepost.geofences.serializers import Kind
from fencepost.http.fields import ResponseModel, format_timestamp, to_number
from geo.shapes.circle import Circle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.geofences.model import Geofence
    from fencepost.geofences.schemas import GeofenceCreate, GeofenceUpdate

TABLE = "geofences"
DEFAULT_MIN_ACCURACY_M = 10.0


class TimekeepingAssignment(ResponseModel):
    """An entity of the directory to which the geofence is assigned."""

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
    """A page of geofences, newest first. A null `nextCursor` is the end."""

    data: list[TimekeepingGeofence]
    nextCursor: str | None


def to_geofence_fields(change: GeofenceCreate, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new geofence, with the required fields and the defaults of this dialect.

    Raises:
        ValidationFailed: A field is missing, null, does not fit the others, or is not that of a circle.
    """
    required = {
        "pname": change.name,
        "latitude": change.latitude,
        "longitude": change.longitude,
        "radius": change.radius_m,
    }
    missing = [FieldError(name, "is missing") for name, value in required.items() if value is None]
    if missing:
        raise ValidationFailed(missing)
    _check_is_circle(change.type, change.points, change.geometry, None)
    return {"min_accuracy_m": DEFAULT_MIN_ACCURACY_M, **mapping.to_geofence_fields(change, body)}


class TimekeepingPatch(GeofencePatch):
    """Changes that keep a circle a circle. A shape of another type may be sent back as it was reported."""

    def to_changes(self, before: Geofence | None) -> dict[str, Any]:
        if self.shape is not None:
            fields = self.shape.fields
            _check_is_circle(self.shape.kind, fields.points, fields.geometry, before)
        return super().to_changes(before)


def to_patch(change: GeofenceUpdate, body: Mapping[str, Any]) -> TimekeepingPatch:
    """Return the changes that a request asks for.

    Raises:
        ValidationFailed: A field is null, or contradicts another.
    """
    patch = mapping.to_patch(change, body)
    return TimekeepingPatch(values=patch.values, validity=patch.validity, shape=patch.shape, names=patch.names)


def _check_is_circle(kind: str | None, points: object, geometry: object, before: Geofence | None) -> None:
    kinds = {Circle.kind, before.shape.kind} if before else {Circle.kind}
    if kind is not None and kind not in kinds:
        raise ValidationFailed.field("type", "must be circle in this vocabulary")
    for name, value in (("points", points), ("geometry", geometry)):
        if value is not None and kinds == {Circle.kind}:
            raise ValidationFailed.field(name, "belongs to no circle, and this vocabulary knows circles only")


def serialize_geofence(geofence: Geofence) -> dict[str, Any]:
    """Return a TimekeepingGeofence."""
    common = mapping.serialize_geofence(geofence)
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
