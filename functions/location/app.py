"""Where am I: which active geofences contain a position."""

from __future__ import annotations

from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request, validated
from fencepost.api.vocabularies.canonical import CheckAnswer, CheckRequest, told_match
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
    matches = wiring.geofences().containing(request.who, position)
    return Reply(
        status=200, body={"matches": [told_match(match) for match in matches], "customerId": where.customerId}
    )


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
