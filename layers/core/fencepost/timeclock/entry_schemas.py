"""The vocabulary of time entries: the clock's shape, with an item for each entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field

from fencepost.common.errors import ValidationFailed
from fencepost.common.ids import new_id
from fencepost.geofences.query_params import PageQuery
from fencepost.http.fields import DeferredItem, Instant, RequestModel, ResponseModel, Text
from fencepost.timeclock.clock_schemas import BreakOut, ClockData, told_break, told_entry
from fencepost.timeclock.entry_filters import Approval, Kind, Wanted
from fencepost.timeclock.entry_service import MAX_IDS, Said
from fencepost.timeclock.model import Break

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fencepost.timeclock.audit import Change, State
    from fencepost.timeclock.entry_service import Saved
    from fencepost.timeclock.model import TimeEntry

MAX_ITEMS = 25
LONGEST_SPAN = timedelta(days=366)
Id = Annotated[str, Field(min_length=1, max_length=64)]
Reason = Annotated[Text, Field(max_length=500, description="Kept on the trail of each entry.")]
Category = Literal["productive", "unproductive", "vacation", "sick", "paid_leave", "unpaid_leave"]


def _once_each(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _some_ids(text: str) -> str:
    if not 1 <= len(ids_of(text)) <= MAX_IDS:
        raise ValueError(f"must be 1 to {MAX_IDS} ids, parted by commas")
    return text


class SpanQuery(PageQuery):
    start: Annotated[Instant, Field(alias="from", description="Entries that begin then or later.")]
    end: Annotated[Instant, Field(alias="to", description="Entries that begin before; at most 366 days after from.")]
    userId: Id | None = None
    organizationId: Id | None = None
    type: Annotated[str, Field(max_length=64)] | None = None
    category: Category | None = None
    approval: Approval | None = None


class TimesQuery(SpanQuery):
    invalid: Annotated[Literal["true", "false"], Field(description="true: those that could not be saved.")] = "false"
    removed: Annotated[
        Literal["true", "false"], Field(description="true: those that can be restored, for who acts for others.")
    ] = "false"


class DeleteTimesQuery(RequestModel):
    id: Annotated[str, AfterValidator(_some_ids), Field(description="One id, or several parted by commas.")]
    reason: Reason | None = None


class SpanIn(RequestModel):
    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]


class TimeIn(RequestModel):
    """With an `id` an entry is changed, by the fields that are given."""

    id: Id | None = None
    userId: Id | None = None
    start: Annotated[Instant | None, Field(alias="from")] = None
    end: Annotated[Instant | None, Field(alias="to")] = None
    type: str | None = None
    comment: Annotated[Text, Field(max_length=2_000)] | None = None
    organizationId: Id | None = None
    organizationName: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    breaks: Annotated[tuple[SpanIn, ...], Field(max_length=50, strict=False)] = ()
    reason: Reason | None = None


class TimesIn(RequestModel):
    """Each item is a TimeIn, looked at by itself: what is wrong with one harms no other."""

    items: Annotated[list[DeferredItem[TimeIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class IdsIn(RequestModel):
    ids: Annotated[list[Id], AfterValidator(_once_each), Field(min_length=1, max_length=MAX_IDS)]
    reason: Reason | None = None


class ApproveIn(IdsIn):
    approval: Literal["approved", "disapproved"] = "approved"


class TimeItem(ResponseModel):
    """`status` is what this one alone would have been answered with."""

    message: str
    code: NotRequired[str | None]
    status: NotRequired[int | None]
    data: ClockData | None


class TimesAnswer(ResponseModel):
    items: list[TimeItem]
    valid: bool
    nextCursor: NotRequired[str | None]


class StateOut(ResponseModel):
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    breaks: list[BreakOut]
    comment: str | None
    type: str
    organizationId: str | None
    organizationName: str | None
    creationType: str | None
    approval: str | None
    invalidReason: str | None


class ChangeOut(ResponseModel):
    """Who did what, when and why; what was there before and what is there since, null where there is nothing."""

    number: int
    action: str
    at: str
    actor: str
    reason: str | None
    before: StateOut | None
    after: StateOut | None


class ChangeItem(ResponseModel):
    message: str
    code: NotRequired[str | None]
    data: ChangeOut | None


class HistoryAnswer(ResponseModel):
    items: list[ChangeItem]
    valid: bool


def wanted(query: TimesQuery) -> Wanted:
    """Raises Invalid."""
    if query.invalid == query.removed == "true":
        raise ValidationFailed.field("removed", "and invalid are two lists; ask for one of them")
    kind: Kind = "invalid" if query.invalid == "true" else "removed" if query.removed == "true" else "valid"
    return replace(wanted_in(query), kind=kind)


def wanted_in(query: SpanQuery) -> Wanted:
    """Valid entries of a span. Raises Invalid."""
    if not timedelta(0) < query.end - query.start <= LONGEST_SPAN:
        raise ValidationFailed.field("to", f"must be after from, by at most {LONGEST_SPAN.days} days")
    return Wanted(
        first=query.start,
        before=query.end,
        user_id=query.userId,
        organization_id=query.organizationId,
        time_type=query.type,
        category=query.category,
        approval=query.approval,
    )


def ids_of(text: str) -> list[str]:
    """
    >>> ids_of("a,b,,a")
    ['a', 'b']
    """
    return _once_each([part for part in text.split(",") if part])


def said_of(body: TimeIn, key: str | None, index: int) -> Said:
    """`key` is told by the caller's Idempotency-Key: a new entry then has the same id whenever it is sent again.

    Raises Invalid.
    """
    given = body.model_fields_set
    fields: dict[str, Any] = {}
    for name, told, value in (
        ("start", "from", body.start),
        ("end", "to", body.end),
        ("time_type", "type", body.type),
    ):
        if name in given or told in given:
            if value is None:
                raise ValidationFailed.field(told, "must not be null")
            fields[name] = value if isinstance(value, str) else value.replace(microsecond=0)
    if "comment" in given:
        fields["comment"] = body.comment
    if "organizationId" in given:
        fields["organization_id"] = body.organizationId
    if "breaks" in given:
        fields["breaks"] = _breaks(body.breaks)
    return Said(
        id=body.id,
        new_id=str(uuid5(UUID(key), str(index))) if key is not None and body.id is None else None,
        user_id=body.userId,
        organization_name=body.organizationName if body.organizationId is None else None,
        reason=body.reason,
        fields=fields,
    )


def told_saved(saved: Saved) -> dict[str, Any]:
    return told_entry(saved.entry, saved.removed, saved.trimmed)


def told_times(entries: Iterable[TimeEntry]) -> dict[str, Any]:
    """The answer that tells of entries: a TimesAnswer."""
    return {"items": [item_of(entry) for entry in entries], "valid": True}


def item_of(entry: TimeEntry) -> dict[str, Any]:
    return {"message": "Success", "data": told_entry(entry)}


def told_trail(changes: Sequence[Change]) -> dict[str, Any]:
    """A HistoryAnswer: what one change left is what the next one found."""
    befores = [None, *(change.after for change in changes)]
    items = [
        {"message": "Success", "data": _change(before, change)}
        for before, change in zip(befores, changes, strict=False)
    ]
    return {"items": items, "valid": True}


def results(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a TimesAnswer with a result for each item."""
    return {"items": items, "valid": all(item["status"] < 400 for item in items)}


def _breaks(said: Sequence[SpanIn]) -> tuple[Break, ...]:
    """One of no length is dropped, as the clock drops it."""
    spans = ((span.start.replace(microsecond=0), span.end.replace(microsecond=0)) for span in said)
    return tuple(Break(id=new_id(), start=start, end=end) for start, end in spans if start != end)


def _change(before: State | None, change: Change) -> dict[str, Any]:
    return {
        "number": change.number,
        "action": change.action,
        "at": change.at.isoformat(),
        "actor": change.actor,
        "reason": change.reason,
        "before": _state(before),
        "after": _state(change.after),
    }


def _state(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "from": state.start.isoformat(),
        "to": state.end.isoformat() if state.end else None,
        "breaks": [told_break(taken) for taken in state.breaks],
        "comment": state.comment,
        "type": state.time_type,
        "organizationId": state.organization_id,
        "organizationName": state.organization_name,
        "creationType": state.creation_type,
        "approval": state.approval,
        "invalidReason": state.invalid_reason,
    }
