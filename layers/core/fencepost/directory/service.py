"""The directory: who and what geofences can be assigned to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound, ServiceBusy, ValidationFailed
from fencepost.common.principal import is_entity_id
from fencepost.common.retry import retry_on_conflict
from fencepost.common.text import is_visible
from fencepost.directory.errors import StillAssigned, StillRunning
from fencepost.directory.model import MAX_GROUPS, MAX_NAME_LENGTH, Entity, singular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.service import GeofenceService

# So many geofences lose an assignment in one call; a call that has more to do says so and can be sent again.
MAX_CASCADE = 300


class DirectoryRepository(Protocol):
    """The port to where the directory is kept."""

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity | None: ...
    def page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]: ...
    def is_clocked_in(self, tenant_id: str, user_id: str) -> bool: ...
    def groups_of(self, tenant_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[str]]: ...
    def put_all(self, tenant_id: str, entities: Sequence[Entity]) -> None: ...
    def put_members(self, tenant_id: str, group: Entity, before: frozenset[str]) -> None: ...
    def assigned(self, tenant_id: str, table: str, entity_id: str) -> list[tuple[str, str]]: ...
    def remove(self, tenant_id: str, entity: Entity, *, erases: bool) -> None: ...


@dataclass(frozen=True)
class DirectoryService:
    store: DirectoryRepository

    def page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]:
        """At most `limit` entities by name, and where the next page begins."""
        return self.store.page(tenant_id, table, limit, after)

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity:
        """Raises NotFound."""
        entity = self.store.get(tenant_id, table, entity_id) if is_entity_id(entity_id) else None
        if entity is None:
            raise NotFound(singular(table))
        return entity

    def put(self, tenant_id: str, entities: Sequence[Entity], fields: Sequence[str]) -> None:
        """Create entities, or change the name and, where they are said, the members of those that are there.

        `fields` say how the caller knows each of them. Everything is looked at before anything is written.
        Raises Invalid.
        """
        for entity, field in zip(entities, fields, strict=True):
            _check(entity, field)
        self._check_members(tenant_id, entities, fields)
        plain = [entity for entity in entities if entity.members is None]
        if plain:
            self.store.put_all(tenant_id, plain)
        for group in entities:
            if group.members is not None:
                self._put_group(tenant_id, group)

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
        """Raises NotFound, StillAssigned without `cascade`, StillRunning, and Busy where there is more to do.

        With `erases` it is marked that a user is to be forgotten.
        """
        self.get(principal.tenant_id, table, entity_id)
        if table == "users" and self.store.is_clocked_in(principal.tenant_id, entity_id):
            raise StillRunning
        if cascade:
            self._unassign(principal, EntityRef(table, entity_id), geofences, now)

        def attempt() -> None:
            entity = self.get(principal.tenant_id, table, entity_id)
            self._check_unassigned(principal, table, entity_id)
            if entity.members:
                self.store.put_members(principal.tenant_id, replace(entity, members=frozenset()), entity.members)
                entity = replace(entity, members=frozenset())
            self.store.remove(principal.tenant_id, entity, erases=erases)

        retry_on_conflict(attempt)

    def _check_unassigned(self, principal: Principal, table: str, entity_id: str) -> None:
        assigned = self.store.assigned(principal.tenant_id, table, entity_id)
        if assigned:
            raise StillAssigned(singular(table), assigned)

    def _put_group(self, tenant_id: str, group: Entity) -> None:
        def attempt() -> None:
            there = self.store.get(tenant_id, group.table, group.id)
            self.store.put_members(tenant_id, group, (there.members if there else None) or frozenset())

        retry_on_conflict(attempt)

    def _check_members(self, tenant_id: str, entities: Sequence[Entity], fields: Sequence[str]) -> None:
        """Everybody is there, and has room for the groups."""
        joining: dict[str, list[tuple[str, str]]] = {}
        for entity, field in zip(entities, fields, strict=True):
            for user_id in sorted(entity.members or ()):
                joining.setdefault(user_id, []).append((entity.id, field))
        groups = self.store.groups_of(tenant_id, list(joining)) if joining else {}
        for user_id, joined in joining.items():
            field = _within(joined[-1][1], "members")
            if user_id not in groups:
                raise ValidationFailed.field(field, f"there is no user {user_id}")
            if len(groups[user_id].union(group_id for group_id, _ in joined)) > MAX_GROUPS:
                raise ValidationFailed.field(field, f"the user {user_id} would be in more than {MAX_GROUPS} groups")

    def _unassign(self, principal: Principal, target: EntityRef, geofences: GeofenceService, now: datetime) -> None:
        assigned = self.store.assigned(principal.tenant_id, target.target_table, target.target_id)
        for geofence_id, _ in assigned[:MAX_CASCADE]:
            try:
                geofences.update(
                    principal,
                    geofence_id,
                    lambda before: {"assignments": tuple(a for a in before.assignments if a != target)},
                    None,
                    now,
                )
            except NotFound:
                continue  # deleted in the meantime
        if len(assigned) > MAX_CASCADE:
            raise ServiceBusy


def _check(entity: Entity, field: str) -> None:
    if not is_entity_id(entity.id):
        message = "must be 1 to 64 letters, digits, - and _, the first a letter or digit"
        raise ValidationFailed.field(_within(field, "id"), message)
    if not is_visible(entity.name) or len(entity.name) > MAX_NAME_LENGTH:
        raise ValidationFailed.field(_within(field, "name"), f"must be 1 to {MAX_NAME_LENGTH} visible characters")
    wrong = next((user_id for user_id in sorted(entity.members or ()) if not is_entity_id(user_id)), None)
    if wrong is not None:
        raise ValidationFailed.field(_within(field, "members"), f"there is no user {wrong[:64]}")


def _within(field: str, inner: str) -> str:
    return f"{field}.{inner}" if field else inner
