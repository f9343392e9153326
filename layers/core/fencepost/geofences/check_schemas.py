"""Requests and responses of a check: a position, and the geofences that cover it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fencepost.common.errors import ValidationFailed
from fencepost.http.fields import (
    DecimalText,
    Latitude,
    Longitude,
    Metres,
    RequestModel,
    ResponseModel,
    Text,
    to_number,
)
from geo.shapes.checks import MIN_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.geofences.service import Match

MAX_POSITIONS = 1_000
MAX_WITHIN_M = 2_000


class CheckQuery(RequestModel):
    """The options of a check. `consistent` reads every acknowledged change, for twice the read units."""

    include: Annotated[
        Literal["outside"] | None, Field(description="Return nearby geofences too; requires `within`.")
    ] = None
    within: Annotated[
        float | None,
        Field(ge=MIN_RADIUS_M, le=MAX_WITHIN_M, description="The largest distance to a boundary, in metres."),
        DecimalText,
    ] = None
    consistent: Literal["true", "false"] = "false"


class CheckRequest(RequestModel):
    """A position to check. `accuracy` is the radius in metres within which the true position lies."""

    latitude: Latitude
    longitude: Longitude
    accuracy: Metres | None = None
    customerId: Annotated[Text, Field(max_length=200)] | None = None


class BatchCheckRequest(RequestModel):
    """Up to 1,000 positions to check."""

    positions: Annotated[list[CheckRequest], Field(min_length=1, max_length=MAX_POSITIONS)]


class MatchOut(ResponseModel):
    """A match. `distance` is whole metres to the centre, `edgeDistance` metres to the boundary, negative inside.

    `state` is uncertain where the boundary is nearer than the position's accuracy.
    """

    geofenceId: str
    geofenceName: str
    distance: int
    edgeDistance: float
    state: Literal["inside", "uncertain", "outside"]
    radiusMeters: float | None
    action: dict[str, Any]
    triggerOn: Literal["enter", "exit", "dwell"]


class CheckResponse(ResponseModel):
    """The geofences that cover the position, the nearest centre first. `customerId` is that of the request."""

    matches: list[MatchOut]
    customerId: str | None


class BatchCheckResponse(ResponseModel):
    """A response for each position, in their order."""

    results: list[CheckResponse]


def to_reach_m(query: CheckQuery) -> float:
    """Return the metres around a position within which a geofence is a match.

    Raises:
        ValidationFailed: The query has only one of `include` and `within`.
    """
    if (query.include is None) is not (query.within is None):
        field = "within" if query.within is None else "include"
        raise ValidationFailed.field(field, "is missing; include=outside and within go together")
    return query.within or 0.0


def serialize_check(request: CheckRequest, matches: Sequence[Match]) -> dict[str, Any]:
    """Return a CheckResponse."""
    return {
        "matches": [_serialize_match(match, request.accuracy) for match in matches],
        "customerId": request.customerId,
    }


def _serialize_match(match: Match, accuracy_m: float | None) -> dict[str, Any]:
    geofence, distance_m, edge_distance_m = match
    radius_m = geofence.shape.radius_m
    return {
        "geofenceId": geofence.id,
        "geofenceName": geofence.name,
        "distance": round(distance_m),
        "edgeDistance": round(edge_distance_m, 3) + 0.0,  # a boundary is at 0, not at -0
        "state": match.find_state(accuracy_m),
        "radiusMeters": None if radius_m is None else to_number(radius_m),
        "action": geofence.action,
        "triggerOn": geofence.trigger_on,
    }
