"""Requests and responses of the nearest geofences: shapes, distances, and a token that changes with the list."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fencepost.geofences.serializers import Kind, ScheduleOut, serialize_shape, serialize_validity
from fencepost.http.fields import DecimalText, Latitude, Longitude, RequestModel, ResponseModel, WholeNumberText

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.geofences.nearest_service import NearbyGeofence

# Android watches up to 100 regions, iOS 20.
MAX_LIMIT = 100
COMPLETE_WITHIN = "Complete-Within-Meters"


class NearestQuery(RequestModel):
    """A position and options. `consistent` reads every acknowledged change, for twice the read units."""

    latitude: Annotated[Latitude, DecimalText]
    longitude: Annotated[Longitude, DecimalText]
    limit: Annotated[
        int, Field(ge=1, le=MAX_LIMIT, description="iOS watches 20 regions, Android 100."), WholeNumberText
    ] = 20
    consistent: Literal["true", "false"] = "false"


class NearbyGeofenceOut(ResponseModel):
    """A geofence nearby. `distance` and `edgeDistance` have the meaning that they have in a check.

    The circle of `enclosingRadiusMeters` around `latitude` and `longitude` contains the whole shape, whatever its
    type. A phone can register that circle.
    """

    geofenceId: str
    geofenceName: str
    version: int
    distance: int
    edgeDistance: float
    type: Kind
    latitude: float
    longitude: float
    radiusMeters: float | None
    geometry: dict[str, Any] | None
    enclosingRadiusMeters: int
    triggerOn: Literal["enter", "exit", "dwell"]
    action: dict[str, Any]
    activeFrom: str | None
    expiresAt: str | None
    schedule: ScheduleOut | None


class NearestResponse(ResponseModel):
    """The geofences, the nearest first. `versionToken` is also the ETag. It changes with the list.

    No geofence outside the list is nearer than `completeWithinMeters`, so a phone enters none before it has moved
    that far. It is null if the list has all geofences. The header Complete-Within-Meters repeats it for a 304.
    """

    data: list[NearbyGeofenceOut]
    versionToken: str
    completeWithinMeters: int | None


def serialize_nearby_geofence(near: NearbyGeofence) -> dict[str, Any]:
    """Return a NearbyGeofenceOut."""
    geofence = near.geofence
    return {
        "geofenceId": geofence.id,
        "geofenceName": geofence.name,
        "version": geofence.version,
        "distance": round(near.distance_m),
        "edgeDistance": round(near.edge_distance_m, 3) + 0.0,  # a boundary is at 0, not at -0
        **serialize_shape(geofence.shape),
        "enclosingRadiusMeters": geofence.shape.enclosing_radius_m(),
        "triggerOn": geofence.trigger_on,
        "action": dict(geofence.action),
        **serialize_validity(geofence.in_force),
    }


def build_nearest_response(data: Sequence[dict[str, Any]], complete_within_m: int | None) -> dict[str, Any]:
    """Return a NearestResponse."""
    return {"data": data, "versionToken": compute_version_token(data), "completeWithinMeters": complete_within_m}


def compute_version_token(data: Sequence[Mapping[str, Any]]) -> str:
    """Return a token that depends only on which versions of which geofences the list has, in any order.

    >>> here, there = {"geofenceId": "a", "version": 1}, {"geofenceId": "b", "version": 7}
    >>> compute_version_token([here, there]) == compute_version_token([there, here]) != compute_version_token([here])
    True
    """
    versions = sorted(f"{one['geofenceId']}@{one['version']}" for one in data)
    return sha256("\n".join(versions).encode()).hexdigest()[:32]


def build_headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of a response: the ETag, and within how many metres the list is complete."""
    within = body["completeWithinMeters"]
    return {"ETag": f'"{body["versionToken"]}"'} | ({} if within is None else {COMPLETE_WITHIN: str(within)})
