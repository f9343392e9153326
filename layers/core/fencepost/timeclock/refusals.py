"""An action on the clock that a geofence refused, and the exception that an approver may grant for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from fencepost.common.entity_ref import EntityRef
from fencepost.timeclock.errors import RefusalUsed
from fencepost.verdicts.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """By what an action was done in spite of its verdict."""

    refusal_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The action that was refused is done once, until `until`, wherever its user is."""

    refusal_id: str
    by: str
    at: datetime
    until: datetime
    reason: str | None
    action: str
    organization_id: str | None
    screen: EntityRef | None
    not_before: datetime

    @property
    def exemption(self) -> Exemption:
        return Exemption(refusal_id=self.refusal_id, by=self.by, at=self.at)

    def covers(self, refusal: Refusal, now: datetime) -> bool:
        """Whether what would be refused is what was: the same action for the same thing, at that instant or later."""
        asked = (refusal.action, refusal.organization_id, refusal.screen)
        granted = (self.action, self.organization_id, self.screen)
        return now < self.until and asked == granted and refusal.at >= self.not_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was asked, `at` when as its user says, and why it was refused. Of the position only what it came to."""

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

    def state(self, now: datetime) -> Literal["refused", "granted", "used", "expired"]:
        if self.used_at is not None:
            return "used"
        if self.grant is None:
            return "refused"
        return "granted" if now < self.grant.until else "expired"

    def granted(self, by: str, now: datetime, valid_for: timedelta, reason: str | None) -> Refusal:
        """With an exception, in place of one that was granted before. Raises RefusalUsed."""
        if self.used_at is not None:
            raise RefusalUsed
        grant = Grant(
            refusal_id=self.id,
            by=by,
            at=now,
            until=now + valid_for,
            reason=reason,
            action=self.action,
            organization_id=self.organization_id,
            screen=self.screen,
            not_before=self.at,
        )
        return replace(self, grant=grant, version=self.version + 1)
