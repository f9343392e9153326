"""What geofences refused, for those who may grant an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import NotFound
from fencepost.common.events import Event
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.events import ExceptionGranted

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from fencepost.common.principal import Principal
    from fencepost.timeclock.refusals import Refusal


class RefusalRepository(Protocol):
    """The port to where refusals are kept."""

    def get(self, tenant_id: str, refusal_id: str) -> Refusal | None: ...
    def page(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Refusal], Refusal | None]: ...
    def grant(self, tenant_id: str, refusal: Refusal, event: Event) -> None: ...


@dataclass(frozen=True)
class RefusalService:
    store: RefusalRepository
    make_id: NewId = field(default=new_id)

    def page(
        self, principal: Principal, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Refusal], Refusal | None]:
        """Newest first, and the one after which the next page begins."""
        return self.store.page(principal.tenant_id, limit, after)

    def grant(
        self, principal: Principal, refusal_id: str, valid_for: timedelta, reason: str | None, now: datetime
    ) -> Refusal:
        """Let what was refused be done once, for so long. Raises NotFound, RefusalUsed."""

        def attempt() -> Refusal:
            refusal = self.store.get(principal.tenant_id, refusal_id) if is_id(refusal_id) else None
            if refusal is None:
                raise NotFound("refusal")
            granted = refusal.granted(principal.user_id, now, valid_for, reason)
            self.store.grant(principal.tenant_id, granted, self._event(principal, granted, now))
            return granted

        return retry_on_conflict(attempt)

    def _event(self, principal: Principal, refusal: Refusal, now: datetime) -> ExceptionGranted:
        return ExceptionGranted(
            id=self.make_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            refusal=refusal,
        )
