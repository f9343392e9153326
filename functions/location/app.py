"""Where am I: which active geofences contain a position. The function that is asked most imports the least."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import negotiation
from fencepost.geofences.check_schemas import (
    BatchCheckAnswer,
    BatchCheckRequest,
    CheckAnswer,
    CheckQuery,
    CheckRequest,
    position_of,
    reach_m,
    read_query,
    told,
    told_all,
)
from fencepost.geofences.service import Match
from fencepost.http.app import Api, Response
from fencepost.http.request import Request
from fencepost.http.validation import validated

api = Api(retell=negotiation.retold)
prime_snapstart(container.geofence_service)


@api.route(
    "POST",
    "/v1/geofences/check",
    summary="Say which active geofences contain a position",
    needs=Permission.CHECK,
    query=CheckQuery,
    takes=CheckRequest,
    gives={200: CheckAnswer},
    fails=(400, 413, 415),
)
def check(request: Request) -> Response:
    where = validated(CheckRequest, request.json())
    (matches,) = _checked(request, [where])
    return Response(status=200, body=told(where, matches))


@api.route(
    "POST",
    "/v1/geofences/check/batch",
    summary="Say which active geofences contain each of up to 1,000 positions",
    needs=Permission.CHECK,
    query=CheckQuery,
    takes=BatchCheckRequest,
    gives={200: BatchCheckAnswer},
    fails=(400, 413, 415),
)
def check_batch(request: Request) -> Response:
    positions = validated(BatchCheckRequest, request.json()).positions
    return Response(status=200, body=told_all(positions, _checked(request, positions)))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _checked(request: Request, positions: Sequence[CheckRequest]) -> list[list[Match]]:
    query = validated(CheckQuery, read_query(request.query))
    return container.geofence_service().check(
        request.principal,
        [position_of(where) for where in positions],
        datetime.now(UTC),
        within_m=reach_m(query),
        consistent=query.consistent == "true",
    )
