"""The stored form of refusals and of the exceptions that are granted for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb.documents import dump_document, load_document, parse_instant
from fencepost.timeclock.refusals import Grant, Refusal
from fencepost.verdicts.model import Verdict


def dump_refusal(refusal: Refusal) -> str:
    return dump_document(
        {
            "id": refusal.id,
            "user_id": refusal.user_id,
            "action": refusal.action,
            "at": refusal.at,
            "received_at": refusal.received_at,
            "acting_user_id": refusal.acting_user_id,
            "organization_id": refusal.organization_id,
            "screen": refusal.screen.to_document() if refusal.screen is not None else None,
            "accuracy_m": float(refusal.accuracy_m) if refusal.accuracy_m is not None else None,
            "verdict": refusal.verdict.to_document(),
            "grant": _to_grant_document(refusal.grant) if refusal.grant is not None else None,
            "used_at": refusal.used_at,
            "version": refusal.version,
        }
    )


def load_refusal(text: str) -> Refusal:
    """Parse a refusal.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    screen, grant = document["screen"], document.get("grant")
    return Refusal(
        id=document["id"],
        user_id=document["user_id"],
        action=document["action"],
        at=datetime.fromisoformat(document["at"]),
        received_at=datetime.fromisoformat(document["received_at"]),
        acting_user_id=document["acting_user_id"],
        organization_id=document["organization_id"],
        screen=EntityRef.from_document(screen) if screen is not None else None,
        accuracy_m=document["accuracy_m"],
        verdict=Verdict.from_document(document["verdict"]),
        grant=_from_grant_document(grant) if grant is not None else None,
        used_at=parse_instant(document.get("used_at")),
        version=document.get("version", 1),
    )


def dump_grant(grant: Grant) -> str:
    return dump_document(_to_grant_document(grant))


def load_grant(text: str) -> Grant:
    """Parse a grant.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    return _from_grant_document(load_document(text))


def _to_grant_document(grant: Grant) -> dict[str, Any]:
    return {
        "refusal_id": grant.refusal_id,
        "by": grant.granted_by,
        "at": grant.granted_at,
        "until": grant.valid_until,
        "reason": grant.reason,
        "action": grant.action,
        "organization_id": grant.organization_id,
        "screen": grant.screen.to_document() if grant.screen is not None else None,
        "not_before": grant.not_before,
    }


def _from_grant_document(document: dict[str, Any]) -> Grant:
    screen = document["screen"]
    return Grant(
        refusal_id=document["refusal_id"],
        granted_by=document["by"],
        granted_at=datetime.fromisoformat(document["at"]),
        valid_until=datetime.fromisoformat(document["until"]),
        reason=document["reason"],
        action=document["action"],
        organization_id=document["organization_id"],
        screen=EntityRef.from_document(screen) if screen is not None else None,
        not_before=datetime.fromisoformat(document["not_before"]),
    )
