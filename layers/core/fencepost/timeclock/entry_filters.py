"""Time entries that are saved by hand: what they must be, and which of them are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fencepost.common.errors import ValidationFailed
from fencepost.timeclock.settings import LONGEST_CLOCK
from fencepost.timeclock.time_types import CATEGORIES

if TYPE_CHECKING:
    from fencepost.timeclock.entry_summary import Counted
    from fencepost.timeclock.model import TimeEntry

Kind = Literal["valid", "invalid", "removed"]
Approval = Literal["not_approved_yet", "approved", "disapproved", "exported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Entries that begin in a span, half-open; what is None is not asked for."""

    first: datetime
    before: datetime
    kind: Kind = "valid"
    user_id: str | None = None
    organization_id: str | None = None
    time_type: str | None = None
    category: str | None = None
    approval: str | None = None

    def matches(self, entry: TimeEntry | Counted) -> bool:
        asked = (
            (self.user_id, entry.user_id),
            (self.organization_id, entry.organization_id),
            (self.time_type, entry.time_type),
            (self.category, entry.category),
            (self.approval, entry.approval),
        )
        return all(wanted is None or wanted == found for wanted, found in asked)


def check(entry: TimeEntry) -> None:
    """Raises Invalid with what is wrong, under the name that callers know it by."""
    if entry.time_type not in CATEGORIES:
        raise ValidationFailed.field("type", f"must be one of {', '.join(sorted(CATEGORIES))}")
    if entry.end <= entry.start:
        raise ValidationFailed.field("to", "must be after from")
    if entry.end - entry.start > LONGEST_CLOCK:
        raise ValidationFailed.field("to", f"must be at most {LONGEST_CLOCK.days} days after from")
    last = entry.start
    for number, taken in enumerate(entry.breaks):
        if taken.end is None or taken.end <= taken.start:
            raise ValidationFailed.field(f"breaks[{number}].to", "must be after from")
        if taken.start < last or taken.end > entry.end:
            raise ValidationFailed.field(
                f"breaks[{number}]", "must lie within the entry, and after the break before it"
            )
        last = taken.end
