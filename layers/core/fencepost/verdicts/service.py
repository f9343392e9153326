"""May this user, on this project and at this entry screen, make an entry here? It answers, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import Forbidden, NotFound, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.verdicts.model import Candidate, Fix, Verdict, judge

if TYPE_CHECKING:
    from datetime import datetime

    from fencepost.common.entity_ref import EntityRef
    from fencepost.common.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRequest:
    """An entry that is about to be made. `user_id` None means the caller, `at` None now.

    `project_field` is what the caller calls the project.
    """

    user_id: str | None = None
    project_id: str | None = None
    project_field: str = "projectId"
    screen: EntityRef | None = None
    fix: Fix | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationContext:
    """What is known of who makes an entry, and for what."""

    has_project: bool
    has_screen: bool
    candidates: tuple[Candidate, ...]


class CandidateRepository(Protocol):
    """The port to the directory with its geofences."""

    def entrant(
        self, tenant_id: str, user_id: str, project_id: str | None, screen: EntityRef | None
    ) -> ValidationContext | None: ...


@dataclass(frozen=True)
class ValidationService:
    store: CandidateRepository

    def validate(self, principal: Principal, entry: ValidationRequest, now: datetime) -> Verdict:
        """Raises Forbidden, NotFound for the user, Invalid for a project or screen that is not there."""
        user_id = entry.user_id or principal.user_id
        if user_id != principal.user_id and not principal.can(Permission.VALIDATE_OTHERS):
            raise Forbidden(Permission.VALIDATE_OTHERS.value)
        entrant = self.store.entrant(principal.tenant_id, user_id, entry.project_id, entry.screen)
        if entrant is None:
            raise NotFound("user")
        if entry.project_id is not None and not entrant.has_project:
            raise ValidationFailed.field(entry.project_field, "there is no such project")
        if entry.screen is not None and not entrant.has_screen:
            raise ValidationFailed.field("entryScreen", "there is no such entry screen")
        return judge(entrant.candidates, entry.fix, entry.at or now)
