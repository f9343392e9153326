"""Store the entities of the directory in the table.

An entity is one item, which also holds the geofences assigned to it. A membership is stored twice, in the group's
`members` and in the user's `groups`, always in one transaction; a large group is changed in several transactions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import ValidationFailed, VersionMismatch
from fencepost.common.text import fold_case
from fencepost.directory.errors import StillRunning
from fencepost.directory.model import MAX_GROUPS, Entity
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import BYTES, Transaction, build_unchanged_condition
from fencepost.geofences.spatial_index.entry import list_entries
from fencepost.tenants.repository import API_KEYS, pack_api_key_ids, unpack_api_key_ids
from fencepost.timeclock.settings import OVERRIDABLE_SETTINGS
from fencepost.timeclock.working_time import WorkingTime
from fencepost.timeclock.working_time_documents import dump_working_time, load_working_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table

# A transaction holds 100 actions, and the group is one of them.
_MEMBERS_PER_TRANSACTION = 90


class DynamoDBDirectoryRepository:
    """The directory in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity | None:
        item = self._table.get(keys.entity_key(tenant_id, EntityRef(table, entity_id)))
        return _from_item(table, item) if item else None

    def list_page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]:
        """Return at most `limit` entities by name, and the (sort key, id) after which the next page starts."""
        partition = {"S": keys.directory_partition(tenant_id, table)}
        start: dict[str, Any] = {}
        if after is not None:
            sort, entity_id = after
            entity_key = keys.entity_key(tenant_id, EntityRef(table, entity_id))
            start = {"ExclusiveStartKey": {**entity_key, "GSI2PK": partition, "GSI2SK": {"S": sort}}}
        items, has_more = self._table.query_page(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :table",
            ExpressionAttributeValues={":table": partition},
            Limit=limit,
            **start,
        )
        last = items[-1] if items and has_more else None
        entities = [_from_item(table, item) for item in items]
        return entities, (last["GSI2SK"]["S"], last["id"]["S"]) if last else None

    def find_ids_by_name(self, tenant_id: str, table: str, name: str) -> list[str]:
        """Return the ids of the entities of a table with exactly this name. One Query."""
        items = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :table AND begins_with(GSI2SK, :name)",
            ExpressionAttributeValues={
                ":table": {"S": keys.directory_partition(tenant_id, table)},
                ":name": {"S": keys.directory_sort_key(fold_case(name))},
            },
        )
        return [item["id"]["S"] for item in items if item["name"]["S"] == name]

    def find_missing(self, tenant_id: str, targets: Sequence[EntityRef]) -> set[EntityRef]:
        """Return those of these entities that do not exist."""
        found = self._table.batch_get_named(keys.entity_keys(tenant_id, targets), consistent=True)
        return set(targets) - found.keys()

    def is_clocked_in(self, tenant_id: str, user_id: str) -> bool:
        return self._table.get(keys.clock_key(tenant_id, user_id)) is not None

    def load_groups(self, tenant_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return the groups of those of these users that exist."""
        users = keys.entity_keys(tenant_id, [EntityRef("users", user_id) for user_id in user_ids])
        found = self._table.batch_get_named(users, consistent=True)
        return {user.target_id: _from_item("users", item).groups or frozenset() for user, item in found.items()}

    def put_entities(self, tenant_id: str, entities: Sequence[Entity]) -> None:
        """Create or rename at most 100 entities, all or none; their members and geofences stay unchanged."""
        transaction = Transaction()
        for entity in entities:
            settings = entity.setting_overrides
            stored = {
                name: dump_working_time(value) if isinstance(value, WorkingTime) else value
                for name, value in settings.items()
                if value is not None
            }
            clauses = "".join(f", #{name} = :{name}" for name in stored)
            if removed := [f"#{name}" for name in settings if name not in stored]:
                clauses += f" REMOVE {', '.join(removed)}"
            self._add_entity_update(
                transaction,
                tenant_id,
                entity,
                clauses,
                names={f"#{name}": name for name in settings},
                values={f":{name}": {"S": value} for name, value in stored.items()},
            )
        self._table.write(transaction)

    def put_group(self, tenant_id: str, group: Entity, before: frozenset[str]) -> None:
        """Create a group or change it, with exactly its `members`.

        Raises:
            VersionMismatch: The stored members are not those in `before`.
            ValidationFailed: A member does not exist, or has no room for another group.
        """
        members, target = before, group.members or frozenset()
        changes = [*((user_id, False) for user_id in sorted(before - target))]
        changes += [(user_id, True) for user_id in sorted(target - before)]
        for start in range(0, max(1, len(changes)), _MEMBERS_PER_TRANSACTION):
            batch = changes[start : start + _MEMBERS_PER_TRANSACTION]
            joining = {user_id for user_id, joins in batch if joins}
            after = (members | joining) - {user_id for user_id, joins in batch if not joins}
            transaction = Transaction()
            condition, values = build_unchanged_condition("members", _to_string_set(members))
            self._add_entity_update(
                transaction,
                tenant_id,
                group,
                ", #members = :new" if after else "REMOVE #members",
                names={"#members": "members"},
                values=values | ({":new": _to_string_set(after)} if after else {}),
                ConditionExpression=condition,
            )
            for user_id, joins in batch:
                self._add_membership_update(transaction, tenant_id, user_id, group.id, joins=joins)
            self._table.write(transaction)
            members = after

    def list_assigned_geofences(self, tenant_id: str, table: str, entity_id: str) -> list[tuple[str, str]]:
        """Return the ids and names of the geofences that are assigned to an entity, by name."""
        bucket = self._table.get(keys.entity_key(tenant_id, EntityRef(table, entity_id))) or {}
        found = self._table.batch_get(
            [keys.geofence_key(tenant_id, entry.id) for entry in list_entries(bucket)], consistent=True
        )
        return sorted(((item["id"]["S"], item["name"]["S"]) for item in found.values()), key=lambda pair: pair[1])

    def delete(self, tenant_id: str, entity: Entity, *, erases: bool) -> None:
        """Delete an entity with the memberships and API keys of a user.

        With `erases` the erasure of a user begins, from the start if an earlier one did not end.

        Raises:
            VersionMismatch: Geofences, members, groups or API keys changed since the entity was read.
            StillRunning: The clock of the user is running.
        """
        transaction = Transaction()
        same_groups, groups = build_unchanged_condition("groups", _to_string_set(entity.groups))
        same_keys, api_keys = build_unchanged_condition("keys", pack_api_key_ids(entity.api_keys))
        transaction.delete_if(
            keys.entity_key(tenant_id, EntityRef(entity.table, entity.id)),
            VersionMismatch(),
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(#members) "
            f"AND (attribute_not_exists(#bytes) OR #bytes = :nothing) AND {same_groups} AND {same_keys}",
            ExpressionAttributeNames={"#members": "members", "#bytes": BYTES, "#groups": "groups", "#keys": API_KEYS},
            ExpressionAttributeValues={":nothing": {"N": "0"}, **groups, **api_keys},
        )
        if entity.table == "users":
            transaction.require_absent(keys.clock_key(tenant_id, entity.id), StillRunning())
            # A later user with this id must not have the exceptions.
            transaction.delete(keys.exceptions_key(tenant_id, entity.id))
            erasure = keys.erasure_key(tenant_id, entity.id)
            if erases:
                transaction.put(erasure | serializer.to_item({"entity": "Erasure"}))
            else:
                transaction.delete(erasure)
            for key_id in entity.api_keys:
                transaction.delete(keys.api_key_record_key(key_id))
        for group_id in sorted(entity.groups or ()):
            transaction.update(
                keys.entity_key(tenant_id, EntityRef("groups", group_id)),
                VersionMismatch(),
                UpdateExpression="DELETE #members :user",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeNames={"#members": "members"},
                ExpressionAttributeValues={":user": {"SS": [entity.id]}},
            )
        self._table.write(transaction)

    def _add_entity_update(
        self,
        transaction: Transaction,
        tenant_id: str,
        entity: Entity,
        clauses: str,
        *,
        names: dict[str, str],
        values: dict[str, Any],
        **condition: str,
    ) -> None:
        """Add the update that every entity has in common, with further clauses."""
        transaction.update(
            keys.entity_key(tenant_id, EntityRef(entity.table, entity.id)),
            VersionMismatch(),
            UpdateExpression="SET #entity = :entity, #table = :table, #id = :id, #name = :name, "
            f"GSI2PK = :list, GSI2SK = :sort {clauses}",
            ExpressionAttributeNames={"#entity": "entity", "#table": "table", "#id": "id", "#name": "name", **names},
            ExpressionAttributeValues={
                ":entity": {"S": "Entity"},
                ":table": {"S": entity.table},
                ":id": {"S": entity.id},
                ":name": {"S": entity.name},
                ":list": {"S": keys.directory_partition(tenant_id, entity.table)},
                ":sort": {"S": keys.directory_sort_key(fold_case(entity.name), entity.id)},
                **values,
            },
            **condition,
        )

    def _add_membership_update(
        self, transaction: Transaction, tenant_id: str, user_id: str, group_id: str, *, joins: bool
    ) -> None:
        """Add the update with which a user joins or leaves a group."""
        values: dict[str, Any] = {":group": {"SS": [group_id]}}
        condition = "attribute_exists(PK)"
        if joins:
            condition += " AND (attribute_not_exists(#groups) OR size(#groups) < :most)"
            values[":most"] = {"N": str(MAX_GROUPS)}
        transaction.update(
            keys.entity_key(tenant_id, EntityRef("users", user_id)),
            ValidationFailed.field(
                "members", f"there is no user {user_id}, or the user is in {MAX_GROUPS} groups already"
            ),
            UpdateExpression=f"{'ADD' if joins else 'DELETE'} #groups :group",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#groups": "groups"},
            ExpressionAttributeValues=values,
        )


def _from_item(table: str, item: Item) -> Entity:
    return Entity(
        table=table,
        id=item["id"]["S"],
        name=item["name"]["S"],
        members=_from_string_set(item, "members") if table == "groups" else None,
        groups=_from_string_set(item, "groups") if table == "users" else None,
        api_keys=unpack_api_key_ids(item),
        setting_overrides={
            name: load_working_time(item[name]["S"]) if name == "workingTime" else item[name]["S"]
            for name in OVERRIDABLE_SETTINGS
            if name in item
        },
    )


def _from_string_set(item: Item, attribute: str) -> frozenset[str]:
    return frozenset(item[attribute]["SS"]) if attribute in item else frozenset()


def _to_string_set(ids: frozenset[str] | None) -> dict[str, Any] | None:
    """Return ids as an attribute; an empty set is stored as no attribute."""
    return {"SS": sorted(ids)} if ids else None
