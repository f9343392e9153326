"""May this user, on this project and at this entry screen, make an entry here? It answers, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import Forbidden, Invalid, NotFound
from fencepost.common.principal import Right
from fencepost.verdicts.model import Candidate, Fix, Verdict, judge

if TYPE_CHECKING:
    from datetime import datetime

    from fencepost.common.entity_ref import Assignment
    from fencepost.common.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry that is about to be made. `user_id` None means the caller, `at` None now.

    `project_field` is what the caller calls the project.
    """

    user_id: str | None = None
    project_id: str | None = None
    project_field: str = "projectId"
    screen: Assignment | None = None
    fix: Fix | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """What is known of who makes an entry, and for what."""

    has_project: bool
    has_screen: bool
    candidates: tuple[Candidate, ...]


class Entrants(Protocol):
    """The port to the directory with its geofences."""

    def entrant(
        self, tenant_id: str, user_id: str, project_id: str | None, screen: Assignment | None
    ) -> Entrant | None: ...


@dataclass(frozen=True)
class ValidationService:
    store: Entrants

    def validate(self, who: Principal, entry: Entry, now: datetime) -> Verdict:
        """Raises Forbidden, NotFound for the user, Invalid for a project or screen that is not there."""
        user_id = entry.user_id or who.user_id
        if user_id != who.user_id and not who.may(Right.VALIDATE_OTHERS):
            raise Forbidden(Right.VALIDATE_OTHERS.value)
        entrant = self.store.entrant(who.tenant_id, user_id, entry.project_id, entry.screen)
        if entrant is None:
            raise NotFound("user")
        if entry.project_id is not None and not entrant.has_project:
            raise Invalid.field(entry.project_field, "there is no such project")
        if entry.screen is not None and not entrant.has_screen:
            raise Invalid.field("entryScreen", "there is no such entry screen")
        return judge(entrant.candidates, entry.fix, entry.at or now)
