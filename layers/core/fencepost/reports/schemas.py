"""The requests and responses of reports on time entries."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field

from fencepost.http import pagination
from fencepost.http.fields import ResponseModel, WholeNumberText
from fencepost.reports.exports import ExportFormat
from fencepost.reports.totals import DIMENSIONS, Total, TotalsPageStart, TotalsQuery, Unit, format_period
from fencepost.timeclock.entry_schemas import EntrySpanQuery
from fencepost.timeclock.entry_service import MAX_EXPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TOTALS = 10_000
_FIELDS = {"user": "userId", "organization": "organizationId", "category": "category"}
# In a cursor: the whole period, from its first group.
_WHOLE = "*"
_EARLIEST, _LATEST = date(1999, 1, 1), date(2201, 1, 1)


def _check_dimensions(text: str) -> str:
    parts = text.split(",") if text else []
    if not set(parts) <= set(DIMENSIONS) or len(set(parts)) < len(parts):
        raise ValueError(f"must be some of {','.join(DIMENSIONS)}, parted by commas")
    return text


class TotalsParams(EntrySpanQuery):
    """The query of the totals."""

    unit: Annotated[Unit, Field(description="The period that is totalled; a week is that of ISO 8601.")] = "day"
    by: Annotated[
        str,
        AfterValidator(_check_dimensions),
        Field(
            description="What has totals of its own: some of user,organization,category, comma-separated, or none."
        ),
    ] = ",".join(DIMENSIONS)
    split: Annotated[
        Literal["midnight"] | None,
        Field(description="Each piece of an entry counts on the local day on which it lies, not on the first day."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_TOTALS), WholeNumberText] = 1000


class TotalOut(ResponseModel):
    """The total of a group in a period, such as 2026-05-04, 2026-W19 or 2026-05, with its requested dimensions.

    `entries` is the number of entries that begin in the period. A period without any is not listed.
    """

    period: str
    userId: NotRequired[str | None]
    organizationId: NotRequired[str | None]
    category: NotRequired[str | None]
    entries: int
    netSeconds: int
    breakSeconds: int


class TotalItem(ResponseModel):
    """One total with its message."""

    message: str
    code: NotRequired[str | None]
    data: TotalOut | None


class TotalsResponse(ResponseModel):
    """A page of totals; `nextCursor` is null on the last page."""

    items: list[TotalItem]
    valid: bool
    nextCursor: NotRequired[str | None]


class ExportParams(EntrySpanQuery):
    """The query of an export that does not mark its entries."""

    format: ExportFormat
    limit: Annotated[int, Field(ge=1, le=1000), WholeNumberText] = 1000


class ExportIn(EntrySpanQuery):
    """The approved entries of a span; one request marks all of them as exported or none."""

    format: ExportFormat
    approval: Literal["approved"] = "approved"
    limit: Annotated[int, Field(ge=1, le=MAX_EXPORTED)] = MAX_EXPORTED


def to_totals_query(params: TotalsParams) -> TotalsQuery:
    return TotalsQuery(
        first=params.start.astimezone(UTC),
        before=params.end.astimezone(UTC),
        unit=params.unit,
        dimensions=tuple(dimension for dimension in DIMENSIONS if dimension in params.by.split(",")),
        is_split=params.split is not None,
    )


def decode_totals_cursor(list_name: str, cursor: str) -> TotalsPageStart:
    """Return the start of a page from the cursor of `encode_totals_cursor`.

    Raises:
        ValidationFailed: It is not a cursor of this list.

    >>> page_start = TotalsPageStart(period=date(2026, 5, 4), group=("emil", ""))
    >>> decode_totals_cursor("t/totals", encode_totals_cursor("t/totals", page_start)) == page_start
    True
    """
    period, group = pagination.decode_pair_cursor(list_name, cursor)
    try:
        first = date.fromisoformat(period)
    except ValueError:
        raise pagination.build_cursor_error() from None
    if not _EARLIEST <= first <= _LATEST:
        raise pagination.build_cursor_error()
    return TotalsPageStart(period=first, group=tuple(group[1:].split(",")) if group != _WHOLE else None)


def encode_totals_cursor(list_name: str, page_start: TotalsPageStart) -> str:
    group = _WHOLE if page_start.group is None else "=" + ",".join(page_start.group)
    return pagination.encode_pair_cursor(list_name, (page_start.period.isoformat(), group))


def serialize_totals(totals: Iterable[Total], query: TotalsQuery) -> list[dict[str, Any]]:
    """Return totals as a list of TotalItem."""
    return [
        {
            "message": "Success",
            "data": {
                "period": format_period(total.period, query.unit),
                **{
                    _FIELDS[dimension]: part or None
                    for dimension, part in zip(query.dimensions, total.group, strict=True)
                },
                "entries": total.entries,
                "netSeconds": total.net_s,
                "breakSeconds": total.break_s,
            },
        }
        for total in totals
    ]
