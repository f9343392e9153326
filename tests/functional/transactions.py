"""moto, without its copies of everything.

For each write of a transaction moto copies the whole table with all its items, to put it back if one fails, and
changes items where they stand. Half of the time of these tests went there. Here a copy of a table shares the items
with it, and an item that is changed is copied first: the same is put back, and only what changes is copied.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

_update_item = DynamoDBBackend.update_item


def copy_what_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "__deepcopy__", _table_with_the_same_items, raising=False)
    monkeypatch.setattr(DynamoDBBackend, "update_item", _update_a_copy)


def _table_with_the_same_items(table: Table, _memo: Any) -> Table:
    copied = copy.copy(table)
    copied.items = defaultdict(dict)
    for hash_value, held in table.items.items():
        copied.items[hash_value] = held if isinstance(held, Item) else dict(held)
    return copied


def _update_a_copy(
    backend: DynamoDBBackend, table_name: str, key: dict[str, dict[str, Any]], *rest: Any, **named: Any
) -> Item:
    table = backend.get_table(table_name)
    hash_value, range_value = backend.get_keys_value(table, key)
    if (item := table.get_item(hash_value, range_value)) is not None:
        held: Any = table.items if range_value is None else table.items[hash_value]
        held[hash_value if range_value is None else range_value] = copy.deepcopy(item)
    return _update_item(backend, table_name, key, *rest, **named)
