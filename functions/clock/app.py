"""The time clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.problems import status_of
from fencepost.api.validation import validated
from fencepost.api.vocabularies.clock import (
    STATUS,
    ActQuery,
    ClockAnswer,
    ClockIn,
    WhoseQuery,
    only_what_counts,
    refused,
    request_of,
    told,
    told_running,
)
from fencepost.domain.errors import EntryNotSaved
from fencepost.domain.principal import Right

api = Api(tell=refused, status=STATUS)
wiring.before_snapshot(wiring.clock)


@api.route(
    "POST",
    "/v1/clock",
    summary="Start, break, stop, cancel or update the clock; with dryRun=true tell what that would do",
    needs=Right.OWN_CLOCK,
    query=ActQuery,
    takes=ClockIn,
    gives={200: ClockAnswer, 201: ClockAnswer},
    fails=(400, 404, 413, 415),
)
def act(request: Request) -> Reply:
    dry = validated(ActQuery, request.query).dryRun == "true"
    asked = replace(request_of(validated(ClockIn, only_what_counts(request.json()))), key=request.key_id())
    clock = wiring.clock().dry() if dry else wiring.clock()
    more = {"dryRun": True} if dry else {}
    try:
        outcome = clock.act(request.who, asked, datetime.now(UTC))
    except EntryNotSaved as error:  # returned, not raised: the clock is stopped, and a repetition must hear the same
        return Reply(status=status_of(error), body=refused(error, "") | more)
    return Reply(status=201 if outcome.was_edited else 200, body=told(outcome) | more)


@api.route(
    "GET",
    "/v1/clock",
    summary="The running clock",
    needs=Right.OWN_CLOCK,
    query=WhoseQuery,
    gives={200: ClockAnswer},
    fails=(400, 404),
)
def read(request: Request) -> Reply:
    user_id = validated(WhoseQuery, request.query).userId
    return Reply(status=200, body=told_running(wiring.clock().running(request.who, user_id)))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
