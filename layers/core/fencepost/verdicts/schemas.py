"""The request and the response of the validation route, and the parts of them that the clock's routes share.

It is a separate module so that the geofences function does not import the schemas of the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, Field

from fencepost.common.entity_ref import EntityRef
from fencepost.http.fields import Instant, Latitude, Longitude, Metres, RequestModel, ResponseModel, to_number
from fencepost.verdicts.model import Fix
from fencepost.verdicts.service import ValidationRequest
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.verdicts.model import Verdict


class LocationIn(RequestModel):
    """The position that a device reports; `accuracy` is its radius in metres."""

    latitude: Latitude
    longitude: Longitude
    accuracy: Metres | None = None
    capturedAt: Instant | None = None


class EntryScreenIn(RequestModel):
    """The entry screen at which the user acts."""

    targetTable: Annotated[
        Literal["time_guis", "expense_guis", "travel_entry_guis"],
        Field(validation_alias=AliasChoices("targetTable", "target_table")),
    ]
    targetId: Annotated[
        str, Field(min_length=1, max_length=64, validation_alias=AliasChoices("targetId", "target_id"))
    ]


class ValidateIn(RequestModel):
    """An entry that is about to be made. `userId` defaults to the caller, `dateTime` to now."""

    userId: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    projectId: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, validation_alias=AliasChoices("projectId", "organizationId")
    )
    entryScreen: EntryScreenIn | None = None
    dateTime: Instant | None = None
    location: LocationIn | None = None


class FindingOut(ResponseModel):
    """A geofence that applies; `edgeDistance` is the distance to its boundary in metres, negative inside."""

    geofenceId: str
    version: int
    name: str
    targetTable: str
    targetId: str
    isPriority: bool
    edgeDistance: float | None
    outcome: Literal["inside", "outside", "accuracy", "location_missing", "outranked"]
    minAccuracy: float
    accuracy: Literal["any", "enough", "too_vague", "missing"]


class VerdictOut(ResponseModel):
    """`rule` is the rule that decided, `decidedBy` the id of the geofence that did."""

    code: str
    reason: str
    rule: Literal["none_applies", "any_of_those_that_apply", "any_of_the_priority_ones"]
    decidedBy: str | None
    geofences: list[FindingOut]


class ValidationOut(VerdictOut):
    """The verdict on an entry, with all geofences that apply, the decisive one first."""

    allowed: bool


def to_validation_request(body: ValidateIn, raw_body: Mapping[str, Any]) -> ValidationRequest:
    """Convert a request body; `raw_body` shows which of its two names the request used for the project."""
    return ValidationRequest(
        user_id=body.userId,
        project_id=body.projectId,
        project_field="organizationId" if "organizationId" in raw_body else "projectId",
        screen=to_entity_ref(body.entryScreen) if body.entryScreen else None,
        fix=to_fix(body.location) if body.location else None,
        at=body.dateTime,
    )


def serialize_validation(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a ValidationOut."""
    return {"allowed": verdict.is_allowed, **serialize_verdict(verdict)}


def to_entity_ref(screen: EntryScreenIn) -> EntityRef:
    return EntityRef(screen.targetTable, screen.targetId)


def to_fix(location: LocationIn) -> Fix:
    return Fix(
        position=Position(lon=location.longitude, lat=location.latitude),
        accuracy_m=location.accuracy,
        captured_at=location.capturedAt,
    )


def serialize_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a VerdictOut."""
    return {
        "code": verdict.code,
        "reason": verdict.reason,
        "rule": verdict.rule,
        "decidedBy": verdict.decided_by,
        "geofences": [
            {
                "geofenceId": finding.geofence_id,
                "version": finding.version,
                "name": finding.name,
                "targetTable": finding.assigned_to.target_table,
                "targetId": finding.assigned_to.target_id,
                "isPriority": finding.is_priority,
                "edgeDistance": None
                if finding.edge_distance_m is None
                else to_number(round(finding.edge_distance_m, 3)),
                "outcome": finding.outcome,
                "minAccuracy": to_number(finding.min_accuracy_m),
                "accuracy": finding.accuracy,
            }
            for finding in verdict.findings
        ],
    }
