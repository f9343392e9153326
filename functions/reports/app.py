"""Reports of time entries."""

from __future__ import annotations

from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.listing import numbered
from fencepost.api.validation import validated
from fencepost.api.vocabularies.clock import STATUS, ClockAnswer, refused
from fencepost.api.vocabularies.reports import (
    TotalsAnswer,
    TotalsQuery,
    asked_of,
    cursor_of,
    place_of,
    told_totals,
)
from fencepost.api.vocabularies.times import wanted_in
from fencepost.domain.principal import Right
from fencepost.snapshot import before_snapshot

api = Api(tell=refused, tells=ClockAnswer, status=STATUS)
before_snapshot(wiring.reports)


@api.route(
    "GET",
    "/v1/times/totals",
    summary="Total time entries by day, week or month: one's own, and for who acts for others everybody's",
    needs=Right.OWN_CLOCK,
    query=TotalsQuery,
    gives={200: TotalsAnswer},
    fails=(400,),
)
def read_totals(request: Request) -> Reply:
    query = validated(TotalsQuery, numbered(request.query))
    wanted, asked = wanted_in(query), asked_of(query)
    list_name = f"{request.who.tenant_id}/totals/{query.unit}/{query.by}/{query.split}"
    after = place_of(list_name, query.cursor) if query.cursor is not None else None
    totals, place = wiring.reports().totals(request.who, wanted, asked, query.limit, after)
    cursor = cursor_of(list_name, place) if place is not None else None
    return Reply(status=200, body={"items": told_totals(totals, asked), "valid": True, "nextCursor": cursor})


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
