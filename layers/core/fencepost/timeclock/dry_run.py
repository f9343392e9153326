"""Repositories that read and never write, for a clock action with `dryRun`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fencepost.timeclock.ports import ClockRepository, EntryWriter

# The id of everything that a dry run would create.
NO_ID = "00000000-0000-0000-0000-000000000000"


class ReadOnlyClockRepository:
    """The clocks as they are; a write is ignored."""

    def __init__(self, clocks: ClockRepository) -> None:
        self.find_running, self.load_context, self.list_due = (
            clocks.find_running,
            clocks.load_context,
            clocks.list_due,
        )

    def save(self, *_: Any) -> None: ...
    def record_refusal(self, *_: Any) -> None: ...


class ReadOnlyEntryWriter:
    """The entries as they are; a write is ignored."""

    def __init__(self, entries: EntryWriter) -> None:
        self.find_overlapping = entries.find_overlapping

    def save(self, *_: Any) -> None: ...
