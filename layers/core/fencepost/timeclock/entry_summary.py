"""The part of a time entry that totals need, as the index GSI4 stores it: some 300 bytes with its keys.

It is a list of organization, type, approval, start, length and breaks. The start is in seconds since 1970. Each break
is the seconds from the start of the entry to the break, and the length of the break in seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fencepost.timeclock.time_types import CATEGORIES

if TYPE_CHECKING:
    from fencepost.timeclock.model import TimeEntry

SUMMARY_ATTRIBUTE = "counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySummary:
    """The part of an entry that totals need.

    The instants are in UTC, because Python subtracts two instants of one zone by the wall clock.
    """

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


def pack_summary(entry: TimeEntry) -> str:
    start_s = int(entry.start.timestamp())
    breaks = [
        [int(break_.start.timestamp()) - start_s, int(break_.end.timestamp()) - int(break_.start.timestamp())]
        for break_ in entry.breaks
        if break_.end is not None
    ]
    length_s = int(entry.end.timestamp()) - start_s
    values = [entry.organization_id, entry.time_type, entry.approval, start_s, length_s, breaks]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def unpack_summary(user_id: str, text: str) -> EntrySummary:
    """Parse the text of `pack_summary`.

    >>> entry = unpack_summary("emil", '["site","work","approved",1777878000,28800,[[10800,1800]]]')
    >>> str(entry.end - entry.start), [str(end - start) for start, end in entry.breaks]
    ('8:00:00', ['0:30:00'])
    """
    organization_id, time_type, approval, start_s, length_s, breaks = json.loads(text)
    start = datetime.fromtimestamp(start_s, UTC)
    return EntrySummary(
        user_id=user_id,
        organization_id=organization_id,
        time_type=time_type,
        approval=approval,
        start=start,
        end=start + timedelta(seconds=length_s),
        breaks=tuple(
            (start + timedelta(seconds=since_s), start + timedelta(seconds=since_s + break_s))
            for since_s, break_s in breaks
        ),
    )
