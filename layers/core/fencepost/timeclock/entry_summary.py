"""What totals need of a time entry, as the index GSI4 keeps it: some 300 bytes with its keys, whatever the evidence.

A list of organization, type, approval, start, length, and the breaks, each its beginning after the start and its
length; in seconds, the start since 1970.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fencepost.timeclock.time_types import CATEGORIES

if TYPE_CHECKING:
    from fencepost.timeclock.model import TimeEntry

COUNTED = "counted"


def counted_text(entry: TimeEntry) -> str:
    start_s = int(entry.start.timestamp())

    def after_start(at: datetime) -> int:
        return int(at.timestamp()) - start_s

    breaks = [
        [after_start(taken.start), after_start(taken.end) - after_start(taken.start)]
        for taken in entry.breaks
        if taken.end is not None
    ]
    values = [entry.organization_id, entry.time_type, entry.approval, start_s, after_start(entry.end), breaks]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def counted_of(user_id: str, text: str) -> Counted:
    """
    >>> taken = counted_of("emil", '["site","work","approved",1777878000,28800,[[10800,1800]]]')
    >>> str(taken.end - taken.start), [str(end - start) for start, end in taken.breaks]
    ('8:00:00', ['0:30:00'])
    """
    organization_id, time_type, approval, start_s, length_s, breaks = json.loads(text)
    start = datetime.fromtimestamp(start_s, UTC)

    def after_start(seconds: int) -> datetime:
        return start + timedelta(seconds=seconds)

    return Counted(
        user_id=user_id,
        organization_id=organization_id,
        time_type=time_type,
        approval=approval,
        start=start,
        end=after_start(length_s),
        breaks=tuple((after_start(since), after_start(since + lasted)) for since, lasted in breaks),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What totals need to know of an entry; in UTC, for two instants of one zone are subtracted by the wall clock."""

    user_id: str
    organization_id: str | None
    time_type: str
    approval: str
    start: datetime
    end: datetime
    breaks: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def category(self) -> str:
        return CATEGORIES[self.time_type]
