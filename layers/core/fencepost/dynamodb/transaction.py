"""Transactions: writes that happen together or not at all, each with the error that its failed condition means."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from fencepost.dynamodb import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.common.events import Event
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item

MAX_ACTIONS = 100
# Some 1,000 circles. A change of one writes all of its bucket, so buckets stay far below the 400 KB of an item.
MAX_BUCKET_BYTES = 64 * 1024
# Attributes of buckets, lists and counts.
BYTES = "bytes"
SHARDS = "shards"
LISTED = "listed"
COUNT, LIMIT, ROOM = "count", "limit", "room"
UNLIMITED = 10**15
# The stream delivers an event within a day. TTL deletes it later, and nothing reads it in between.
EVENT_RETENTION = timedelta(days=2)


def build_unchanged_condition(name: str, stored: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return the condition that the attribute #name still has its stored value, and the value that it needs.

    `stored` is None where the attribute does not exist.

    >>> build_unchanged_condition("groups", {"SS": ["night"]})
    ('#groups = :groups', {':groups': {'SS': ['night']}})
    >>> build_unchanged_condition("groups", None)
    ('attribute_not_exists(#groups)', {})
    """
    return (f"attribute_not_exists(#{name})", {}) if stored is None else (f"#{name} = :{name}", {f":{name}": stored})


def to_event_item(event: Event) -> Item:
    """Convert an event to the item that a transaction stores with the change."""
    return {
        **keys.event_key(event.tenant_id, event.id),
        "entity": {"S": "Event"},
        "id": {"S": event.id},
        "type": {"S": event.type},
        "tenantId": {"S": event.tenant_id},
        "occurredAt": {"S": event.occurred_at.isoformat()},
        "actor": {"S": event.actor},
        "data": {"S": json.dumps(event.data(), ensure_ascii=False, separators=(",", ":"))},
        "ttl": {"N": str(int((event.occurred_at + EVENT_RETENTION).timestamp()))},
    }


# The error that a failed condition means: a class where the error has no facts of its own, so that it is only created
# when it is raised.
Failure = Exception | type[Exception]


class Write(NamedTuple):
    """One action of a transaction and the error that its failed condition means."""

    request: dict[str, Any]
    on_failure: Failure | None


class Transaction:
    """Writes that happen together or not at all.

    Changes of one bucket, list or count become one write. `on_failure` is the error that is raised when the condition
    of a write does not hold.
    """

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._buckets: dict[tuple[str, str], _BucketChange] = {}
        self._lists: dict[tuple[str, str], _ListChange] = {}
        self._counts: dict[tuple[str, str], _CountChange] = {}
        self.new_keys: list[Key] = []
        """Buckets and lists that this transaction may be the first to write."""

    def __len__(self) -> int:
        return len(self._writes) + len(self._buckets) + len(self._lists) + len(self._counts)

    def build_writes(self, table_name: str) -> list[Write]:
        """Return all writes, in the order in which DynamoDB reports their failures."""
        changes: list[_BucketChange | _ListChange | _CountChange] = [
            *self._buckets.values(),
            *self._lists.values(),
            *self._counts.values(),
        ]
        writes = self._writes + [Write({"Update": change.build_update()}, change.on_failure) for change in changes]
        return [
            Write({kind: {"TableName": table_name, **action} for kind, action in request.items()}, on_failure)
            for request, on_failure in writes
        ]

    def extend(self, other: Transaction) -> None:
        """Add all writes of another transaction after those of this one."""
        self._writes += other._writes
        self._buckets |= other._buckets
        self._lists |= other._lists
        self.new_keys += other.new_keys
        for change in other._counts.values():
            self.add_to_count(change.key, change.growth, change.on_failure)

    def build_preparation(self) -> Transaction:
        """Return a transaction to write before this one: its lists, and the buckets that it creates, still empty."""
        preparation = Transaction()
        preparation._lists = self._lists
        for key in self.new_keys:
            if keys.to_pair(key) in self._buckets:
                preparation._get_bucket(key)
        return preparation

    def add_event(self, event: Event) -> None:
        """Store an event with its change. The table's stream delivers it to the outbox function."""
        self._writes.append(Write({"Put": {"Item": to_event_item(event)}}, None))

    def put(self, item: Item) -> None:
        self._writes.append(Write({"Put": {"Item": item}}, None))

    def create(self, item: Item, on_failure: Failure) -> None:
        """Put an item that must not exist."""
        self._writes.append(Write({"Put": {"Item": item, **_ABSENT}}, on_failure))

    def replace(self, item: Item, version: int, on_failure: Failure) -> None:
        """Put an item in place of the one that must be at `version`."""
        self._writes.append(Write({"Put": {"Item": item, **_at_version(version)}}, on_failure))

    def update(self, key: Key, on_failure: Failure, **expression: Any) -> None:
        self._writes.append(Write({"Update": {"Key": key, **expression}}, on_failure))

    def delete(self, key: Key) -> None:
        self._writes.append(Write({"Delete": {"Key": key}}, None))

    def delete_if(self, key: Key, on_failure: Failure, **condition: Any) -> None:
        self._writes.append(Write({"Delete": {"Key": key, **condition}}, on_failure))

    def delete_if_version(self, key: Key, version: int, on_failure: Failure) -> None:
        self.delete_if(key, on_failure, **_at_version(version))

    def require(self, key: Key, on_failure: Failure) -> None:
        """Check that the item exists, and leave it as it is."""
        self._check(key, _PRESENT, on_failure)

    def require_absent(self, key: Key, on_failure: Failure) -> None:
        """Check that the item does not exist."""
        self._check(key, _ABSENT, on_failure)

    def require_version(self, key: Key, version: int, on_failure: Failure) -> None:
        """Check that the item is at `version`, and leave it as it is."""
        self._check(key, _at_version(version), on_failure)

    def set_bucket_entry(
        self, bucket: Key, name: str, entry: bytes, on_failure: Failure, *, must_exist: bool = False
    ) -> None:
        """Set an entry of a bucket if the bucket has room for it and, with `must_exist`, if the bucket exists."""
        change = self._get_bucket(bucket)
        change.entries[name] = entry
        change.growth += len(name) + len(entry)
        change.must_exist |= must_exist
        change.on_failure = on_failure

    def remove_bucket_entry(self, bucket: Key, name: str, entry: bytes) -> None:
        """Remove an entry of a bucket; `entry` is its stored value, for the bytes that become free."""
        change = self._get_bucket(bucket)
        change.entries[name] = None
        change.growth -= len(name) + len(entry)

    def add_to_list(self, key: Key, element: bytes, on_failure: Failure, *, must_exist: bool = False) -> None:
        """Add an element to the set of an item; with `must_exist`, only if there is such an item."""
        change = self._lists.setdefault(keys.to_pair(key), _ListChange(key, on_failure))
        change.elements.add(element)
        change.must_exist |= must_exist

    def add_to_count(self, key: Key, growth: int, on_failure: Failure) -> None:
        """Add to the count of an item, which a limit may bound; a negative growth subtracts."""
        counted = self._counts.get(keys.to_pair(key))
        total = growth + (counted.growth if counted else 0)
        self._counts[keys.to_pair(key)] = _CountChange(key, total, on_failure)

    def _check(self, key: Key, condition: Mapping[str, Any], on_failure: Failure) -> None:
        self._writes.append(Write({"ConditionCheck": {"Key": key, **condition}}, on_failure))

    def _get_bucket(self, key: Key) -> _BucketChange:
        return self._buckets.setdefault(keys.to_pair(key), _BucketChange(key))


class _BucketChange:
    """One update of one bucket: its entries, with None for those to remove.

    A bucket counts the bytes of its entries, so that it is full long before the item is too large.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.entries: dict[str, bytes | None] = {}
        self.growth = 0
        self.must_exist = False
        self.on_failure: Failure | None = None

    def build_update(self) -> dict[str, Any]:
        names = {"#bytes": BYTES}
        values: dict[str, Any] = {":growth": {"N": str(self.growth)}}
        sets, removes = [], []
        for n, (name, entry) in enumerate(self.entries.items()):
            names[f"#{n}"] = name
            if entry is None:
                removes.append(f"#{n}")
            else:
                values[f":{n}"] = {"B": entry}
                sets.append(f"#{n} = :{n}")
        conditions = ["attribute_exists(PK)"] if self.must_exist else []
        if self.growth > 0:
            values[":room"] = {"N": str(MAX_BUCKET_BYTES - self.growth)}
            conditions.append("(attribute_not_exists(#bytes) OR #bytes <= :room)")
        parts = [("SET ", sets), ("REMOVE ", removes), ("ADD ", ["#bytes :growth"])]
        update: dict[str, Any] = {
            "Key": self.key,
            "UpdateExpression": " ".join(word + ", ".join(what) for word, what in parts if what),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        if conditions:
            update["ConditionExpression"] = " AND ".join(conditions)
        return update


class _ListChange:
    """One update of one list: elements to add to its set."""

    def __init__(self, key: Key, on_failure: Failure) -> None:
        self.key = key
        self.on_failure = on_failure
        self.elements: set[bytes] = set()
        self.must_exist = False

    def build_update(self) -> dict[str, Any]:
        condition = {"ConditionExpression": "attribute_exists(PK)"} if self.must_exist else {}
        return {
            "Key": self.key,
            "UpdateExpression": "ADD #listed :elements",
            "ExpressionAttributeNames": {"#listed": LISTED},
            "ExpressionAttributeValues": {":elements": {"BS": sorted(self.elements)}},
            **condition,
        }


class _CountChange(NamedTuple):
    """One update of one count.

    `room` is what the limit leaves; without a limit it is beyond reach, so that a condition can always compare it.
    """

    key: Key
    growth: int
    on_failure: Failure

    def build_update(self) -> dict[str, Any]:
        update: dict[str, Any] = {
            "Key": self.key,
            "UpdateExpression": "SET #room = if_not_exists(#room, :unlimited) - :growth ADD #count :growth",
            "ExpressionAttributeNames": {"#count": COUNT, "#room": ROOM},
            "ExpressionAttributeValues": {":growth": {"N": str(self.growth)}, ":unlimited": {"N": str(UNLIMITED)}},
        }
        if self.growth > 0:
            update["ConditionExpression"] = "attribute_not_exists(#room) OR #room >= :growth"
        return update


_PRESENT = {"ConditionExpression": "attribute_exists(PK)"}
_ABSENT = {"ConditionExpression": "attribute_not_exists(PK)"}


def _at_version(version: int) -> Mapping[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }
