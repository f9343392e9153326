"""Conversion between the canonical dialect and geofences. An error names the field as the request did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydantic import AliasChoices, AliasPath

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.common.text import fold_case
from fencepost.geofences.patch import GeofencePatch, ShapePatch
from fencepost.geofences.schemas import TYPE_ALIASES, GeofenceChange, GeofenceCreate, GeofenceUpdate
from fencepost.geofences.serializers import serialize_shape, serialize_validity
from fencepost.geofences.validity import DAYS, Schedule, Window
from fencepost.http.fields import format_timestamp, to_number, validate
from geo.shapes.base import ShapeFields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.geofences.model import Geofence, Version

RESOURCE_PATH = "/api/v1/geofences/"
_VALIDITY = ("active_from", "expires_at", "schedule")
# Null clears these fields; for any other field it is not a value.
_CLEARABLE = {"description", "color", "address", "dwell_minutes", *_VALIDITY}
_SHAPE = ("type", "latitude", "longitude", "radius_m", "points", "geometry")
_OTHER_CENTERS = ("latitude", "longitude", "center_lat", "center_lon")
# Fields that have the same name and value in the request and in the geofence.
_SAME = (
    *("name", "description", "is_priority", "min_accuracy_m", "color", "address"),
    *("trigger_on", "dwell_minutes", "cooldown_ms", "action"),
)


class GeofenceDialect(Protocol):
    """A module that converts between the fields of one dialect and geofences: this one, or `timekeeping`."""

    def to_geofence_fields(self, change: GeofenceCreate, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a new geofence."""

    def to_patch(self, change: GeofenceUpdate, body: Mapping[str, Any]) -> GeofencePatch:
        """Return the change of a geofence."""

    def serialize_geofence(self, geofence: Geofence) -> dict[str, Any]:
        """Return the body of a response."""


# --- from requests to geofences ------------------------------------------------------------------------------------
def to_geofence_fields(change: GeofenceCreate, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new geofence.

    Args:
        change: The validated request.
        body: The request as it was sent, for the names that it uses.

    Raises:
        ValidationFailed: A field is missing, null, or does not fit the others.
    """
    if change.name is None:
        name = _find_name("name", body)
        raise ValidationFailed.field(name, "must not be null" if name in body else "is missing")
    return to_patch(change, body).to_changes(None)


def parse_geofence_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a new geofence that does not come from a request, such as that of a file.

    Raises:
        ValidationFailed: They are not those of a geofence.
    """
    return to_geofence_fields(validate(GeofenceCreate, body), body)


def to_patch(change: GeofenceCreate | GeofenceUpdate, body: Mapping[str, Any]) -> GeofencePatch:
    """Return the changes that a request asks for. A new geofence always has a shape.

    Raises:
        ValidationFailed: A field is null, or contradicts another.
    """
    given = {name: getattr(change, name) for name in change.model_fields_set if name in GeofenceChange.model_fields}
    nulls = sorted(name for name, v in given.items() if v is None and name not in {*_CLEARABLE, *_SHAPE})
    if nulls:
        raise ValidationFailed([FieldError(_find_name(name, body), "must not be null") for name in nulls])
    values = {name: given[name] for name in _SAME if name in given}
    if "status" in given and "active" in given and (change.status == "active") is not change.active:
        raise ValidationFailed.field("active", "contradicts status")
    if "status" in given or "active" in given:
        values["is_active"] = change.active if change.status is None else change.status == "active"
    if change.tags is not None:
        # The first spelling of a tag counts.
        values["tags"] = tuple({fold_case(tag): tag for tag in reversed(change.tags)}.values())[::-1]
    _check_center(body)
    if change.assignments is not None:
        targets = [EntityRef(a.target_table, a.target_id) for a in change.assignments]
        for n, target in enumerate(targets):
            if target in targets[:n]:
                raise ValidationFailed.field(f"assignments[{n}]", "is given twice")
        values["assignments"] = tuple(targets)
    has_shape = isinstance(change, GeofenceCreate) or any(given.get(name) is not None for name in _SHAPE)
    names = {name: _find_name(name, body) for name in (*_SHAPE, "expires_at")}
    if change.geometry is not None and change.points is None:
        names["points"] = "geometry"  # an error of a vertex is one of the geometry
    return GeofencePatch(
        values=values,
        validity={name: _parse_validity(name, given[name]) for name in _VALIDITY if name in given},
        shape=_to_shape_patch(change) if has_shape else None,
        names=names,
    )


def _to_shape_patch(change: GeofenceChange) -> ShapePatch:
    points = change.points
    return ShapePatch(
        kind=None if change.type is None else TYPE_ALIASES.get(change.type, change.type),
        fields=ShapeFields(
            lon=change.longitude,
            lat=change.latitude,
            radius_m=change.radius_m,
            points=None if points is None else tuple((vertex.longitude, vertex.latitude) for vertex in points),
            geometry=change.geometry,
        ),
    )


def _check_center(body: Mapping[str, Any]) -> None:
    """Check `center`: the model reads its members by name, and does not notice others.

    Raises:
        ValidationFailed: It has not exactly `lat` and `lng`, or the request has another centre.
    """
    center = body.get("center", {})
    if not isinstance(center, dict):
        raise ValidationFailed.field("center", "must be an object with lat and lng")
    unknown = sorted(center.keys() - {"lat", "lng"})
    if unknown:
        raise ValidationFailed.field(f"center.{unknown[0]}", "is not a field of this request")
    if "center" in body:
        absent = next((name for name in ("lat", "lng") if center.get(name) is None), None)
        if absent is not None:
            raise ValidationFailed.field(f"center.{absent}", "is missing")
        other = next((name for name in _OTHER_CENTERS if name in body), None)
        if other is not None:
            raise ValidationFailed.field(other, "says what center says too; give one of them")


def _parse_validity(name: str, value: Any) -> Any:
    """Return a member of `InForce` from the field of a request."""
    if value is None:
        return None
    if name != "schedule":
        # To the millisecond, as responses report it: a value that is sent back changes nothing.
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    windows = (
        Window(
            days=frozenset(DAYS.index(day) for day in window.days),
            start_minute=window.start_minute,
            end_minute=window.end_minute,
        )
        for window in value.windows
    )
    return Schedule(time_zone=value.time_zone, windows=tuple(windows))


def _find_name(field: str, body: Mapping[str, Any]) -> str:
    """Return the alias of a field that the request uses, or the first alias if it uses none."""
    aliases = GeofenceUpdate.model_fields[field].validation_alias
    if not isinstance(aliases, AliasChoices):
        return field
    names = [name for name in aliases.choices if isinstance(name, str)]
    paths = [".".join(map(str, path.path)) for path in aliases.choices if isinstance(path, AliasPath)]
    if paths and "center" in body:
        return paths[0]
    return next((name for name in names if name in body), names[0])


# --- from geofences to responses -----------------------------------------------------------------------------------
def serialize_geofence(geofence: Geofence) -> dict[str, Any]:
    """Return a GeofenceOut."""
    return {
        "id": geofence.id,
        "number": geofence.number,
        "tenantId": geofence.tenant_id,
        "uri": RESOURCE_PATH + geofence.id,
        "name": geofence.name,
        "description": geofence.description,
        **serialize_shape(geofence.shape),
        "minAccuracy": to_number(geofence.min_accuracy_m),
        "status": "active" if geofence.is_active else "inactive",
        **serialize_validity(geofence.in_force),
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


def serialize_version(version: Version) -> dict[str, Any]:
    """Return a VersionOut."""
    deleted_at = format_timestamp(version.deleted_at) if version.deleted_at else None
    return serialize_geofence(version.geofence) | {"deletedAt": deleted_at}
