"""The port to where time entries are kept, for all who save one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fencepost.common.events import Event
from fencepost.timeclock.events import ClockEvent
from fencepost.timeclock.model import RunningClock
from fencepost.timeclock.refusals import Grant, Refusal
from fencepost.timeclock.settings import TenantSettings
from fencepost.verdicts.model import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.common.entity_ref import EntityRef
    from fencepost.timeclock.receipts import Receipt

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fencepost.timeclock.audit import Saving
    from fencepost.timeclock.model import TimeEntry


class EntryWriter(Protocol):
    def overlapped(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        """The entries of the same user that share an instant with this one."""

    def save(self, tenant_id: str, saving: Saving) -> None:
        """All of it or nothing. Raises VersionMismatch where something it stands on was changed, and NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockContext:
    """All that an action needs to know of a user, read at once."""

    settings: TenantSettings
    clock: RunningClock | None
    calendar_version: int
    organization_name: str | None
    has_screen: bool
    candidates: tuple[Candidate, ...]
    named: tuple[str, ...] = ()
    """The organizations of the name that was asked for, by id."""
    grants: tuple[Grant, ...] = ()
    """The exceptions that nobody has made use of."""

    @property
    def success(self) -> str:
        """The message of an action that was done."""
        if len(self.named) < 2:
            return "Success"
        return f"Success; of {len(self.named)} organizations with this name the first by id was taken"


class ClockRepository(Protocol):
    """The port to where clocks and time entries are kept."""

    def running(self, tenant_id: str, user_id: str) -> tuple[bool, RunningClock | None]: ...
    def desk(
        self,
        tenant_id: str,
        user_id: str,
        organization_id: str | None,
        screen: EntityRef | None,
        organization_name: str | None = None,
    ) -> ClockContext | None: ...
    def start(self, tenant_id: str, clock: RunningClock, event: ClockEvent, receipt: Receipt | None) -> None: ...
    def replace(
        self, tenant_id: str, before: RunningClock, after: RunningClock, event: ClockEvent, receipt: Receipt | None
    ) -> None: ...
    def discard(self, tenant_id: str, clock: RunningClock, event: ClockEvent, receipt: Receipt | None) -> None: ...
    def refuse(self, tenant_id: str, refusal: Refusal, event: Event, legacy_id: str | None) -> str | None:
        """Under which id it is on the trail. One that is there already, also under `legacy_id`, stays as it is."""

    def remind(self, tenant_id: str, before: RunningClock, after: RunningClock, event: ClockEvent) -> None: ...
    def due(self, now: datetime) -> Iterable[tuple[str, RunningClock]]: ...
