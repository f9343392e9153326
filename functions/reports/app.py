"""Reports of time entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fencepost import container
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.http import pagination
from fencepost.http.app import App
from fencepost.http.request import AnyRequest, Request
from fencepost.http.response import Response
from fencepost.reports.exports import MEDIA_TYPES, ExportFormat, format_entry, format_file
from fencepost.reports.schemas import (
    ExportIn,
    ExportParams,
    TotalsParams,
    TotalsResponse,
    decode_totals_cursor,
    encode_totals_cursor,
    serialize_totals,
    to_totals_query,
)
from fencepost.timeclock.clock_schemas import CLOCK_DIALECT
from fencepost.timeclock.entry_schemas import to_span_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.timeclock.model import TimeEntry

app = App(dialect=CLOCK_DIALECT)
prime_snapstart(container.report_service)
prime_snapstart(container.entry_service)
_FILES = tuple(MEDIA_TYPES.values())


@app.get(
    "/v1/times/totals",
    summary="Total time entries by day, week or month: of the caller or, with permission, of all users",
    permission=Permission.OWN_CLOCK,
    query=TotalsParams,
    responses={200: TotalsResponse},
)
def read_totals(request: Request[None, TotalsParams]) -> Response:
    query = request.query
    filters, totals_query = to_span_filter(query), to_totals_query(query)
    list_name = f"{request.principal.tenant_id}/totals/{query.unit}/{query.by}/{query.split}"
    page_start = decode_totals_cursor(list_name, query.cursor) if query.cursor is not None else None
    reports = container.report_service()
    totals, rest = reports.list_totals(request.principal, filters, totals_query, query.limit, page_start)
    cursor = encode_totals_cursor(list_name, rest) if rest is not None else None
    items = serialize_totals(totals, totals_query)
    return Response(200, {"items": items, "valid": True, "nextCursor": cursor})


@app.get(
    "/v1/times/export",
    summary="Export time entries as CSV or iCalendar; the header Next-Cursor has the cursor of the next page",
    permission=Permission.OWN_CLOCK,
    query=ExportParams,
    responses={200: None},
    media_types=_FILES,
)
def read_export(request: Request[None, ExportParams]) -> Response:
    query = request.query
    after = pagination.decode_time_cursor(_get_list_name(request), query.cursor)
    page = container.entry_service().list_page(request.principal, to_span_filter(query), query.limit, after)
    return _build_file(request, query.format, *page)


@app.post(
    "/v1/times/export",
    summary="Export up to 45 approved time entries and mark all of them as exported, or none",
    permission=Permission.APPROVE,
    body=ExportIn,
    responses={200: None},
    media_types=_FILES,
)
def export(request: Request[ExportIn]) -> Response:
    body = request.body
    after = pagination.decode_time_cursor(_get_list_name(request), body.cursor)
    page = container.entry_service().export(
        request.principal, to_span_filter(body), body.limit, after, datetime.now(UTC)
    )
    return _build_file(request, body.format, *page)


def _build_file(
    request: AnyRequest, file_format: ExportFormat, entries: Sequence[TimeEntry], last: TimeEntry | None
) -> Response:
    now = datetime.now(UTC)
    pieces = pagination.take_while_fits(entries, lambda entry: format_entry(entry, file_format, now))
    if len(pieces) < len(entries):
        last = entries[len(pieces) - 1]
    cursor = (
        {"Next-Cursor": pagination.encode_time_cursor(_get_list_name(request), last.start, last.id)}
        if last is not None
        else {}
    )
    return Response(
        200,
        format_file(pieces, file_format),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="times.{file_format}"', **cursor},
    )


def _get_list_name(request: AnyRequest) -> str:
    return f"{request.principal.tenant_id}/times/export"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
