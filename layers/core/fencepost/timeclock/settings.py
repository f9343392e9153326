"""What a tenant and its organizations set for the time clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from fencepost.timeclock.working_time import NO_MODEL, StopsAt, WorkingTime

# The actions that a geofence may refuse, and what becomes of one then: refused, done and marked, or never asked.
Judged = Literal["start", "break", "stop", "update"]


Mode = Literal["block", "flag", "off"]


# How far back an entry that still overlaps can begin: no clock runs longer than this, whatever a tenant sets.
LONGEST_CLOCK = timedelta(days=7)


# What a project may have of its own in place of its tenant's.
OWN_SETTINGS = ("timeZone", "workingTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """What a tenant may choose, with what an organization has of its own in its place.

    `geofence_modes`: what a refusal does to an action: block, flag or off. `overlaps`: see `domain.overlap`.
    `time_zone`: by IANA name; whose day an instant belongs to, and what a time of day means.
    `working_time`: see `domain.working_time`.
    """

    time_zone: str = "UTC"
    working_time: WorkingTime = NO_MODEL
    clock_limit: timedelta = timedelta(hours=24)
    geofence_modes: Mapping[str, str] = field(
        # A blocked break or stop would trap a running clock.
        default_factory=lambda: {"start": "block", "update": "block", "break": "flag", "stop": "flag"}
    )

    overlaps: Literal["overwrite", "trim", "refuse"] = "overwrite"

    def mode(self, action: str) -> str:
        return self.geofence_modes.get(action, "off")

    def deadline(self, start: datetime, since: datetime | None = None) -> tuple[datetime, StopsAt]:
        """When a clock that began at `start` is stopped for its user, and by which rule, if these held `since`."""
        limit = min(self.clock_limit, LONGEST_CLOCK)
        return self.working_time.deadline(start, limit, self.time_zone, since=since)
