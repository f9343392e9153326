"""Reports of time entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fencepost import container
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences.query_params import numbered
from fencepost.http import pagination
from fencepost.http.app import Api, Response
from fencepost.http.request import Request
from fencepost.http.validation import validated
from fencepost.reports.exports import MEDIA_TYPES, ExportIn, ExportQuery, Format, file_of, piece_of
from fencepost.reports.schemas import TotalsAnswer, TotalsQuery, asked_of, cursor_of, place_of, told_totals
from fencepost.timeclock.clock_schemas import STATUS, ClockAnswer, refused
from fencepost.timeclock.entry_schemas import wanted_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.timeclock.model import TimeEntry

api = Api(tell=refused, tells=ClockAnswer, status=STATUS)
prime_snapstart(container.report_service)
prime_snapstart(container.entry_service)
_FILES = tuple(MEDIA_TYPES.values())


@api.route(
    "GET",
    "/v1/times/totals",
    summary="Total time entries by day, week or month: one's own, and for who acts for others everybody's",
    needs=Permission.OWN_CLOCK,
    query=TotalsQuery,
    gives={200: TotalsAnswer},
    fails=(400,),
)
def read_totals(request: Request) -> Response:
    query = validated(TotalsQuery, numbered(request.query))
    wanted, asked = wanted_in(query), asked_of(query)
    list_name = f"{request.principal.tenant_id}/totals/{query.unit}/{query.by}/{query.split}"
    after = place_of(list_name, query.cursor) if query.cursor is not None else None
    totals, place = container.report_service().totals(request.principal, wanted, asked, query.limit, after)
    cursor = cursor_of(list_name, place) if place is not None else None
    return Response(status=200, body={"items": told_totals(totals, asked), "valid": True, "nextCursor": cursor})


@api.route(
    "GET",
    "/v1/times/export",
    summary="Time entries as CSV or iCalendar, page by page: the header Next-Cursor has the cursor of the next one",
    needs=Permission.OWN_CLOCK,
    query=ExportQuery,
    gives={200: None},
    texts=_FILES,
    fails=(400,),
)
def read_export(request: Request) -> Response:
    query = validated(ExportQuery, numbered(request.query))
    page = container.entry_service().page(
        request.principal, wanted_in(query), query.limit, _after(request, query.cursor)
    )
    return _file(request, query.format, *page)


@api.route(
    "POST",
    "/v1/times/export",
    summary="The same of approved time entries, up to 45, all of which are marked as exported, or none",
    needs=Permission.APPROVE,
    takes=ExportIn,
    gives={200: None},
    texts=_FILES,
    fails=(400, 413, 415),
)
def export(request: Request) -> Response:
    said = validated(ExportIn, request.json())
    after = _after(request, said.cursor)
    page = container.entry_service().export(request.principal, wanted_in(said), said.limit, after, datetime.now(UTC))
    return _file(request, said.format, *page)


def _after(request: Request, cursor: str | None) -> tuple[datetime, str] | None:
    return pagination.after(_list_name(request), cursor) if cursor is not None else None


def _file(request: Request, file_format: Format, entries: Sequence[TimeEntry], last: TimeEntry | None) -> Response:
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


def _list_name(request: Request) -> str:
    return f"{request.principal.tenant_id}/times/export"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
