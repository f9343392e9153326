"""Validate an entry that a user is about to make on a project and at an entry screen, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.verdicts.model import Candidate, Fix, Verdict, judge

if TYPE_CHECKING:
    from datetime import datetime

    from fencepost.common.entity_ref import EntityRef
    from fencepost.common.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRequest:
    """An entry that is about to be made.

    Attributes:
        user_id: Whose entry it is; None means the caller's.
        project_field: The name that the request used for the project.
        at: When the entry is made; None means now.
    """

    user_id: str | None = None
    project_id: str | None = None
    project_field: str = "projectId"
    screen: EntityRef | None = None
    fix: Fix | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationContext:
    """What a verdict needs: whether the project and the screen exist, and the geofences that may apply."""

    has_project: bool
    has_screen: bool
    candidates: tuple[Candidate, ...]


class CandidateRepository(Protocol):
    """The port to the directory and the geofences assigned to its entities."""

    def load_validation_context(
        self, tenant_id: str, user_id: str, project_id: str | None, screen: EntityRef | None
    ) -> ValidationContext | None:
        """Return what a verdict needs, or None if the user does not exist."""


@dataclass(frozen=True)
class ValidationService:
    """The validation of entries that are about to be made."""

    repository: CandidateRepository

    def validate(self, principal: Principal, request: ValidationRequest, now: datetime) -> Verdict:
        """Return the verdict on an entry that is about to be made.

        Raises:
            Forbidden: The entry is another user's, and the caller may not validate entries of others.
            NotFound: The user does not exist.
            ValidationFailed: The project or the entry screen does not exist.
        """
        user_id = request.user_id or principal.user_id
        if user_id != principal.user_id:
            principal.require(Permission.VALIDATE_OTHERS)
        context = self.repository.load_validation_context(
            principal.tenant_id, user_id, request.project_id, request.screen
        )
        if context is None:
            raise NotFound("user")
        if request.project_id is not None and not context.has_project:
            raise ValidationFailed.field(request.project_field, "there is no such project")
        if request.screen is not None and not context.has_screen:
            raise ValidationFailed.field("entryScreen", "there is no such entry screen")
        return judge(context.candidates, request.fix, request.at or now)
