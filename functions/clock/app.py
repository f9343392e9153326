"""The time clock and the time entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from fencepost import container
from fencepost.common.errors import FencepostError, ServiceBusy
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.http import pagination
from fencepost.http.app import App
from fencepost.http.fields import DeferredItem
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.pagination import PageQuery
from fencepost.http.request import Request
from fencepost.http.response import Response
from fencepost.timeclock.clock_schemas import (
    CLOCK_DIALECT,
    ClockActionQuery,
    ClockIn,
    ClockResponse,
    ClockUserQuery,
    render_error,
    serialize_outcome,
    serialize_running_clock,
    to_clock_request,
)
from fencepost.timeclock.commands import EntryNotSaved
from fencepost.timeclock.entry_schemas import (
    ApproveIn,
    DeleteTimesQuery,
    HistoryResponse,
    IdsIn,
    TimeIn,
    TimesIn,
    TimesQuery,
    TimesResponse,
    parse_entry_edit,
    parse_ids,
    serialize_entries,
    serialize_entry_item,
    serialize_history,
    serialize_results,
    serialize_saved_entry,
    to_filter,
)
from fencepost.timeclock.punch_batch_service import OfflinePunch
from fencepost.timeclock.punch_schemas import (
    GrantIn,
    PunchesIn,
    PunchesResponse,
    RefusalsResponse,
    parse_punches,
    serialize_batch,
    serialize_refusals,
)

app = App(dialect=CLOCK_DIALECT)
prime_snapstart(container.clock_service)
prime_snapstart(container.entry_service)
prime_snapstart(container.punch_service)
# A batch begins no punch after this number of seconds, which is half of the function's timeout.
BATCH_S = 5.0


@app.post(
    "/v1/clock",
    summary="Start, break, stop, cancel or update the clock; dryRun=true returns the outcome and writes nothing",
    permission=Permission.OWN_CLOCK,
    query=ClockActionQuery,
    body=ClockIn,
    responses={200: ClockResponse, 201: ClockResponse},
    errors=(404,),
)
def act(request: Request[ClockIn, ClockActionQuery]) -> Response:
    is_dry_run = request.query.dryRun == "true"
    action = replace(to_clock_request(request.body), key=derive_resource_id(request))
    service = container.clock_service().as_dry_run() if is_dry_run else container.clock_service()
    more = {"dryRun": True} if is_dry_run else {}
    try:
        outcome = service.act(request.principal, action, datetime.now(UTC))
    except EntryNotSaved as error:  # returned, not raised, so that it is stored for retries: the clock is stopped
        return Response(error.status, render_error(error, "") | more)
    return Response(201 if outcome.has_side_effects else 200, serialize_outcome(outcome) | more)


@app.get(
    "/v1/clock",
    summary="Read the running clock",
    permission=Permission.OWN_CLOCK,
    query=ClockUserQuery,
    responses={200: ClockResponse},
    errors=(404,),
)
def read(request: Request[None, ClockUserQuery]) -> Response:
    clock = container.clock_service().find_running(request.principal, request.query.userId)
    return Response(200, serialize_running_clock(clock))


@app.post(
    "/v1/clock/batch",
    summary="Process up to 50 offline punches in the order of their sequence, each with its own result",
    permission=Permission.OWN_CLOCK,
    body=PunchesIn,
    responses={200: PunchesResponse, 503: PunchesResponse},
)
def act_on_all(request: Request[PunchesIn]) -> Response:
    now, until = datetime.now(UTC), monotonic() + BATCH_S
    items = [item.sent for item in request.body.items]
    rows = parse_punches(items)
    punches = [row for row in rows if isinstance(row, OfflinePunch)]
    results = container.punch_service().process(request.principal, punches, now, lambda: monotonic() < until)
    body = serialize_batch(items, rows, results)
    # A 503 is not stored under the Idempotency-Key, so the client can send the batch again.
    return Response(503 if any(item["status"] == 503 for item in body["items"]) else 200, body)


@app.get(
    "/v1/clock/refusals",
    summary="List the actions that geofences refused, newest first",
    permission=Permission.APPROVE,
    query=PageQuery,
    responses={200: RefusalsResponse},
)
def list_refusals(request: Request[None, PageQuery]) -> Response:
    query = request.query
    list_name = f"{request.principal.tenant_id}/refusals"
    after = pagination.decode_time_cursor(list_name, query.cursor)
    refusals, last = container.refusal_service().list_page(request.principal, query.limit, after)
    cursor = pagination.encode_time_cursor(list_name, last.received_at, last.id) if last is not None else None
    return Response(200, serialize_refusals(refusals, datetime.now(UTC), cursor))


@app.post(
    "/v1/clock/refusals/{id}/grant",
    summary="Grant an exception that allows a refused action once",
    permission=Permission.APPROVE,
    body=GrantIn,
    responses={200: RefusalsResponse},
    errors=(404,),
)
def grant(request: Request[GrantIn]) -> Response:
    body, now = request.body, datetime.now(UTC)
    valid_for = timedelta(minutes=body.minutes)
    granted = container.refusal_service().grant(request.principal, request.path["id"], valid_for, body.reason, now)
    return Response(200, serialize_refusals([granted], now))


@app.get(
    "/v1/times",
    summary="List time entries by their start: your own, or everybody's if you may act for others",
    permission=Permission.OWN_CLOCK,
    query=TimesQuery,
    responses={200: TimesResponse},
)
def list_times(request: Request[None, TimesQuery]) -> Response:
    query = request.query
    list_name = f"{request.principal.tenant_id}/times"
    after = pagination.decode_time_cursor(list_name, query.cursor)
    entries, last = container.entry_service().list_page(request.principal, to_filter(query), query.limit, after)
    items = pagination.take_while_fits(entries, serialize_entry_item)
    if len(items) < len(entries):
        last = entries[len(items) - 1]
    cursor = pagination.encode_time_cursor(list_name, last.start, last.id) if last is not None else None
    return Response(200, {"items": items, "valid": True, "nextCursor": cursor})


@app.post(
    "/v1/times",
    summary="Save up to 25 new or changed time entries, each with its own result",
    permission=Permission.OWN_CLOCK,
    body=TimesIn,
    responses={200: TimesResponse},
)
def put_times(request: Request[TimesIn]) -> Response:
    now, key = datetime.now(UTC), derive_resource_id(request)

    def put(index: int, item: DeferredItem[TimeIn]) -> dict[str, Any]:
        try:
            edit = parse_entry_edit(item.parse(f"items[{index}]"), key, index)
            saved = container.entry_service().save(request.principal, edit, now)
        except ServiceBusy:  # the whole request fails, so that it is sent again
            raise
        except FencepostError as error:
            return {**render_error(error, "")["items"][0], "status": int(error.status)}
        return {
            "message": "Success",
            "status": 201 if saved.has_side_effects else 200,
            "data": serialize_saved_entry(saved),
        }

    return Response(200, serialize_results([put(index, item) for index, item in enumerate(request.body.items)]))


@app.delete(
    "/v1/times",
    summary="Delete up to 30 valid or invalid time entries, all of them or none",
    permission=Permission.OWN_CLOCK,
    query=DeleteTimesQuery,
    responses={200: TimesResponse},
    errors=(404,),
)
def delete_times(request: Request[None, DeleteTimesQuery]) -> Response:
    ids, reason = parse_ids(request.query.id), request.query.reason
    deleted = container.entry_service().delete(request.principal, ids, reason, datetime.now(UTC))
    return Response(200, serialize_entries(deleted))


@app.post(
    "/v1/times/approve",
    summary="Approve or disapprove up to 30 time entries, all of them or none",
    permission=Permission.APPROVE,
    body=ApproveIn,
    responses={200: TimesResponse},
    errors=(404,),
)
def approve_times(request: Request[ApproveIn]) -> Response:
    body = request.body
    entries = container.entry_service().set_approval(
        request.principal, body.ids, body.approval, body.reason, datetime.now(UTC)
    )
    return Response(200, serialize_entries(entries))


@app.post(
    "/v1/times/reopen",
    summary="Revoke the approval of up to 30 time entries, of all of them or none",
    permission=Permission.APPROVE,
    body=IdsIn,
    responses={200: TimesResponse},
    errors=(404,),
)
def reopen_times(request: Request[IdsIn]) -> Response:
    body = request.body
    entries = container.entry_service().set_approval(
        request.principal, body.ids, "not_approved_yet", body.reason, datetime.now(UTC)
    )
    return Response(200, serialize_entries(entries))


@app.post(
    "/v1/times/{id}/resubmit",
    summary="Save an invalid time entry again, once nothing is in its way",
    permission=Permission.OWN_CLOCK,
    responses={200: TimesResponse, 201: TimesResponse},
    errors=(404,),
)
def resubmit(request: Request) -> Response:
    saved = container.entry_service().resubmit(request.principal, request.path["id"], datetime.now(UTC))
    item = {"message": "Success", "data": serialize_saved_entry(saved)}
    return Response(201 if saved.has_side_effects else 200, {"items": [item], "valid": True})


@app.post(
    "/v1/times/{id}/restore",
    summary="Restore a removed time entry, unless another entry has taken its place",
    permission=Permission.APPROVE,
    responses={200: TimesResponse},
    errors=(404,),
)
def restore(request: Request) -> Response:
    saved = container.entry_service().restore(request.principal, request.path["id"], datetime.now(UTC))
    return Response(200, serialize_entries([saved.entry]))


@app.get(
    "/v1/times/{id}/history",
    summary="List every change of a time entry and of its clock: who, when, what and why",
    permission=Permission.OWN_CLOCK,
    responses={200: HistoryResponse},
    errors=(404,),
)
def read_history(request: Request) -> Response:
    records = container.entry_service().load_trail(request.principal, request.path["id"])
    return Response(200, serialize_history(records))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
