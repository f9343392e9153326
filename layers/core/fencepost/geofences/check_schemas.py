"""The words of a check: where somebody is, and which geofences contain that."""

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
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.geofences.service import Match

MAX_POSITIONS = 1_000
MAX_WITHIN_M = 2_000


class CheckQuery(RequestModel):
    """`consistent` sees every change that was answered before, for twice the read units."""

    include: Annotated[
        Literal["outside"] | None, Field(description="Tell of geofences too that are near, with `within`.")
    ] = None
    within: Annotated[
        float | None,
        Field(ge=MIN_RADIUS_M, le=MAX_WITHIN_M, description="How near, in metres."),
        DecimalText,
    ] = None
    consistent: Literal["true", "false"] = "false"


class CheckRequest(RequestModel):
    """`accuracy` is the radius in metres within which the position can be trusted."""

    latitude: Latitude
    longitude: Longitude
    accuracy: Metres | None = None
    customerId: Annotated[Text, Field(max_length=200)] | None = None


class BatchCheckRequest(RequestModel):
    positions: Annotated[list[CheckRequest], Field(min_length=1, max_length=MAX_POSITIONS)]


class MatchOut(ResponseModel):
    """`distance` is whole metres to the centre, `edgeDistance` metres to the boundary, negative inside.

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


class CheckAnswer(ResponseModel):
    matches: list[MatchOut]
    customerId: str | None


class BatchCheckAnswer(ResponseModel):
    """An answer for each position, in their order."""

    results: list[CheckAnswer]


def reach_m(query: CheckQuery) -> float:
    """How far around a position to look. Raises Invalid where only one of two fields is given."""
    if (query.include is None) is not (query.within is None):
        field = "within" if query.within is None else "include"
        raise ValidationFailed.field(field, "is missing; include=outside and within go together")
    return query.within or 0.0


def position_of(where: CheckRequest) -> Position:
    return Position(lon=where.longitude, lat=where.latitude)


def told(where: CheckRequest, matches: Sequence[Match]) -> dict[str, Any]:
    """A CheckAnswer."""
    return {"matches": [_told_match(match, where.accuracy) for match in matches], "customerId": where.customerId}


def told_all(positions: Sequence[CheckRequest], matches: Sequence[Sequence[Match]]) -> dict[str, Any]:
    """A BatchCheckAnswer."""
    return {"results": [told(where, found) for where, found in zip(positions, matches, strict=True)]}


def _told_match(match: Match, accuracy_m: float | None) -> dict[str, Any]:
    geofence, distance_m, edge_distance_m = match
    radius_m = geofence.shape.radius_m
    return {
        "geofenceId": geofence.id,
        "geofenceName": geofence.name,
        "distance": round(distance_m),
        "edgeDistance": round(edge_distance_m, 3) + 0.0,  # a boundary is at 0, not at -0
        "state": match.state(accuracy_m),
        "radiusMeters": None if radius_m is None else to_number(radius_m),
        "action": geofence.action,
        "triggerOn": geofence.trigger_on,
    }
