"""Repositories that read and never write, for a clock action with `dry_run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.timeclock.audit import Saving
from fencepost.timeclock.ports import ClockRepository

if TYPE_CHECKING:
    from fencepost.timeclock.ports import EntryWriter

NO_ID = "00000000-0000-0000-0000-000000000000"


class ClocksUnwritten:
    """Clocks as they are, for a dry run: what would be written is not."""

    def __init__(self, clocks: ClockRepository) -> None:
        self.running, self.desk, self.due = clocks.running, clocks.desk, clocks.due

    def start(self, *_: Any) -> None: ...
    def replace(self, *_: Any) -> None: ...
    def discard(self, *_: Any) -> None: ...
    def refuse(self, *_: Any) -> None: ...
    def remind(self, *_: Any) -> None: ...


class EntriesUnwritten:
    def __init__(self, entries: EntryWriter) -> None:
        self.overlapped = entries.overlapped

    def save(self, tenant_id: str, saving: Saving) -> None: ...
