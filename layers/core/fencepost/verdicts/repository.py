"""Which geofences apply to a user, on a project and at an entry screen: the candidates of a verdict.

Two rounds of reads at the most: the entities that the caller names, then the user's groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.verdicts.model import Candidate
from fencepost.verdicts.service import ValidationContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence
    from fencepost.geofences.repository import DynamoDBGeofenceRepository
    from fencepost.geofences.spatial_index.entry import IndexEntry


@dataclass
class DirectorySnapshot:
    """Items as they were read, and the entities among them that were asked for."""

    tenant_id: str
    user: EntityRef
    targets: list[EntityRef]
    items: dict[tuple[str, str], Item] = field(default_factory=dict)

    def item(self, key: Key) -> Item | None:
        return self.items.get(keys.pair(key))

    def entity(self, target: EntityRef) -> Item | None:
        return self.item(keys.entity(self.tenant_id, target))

    def has(self, target: EntityRef) -> bool:
        return self.entity(target) is not None

    def name_of(self, table: str, entity_id: str | None) -> str | None:
        item = self.entity(EntityRef(table, entity_id)) if entity_id else None
        return item["name"]["S"] if item else None


class DynamoDBCandidateRepository:
    def __init__(self, table: Table, geofences: DynamoDBGeofenceRepository) -> None:
        self._table = table
        self._geofences = geofences

    def read(
        self,
        tenant_id: str,
        user_id: str,
        project_id: str | None,
        screen: EntityRef | None,
        also: Sequence[Key] = (),
    ) -> DirectorySnapshot | None:
        """The entities that are named, and other items at once; None where there is no such user. Strongly read."""
        user = EntityRef("users", user_id)
        project = EntityRef("projects", project_id) if project_id is not None else None
        targets = [target for target in (user, project, screen) if target is not None]
        reading = DirectorySnapshot(tenant_id=tenant_id, user=user, targets=targets)
        entities = [keys.entity(tenant_id, target) for target in targets]
        reading.items = self._table.batch_get([*entities, *also], consistent=True)
        return reading if reading.has(user) else None

    def entrant(
        self, tenant_id: str, user_id: str, project_id: str | None, screen: EntityRef | None
    ) -> ValidationContext | None:
        """None where there is no such user."""
        reading = self.read(tenant_id, user_id, project_id, screen)
        if reading is None:
            return None
        return ValidationContext(
            has_project=reading.name_of("projects", project_id) is not None,
            has_screen=screen is not None and reading.has(screen),
            candidates=self.candidates(reading),
        )

    def candidates(self, reading: DirectorySnapshot, runs_for: str | None = None) -> tuple[Candidate, ...]:
        """The geofences assigned to what was read and to the user's groups; `runs_for` is a project besides."""
        further = [EntityRef("groups", group_id) for group_id in _groups_of(reading.entity(reading.user) or {})]
        further += [EntityRef("projects", runs_for)] if runs_for is not None else []
        if further:
            wanted = [keys.entity(reading.tenant_id, target) for target in further]
            reading.items |= self._table.batch_get(wanted, consistent=True)
        buckets = ((target, reading.entity(target)) for target in [*reading.targets, *further])
        assigned = self._geofences.read_assigned(
            reading.tenant_id, [(target, item) for target, item in buckets if item is not None]
        )
        return tuple(_candidate(target, geofence) for target, geofence in assigned)


def _groups_of(person: Item) -> list[str]:
    return sorted(person["groups"]["SS"]) if "groups" in person else []


def _candidate(target: EntityRef, geofence: IndexEntry | Geofence) -> Candidate:
    return Candidate(
        geofence_id=geofence.id,
        version=geofence.version,
        name=geofence.name,
        shape=geofence.shape,
        is_active=geofence.is_active,
        in_force=geofence.in_force,
        is_priority=geofence.is_priority,
        min_accuracy_m=geofence.min_accuracy_m,
        through=target,
    )
