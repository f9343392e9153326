"""The settings of a tenant and of its organizations for the time clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from fencepost.common.errors import ValidationFailed
from fencepost.timeclock.working_time import NO_MODEL, Span, StopsAt, WorkingTime, round_instant

# The actions for which geofences are evaluated.
EvaluatedAction = Literal["start", "break", "stop", "update"]
# What a refusal by a geofence does: it blocks the action, flags it, or geofences are not evaluated at all.
GeofenceMode = Literal["block", "flag", "off"]
# No clock runs longer, whatever limit a tenant sets. So an entry that overlaps an instant began at most this long
# before it.
LONGEST_CLOCK = timedelta(days=7)
# A blocked break or stop would trap a running clock.
DEFAULT_GEOFENCE_MODES = {"start": "block", "update": "block", "break": "flag", "stop": "flag"}
# The settings that a project may override.
OVERRIDABLE_SETTINGS = ("timeZone", "workingTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """The settings of a tenant, with those that an organization overrides in their place.

    Attributes:
        time_zone: An IANA name. It decides to which day an instant belongs, and what a time of day means.
        geofence_modes: The mode of each action.
        clock_limit: How long a clock may run before it counts as forgotten.
        overlaps: What happens to the entries that a new one overlaps; see the module `overlaps`.
    """

    time_zone: str = "UTC"
    working_time: WorkingTime = NO_MODEL
    clock_limit: timedelta = timedelta(hours=24)
    geofence_modes: Mapping[str, str] = field(default_factory=DEFAULT_GEOFENCE_MODES.copy)
    overlaps: Literal["overwrite", "trim", "refuse"] = "overwrite"

    def compute_deadline(self, start: datetime, since: datetime | None = None) -> tuple[datetime, StopsAt]:
        """Return when a forgotten clock that began at `start` is stopped, and the rule that stops it.

        A limit counts from the start. The end of a shift counts only after `since`, when these settings began to
        apply to the clock.
        """
        model = self.working_time
        limit = min(self.clock_limit, LONGEST_CLOCK)
        if model.longest_minutes is not None:
            limit = min(limit, timedelta(minutes=model.longest_minutes))
        at_limit = start + limit
        if model.stops_at == "limit":
            return at_limit, "limit"
        shift_end = model.find_shift_end(max(start, since or start), at_limit, self.time_zone)
        return (at_limit, "limit") if shift_end is None else (shift_end.astimezone(start.tzinfo), "shift_end")

    def check_punch(self, action: str, at: datetime, now: datetime) -> None:
        """Check how far from now a punch lies, and that a start lies in a window that refuses.

        An action without an instant is never too early or too late, whatever the rules are: a clock can be stopped.

        Raises:
            ValidationFailed: The punch is too far from now, or outside the window.
        """
        model = self.working_time
        if at > now + timedelta(minutes=model.ahead_minutes):
            minutes = model.ahead_minutes
            raise ValidationFailed.field("dateTime", f"is more than {minutes} minutes ahead of the server's clock")
        if model.back_minutes is not None and at < now - timedelta(minutes=model.back_minutes):
            raise ValidationFailed.field("dateTime", f"is more than {model.back_minutes} minutes ago")
        if action == "start" and model.window is not None and model.window.outside == "refuse":
            if model.round_start is not None:
                at = round_instant(at, model.round_start, self.time_zone)
            first_second = Span(start=at, end=at + timedelta(seconds=1))
            if not model.window.contains(first_second, self.time_zone):
                window = f"{model.window} ({self.time_zone})"
                raise ValidationFailed.field("dateTime", f"is outside the allowed window, {window}")
