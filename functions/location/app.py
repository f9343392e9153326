"""Checks of positions against the active geofences. This function is called most, so it imports the least."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.principal import Permission, Principal
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import negotiation
from fencepost.geofences.check_schemas import (
    BatchCheckRequest,
    BatchCheckResponse,
    CheckQuery,
    CheckRequest,
    CheckResponse,
    serialize_check,
    to_reach_m,
)
from fencepost.geofences.service import Match
from fencepost.http.app import App
from fencepost.http.request import Request
from fencepost.http.response import Response
from geo.wgs84 import Position

app = App(negotiate=negotiation.negotiate)
prime_snapstart(container.geofence_service)


@app.post(
    "/v1/geofences/check",
    summary="Return the active geofences that cover a position",
    permission=Permission.CHECK,
    body=CheckRequest,
    query=CheckQuery,
    responses={200: CheckResponse},
)
def check(request: Request[CheckRequest, CheckQuery]) -> Response:
    [matches] = find_matches(request.principal, [request.body], request.query)
    return Response(200, serialize_check(request.body, matches))


@app.post(
    "/v1/geofences/check/batch",
    summary="Return the active geofences that cover each of up to 1,000 positions",
    permission=Permission.CHECK,
    body=BatchCheckRequest,
    query=CheckQuery,
    responses={200: BatchCheckResponse},
)
def check_batch(request: Request[BatchCheckRequest, CheckQuery]) -> Response:
    positions = request.body.positions
    matches = find_matches(request.principal, positions, request.query)
    results = [serialize_check(position, found) for position, found in zip(positions, matches, strict=True)]
    return Response(200, {"results": results})


def find_matches(principal: Principal, positions: Sequence[CheckRequest], query: CheckQuery) -> list[list[Match]]:
    """Return the matches of each position."""
    return container.geofence_service().check(
        principal,
        [Position(lon=position.longitude, lat=position.latitude) for position in positions],
        datetime.now(UTC),
        within_m=to_reach_m(query),
        consistent=query.consistent == "true",
    )


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
