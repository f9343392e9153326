"""The time clock and the time entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from fencepost import container
from fencepost.common.errors import FencepostError, ServiceBusy, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences.query_params import PageQuery, numbered
from fencepost.http import pagination
from fencepost.http.app import Api, Response
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.request import Request
from fencepost.http.validation import validated
from fencepost.timeclock.clock_schemas import (
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
from fencepost.timeclock.commands import EntryNotSaved
from fencepost.timeclock.entry_schemas import (
    ApproveIn,
    DeleteTimesQuery,
    HistoryAnswer,
    IdsIn,
    TimeIn,
    TimesAnswer,
    TimesIn,
    TimesQuery,
    ids_of,
    item_of,
    results,
    said_of,
    told_saved,
    told_times,
    told_trail,
    wanted,
)
from fencepost.timeclock.punch_batch_service import KeptPunch
from fencepost.timeclock.punch_schemas import (
    GrantIn,
    PunchesAnswer,
    PunchesIn,
    RefusalsAnswer,
    rows_of,
    told_batch,
    told_kept,
    told_refusals,
)

api = Api(tell=refused, tells=ClockAnswer, status=STATUS)
prime_snapstart(container.clock_service)
prime_snapstart(container.entry_service)
prime_snapstart(container.punch_service)
# A batch begins nothing later than so long after it came: half of the function's time.
BATCH_S = 5.0


@api.route(
    "POST",
    "/v1/clock",
    summary="Start, break, stop, cancel or update the clock; with dryRun=true tell what that would do",
    needs=Permission.OWN_CLOCK,
    query=ActQuery,
    takes=ClockIn,
    gives={200: ClockAnswer, 201: ClockAnswer},
    fails=(400, 404, 413, 415),
)
def act(request: Request) -> Response:
    dry = validated(ActQuery, request.query).dryRun == "true"
    asked = replace(request_of(validated(ClockIn, only_what_counts(request.json()))), key=derive_resource_id(request))
    clock = container.clock_service().dry() if dry else container.clock_service()
    more = {"dryRun": True} if dry else {}
    try:
        outcome = clock.act(request.principal, asked, datetime.now(UTC))
    except EntryNotSaved as error:  # returned, not raised: the clock is stopped, and a repetition must hear the same
        return Response(status=error.status, body=refused(error, "") | more)
    return Response(status=201 if outcome.was_edited else 200, body=told(outcome) | more)


@api.route(
    "GET",
    "/v1/clock",
    summary="The running clock",
    needs=Permission.OWN_CLOCK,
    query=WhoseQuery,
    gives={200: ClockAnswer},
    fails=(400, 404),
)
def read(request: Request) -> Response:
    user_id = validated(WhoseQuery, request.query).userId
    return Response(status=200, body=told_running(container.clock_service().running(request.principal, user_id)))


@api.route(
    "POST",
    "/v1/clock/batch",
    summary="Up to 50 punches that a phone has kept, done in the order of their sequence, with a result each",
    needs=Permission.OWN_CLOCK,
    takes=PunchesIn,
    gives={200: PunchesAnswer, 503: PunchesAnswer},
    fails=(400, 413, 415),
)
def act_on_all(request: Request) -> Response:
    now, until = datetime.now(UTC), monotonic() + BATCH_S
    items = validated(PunchesIn, request.json()).items
    rows = rows_of(items)
    punches = [row for row in rows if isinstance(row, KeptPunch)]
    answers = container.punch_service().apply(request.principal, punches, now, told_kept, lambda: monotonic() < until)
    body = told_batch(items, rows, answers)
    # Of a batch that was not done to its end no answer is kept: it is to be sent again.
    return Response(status=503 if any(item["status"] == 503 for item in body["items"]) else 200, body=body)


@api.route(
    "GET",
    "/v1/clock/refusals",
    summary="List the actions that geofences refused, newest first",
    needs=Permission.APPROVE,
    query=PageQuery,
    gives={200: RefusalsAnswer},
    fails=(400,),
)
def list_refusals(request: Request) -> Response:
    query = validated(PageQuery, numbered(request.query))
    list_name = f"{request.principal.tenant_id}/refusals"
    after = pagination.after(list_name, query.cursor) if query.cursor is not None else None
    refusals, last = container.refusal_service().page(request.principal, query.limit, after)
    cursor = pagination.cursor(list_name, last.received_at, last.id) if last is not None else None
    return Response(status=200, body=told_refusals(refusals, datetime.now(UTC), cursor))


@api.route(
    "POST",
    "/v1/clock/refusals/{id}/grant",
    summary="Grant an exception: what a geofence refused can be done once",
    needs=Permission.APPROVE,
    takes=GrantIn,
    gives={200: RefusalsAnswer},
    fails=(400, 404, 413, 415),
)
def grant(request: Request) -> Response:
    said, now = validated(GrantIn, request.json()), datetime.now(UTC)
    valid_for = timedelta(minutes=said.minutes)
    granted = container.refusal_service().grant(request.principal, request.path["id"], valid_for, said.reason, now)
    return Response(status=200, body=told_refusals([granted], now))


@api.route(
    "GET",
    "/v1/times",
    summary="List time entries by their start: one's own, and for who acts for others everybody's",
    needs=Permission.OWN_CLOCK,
    query=TimesQuery,
    gives={200: TimesAnswer},
    fails=(400,),
)
def list_times(request: Request) -> Response:
    query = validated(TimesQuery, numbered(request.query))
    list_name = f"{request.principal.tenant_id}/times"
    after = pagination.after(list_name, query.cursor) if query.cursor is not None else None
    entries, last = container.entry_service().page(request.principal, wanted(query), query.limit, after)
    items = pagination.fitting(entries, item_of)
    if len(items) < len(entries):
        last = entries[len(items) - 1]
    cursor = pagination.cursor(list_name, last.start, last.id) if last is not None else None
    return Response(status=200, body={"items": items, "valid": True, "nextCursor": cursor})


@api.route(
    "POST",
    "/v1/times",
    summary="Save up to 25 time entries by hand, new ones and changed ones, with a result each",
    needs=Permission.OWN_CLOCK,
    takes=TimesIn,
    gives={200: TimesAnswer},
    fails=(400, 413, 415),
)
def put_times(request: Request) -> Response:
    now, key = datetime.now(UTC), derive_resource_id(request)

    def put(index: int, said: Any) -> dict[str, Any]:
        try:
            if not isinstance(said, dict):
                raise ValidationFailed.field(f"items[{index}]", "must be an object")
            saved = container.entry_service().put(
                request.principal, said_of(validated(TimeIn, said), key, index), now
            )
        except ServiceBusy:  # the answer is that of the whole request, so that it is sent again
            raise
        except FencepostError as error:
            return {**refused(error, "")["items"][0], "status": int(error.status)}
        return {"message": "Success", "status": 201 if saved.was_edited else 200, "data": told_saved(saved)}

    return Response(status=200, body=results(validated(TimesIn, request.json()).items, put))


@api.route(
    "DELETE",
    "/v1/times",
    summary="Delete up to 30 time entries, valid or invalid: all of them or none",
    needs=Permission.OWN_CLOCK,
    query=DeleteTimesQuery,
    gives={200: TimesAnswer},
    fails=(400, 404),
)
def delete_times(request: Request) -> Response:
    query = validated(DeleteTimesQuery, request.query)
    deleted = container.entry_service().delete(request.principal, ids_of(query.id), query.reason, datetime.now(UTC))
    return Response(status=200, body=told_times(deleted))


@api.route(
    "POST",
    "/v1/times/approve",
    summary="Approve or disapprove up to 30 time entries: all of them or none",
    needs=Permission.APPROVE,
    takes=ApproveIn,
    gives={200: TimesAnswer},
    fails=(400, 404, 413, 415),
)
def approve_times(request: Request) -> Response:
    said = validated(ApproveIn, request.json())
    judged = container.entry_service().judge(
        request.principal, said.ids, said.approval, said.reason, datetime.now(UTC)
    )
    return Response(status=200, body=told_times(judged))


@api.route(
    "POST",
    "/v1/times/reopen",
    summary="Take the approval of up to 30 time entries back: of all of them or of none",
    needs=Permission.APPROVE,
    takes=IdsIn,
    gives={200: TimesAnswer},
    fails=(400, 404, 413, 415),
)
def reopen_times(request: Request) -> Response:
    said = validated(IdsIn, request.json())
    judged = container.entry_service().judge(
        request.principal, said.ids, "not_approved_yet", said.reason, datetime.now(UTC)
    )
    return Response(status=200, body=told_times(judged))


@api.route(
    "POST",
    "/v1/times/{id}/resubmit",
    summary="Save an invalid time entry, should what was in its way be gone",
    needs=Permission.OWN_CLOCK,
    gives={200: TimesAnswer, 201: TimesAnswer},
    fails=(400, 404),
)
def resubmit(request: Request) -> Response:
    saved = container.entry_service().resubmit(request.principal, request.path["id"], datetime.now(UTC))
    item = {"message": "Success", "data": told_saved(saved)}
    return Response(status=201 if saved.was_edited else 200, body={"items": [item], "valid": True})


@api.route(
    "POST",
    "/v1/times/{id}/restore",
    summary="Bring a removed time entry back, where nothing else is by now",
    needs=Permission.APPROVE,
    gives={200: TimesAnswer},
    fails=(400, 404),
)
def restore(request: Request) -> Response:
    saved = container.entry_service().restore(request.principal, request.path["id"], datetime.now(UTC))
    return Response(status=200, body=told_times([saved.entry]))


@api.route(
    "GET",
    "/v1/times/{id}/history",
    summary="Every change of a time entry and of the clock that it was: who, when, what and why",
    needs=Permission.OWN_CLOCK,
    gives={200: HistoryAnswer},
    fails=(404,),
)
def read_history(request: Request) -> Response:
    return Response(
        status=200, body=told_trail(container.entry_service().trail(request.principal, request.path["id"]))
    )


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
