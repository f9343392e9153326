"""The actions that geofences refused, for those who may grant an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fencepost.common.errors import NotFound
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.events import ExceptionGranted
from fencepost.timeclock.ports import RefusalRepository

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from fencepost.common.principal import Principal
    from fencepost.timeclock.ports import PageStart
    from fencepost.timeclock.refusals import Refusal


@dataclass(frozen=True)
class RefusalService:
    """The use cases of refusals and their exceptions."""

    refusals: RefusalRepository
    new_id: NewId = field(default=new_id)

    def list_page(
        self, principal: Principal, limit: int, after: PageStart | None
    ) -> tuple[list[Refusal], Refusal | None]:
        """Return refusals, newest first, and the one after which the next page begins."""
        return self.refusals.list_page(principal.tenant_id, limit, after)

    def grant(
        self, principal: Principal, refusal_id: str, valid_for: timedelta, reason: str | None, now: datetime
    ) -> Refusal:
        """Grant an exception that allows a refused action once, within `valid_for`.

        Raises:
            NotFound: There is no such refusal, or its user was deleted.
            RefusalUsed: An exception for it was used.
        """

        def attempt() -> Refusal:
            refusal = self.refusals.find(principal.tenant_id, refusal_id) if is_id(refusal_id) else None
            if refusal is None:
                raise NotFound("refusal")
            refusal = refusal.grant_exception(principal.user_id, now, valid_for, reason)
            event = ExceptionGranted(
                id=self.new_id(),
                tenant_id=principal.tenant_id,
                occurred_at=now,
                actor=principal.user_id,
                refusal=refusal,
            )
            self.refusals.save_grant(principal.tenant_id, refusal, event)
            return refusal

        return retry_on_conflict(attempt)
