"""The entities of the directory in the table.

An entity is one item, which holds the geofences assigned to it too. That a user is in a group is said twice, in the
group's `members` and in the user's `groups`, always in one transaction; a large group is changed in several.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import ValidationFailed, VersionMismatch
from fencepost.common.text import fold_case
from fencepost.directory.errors import StillRunning
from fencepost.directory.model import MAX_GROUPS, Entity
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import BYTES, Transaction, unchanged
from fencepost.geofences.spatial_index.entry import entries_of
from fencepost.tenants.repository import API_KEYS, pack_api_key_ids, unpack_api_key_ids
from fencepost.timeclock.settings import OWN_SETTINGS
from fencepost.timeclock.working_time import WorkingTime
from fencepost.timeclock.working_time_item import working_time_of, working_time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table

# A transaction holds 100 actions, and the group is one of them.
_MEMBERS_AT_ONCE = 90


class DynamoDBDirectoryRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str, table: str, entity_id: str) -> Entity | None:
        item = self._table.get(keys.entity(tenant_id, EntityRef(table, entity_id)))
        return _entity(table, item) if item else None

    def page(
        self, tenant_id: str, table: str, limit: int, after: tuple[str, str] | None
    ) -> tuple[list[Entity], tuple[str, str] | None]:
        """At most `limit` entities by name, and after which (sort key, id) the next page begins. One Query."""
        start = {"ExclusiveStartKey": _list_key(tenant_id, table, *after)} if after else {}
        items, has_more = self._table.query_page(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :table",
            ExpressionAttributeValues={":table": {"S": keys.directory(tenant_id, table)}},
            Limit=limit,
            **start,
        )
        last = items[-1] if items and has_more else None
        entities = [_entity(table, item) for item in items]
        return entities, (last["GSI2SK"]["S"], last["id"]["S"]) if last else None

    def ids_named(self, tenant_id: str, table: str, name: str) -> list[str]:
        """The ids of the entities with exactly this name. One Query."""
        items = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :table AND begins_with(GSI2SK, :name)",
            ExpressionAttributeValues={
                ":table": {"S": keys.directory(tenant_id, table)},
                ":name": {"S": keys.directory_sort(fold_case(name))},
            },
        )
        return [item["id"]["S"] for item in items if item["name"]["S"] == name]

    def missing(self, tenant_id: str, targets: Sequence[EntityRef]) -> set[EntityRef]:
        """Those of these entities that do not exist."""
        by_key = {keys.pair(keys.entity(tenant_id, target)): target for target in targets}
        found = self._table.batch_get([keys.entity(tenant_id, target) for target in by_key.values()], consistent=True)
        return {target for pair, target in by_key.items() if pair not in found}

    def is_clocked_in(self, tenant_id: str, user_id: str) -> bool:
        return self._table.get(keys.clock(tenant_id, user_id)) is not None

    def groups_of(self, tenant_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The groups of those of these users that exist."""
        wanted = [keys.entity(tenant_id, EntityRef("users", user_id)) for user_id in user_ids]
        found = self._table.batch_get(wanted, consistent=True).values()
        return {item["id"]["S"]: _entity("users", item).groups or frozenset() for item in found}

    def put_all(self, tenant_id: str, entities: Sequence[Entity]) -> None:
        """Create entities or rename them, at most 100, all or none; members and geofences stay as they are."""
        transaction = Transaction()
        for entity in entities:
            self._put(transaction, tenant_id, entity, **_own(entity))
        self._table.write(transaction)

    def put_members(self, tenant_id: str, group: Entity, before: frozenset[str]) -> None:
        """Create a group or change it, with exactly these members.

        Raises VersionMismatch where the members are no longer `before`, Invalid for a user that is not there.
        """
        wanted = group.members or frozenset()
        changes = [*((user_id, False) for user_id in sorted(before - wanted))]
        changes += [(user_id, True) for user_id in sorted(wanted - before)]
        members = before
        for some in _by(_MEMBERS_AT_ONCE, changes) if changes else iter([[]]):
            after = (members - {u for u, joins in some if not joins}) | {u for u, joins in some if joins}
            transaction = Transaction()
            self._put_group(transaction, tenant_id, group, members, after)
            for user_id, joins in some:
                self._change_groups(transaction, tenant_id, user_id, group.id, joins=joins)
            self._table.write(transaction)
            members = after

    def assigned(self, tenant_id: str, table: str, entity_id: str) -> list[tuple[str, str]]:
        """Ids and names of the geofences that are assigned to an entity."""
        bucket = self._table.get(keys.entity(tenant_id, EntityRef(table, entity_id))) or {}
        ids = [entry.id for entry in entries_of(bucket)]
        found = self._table.batch_get([keys.geofence(tenant_id, i) for i in ids], consistent=True) if ids else {}
        return sorted(((item["id"]["S"], item["name"]["S"]) for item in found.values()), key=lambda pair: pair[1])

    def remove(self, tenant_id: str, entity: Entity, *, erases: bool) -> None:
        """Raises VersionMismatch where geofences or members came to it, StillRunning for a user's running clock.

        With `erases` the erasure of a user begins, and does anew where one was not ended before the user came back.
        """
        transaction = Transaction()
        same_groups, groups = unchanged("groups", _stored(entity.groups))
        same_keys, api_keys = unchanged("keys", pack_api_key_ids(entity.api_keys))
        transaction.remove(
            keys.entity(tenant_id, EntityRef(entity.table, entity.id)),
            VersionMismatch(),
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(#members) "
            f"AND (attribute_not_exists(#bytes) OR #bytes = :nothing) AND {same_groups} AND {same_keys}",
            ExpressionAttributeNames={"#members": "members", "#bytes": BYTES, "#groups": "groups", "#keys": API_KEYS},
            ExpressionAttributeValues={":nothing": {"N": "0"}, **groups, **api_keys},
        )
        if entity.table == "users":
            transaction.require_absent(keys.clock(tenant_id, entity.id), StillRunning())
            transaction.delete(keys.exceptions(tenant_id, entity.id))  # not for who may come under this id later
            erasure = keys.erasure(tenant_id, entity.id)
            if erases:
                transaction.put(erasure | serializer.item({"entity": "Erasure"}))
            else:
                transaction.delete(erasure)
            for key_id in entity.api_keys:
                transaction.delete(keys.api_key(key_id))
        for group_id in sorted(entity.groups or ()):
            self._leave_group(transaction, tenant_id, group_id, entity.id)
        self._table.write(transaction)

    def _put(
        self, transaction: Transaction, tenant_id: str, entity: Entity, more: str, values: dict[str, Any], **how: Any
    ) -> None:
        names = {"#entity": "entity", "#table": "table", "#id": "id", "#name": "name"} | how.pop("names", {})
        transaction.update(
            keys.entity(tenant_id, EntityRef(entity.table, entity.id)),
            VersionMismatch(),
            UpdateExpression="SET #entity = :entity, #table = :table, #id = :id, #name = :name, "
            f"GSI2PK = :list, GSI2SK = :sort {more}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={
                ":entity": {"S": "Entity"},
                ":table": {"S": entity.table},
                ":id": {"S": entity.id},
                ":name": {"S": entity.name},
                ":list": {"S": keys.directory(tenant_id, entity.table)},
                ":sort": {"S": keys.directory_sort(fold_case(entity.name), entity.id)},
                **values,
            },
            **how,
        )

    def _put_group(
        self,
        transaction: Transaction,
        tenant_id: str,
        group: Entity,
        before: frozenset[str],
        after: frozenset[str],
    ) -> None:
        more = ", #members = :new" if after else "REMOVE #members"
        condition, values = unchanged("members", _stored(before))
        if after:
            values[":new"] = _stored(after)
        self._put(
            transaction,
            tenant_id,
            group,
            more,
            values,
            names={"#members": "members"},
            ConditionExpression=condition,
        )

    def _change_groups(
        self, transaction: Transaction, tenant_id: str, user_id: str, group_id: str, *, joins: bool
    ) -> None:
        """A user joins or leaves a group."""
        room = " AND (attribute_not_exists(#groups) OR size(#groups) < :most)" if joins else ""
        transaction.update(
            keys.entity(tenant_id, EntityRef("users", user_id)),
            ValidationFailed.field(
                "members", f"there is no user {user_id}, or the user is in {MAX_GROUPS} groups already"
            ),
            UpdateExpression=f"{'ADD' if joins else 'DELETE'} #groups :group",
            ConditionExpression="attribute_exists(PK)" + room,
            ExpressionAttributeNames={"#groups": "groups"},
            ExpressionAttributeValues={
                ":group": {"SS": [group_id]},
                **({":most": {"N": str(MAX_GROUPS)}} if joins else {}),
            },
        )

    def _leave_group(self, transaction: Transaction, tenant_id: str, group_id: str, user_id: str) -> None:
        transaction.update(
            keys.entity(tenant_id, EntityRef("groups", group_id)),
            VersionMismatch(),
            UpdateExpression="DELETE #members :user",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeNames={"#members": "members"},
            ExpressionAttributeValues={":user": {"SS": [user_id]}},
        )


def _entity(table: str, item: Item) -> Entity:
    def ids(attribute: str) -> frozenset[str]:
        return frozenset(item[attribute]["SS"]) if attribute in item else frozenset()

    return Entity(
        table=table,
        id=item["id"]["S"],
        name=item["name"]["S"],
        members=ids("members") if table == "groups" else None,
        groups=ids("groups") if table == "users" else None,
        api_keys=unpack_api_key_ids(item),
        own={
            name: working_time_of(item[name]["S"]) if name == "workingTime" else item[name]["S"]
            for name in OWN_SETTINGS
            if name in item
        },
    )


def _own(entity: Entity) -> dict[str, Any]:
    """What an update says of the settings of its own."""
    given = {name: value for name, value in entity.own.items() if value is not None}
    gone = [f"#{name}" for name in entity.own if name not in given]
    return {
        "more": "".join(f", #{name} = :{name}" for name in given) + (f" REMOVE {', '.join(gone)}" if gone else ""),
        "values": {
            f":{name}": {"S": working_time_text(value) if isinstance(value, WorkingTime) else value}
            for name, value in given.items()
        },
        "names": {f"#{name}": name for name in entity.own},
    }


def _stored(ids: frozenset[str] | None) -> dict[str, Any] | None:
    """A set as the table has it; an empty one is no attribute."""
    return {"SS": sorted(ids)} if ids else None


def _list_key(tenant_id: str, table: str, sort: str, entity_id: str) -> Key:
    return {
        **keys.entity(tenant_id, EntityRef(table, entity_id)),
        "GSI2PK": {"S": keys.directory(tenant_id, table)},
        "GSI2SK": {"S": sort},
    }


def _by(size: int, changes: Sequence[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    rest = iter(changes)
    while some := list(islice(rest, size)):
        yield some
