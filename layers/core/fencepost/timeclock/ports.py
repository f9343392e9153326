"""The ports of the services: what they read, and where they write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.timeclock.model import RunningClock, TimeEntry
from fencepost.timeclock.refusals import Grant
from fencepost.timeclock.settings import TenantSettings
from fencepost.verdicts.model import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fencepost.common.entity_ref import EntityRef
    from fencepost.common.events import Event
    from fencepost.timeclock.audit import AuditRecord, ClockWrite, EntryWrite
    from fencepost.timeclock.entry_filters import EntryFilter
    from fencepost.timeclock.receipts import Receipt
    from fencepost.timeclock.refusals import Refusal

    PageStart = tuple[datetime, str]
    """Where a page of a list begins: after the item with this instant and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockContext:
    """All that an action needs to know of a user, read at once.

    Attributes:
        matching_organization_ids: The ids of the organizations with the name in the request.
        grants: The exceptions that are not used yet.
    """

    settings: TenantSettings
    clock: RunningClock | None
    calendar_version: int
    organization_name: str | None
    has_screen: bool
    candidates: tuple[Candidate, ...]
    matching_organization_ids: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryContext:
    """All that saving an entry needs to know of its user and its organization."""

    settings: TenantSettings
    calendar_version: int
    organization_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLookup:
    """What an id stands for. `state` is running, cancelled, valid, invalid or removed; a clock has no entry."""

    user_id: str
    state: str
    entry: TimeEntry | None


class ClockRepository(Protocol):
    """The port to the clocks."""

    def find_running(self, tenant_id: str, user_id: str) -> tuple[bool, RunningClock | None]:
        """Return whether the user exists, and the clock."""

    def load_context(
        self,
        tenant_id: str,
        user_id: str,
        organization_id: str | None,
        screen: EntityRef | None,
        organization_name: str | None = None,
    ) -> ClockContext | None:
        """Return what an action needs to know; None where the user does not exist."""

    def save(self, tenant_id: str, write: ClockWrite) -> None:
        """Write a change of a clock, all of it or nothing.

        Raises:
            NotFound: The user of a clock that starts was deleted meanwhile.
            VersionMismatch: The clock was changed meanwhile, or the exception was used.
            AlreadyProcessed: The receipt exists.
        """

    def record_refusal(self, tenant_id: str, refusal: Refusal, event: Event, legacy_id: str | None) -> str | None:
        """Record a refusal, and return its id, or the id under which it was recorded before.

        Args:
            legacy_id: The id that an earlier release gave this refusal.

        Raises:
            NotFound: The user was deleted meanwhile.
        """

    def list_due(self, now: datetime) -> Iterable[tuple[str, RunningClock]]:
        """Return the clocks that are due by `now`, with their tenants."""


class EntryWriter(Protocol):
    """The port to the entries, for all who save one."""

    def find_overlapping(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        """Return the other entries of the same user that share an instant with this one."""

    def save(self, tenant_id: str, write: EntryWrite) -> None:
        """Write all changes or none.

        Raises:
            NotFound: The user was deleted meanwhile.
            VersionMismatch: The clock, an entry or the calendar was changed meanwhile.
            AlreadyProcessed: The receipt exists.
        """


class EntryRepository(EntryWriter, Protocol):
    """The port to the entries, by id and by time."""

    def find(self, tenant_id: str, ids: Sequence[str]) -> dict[str, EntryLookup]: ...
    def list_page(
        self, tenant_id: str, filters: EntryFilter, limit: int, after: PageStart | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]: ...
    def load_trail(self, tenant_id: str, entry_id: str) -> tuple[str, list[AuditRecord]] | None: ...


class EntryContextRepository(Protocol):
    """The port to what an entry depends on."""

    def load_entry_context(
        self, tenant_id: str, user_id: str, organization_id: str | None
    ) -> EntryContext | None: ...
    def find_organizations(self, tenant_id: str, name: str) -> list[str]: ...


class RefusalRepository(Protocol):
    """The port to the refusals."""

    def find(self, tenant_id: str, refusal_id: str) -> Refusal | None: ...
    def list_page(
        self, tenant_id: str, limit: int, after: PageStart | None
    ) -> tuple[list[Refusal], Refusal | None]: ...
    def save_grant(self, tenant_id: str, refusal: Refusal, event: Event) -> None: ...


class ReceiptRepository(Protocol):
    """The port to the receipts."""

    def find(self, tenant_id: str, user_id: str, keys: Sequence[str]) -> dict[str, Receipt]: ...
    def save(self, tenant_id: str, receipt: Receipt) -> None: ...
