"""Load the geofences that may apply to a user, on a project and at an entry screen: the candidates of a verdict.

At most two rounds of reads: the entities that the caller names, then the user's groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import BYTES
from fencepost.verdicts.model import Candidate
from fencepost.verdicts.service import ValidationContext

if TYPE_CHECKING:
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.spatial_index.index import SpatialIndex


@dataclass(frozen=True, slots=True)
class DirectorySnapshot:
    """The items of one consistent read: entities of the directory by their references, other items by their names.

    `targets` are the user, the project and the entry screen, in the order in which their geofences are candidates.
    """

    tenant_id: str
    targets: tuple[EntityRef, ...]
    items: dict[EntityRef | str, Item]

    @property
    def user(self) -> Item:
        return self.items[self.targets[0]]


class DynamoDBCandidateRepository:
    """The geofences in the table that are assigned to entities of the directory."""

    def __init__(self, table: Table, index: SpatialIndex) -> None:
        self._table = table
        self._index = index

    def load_snapshot(
        self,
        tenant_id: str,
        user_id: str,
        project_id: str | None,
        screen: EntityRef | None,
        extra_keys: dict[str, Key] | None = None,
    ) -> DirectorySnapshot | None:
        """Read a user, a project and an entry screen, or return None if the user does not exist.

        `extra_keys` has the keys of further items to read in the same round trip, by their names in the snapshot.
        """
        targets = [EntityRef("users", user_id)]
        if project_id is not None:
            targets.append(EntityRef("projects", project_id))
        if screen is not None:
            targets.append(screen)
        items = self._table.batch_get_named(
            keys.entity_keys(tenant_id, targets) | (extra_keys or {}), consistent=True
        )
        return DirectorySnapshot(tenant_id, tuple(targets), items) if targets[0] in items else None

    def load_candidates(
        self, snapshot: DirectorySnapshot, running_project_id: str | None = None
    ) -> tuple[Candidate, ...]:
        """Return the geofences assigned to the snapshot's entities and to the user's groups.

        The groups, and the project that a clock already runs for, are read now and added to the snapshot.
        """
        group_ids = snapshot.user["groups"]["SS"] if "groups" in snapshot.user else ()
        further = [EntityRef("groups", group_id) for group_id in sorted(group_ids)]
        if running_project_id is not None:
            further.append(EntityRef("projects", running_project_id))
        if further:
            found = self._table.batch_get_named(keys.entity_keys(snapshot.tenant_id, further), consistent=True)
            snapshot.items.update(found.items())
        # An entity without this attribute never had a geofence assigned.
        targets = [target for target in (*snapshot.targets, *further) if BYTES in snapshot.items.get(target, ())]
        if not targets:
            return ()
        return tuple(
            Candidate(
                geofence_id=geofence.id,
                version=geofence.version,
                name=geofence.name,
                shape=geofence.shape,
                is_active=geofence.is_active,
                in_force=geofence.in_force,
                is_priority=geofence.is_priority,
                min_accuracy_m=geofence.min_accuracy_m,
                assigned_to=target,
            )
            for target, geofence in self._index.read_assigned(
                snapshot.tenant_id, [(target, snapshot.items[target]) for target in targets]
            )
        )

    def load_validation_context(
        self, tenant_id: str, user_id: str, project_id: str | None, screen: EntityRef | None
    ) -> ValidationContext | None:
        """Return what a verdict needs, or None if the user does not exist."""
        snapshot = self.load_snapshot(tenant_id, user_id, project_id, screen)
        if snapshot is None:
            return None
        return ValidationContext(
            has_project=project_id is not None and EntityRef("projects", project_id) in snapshot.items,
            has_screen=screen is not None and screen in snapshot.items,
            candidates=self.load_candidates(snapshot),
        )
