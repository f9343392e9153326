"""The schemas of time entries: the shape of the clock's, with an item for each entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field

from fencepost.common.errors import ValidationFailed
from fencepost.common.ids import new_id
from fencepost.http.fields import DeferredItem, Instant, RequestModel, ResponseModel, Text
from fencepost.http.pagination import PageQuery
from fencepost.timeclock.clock_schemas import BreakOut, ClockData, serialize_break, serialize_entry
from fencepost.timeclock.commands import EntryEdit
from fencepost.timeclock.entry_filters import Approval, EntryFilter, EntryKind
from fencepost.timeclock.entry_service import MAX_IDS
from fencepost.timeclock.model import Break

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fencepost.timeclock.audit import AuditRecord
    from fencepost.timeclock.commands import SavedEntry
    from fencepost.timeclock.model import EntrySnapshot, TimeEntry

MAX_ITEMS = 25
LONGEST_SPAN = timedelta(days=366)
Id = Annotated[str, Field(min_length=1, max_length=64)]
Reason = Annotated[Text, Field(max_length=500, description="Stored in the audit trail of each entry.")]
Category = Literal["productive", "unproductive", "vacation", "sick", "paid_leave", "unpaid_leave"]


def _drop_duplicates(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _check_ids(text: str) -> str:
    if not 1 <= len(parse_ids(text)) <= MAX_IDS:
        raise ValueError(f"must be 1 to {MAX_IDS} ids, parted by commas")
    return text


class EntrySpanQuery(PageQuery):
    """The query for the entries of a span, with filters."""

    start: Annotated[Instant, Field(alias="from", description="Entries that begin then or later.")]
    end: Annotated[Instant, Field(alias="to", description="Entries that begin before; at most 366 days after from.")]
    userId: Id | None = None
    organizationId: Id | None = None
    type: Annotated[str, Field(max_length=64)] | None = None
    category: Category | None = None
    approval: Approval | None = None


class TimesQuery(EntrySpanQuery):
    """The query of a list of time entries."""

    invalid: Annotated[Literal["true", "false"], Field(description="true: those that could not be saved.")] = "false"
    removed: Annotated[
        Literal["true", "false"],
        Field(description="true: those that can be restored, for callers who act for others."),
    ] = "false"


class DeleteTimesQuery(RequestModel):
    """The query of a deletion of time entries."""

    id: Annotated[str, AfterValidator(_check_ids), Field(description="One id, or several, separated by commas.")]
    reason: Reason | None = None


class BreakIn(RequestModel):
    """A break of an entry."""

    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]


class TimeIn(RequestModel):
    """An entry to create, or with an `id` the fields of an entry to change."""

    id: Id | None = None
    userId: Id | None = None
    start: Annotated[Instant | None, Field(alias="from")] = None
    end: Annotated[Instant | None, Field(alias="to")] = None
    type: str | None = None
    comment: Annotated[Text, Field(max_length=2_000)] | None = None
    organizationId: Id | None = None
    organizationName: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    breaks: Annotated[tuple[BreakIn, ...], Field(max_length=50, strict=False)] = ()
    reason: Reason | None = None


class TimesIn(RequestModel):
    """Each item is a TimeIn, validated by itself: an error in one does not affect the others."""

    items: Annotated[list[DeferredItem[TimeIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class IdsIn(RequestModel):
    """The ids of time entries that are changed together."""

    ids: Annotated[list[Id], AfterValidator(_drop_duplicates), Field(min_length=1, max_length=MAX_IDS)]
    reason: Reason | None = None


class ApproveIn(IdsIn):
    """The ids of time entries, and their new approval."""

    approval: Literal["approved", "disapproved"] = "approved"


class TimeItem(ResponseModel):
    """`status` is what a response with this item alone would have."""

    message: str
    code: NotRequired[str | None]
    status: NotRequired[int | None]
    data: ClockData | None


class TimesResponse(ResponseModel):
    """Time entries, each as an item; a page of a list has `nextCursor`, which is null on the last one."""

    items: list[TimeItem]
    valid: bool
    nextCursor: NotRequired[str | None]


class EntrySnapshotOut(ResponseModel):
    """The state of an entry or its clock, without punches; `to` is null while the clock runs."""

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


class AuditRecordOut(ResponseModel):
    """Who did what, when and why; the state before and after it, null where the entry did not exist."""

    number: int
    action: str
    at: str
    actor: str
    reason: str | None
    before: EntrySnapshotOut | None
    after: EntrySnapshotOut | None


class AuditItem(ResponseModel):
    """One change with its message."""

    message: str
    code: NotRequired[str | None]
    data: AuditRecordOut | None


class HistoryResponse(ResponseModel):
    """Every change of an entry and of its clock, in order."""

    items: list[AuditItem]
    valid: bool


def to_filter(query: TimesQuery) -> EntryFilter:
    """Convert the query of a list of entries.

    Raises:
        ValidationFailed: The span is empty or too long, or the query asks for two lists.
    """
    if query.invalid == query.removed == "true":
        raise ValidationFailed.field("removed", "and invalid are two lists; ask for one of them")
    kind: EntryKind = "invalid" if query.invalid == "true" else "removed" if query.removed == "true" else "valid"
    return replace(to_span_filter(query), kind=kind)


def to_span_filter(query: EntrySpanQuery) -> EntryFilter:
    """Convert a query to a filter for valid entries of a span.

    Raises:
        ValidationFailed: The span is empty or too long.
    """
    if not timedelta(0) < query.end - query.start <= LONGEST_SPAN:
        raise ValidationFailed.field("to", f"must be after from, by at most {LONGEST_SPAN.days} days")
    return EntryFilter(
        first=query.start,
        before=query.end,
        user_id=query.userId,
        organization_id=query.organizationId,
        time_type=query.type,
        category=query.category,
        approval=query.approval,
    )


def parse_ids(text: str) -> list[str]:
    """Split ids at commas, and drop repetitions.

    >>> parse_ids("a,b,,a")
    ['a', 'b']
    """
    return _drop_duplicates([part for part in text.split(",") if part])


def parse_entry_edit(body: TimeIn, key: str | None, index: int) -> EntryEdit:
    """Convert an item of a request.

    Args:
        key: Derived from the Idempotency-Key: a new entry has the same id for each retry.
        index: The place of the item in the request.

    Raises:
        ValidationFailed: A field is null that must not be.
    """
    given = body.model_fields_set
    fields: dict[str, Any] = {}
    for name, field_name, value in (
        ("start", "from", body.start),
        ("end", "to", body.end),
        ("time_type", "type", body.type),
    ):
        if name in given or field_name in given:
            if value is None:
                raise ValidationFailed.field(field_name, "must not be null")
            fields[name] = value if isinstance(value, str) else value.replace(microsecond=0)
    if "comment" in given:
        fields["comment"] = body.comment
    if "organizationId" in given:
        fields["organization_id"] = body.organizationId
    if "breaks" in given:
        spans = ((span.start.replace(microsecond=0), span.end.replace(microsecond=0)) for span in body.breaks)
        # A break without length is dropped, as the clock drops it.
        fields["breaks"] = tuple(Break(id=new_id(), start=start, end=end) for start, end in spans if start != end)
    return EntryEdit(
        id=body.id,
        new_id=str(uuid5(UUID(key), str(index))) if key is not None and body.id is None else None,
        user_id=body.userId,
        organization_name=body.organizationName if body.organizationId is None else None,
        reason=body.reason,
        fields=fields,
    )


def serialize_saved_entry(saved: SavedEntry) -> dict[str, Any]:
    """Return a ClockData."""
    return serialize_entry(saved.entry, saved.removed, saved.trimmed)


def serialize_entries(entries: Iterable[TimeEntry]) -> dict[str, Any]:
    """Return a TimesResponse."""
    return {"items": [serialize_entry_item(entry) for entry in entries], "valid": True}


def serialize_entry_item(entry: TimeEntry) -> dict[str, Any]:
    """Return a TimeItem."""
    return {"message": "Success", "data": serialize_entry(entry)}


def serialize_history(records: Sequence[AuditRecord]) -> dict[str, Any]:
    """Return a HistoryResponse: the state after one change is the state before the next."""
    befores = [None, *(record.after for record in records)]
    items = [
        {
            "message": "Success",
            "data": {
                "number": record.number,
                "action": record.action,
                "at": record.at.isoformat(),
                "actor": record.actor,
                "reason": record.reason,
                "before": _serialize_snapshot(before),
                "after": _serialize_snapshot(record.after),
            },
        }
        for before, record in zip(befores, records, strict=False)
    ]
    return {"items": items, "valid": True}


def serialize_results(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a TimesResponse with the result of each item, in order."""
    return {"items": items, "valid": all(item["status"] < 400 for item in items)}


def _serialize_snapshot(snapshot: EntrySnapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {
        "from": snapshot.start.isoformat(),
        "to": snapshot.end.isoformat() if snapshot.end else None,
        "breaks": [serialize_break(break_) for break_ in snapshot.breaks],
        "comment": snapshot.comment,
        "type": snapshot.time_type,
        "organizationId": snapshot.organization_id,
        "organizationName": snapshot.organization_name,
        "creationType": snapshot.creation_type,
        "approval": snapshot.approval,
        "invalidReason": snapshot.invalid_reason,
    }
