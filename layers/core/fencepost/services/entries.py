"""The port to where time entries are kept, for all who save one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fencepost.domain.clock import TimeEntry
    from fencepost.domain.trail import Saving


class Entries(Protocol):
    def overlapped(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        """The entries of the same user that share an instant with this one."""

    def save(self, tenant_id: str, saving: Saving) -> None:
        """All of it or nothing. Raises VersionMismatch where something it stands on was changed, and NotFound."""
