"""The directory: the users, groups, projects and entry screens to which geofences are assigned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fencepost.timeclock.working_time import WorkingTime

MAX_MEMBERS, MAX_GROUPS = 1_000, 50
MAX_NAME_LENGTH = 200
SINGULAR_NAMES = {
    "users": "user",
    "groups": "group",
    "projects": "project",
    "time_guis": "time entry screen",
    "expense_guis": "expense entry screen",
    "travel_entry_guis": "travel entry screen",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """An entity of the directory, as it is stored or as a request changes it.

    Attributes:
        members: The users of a group. None for other entities, and if a request does not change them.
        groups: The groups of a user. None for other entities.
        api_keys: The ids of a user's API keys, the newest last.
        own_settings: The settings that a project has in place of the tenant's. In a request, None removes one.
    """

    table: str
    id: str
    name: str
    members: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    api_keys: tuple[str, ...] = ()
    setting_overrides: Mapping[str, str | WorkingTime | None] = field(default_factory=dict)
