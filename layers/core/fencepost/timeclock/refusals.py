"""An action on the clock that a geofence refused, and the exception that an approver may grant for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from fencepost.common.entity_ref import EntityRef
from fencepost.timeclock.errors import RefusalUsed
from fencepost.verdicts.model import Verdict

_NAMESPACE = UUID("3c9d5f0e-50b7-4b57-8f0c-6f6b6f2f6d1a")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRef:
    """The exception that allowed an action against its verdict, as the punch of the action records it."""

    refusal_id: str
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An exception: the refused action may be done once, before `valid_until`, wherever its user is."""

    refusal_id: str
    granted_by: str
    granted_at: datetime
    valid_until: datetime
    reason: str | None
    action: str
    organization_id: str | None
    screen: EntityRef | None
    not_before: datetime

    def to_ref(self) -> GrantRef:
        return GrantRef(refusal_id=self.refusal_id, granted_by=self.granted_by, granted_at=self.granted_at)

    def covers(self, refusal: Refusal, now: datetime) -> bool:
        """Return whether this allows the refused action: it is the same, with the same target, not earlier."""
        refused = (refusal.action, refusal.organization_id, refusal.screen)
        granted = (self.action, self.organization_id, self.screen)
        return now < self.valid_until and refused == granted and refusal.at >= self.not_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refused action and the verdict that refused it, without the position. `at` is when its user claims it was."""

    id: str
    user_id: str
    action: str
    at: datetime
    received_at: datetime
    acting_user_id: str
    organization_id: str | None
    screen: EntityRef | None
    accuracy_m: float | None
    verdict: Verdict
    grant: Grant | None = None
    used_at: datetime | None = None
    version: int = 1

    def find_state(self, now: datetime) -> Literal["refused", "granted", "used", "expired"]:
        if self.used_at is not None:
            return "used"
        if self.grant is None:
            return "refused"
        return "granted" if now < self.grant.valid_until else "expired"

    def grant_exception(self, granted_by: str, now: datetime, valid_for: timedelta, reason: str | None) -> Refusal:
        """Return the refusal with an exception, in place of one that was granted before.

        Raises:
            RefusalUsed: An exception for it was used.
        """
        if self.used_at is not None:
            raise RefusalUsed
        grant = Grant(
            refusal_id=self.id,
            granted_by=granted_by,
            granted_at=now,
            valid_until=now + valid_for,
            reason=reason,
            action=self.action,
            organization_id=self.organization_id,
            screen=self.screen,
            not_before=self.at,
        )
        return replace(self, grant=grant, version=self.version + 1)


def derive_refusal_id(tenant_id: str, user_id: str, fingerprint: str) -> str | None:
    """Return the id of a refusal, the same for the same request; None for a request without a fingerprint."""
    return str(uuid5(_NAMESPACE, f"{tenant_id} {user_id} {fingerprint}")) if fingerprint else None
