"""The time clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.problems import status_of
from fencepost.api.validation import validated
from fencepost.api.vocabularies.clock import STATUS, ClockAnswer, ClockIn, only_what_counts, refused, request_of, told
from fencepost.domain.errors import EntryNotSaved
from fencepost.domain.principal import Right
from fencepost.snapshot import before_snapshot

api = Api(tell=refused, tells=ClockAnswer, status=STATUS)
before_snapshot(wiring.clock)


@api.route(
    "POST",
    "/v1/clock",
    summary="Start, break, stop or cancel the clock",
    needs=Right.OWN_CLOCK,
    takes=ClockIn,
    gives={200: ClockAnswer, 201: ClockAnswer},
    fails=(400, 404, 413, 415),
)
def act(request: Request) -> Reply:
    asked = replace(request_of(validated(ClockIn, only_what_counts(request.json()))), key=request.key_id())
    try:
        outcome = wiring.clock().act(request.who, asked, datetime.now(UTC))
    except EntryNotSaved as error:  # returned, not raised: the clock is stopped, and a repetition must hear the same
        return Reply(status=status_of(error), body=refused(error, ""))
    return Reply(status=201 if outcome.was_edited else 200, body=told(outcome))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
