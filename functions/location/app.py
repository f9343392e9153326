"""Where am I: which active geofences contain a position, which are nearest, and may an entry be made there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api import paging
from fencepost.api.http import Api, Reply, Request, is_what_they_have
from fencepost.api.validation import validated
from fencepost.api.vocabularies import nearest, spoken
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
from fencepost.api.vocabularies.verdict import ValidateIn, ValidationOut, entry_of, told_validation
from fencepost.domain.principal import Right
from fencepost.services.geofences import Match
from fencepost.snapshot import before_snapshot

api = Api(retell=spoken.retold)
before_snapshot(wiring.geofences)
before_snapshot(wiring.nearest)
before_snapshot(wiring.validation)


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


@api.route(
    "GET",
    "/v1/geofences/nearest",
    summary="List the geofences nearest to a position, with their shapes, for a phone to register",
    needs=Right.CHECK,
    query=nearest.NearestQuery,
    gives={200: nearest.NearestAnswer, 304: None},
    fails=(400,),
)
def list_nearest(request: Request) -> Reply:
    query = validated(nearest.NearestQuery, nearest.numbered(request.query))
    found = wiring.nearest().nearest(
        request.who,
        nearest.position_of(query),
        query.limit,
        datetime.now(UTC),
        consistent=query.consistent == "true",
    )
    told = paging.fitting(found.geofences, nearest.told)
    body = nearest.answer(told, found.complete_within_m(len(told)))
    headers = nearest.headers(body)
    if is_what_they_have(request, headers["ETag"]):
        return Reply(status=304, body=None, headers=headers)
    return Reply(status=200, body=body, headers=headers)


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
    said = request.json()
    entry = entry_of(validated(ValidateIn, said), said)
    verdict = wiring.validation().validate(request.who, entry, datetime.now(UTC))
    return Reply(status=200, body=told_validation(verdict))


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
