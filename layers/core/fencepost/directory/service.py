"""The directory: create, read, change and delete the entities to which geofences are assigned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound, ServiceBusy, ValidationFailed
from fencepost.common.principal import is_entity_id
from fencepost.common.retry import retry_on_conflict
from fencepost.common.text import is_visible
from fencepost.directory.errors import StillAssigned, StillRunning
from fencepost.directory.model import MAX_GROUPS, MAX_NAME_LENGTH, SINGULAR_NAMES, Entity
from fencepost.geofences.patch import Unassignment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.service import GeofenceService

# The number of geofences that one call unassigns. If there are more, the call fails and can be retried.
MAX_CASCADE = 300


class DirectoryRepository(Protocol):
    """The port to the stored entities."""

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity | None: ...
    def list_page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]: ...
    def is_clocked_in(self, tenant_id: str, user_id: str) -> bool: ...
    def load_groups(self, tenant_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[str]]: ...
    def put_entities(self, tenant_id: str, entities: Sequence[Entity]) -> None: ...
    def put_group(self, tenant_id: str, group: Entity, before: frozenset[str]) -> None: ...
    def list_assigned_geofences(self, tenant_id: str, table: str, entity_id: str) -> list[tuple[str, str]]: ...
    def delete(self, tenant_id: str, entity: Entity, *, erases: bool) -> None: ...


@dataclass(frozen=True)
class DirectoryService:
    """The use cases of the directory."""

    repository: DirectoryRepository

    def list_page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]:
        """Return at most `limit` entities by name, and the (sort key, id) after which the next page starts."""
        return self.repository.list_page(tenant_id, table, limit, after)

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity:
        """Return an entity.

        Raises:
            NotFound: It does not exist.
        """
        entity = self.repository.get(tenant_id, table, entity_id) if is_entity_id(entity_id) else None
        if entity is None:
            raise NotFound(SINGULAR_NAMES[table])
        return entity

    def put(self, tenant_id: str, entities: Sequence[Entity], fields: Sequence[str]) -> None:
        """Create entities, or change the names and, where they are given, the members of existing ones.

        All entities are checked before anything is written. `fields` are the names that errors use for the entities.

        Raises:
            ValidationFailed: An id, a name or a member is wrong.
        """
        for entity, field in zip(entities, fields, strict=True):
            _check_entity(entity, field)
        self._check_members(tenant_id, entities, fields)
        plain = [entity for entity in entities if entity.members is None]
        if plain:
            self.repository.put_entities(tenant_id, plain)
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
        """Delete an entity and, with `cascade`, the assignments to it. With `erases` the erasure of a user begins.

        Raises:
            NotFound: The entity does not exist.
            StillAssigned: Geofences are assigned to it, and `cascade` is false.
            StillRunning: It is a user whose clock is running.
            ServiceBusy: More geofences are assigned to it than one call unassigns. The caller may retry.
        """
        self.get(principal.tenant_id, table, entity_id)
        if table == "users" and self.repository.is_clocked_in(principal.tenant_id, entity_id):
            raise StillRunning
        if cascade:
            self._unassign(principal, EntityRef(table, entity_id), geofences, now)

        def attempt() -> None:
            entity = self.get(principal.tenant_id, table, entity_id)
            assigned = self.repository.list_assigned_geofences(principal.tenant_id, table, entity_id)
            if assigned:
                raise StillAssigned(SINGULAR_NAMES[table], assigned)
            if entity.members:
                empty = replace(entity, members=frozenset())
                self.repository.put_group(principal.tenant_id, empty, entity.members)
                entity = empty
            self.repository.delete(principal.tenant_id, entity, erases=erases)

        retry_on_conflict(attempt)

    def _put_group(self, tenant_id: str, group: Entity) -> None:
        def attempt() -> None:
            stored = self.repository.get(tenant_id, group.table, group.id)
            self.repository.put_group(tenant_id, group, (stored.members if stored else None) or frozenset())

        retry_on_conflict(attempt)

    def _check_members(self, tenant_id: str, entities: Sequence[Entity], fields: Sequence[str]) -> None:
        """Check the members of groups.

        Raises:
            ValidationFailed: A member does not exist, or would be in too many groups.
        """
        joining: dict[str, list[tuple[str, str]]] = {}
        for entity, field in zip(entities, fields, strict=True):
            for user_id in sorted(entity.members or ()):
                joining.setdefault(user_id, []).append((entity.id, field))
        groups = self.repository.load_groups(tenant_id, list(joining)) if joining else {}
        for user_id, joined in joining.items():
            field = _join_fields(joined[-1][1], "members")
            if user_id not in groups:
                raise ValidationFailed.field(field, f"there is no user {user_id}")
            if len(groups[user_id].union(group_id for group_id, _ in joined)) > MAX_GROUPS:
                raise ValidationFailed.field(field, f"the user {user_id} would be in more than {MAX_GROUPS} groups")

    def _unassign(self, principal: Principal, target: EntityRef, geofences: GeofenceService, now: datetime) -> None:
        """Remove an entity from the assignments of its geofences.

        Raises:
            ServiceBusy: More geofences are assigned than one call unassigns.
        """
        assigned = self.repository.list_assigned_geofences(principal.tenant_id, target.target_table, target.target_id)
        for geofence_id, _ in assigned[:MAX_CASCADE]:
            try:
                geofences.update(principal, geofence_id, Unassignment(target=target), None, now)
            except NotFound:
                continue  # deleted in the meantime
        if len(assigned) > MAX_CASCADE:
            raise ServiceBusy


def _check_entity(entity: Entity, field: str) -> None:
    """Check the ids and the name of an entity.

    Raises:
        ValidationFailed: An id or the name is malformed.
    """
    if not is_entity_id(entity.id):
        message = "must be 1 to 64 letters, digits, - and _, the first a letter or digit"
        raise ValidationFailed.field(_join_fields(field, "id"), message)
    if not is_visible(entity.name) or len(entity.name) > MAX_NAME_LENGTH:
        message = f"must be 1 to {MAX_NAME_LENGTH} visible characters"
        raise ValidationFailed.field(_join_fields(field, "name"), message)
    wrong = next((user_id for user_id in sorted(entity.members or ()) if not is_entity_id(user_id)), None)
    if wrong is not None:
        raise ValidationFailed.field(_join_fields(field, "members"), f"there is no user {wrong[:64]}")


def _join_fields(field: str, inner: str) -> str:
    return f"{field}.{inner}" if field else inner
