"""Build domain objects for tests. A test names only the fields that it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.principal import Principal
from fencepost.geofences.model import Geofence
from fencepost.geofences.validity import ALWAYS
from fencepost.timeclock.model import Punch, RunningClock, TimeEntry
from fencepost.verdicts.model import Candidate
from geo.shapes.circle import Circle
from geo.wgs84 import Position

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
YARD = Circle(center=Position(lon=24.94, lat=60.17), radius_m=100)


def build_principal(user_id: str, *roles: str) -> Principal:
    """Return a caller of the tenant demo."""
    return Principal(tenant_id="demo", user_id=user_id, roles=frozenset(roles))


def build_geofence(**fields: Any) -> Geofence:
    """Return a circle of the tenant demo with its index cells assigned."""
    defaults: dict[str, Any] = {
        "id": "g",
        "tenant_id": "demo",
        "name": "Yard",
        "shape": YARD,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Geofence(**(defaults | fields)).assign_cells()


def build_candidate(**fields: Any) -> Candidate:
    """Return a geofence that applies to the user emil without further conditions."""
    defaults: dict[str, Any] = {
        "geofence_id": "yard",
        "version": 1,
        "name": "Yard",
        "shape": YARD,
        "is_active": True,
        "in_force": ALWAYS,
        "is_priority": False,
        "min_accuracy_m": 0,
        "assigned_to": EntityRef("users", "emil"),
    }
    return Candidate(**(defaults | fields))


def build_entry(start: datetime, end: datetime, **fields: Any) -> TimeEntry:
    """Return a work entry of the user emil."""
    defaults: dict[str, Any] = {"id": "e", "user_id": "emil", "time_type": "work"}
    return TimeEntry(start=start, end=end, **(defaults | fields))


def build_clock(start: datetime, **fields: Any) -> RunningClock:
    """Return a running clock of the user emil, whose deadline is its start unless a test names another one."""
    defaults: dict[str, Any] = {"id": "c", "user_id": "emil", "deadline": start}
    return RunningClock(start=start, **(defaults | fields))


def build_punch(action: str, at: datetime, **fields: Any) -> Punch:
    """Return an action of the user emil, received when it happened."""
    defaults: dict[str, Any] = {"received_at": at, "acting_user_id": "emil"}
    return Punch(action=action, at=at, **(defaults | fields))
