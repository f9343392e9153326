"""Filters of a list of time entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fencepost.common.errors import Forbidden
from fencepost.common.principal import Permission

if TYPE_CHECKING:
    from fencepost.common.principal import Principal
    from fencepost.timeclock.entry_summary import EntrySummary
    from fencepost.timeclock.model import TimeEntry

EntryKind = Literal["valid", "invalid", "removed"]
Approval = Literal["not_approved_yet", "approved", "disapproved", "exported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Entries that begin in a half-open span; a filter that is None matches every entry."""

    first: datetime
    before: datetime
    kind: EntryKind = "valid"
    user_id: str | None = None
    organization_id: str | None = None
    time_type: str | None = None
    category: str | None = None
    approval: str | None = None

    def matches(self, entry: TimeEntry | EntrySummary) -> bool:
        filters = (
            (self.user_id, entry.user_id),
            (self.organization_id, entry.organization_id),
            (self.time_type, entry.time_type),
            (self.category, entry.category),
            (self.approval, entry.approval),
        )
        return all(expected is None or expected == value for expected, value in filters)


def restrict_to_visible(principal: Principal, filters: EntryFilter) -> EntryFilter:
    """Return filters that match only entries that the caller may see: all users' or the caller's own.

    Raises:
        Forbidden: The filters ask for entries of others, or for removed ones.
    """
    if principal.can(Permission.ALL_CLOCKS):
        return filters
    if filters.user_id not in (None, principal.user_id) or filters.kind == "removed":
        raise Forbidden(Permission.ALL_CLOCKS.value)
    return replace(filters, user_id=principal.user_id)
