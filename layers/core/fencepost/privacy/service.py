"""Privacy: redact positions after the days that a tenant sets, and erase a user on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import NotFound, ServiceBusy
from fencepost.common.principal import is_entity_id
from fencepost.privacy.model import ErasureCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.service import GeofenceService
    from fencepost.privacy.model import LocationRedaction, RetentionPolicy
    from fencepost.timeclock.location_evidence import Precision

# The number of clocks and entries that one run examines: a few minutes of work. The next run continues.
MAX_EXAMINED = 10_000
# The number that one request to erase a user examines, with their trails, within the time that it has.
MAX_ERASED = 300


class PrivacyRepository(Protocol):
    """The port to everything that contains positions and comments."""

    def load_policies(self) -> Mapping[str, RetentionPolicy]: ...
    def redact_positions(
        self, tenant_id: str, precision: Precision, before: datetime, redaction: LocationRedaction, limit: int
    ) -> tuple[int, int]: ...
    def is_erasing(self, tenant_id: str, user_id: str) -> bool: ...
    def erase(self, tenant_id: str, user_id: str, limit: int) -> tuple[ErasureCounts, bool]: ...


class UserDirectory(Protocol):
    """The part of the directory that deletes a user."""

    def delete(
        self,
        principal: Principal,
        table: str,
        entity_id: str,
        geofences: GeofenceService,
        now: datetime,
        *,
        cascade: bool,
        erases: bool = False,
    ) -> None:
        """Delete an entity and, with `cascade`, the assignments to it."""


@dataclass(frozen=True)
class PrivacyService:
    """The redaction of positions, and the erasure of users."""

    repository: PrivacyRepository

    def redact_positions(self, now: datetime, limit: int = MAX_EXAMINED) -> int:
        """Redact the positions that are due, and return how many clocks and entries changed.

        Each tenant has an equal share of `limit`, so that none waits for another.
        """
        policies = self.repository.load_policies()
        redacted = 0
        for tenant_id, policy in policies.items():
            share = max(1, limit // len(policies))
            for precision, before, redaction in policy.plan_redactions(now):
                changed, examined = self.repository.redact_positions(tenant_id, precision, before, redaction, share)
                redacted += changed
                share -= examined
        return redacted

    def erase_user(
        self,
        principal: Principal,
        user_id: str,
        directory: UserDirectory,
        geofences: GeofenceService,
        now: datetime,
        *,
        cascade: bool,
    ) -> ErasureCounts:
        """Delete a user with all positions and comments, or erase what a user who was deleted earlier left.

        The user is deleted first: from then on nothing is written that would have to be erased again.

        Raises:
            NotFound: The user does not exist and left nothing to erase.
            StillAssigned: Geofences are assigned to the user, and `cascade` is false.
            StillRunning: The clock of the user is running.
            ServiceBusy: There is more to do. The caller may retry, and the same call continues.
        """
        not_found: NotFound | None = None
        try:
            directory.delete(principal, "users", user_id, geofences, now, cascade=cascade, erases=True)
        except NotFound as error:
            if not is_entity_id(user_id):
                raise
            if not self.repository.is_erasing(principal.tenant_id, user_id):
                not_found = error
        removed, is_complete = self.repository.erase(principal.tenant_id, user_id, MAX_ERASED)
        if not is_complete:
            raise ServiceBusy
        if not_found is not None and removed == ErasureCounts():
            raise not_found
        return removed
