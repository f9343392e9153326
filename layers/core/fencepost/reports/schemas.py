"""The vocabulary of reports on time entries."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field

from fencepost.http import pagination
from fencepost.http.fields import ResponseModel, WholeNumberText
from fencepost.reports.totals import DIMENSIONS, Asked, Total, TotalsPosition, Unit, name_of
from fencepost.timeclock.entry_schemas import SpanQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TOTALS = 10_000
_FIELDS = {"user": "userId", "organization": "organizationId", "category": "category"}
# In a cursor: the period from its beginning.
_WHOLE = "*"
_EARLIEST, _LATEST = date(1999, 1, 1), date(2201, 1, 1)


def _dimensions(text: str) -> str:
    parts = text.split(",") if text else []
    if not set(parts) <= set(DIMENSIONS) or len(set(parts)) < len(parts):
        raise ValueError(f"must be some of {','.join(DIMENSIONS)}, parted by commas")
    return text


class TotalsQuery(SpanQuery):
    unit: Annotated[Unit, Field(description="The period that is totalled; a week is that of ISO 8601.")] = "day"
    by: Annotated[
        str,
        AfterValidator(_dimensions),
        Field(
            description="What has totals of its own: some of user,organization,category, parted by commas, or none."
        ),
    ] = ",".join(DIMENSIONS)
    split: Annotated[
        Literal["midnight"] | None,
        Field(
            description="Each piece of an entry counts on the local day on which it lies, not on that of the start."
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_TOTALS), WholeNumberText] = 1000


class TotalOut(ResponseModel):
    """What a group has in a period, as 2026-05-04, 2026-W19 or 2026-05; a part that was not asked for is not there.

    `entries` are those that begin in it. A period that has none is not told.
    """

    period: str
    userId: NotRequired[str | None]
    organizationId: NotRequired[str | None]
    category: NotRequired[str | None]
    entries: int
    netSeconds: int
    breakSeconds: int


class TotalItem(ResponseModel):
    message: str
    code: NotRequired[str | None]
    data: TotalOut | None


class TotalsAnswer(ResponseModel):
    items: list[TotalItem]
    valid: bool
    nextCursor: NotRequired[str | None]


def asked_of(query: TotalsQuery) -> Asked:
    by = tuple(dimension for dimension in DIMENSIONS if dimension in query.by.split(","))
    return Asked(
        first=query.start.astimezone(UTC),
        before=query.end.astimezone(UTC),
        unit=query.unit,
        by=by,
        is_split=query.split is not None,
    )


def place_of(list_name: str, text: str) -> TotalsPosition:
    """What `cursor_of` was made from. Raises Invalid.

    >>> place = TotalsPosition(period=date(2026, 5, 4), group=("emil", ""))
    >>> place_of("t/totals", cursor_of("t/totals", place)) == place
    True
    """
    period, group = pagination.pair_after(list_name, text)
    try:
        first = date.fromisoformat(period)
    except ValueError:
        raise pagination.no_cursor() from None
    if not _EARLIEST <= first <= _LATEST:
        raise pagination.no_cursor()
    return TotalsPosition(period=first, group=tuple(group[1:].split(",")) if group != _WHOLE else None)


def cursor_of(list_name: str, place: TotalsPosition) -> str:
    group = _WHOLE if place.group is None else "=" + ",".join(place.group)
    return pagination.pair_cursor(list_name, (place.period.isoformat(), group))


def told_totals(totals: Iterable[Total], asked: Asked) -> list[dict[str, Any]]:
    return [{"message": "Success", "data": _told(total, asked)} for total in totals]


def _told(total: Total, asked: Asked) -> dict[str, Any]:
    parts = zip(asked.by, total.group, strict=True)
    return {
        "period": name_of(total.period, asked.unit),
        **{_FIELDS[dimension]: part or None for dimension, part in parts},
        "entries": total.entries,
        "netSeconds": total.net_s,
        "breakSeconds": total.break_s,
    }
