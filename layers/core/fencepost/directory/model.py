"""The directory: users, groups, projects and entry screens, which geofences are assigned to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fencepost.common.entity_ref import TARGET_TABLES
from fencepost.timeclock.working_time import WorkingTime

TABLES = TARGET_TABLES
MAX_MEMBERS, MAX_GROUPS = 1_000, 50
MAX_NAME_LENGTH = 200
_SINGULAR = {
    "users": "user",
    "groups": "group",
    "projects": "project",
    "time_guis": "time entry screen",
    "expense_guis": "expense entry screen",
    "travel_entry_guis": "travel entry screen",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`members` are the users of a group, `groups` the groups of a user; None where it is neither, or not said.

    `api_keys` are the ids of a user's keys, the newest last.
    `own` are those of the OWN_SETTINGS that a project has, or that are said of it: None takes one off.
    """

    table: str
    id: str
    name: str
    members: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    api_keys: tuple[str, ...] = ()
    own: Mapping[str, str | WorkingTime | None] = field(default_factory=dict)


def singular(table: str) -> str:
    """What one entity of a table is called."""
    return _SINGULAR[table]
