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
from fencepost.reports.exports import MEDIA_TYPES, ExportIn, ExportQuery, Format, file_of, piece_of
from fencepost.reports.schemas import TotalsAnswer, TotalsQuery, asked_of, cursor_of, place_of, told_totals
from fencepost.timeclock.clock_schemas import CLOCK_DIALECT
from fencepost.timeclock.entry_schemas import wanted_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.timeclock.model import TimeEntry

app = App(dialect=CLOCK_DIALECT)
prime_snapstart(container.report_service)
prime_snapstart(container.entry_service)
_FILES = tuple(MEDIA_TYPES.values())


@app.get(
    "/v1/times/totals",
    summary="Total time entries by day, week or month: one's own, and for who acts for others everybody's",
    permission=Permission.OWN_CLOCK,
    query=TotalsQuery,
    responses={200: TotalsAnswer},
    errors=(400,),
)
def read_totals(request: Request[None, TotalsQuery]) -> Response:
    query = request.query
    wanted, asked = wanted_in(query), asked_of(query)
    list_name = f"{request.principal.tenant_id}/totals/{query.unit}/{query.by}/{query.split}"
    after = place_of(list_name, query.cursor) if query.cursor is not None else None
    totals, place = container.report_service().totals(request.principal, wanted, asked, query.limit, after)
    cursor = cursor_of(list_name, place) if place is not None else None
    return Response(200, {"items": told_totals(totals, asked), "valid": True, "nextCursor": cursor})


@app.get(
    "/v1/times/export",
    summary="Time entries as CSV or iCalendar, page by page: the header Next-Cursor has the cursor of the next one",
    permission=Permission.OWN_CLOCK,
    query=ExportQuery,
    responses={200: None},
    media_types=_FILES,
    errors=(400,),
)
def read_export(request: Request[None, ExportQuery]) -> Response:
    query = request.query
    page = container.entry_service().page(
        request.principal, wanted_in(query), query.limit, _after(request, query.cursor)
    )
    return _file(request, query.format, *page)


@app.post(
    "/v1/times/export",
    summary="The same of approved time entries, up to 45, all of which are marked as exported, or none",
    permission=Permission.APPROVE,
    body=ExportIn,
    responses={200: None},
    media_types=_FILES,
    errors=(400, 413, 415),
)
def export(request: Request[ExportIn]) -> Response:
    body = request.body
    after = _after(request, body.cursor)
    page = container.entry_service().export(request.principal, wanted_in(body), body.limit, after, datetime.now(UTC))
    return _file(request, body.format, *page)


def _after(request: AnyRequest, cursor: str | None) -> tuple[datetime, str] | None:
    return pagination.after(_list_name(request), cursor) if cursor is not None else None


def _file(request: AnyRequest, file_format: Format, entries: Sequence[TimeEntry], last: TimeEntry | None) -> Response:
    now = datetime.now(UTC)
    pieces = pagination.fitting(entries, lambda entry: piece_of(entry, file_format, now))
    if len(pieces) < len(entries):
        last = entries[len(pieces) - 1]
    cursor = {"Next-Cursor": pagination.cursor(_list_name(request), last.start, last.id)} if last is not None else {}
    return Response(
        status=200,
        body=file_of(pieces, file_format),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="times.{file_format}"', **cursor},
    )


def _list_name(request: AnyRequest) -> str:
    return f"{request.principal.tenant_id}/times/export"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
