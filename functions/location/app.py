"""Where am I: which active geofences contain a position. The function that is asked most imports the least."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.validation import validated
from fencepost.api.vocabularies import spoken
from fencepost.api.vocabularies.check import (
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
from fencepost.domain.principal import Right
from fencepost.services.geofences import Match
from fencepost.snapshot import before_snapshot

api = Api(retell=spoken.retold)
before_snapshot(wiring.geofences)


@api.route(
    "POST",
    "/v1/geofences/check",
    summary="Say which active geofences contain a position",
    needs=Right.CHECK,
    query=CheckQuery,
    takes=CheckRequest,
    gives={200: CheckAnswer},
    fails=(400, 413, 415),
)
def check(request: Request) -> Reply:
    where = validated(CheckRequest, request.json())
    (matches,) = _checked(request, [where])
    return Reply(status=200, body=told(where, matches))


@api.route(
    "POST",
    "/v1/geofences/check/batch",
    summary="Say which active geofences contain each of up to 1,000 positions",
    needs=Right.CHECK,
    query=CheckQuery,
    takes=BatchCheckRequest,
    gives={200: BatchCheckAnswer},
    fails=(400, 413, 415),
)
def check_batch(request: Request) -> Reply:
    positions = validated(BatchCheckRequest, request.json()).positions
    return Reply(status=200, body=told_all(positions, _checked(request, positions)))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _checked(request: Request, positions: Sequence[CheckRequest]) -> list[list[Match]]:
    query = validated(CheckQuery, read_query(request.query))
    return wiring.geofences().check(
        request.who,
        [position_of(where) for where in positions],
        datetime.now(UTC),
        within_m=reach_m(query),
        consistent=query.consistent == "true",
    )
