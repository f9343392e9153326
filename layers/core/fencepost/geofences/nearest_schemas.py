"""The words of the nearest geofences: shapes, distances, and a token that tells when the list is another one."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fencepost.geofences.serializers import Kind, ScheduleOut, serialize_shape, serialize_validity
from fencepost.http.fields import DecimalText, Latitude, Longitude, RequestModel, ResponseModel, WholeNumberText
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.geofences.nearest_service import NearbyGeofence

# A phone watches so many at the most: iOS 20, Android 100.
MAX_LIMIT = 100
COMPLETE_WITHIN = "Complete-Within-Meters"


class NearestQuery(RequestModel):
    """`consistent` sees every change that was answered before, for twice the read units."""

    latitude: Annotated[Latitude, DecimalText]
    longitude: Annotated[Longitude, DecimalText]
    limit: Annotated[
        int, Field(ge=1, le=MAX_LIMIT, description="iOS watches 20 regions, Android 100."), WholeNumberText
    ] = 20
    consistent: Literal["true", "false"] = "false"


class NearOut(ResponseModel):
    """A geofence that is near. `distance` and `edgeDistance` are as a check tells them.

    `enclosingRadiusMeters` around `latitude` and `longitude` surely holds the whole shape, whatever its type: that
    circle is what a phone can register.
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


class NearestAnswer(ResponseModel):
    """The nearest first. `versionToken` is the ETag too, and another one when the list or one in it has changed.

    No geofence that is not told is nearer than `completeWithinMeters`: until it has moved that far, a phone can
    enter none that it was not told of. null: all there are were told. The header Complete-Within-Meters says the
    same where the answer is 304.
    """

    data: list[NearOut]
    versionToken: str
    completeWithinMeters: int | None


def position_of(query: NearestQuery) -> Position:
    return Position(lon=query.longitude, lat=query.latitude)


def told(near: NearbyGeofence) -> dict[str, Any]:
    """A NearOut."""
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


def answer(data: Sequence[dict[str, Any]], complete_within_m: int | None) -> dict[str, Any]:
    """A NearestAnswer."""
    return {"data": data, "versionToken": version_token(data), "completeWithinMeters": complete_within_m}


def version_token(data: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same versions of the same geofences, in whichever order.

    >>> here, there = {"geofenceId": "a", "version": 1}, {"geofenceId": "b", "version": 7}
    >>> version_token([here, there]) == version_token([there, here]) != version_token([here])
    True
    """
    versions = sorted(f"{one['geofenceId']}@{one['version']}" for one in data)
    return sha256("\n".join(versions).encode()).hexdigest()[:32]


def headers(body: Mapping[str, Any]) -> dict[str, str]:
    """The ETag of an answer, and up to where it is complete: who moved learns that from a 304 too."""
    within = body["completeWithinMeters"]
    return {"ETag": f'"{body["versionToken"]}"'} | ({} if within is None else {COMPLETE_WITHIN: str(within)})
