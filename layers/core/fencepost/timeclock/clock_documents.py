"""The stored form of clocks, time entries and the lines of their audit trail.

The text is that of `dump_document`, which is inlined here: every clock action writes two documents.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from fencepost.dynamodb import keys
from fencepost.dynamodb.documents import load_document, parse_instant
from fencepost.timeclock.audit import AuditRecord
from fencepost.timeclock.model import Adjustment, Break, EntryDetails, EntrySnapshot, Punch, RunningClock, TimeEntry
from fencepost.timeclock.refusals import GrantRef
from fencepost.timeclock.working_time import Span
from fencepost.verdicts.model import Verdict

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item

# The states of a locator whose clock is not an entry.
RUNNING, CANCELLED = "running", "cancelled"


def locator_item(tenant_id: str, subject: RunningClock | TimeEntry, kind: str, **more: str) -> Item:
    """Return the item that an id leads to: it locates a clock or an entry, or stores a removed one as `doc`."""
    return {
        **keys.time_locator_key(tenant_id, subject.id),
        "entity": {"S": "Place"},
        "kind": {"S": kind},
        "userId": {"S": subject.user_id},
        **{name: {"S": value} for name, value in more.items()},
    }


def record_item(tenant_id: str, entry_id: str, record: AuditRecord) -> Item:
    """Return the item of a line of the audit trail. Its number is in the key, so that only one write can take it."""
    return {
        **keys.change_key(tenant_id, entry_id, record.number),
        "entity": {"S": "Change"},
        "doc": {"S": dump_record(record)},
    }


def dump_clock(clock: RunningClock) -> str:
    document = {
        "id": clock.id,
        "user_id": clock.user_id,
        "start": clock.start,
        "deadline": clock.deadline,
        "stops_at": clock.stops_at,
        "remind_at": clock.remind_at,
        **_to_details_document(clock),
        "punches": [_to_punch_document(punch) for punch in clock.punches],
        "last_request": clock.last_fingerprint,
        "version": clock.version,
    }
    return to_json(document, inf_nan_mode="null").decode()


def load_clock(text: str) -> RunningClock:
    """Parse a clock.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    return RunningClock(
        id=document["id"],
        user_id=document["user_id"],
        **_from_details_document(document),
        deadline=datetime.fromisoformat(document["deadline"]),
        stops_at=document.get("stops_at", "limit"),
        remind_at=parse_instant(document.get("remind_at")),
        punches=tuple([_from_punch_document(punch) for punch in document.get("punches", ())]),
        last_fingerprint=document.get("last_request", ""),
        version=document.get("version", 1),
    )


def dump_entry(entry: TimeEntry) -> str:
    document = {
        "id": entry.id,
        "user_id": entry.user_id,
        "start": entry.start,
        "end": entry.end,
        **_to_details_document(entry),
        "punches": [_to_punch_document(punch) for punch in entry.punches],
        "creation_type": entry.creation_type,
        "stopped_by": entry.stopped_by,
        "approval": entry.approval,
        "invalid_reason": entry.invalid_reason,
        "adjustments": [_to_adjustment_document(adjustment) for adjustment in entry.adjustments],
        "version": entry.version,
    }
    return to_json(document, inf_nan_mode="null").decode()


def load_entry(text: str) -> TimeEntry:
    """Parse a time entry.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    return TimeEntry(
        id=document["id"],
        user_id=document["user_id"],
        **_from_details_document(document),
        end=datetime.fromisoformat(document["end"]),
        punches=tuple([_from_punch_document(punch) for punch in document.get("punches", ())]),
        creation_type=document.get("creation_type", "clock"),
        stopped_by=document.get("stopped_by", "user"),
        approval=document.get("approval", "not_approved_yet"),
        invalid_reason=document.get("invalid_reason"),
        adjustments=tuple([_from_adjustment_document(one) for one in document.get("adjustments", ())]),
        version=document.get("version", 1),
    )


def dump_record(record: AuditRecord) -> str:
    after = record.after
    document = {
        "number": record.number,
        "action": record.action,
        "at": record.at,
        "actor": record.actor,
        "reason": record.reason,
        "after": {
            "start": after.start,
            "end": after.end,
            **_to_details_document(after),
            "creation_type": after.creation_type,
            "approval": after.approval,
            "invalid_reason": after.invalid_reason,
        }
        if after is not None
        else None,
    }
    return to_json(document, inf_nan_mode="null").decode()


def load_record(text: str) -> AuditRecord:
    """Parse a line of an audit trail.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    after = document["after"]
    return AuditRecord(
        number=document["number"],
        action=document["action"],
        at=datetime.fromisoformat(document["at"]),
        actor=document["actor"],
        reason=document["reason"],
        after=EntrySnapshot(
            **_from_details_document(after),
            end=parse_instant(after["end"]),
            creation_type=after.get("creation_type", "clock"),
            approval=after.get("approval"),
            invalid_reason=after.get("invalid_reason"),
        )
        if after is not None
        else None,
    )


def _to_details_document(details: EntryDetails) -> dict[str, Any]:
    """Return the members that a clock, an entry and a line of the trail have in common, but for the start."""
    return {
        "time_type": details.time_type,
        "comment": details.comment,
        "organization_id": details.organization_id,
        "organization_name": details.organization_name,
        "breaks": [
            {"id": break_.id, "start": break_.start, "end": break_.end, "automatic": break_.automatic}
            for break_ in details.breaks
        ],
    }


def _from_details_document(document: dict[str, Any]) -> dict[str, Any]:
    breaks = [
        Break(
            id=break_["id"],
            start=datetime.fromisoformat(break_["start"]),
            end=parse_instant(break_.get("end")),
            automatic=break_.get("automatic", False),
        )
        for break_ in document.get("breaks", ())
    ]
    return {
        "start": datetime.fromisoformat(document["start"]),
        "time_type": document.get("time_type", "work"),
        "comment": document.get("comment"),
        "organization_id": document.get("organization_id"),
        "organization_name": document.get("organization_name"),
        "breaks": tuple(breaks),
    }


def _to_punch_document(punch: Punch) -> dict[str, Any]:
    grant_ref = punch.exception
    return {
        "action": punch.action,
        "at": punch.at,
        "received_at": punch.received_at,
        "acting_user_id": punch.acting_user_id,
        "verdict": punch.verdict.to_document() if punch.verdict is not None else None,
        "is_flagged": punch.is_flagged,
        "exception": {"refusal_id": grant_ref.refusal_id, "by": grant_ref.granted_by, "at": grant_ref.granted_at}
        if grant_ref is not None
        else None,
        "is_late": punch.is_late,
        "latitude": punch.latitude,
        "longitude": punch.longitude,
        "accuracy_m": float(punch.accuracy_m) if punch.accuracy_m is not None else None,
        "captured_at": punch.captured_at,
    }


def _from_punch_document(document: dict[str, Any]) -> Punch:
    verdict, grant_ref = document.get("verdict"), document.get("exception")
    return Punch(
        action=document["action"],
        at=datetime.fromisoformat(document["at"]),
        received_at=datetime.fromisoformat(document["received_at"]),
        acting_user_id=document["acting_user_id"],
        verdict=Verdict.from_document(verdict) if verdict is not None else None,
        is_flagged=document.get("is_flagged", False),
        exception=_from_grant_ref_document(grant_ref) if grant_ref is not None else None,
        is_late=document.get("is_late", False),
        latitude=document.get("latitude"),
        longitude=document.get("longitude"),
        accuracy_m=document.get("accuracy_m"),
        captured_at=parse_instant(document.get("captured_at")),
    )


def _from_grant_ref_document(document: dict[str, Any]) -> GrantRef:
    return GrantRef(
        refusal_id=document["refusal_id"],
        granted_by=document["by"],
        granted_at=datetime.fromisoformat(document["at"]),
    )


def _to_adjustment_document(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "rule": adjustment.rule,
        "break_id": adjustment.break_id,
        "before": _to_span_document(adjustment.before),
        "after": _to_span_document(adjustment.after),
    }


def _from_adjustment_document(document: dict[str, Any]) -> Adjustment:
    return Adjustment(
        rule=document["rule"],
        break_id=document.get("break_id"),
        before=_from_span_document(document["before"]),
        after=_from_span_document(document["after"]),
    )


def _to_span_document(span: Span | None) -> dict[str, Any] | None:
    return {"start": span.start, "end": span.end} if span is not None else None


def _from_span_document(document: dict[str, Any] | None) -> Span | None:
    if document is None:
        return None
    return Span(start=datetime.fromisoformat(document["start"]), end=datetime.fromisoformat(document["end"]))
