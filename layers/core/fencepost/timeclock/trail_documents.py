"""The stored form of a change, which is one line of a trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fencepost.dynamodb.documents import dump_document, load_document, parse_instant
from fencepost.timeclock.audit import Change, State
from fencepost.timeclock.clock_documents import from_break_documents, to_break_documents


def dump_change(change: Change) -> str:
    return dump_document(
        {
            "number": change.number,
            "action": change.action,
            "at": change.at,
            "actor": change.actor,
            "reason": change.reason,
            "after": _to_state_document(change.after) if change.after is not None else None,
        }
    )


def load_change(text: str) -> Change:
    """Parse a change.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    after = document["after"]
    return Change(
        number=document["number"],
        action=document["action"],
        at=datetime.fromisoformat(document["at"]),
        actor=document["actor"],
        reason=document["reason"],
        after=_from_state_document(after) if after is not None else None,
    )


def _to_state_document(state: State) -> dict[str, Any]:
    return {
        "start": state.start,
        "end": state.end,
        "time_type": state.time_type,
        "comment": state.comment,
        "organization_id": state.organization_id,
        "organization_name": state.organization_name,
        "breaks": to_break_documents(state.breaks),
        "creation_type": state.creation_type,
        "approval": state.approval,
        "invalid_reason": state.invalid_reason,
    }


def _from_state_document(document: dict[str, Any]) -> State:
    return State(
        start=datetime.fromisoformat(document["start"]),
        end=parse_instant(document["end"]),
        time_type=document["time_type"],
        comment=document["comment"],
        organization_id=document["organization_id"],
        organization_name=document["organization_name"],
        breaks=from_break_documents(document["breaks"]),
        creation_type=document.get("creation_type", "clock"),
        approval=document.get("approval"),
        invalid_reason=document.get("invalid_reason"),
    )
