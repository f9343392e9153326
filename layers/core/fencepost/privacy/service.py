"""Privacy: positions are made rough and removed after a tenant's days, and a person can be forgotten."""

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
    from fencepost.privacy.model import Lessening, PositionPolicy
    from fencepost.timeclock.location_evidence import Precision

# Clocks and entries that one run looks at: a few minutes of work, and what is left is for the next run.
MAX_A_RUN = 10_000
# And that one request to forget somebody looks at, with their trails, within the time that it has.
MAX_ERASED = 300


class PrivacyRepository(Protocol):
    """The port to what tells positions."""

    def policies(self) -> Mapping[str, PositionPolicy]: ...
    def lessen(
        self, tenant_id: str, precision: Precision, before: datetime, lessening: Lessening, at_most: int
    ) -> tuple[int, int]: ...
    def is_erasing(self, tenant_id: str, user_id: str) -> bool: ...
    def erase(self, tenant_id: str, user_id: str, at_most: int) -> tuple[ErasureCounts, bool]: ...


class UserDirectory(Protocol):
    """The directory, as far as a user is deleted from it."""

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
    store: PrivacyRepository

    def lessen_positions(self, now: datetime, at_most: int = MAX_A_RUN) -> int:
        """How many clocks and entries tell less since. Each tenant has its share, so that none waits for another."""
        policies = self.store.policies()
        lessened = 0
        for tenant_id, policy in policies.items():
            share = max(1, at_most // len(policies))
            for precision, before, lessening in policy.due(now):
                done, looked_at = self.store.lessen(tenant_id, precision, before, lessening, share)
                lessened += done
                share -= looked_at
        return lessened

    def forget(
        self,
        principal: Principal,
        user_id: str,
        directory: UserDirectory,
        geofences: GeofenceService,
        now: datetime,
        *,
        cascade: bool,
    ) -> ErasureCounts:
        """Delete a user with all positions and comments; one who was deleted before is forgotten all the same.

        The user goes first: from then on nothing is written for the user that would have to be erased again. Raises
        what deleting raises, and Busy where there is more to do: the same call goes on.
        """
        not_there: NotFound | None = None
        try:
            directory.delete(principal, "users", user_id, geofences, now, cascade=cascade, erases=True)
        except NotFound as error:
            if not is_entity_id(user_id):
                raise
            if not self.store.is_erasing(principal.tenant_id, user_id):
                not_there = error
        removed, is_all = self.store.erase(principal.tenant_id, user_id, MAX_ERASED)
        if not is_all:
            raise ServiceBusy
        if not_there is not None and removed == ErasureCounts():
            raise not_there
        return removed
