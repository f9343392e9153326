"""Where am I: which active geofences contain a position, and may an entry be made there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.validation import validated
from fencepost.api.vocabularies.canonical import CheckAnswer, CheckRequest, told_match
from fencepost.api.vocabularies.clock import ValidateIn, ValidationOut, entry_of, told_validation
from fencepost.domain.principal import Right
from geo.wgs84 import Position

api = Api()
wiring.before_snapshot(wiring.geofences)


@api.route(
    "POST",
    "/v1/geofences/check",
    summary="Say which active geofences contain a position",
    needs=Right.CHECK,
    takes=CheckRequest,
    gives={200: CheckAnswer},
    fails=(400, 413, 415),
)
def check(request: Request) -> Reply:
    where = validated(CheckRequest, request.json())
    position = Position(lon=where.longitude, lat=where.latitude)
    matches = wiring.geofences().containing(request.who, position, datetime.now(UTC))
    return Reply(
        status=200, body={"matches": [told_match(match) for match in matches], "customerId": where.customerId}
    )


@api.route(
    "POST",
    "/v1/geofences/validate",
    summary="Say whether a user may make an entry at a place, and why",
    needs=Right.VALIDATE,
    takes=ValidateIn,
    gives={200: ValidationOut},
    fails=(400, 404, 413, 415),
)
def validate(request: Request) -> Reply:
    entry = entry_of(validated(ValidateIn, request.json()))
    verdict = wiring.validation().validate(request.who, entry, datetime.now(UTC))
    return Reply(status=200, body=told_validation(verdict))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
