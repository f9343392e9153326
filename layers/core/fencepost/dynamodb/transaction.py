"""Transactions whose conditions each name the error that their failure means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.dynamodb import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item

MAX_ACTIONS = 100


# Some 1,000 circles. A change of one writes all of its bucket, so buckets stay far below the 400 KB of an item.
MAX_BUCKET_BYTES = 64 * 1024


BYTES = "bytes"


SHARDS = "shards"


LISTED = "listed"


COUNT, LIMIT, ROOM = "count", "limit", "room"


UNLIMITED = 10**15


def unchanged(name: str, was: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """The condition that the attribute #name is what it was, None for none, and the value that this takes.

    >>> unchanged("groups", {"SS": ["night"]}), unchanged("groups", None)
    (('#groups = :groups', {':groups': {'SS': ['night']}}), ('attribute_not_exists(#groups)', {}))
    """
    return (f"attribute_not_exists(#{name})", {}) if was is None else (f"#{name} = :{name}", {f":{name}": was})


class Transaction:
    """What is to be written together. Changes of one bucket by several geofences become one action.

    `on_failure` is the error that is raised when an action's condition does not hold.
    """

    def __init__(self) -> None:
        self._actions: list[tuple[str, dict[str, Any], Exception | None]] = []
        self._buckets: dict[tuple[str, str], _BucketChange] = {}
        self._lists: dict[tuple[str, str], _ListChange] = {}
        self._counts: dict[tuple[str, str], tuple[Key, int, Exception]] = {}
        self.opened: list[Key] = []
        """Buckets and lists that this transaction may be the first to write."""

    def __len__(self) -> int:
        return len(self._actions) + len(self._buckets) + len(self._lists) + len(self._counts)

    def extend(self, other: Transaction) -> None:
        """Everything of another transaction, after what is here."""
        self._actions += other._actions
        self._buckets |= other._buckets
        self._lists |= other._lists
        self.opened += other.opened
        for key, growth, on_failure in other._counts.values():
            self.count(key, growth, on_failure)

    def beforehand(self) -> Transaction:
        """What of this transaction may be written before it: the lists, and the buckets that it opens, empty."""
        before = Transaction()
        before._lists = self._lists
        for key in self.opened:
            if keys.pair(key) in self._buckets:
                before._bucket(key)
        return before

    def put(self, item: Item) -> None:
        self._actions.append(("Put", {"Item": item}, None))

    def create(self, item: Item, on_failure: Exception) -> None:
        condition = {"ConditionExpression": "attribute_not_exists(PK)"}
        self._actions.append(("Put", {"Item": item, **condition}, on_failure))

    def replace(self, item: Item, version: int, on_failure: Exception) -> None:
        """Replace the item if it is still at `version`."""
        self._actions.append(("Put", {"Item": item, **_at_version(version)}, on_failure))

    def delete(self, key: Key) -> None:
        self._actions.append(("Delete", {"Key": key}, None))

    def delete_if_version(self, key: Key, version: int, on_failure: Exception) -> None:
        self._actions.append(("Delete", {"Key": key, **_at_version(version)}, on_failure))

    def remove(self, key: Key, on_failure: Exception, **condition: Any) -> None:
        self._actions.append(("Delete", {"Key": key, **condition}, on_failure))

    def update(self, key: Key, on_failure: Exception, **expression: Any) -> None:
        self._actions.append(("Update", {"Key": key, **expression}, on_failure))

    def enter(self, bucket: Key, name: str, entry: bytes, on_failure: Exception, *, must_exist: bool = False) -> None:
        """Set an entry of a bucket that has room for it; with `must_exist`, the bucket has to be there already."""
        change = self._bucket(bucket)
        change.entries[name] = entry
        change.growth += len(name) + len(entry)
        change.must_exist |= must_exist
        change.on_failure = on_failure

    def withdraw(self, bucket: Key, name: str, entry: bytes) -> None:
        """Remove an entry of a bucket, which is this one."""
        change = self._bucket(bucket)
        change.entries[name] = None
        change.growth -= len(name) + len(entry)

    def list_in(self, key: Key, element: bytes, on_failure: Exception, *, must_exist: bool = False) -> None:
        """Have an element in the set that an item lists; with `must_exist`, the item has to be there already."""
        change = self._lists.setdefault((key["PK"]["S"], key["SK"]["S"]), _ListChange(key, on_failure))
        change.elements.add(element)
        change.must_exist |= must_exist

    def require_absent(self, key: Key, on_failure: Exception) -> None:
        """The item must not be there."""
        self._actions.append(
            ("ConditionCheck", {"Key": key, "ConditionExpression": "attribute_not_exists(PK)"}, on_failure)
        )

    def require(self, key: Key, on_failure: Exception) -> None:
        """The item must be there; it stays as it is."""
        self._actions.append(
            ("ConditionCheck", {"Key": key, "ConditionExpression": "attribute_exists(PK)"}, on_failure)
        )

    def at_version(self, key: Key, version: int, on_failure: Exception) -> None:
        """The item must be at this version; it stays as it is."""
        self._actions.append(("ConditionCheck", {"Key": key, **_at_version(version)}, on_failure))

    def count(self, key: Key, growth: int, on_failure: Exception) -> None:
        """Count so many more, or fewer, in an item that says how many and, where there is a limit, how much room."""
        pair = (key["PK"]["S"], key["SK"]["S"])
        _, before, _ = self._counts.get(pair, (key, 0, on_failure))
        self._counts[pair] = (key, before + growth, on_failure)

    def actions(self, table_name: str) -> list[dict[str, Any]]:
        plain = [{kind: {"TableName": table_name, **what}} for kind, what, _ in self._actions]
        updates = [change.update() for change in self._buckets.values()]
        updates += [change.update() for change in self._lists.values()]
        updates += [_count_update(key, growth) for key, growth, _ in self._counts.values()]
        return plain + [{"Update": {"TableName": table_name, **update}} for update in updates]

    def on_failure(self, index: int) -> Exception | None:
        """The error that the action at an index was given."""
        all_of_them = [on_failure for _, _, on_failure in self._actions]
        all_of_them += [change.on_failure for change in self._buckets.values()]
        all_of_them += [change.on_failure for change in self._lists.values()]
        all_of_them += [on_failure for _, _, on_failure in self._counts.values()]
        return all_of_them[index]

    def _bucket(self, key: Key) -> _BucketChange:
        return self._buckets.setdefault((key["PK"]["S"], key["SK"]["S"]), _BucketChange(key))


class _BucketChange:
    """One update of one bucket: the entries to set, and with None those to remove.

    The bucket counts the bytes of its entries, so that it is full long before the item is too large.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.entries: dict[str, bytes | None] = {}
        self.growth = 0
        self.must_exist = False
        self.on_failure: Exception | None = None

    def update(self) -> dict[str, Any]:
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
    """One update of one list: elements that are to be in its set, whether they are already or not."""

    def __init__(self, key: Key, on_failure: Exception) -> None:
        self.key = key
        self.on_failure = on_failure
        self.elements: set[bytes] = set()
        self.must_exist = False

    def update(self) -> dict[str, Any]:
        condition = {"ConditionExpression": "attribute_exists(PK)"} if self.must_exist else {}
        return {
            "Key": self.key,
            "UpdateExpression": "ADD #listed :elements",
            "ExpressionAttributeNames": {"#listed": LISTED},
            "ExpressionAttributeValues": {":elements": {"BS": sorted(self.elements)}},
            **condition,
        }


def _count_update(key: Key, growth: int) -> dict[str, Any]:
    """`room` is what a limit leaves, beyond all reach where there is none: it is there to be asked in a condition."""
    update: dict[str, Any] = {
        "Key": key,
        "UpdateExpression": "SET #room = if_not_exists(#room, :unlimited) - :growth ADD #count :growth",
        "ExpressionAttributeNames": {"#count": COUNT, "#room": ROOM},
        "ExpressionAttributeValues": {":growth": {"N": str(growth)}, ":unlimited": {"N": str(UNLIMITED)}},
    }
    if growth > 0:
        update["ConditionExpression"] = "attribute_not_exists(#room) OR #room >= :growth"
    return update


def _at_version(version: int) -> Mapping[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }
