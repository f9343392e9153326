"""moto, without its copies of everything.

For each write of a transaction moto copies the whole table with all its items, to put it back if one fails, and
changes items where they stand. Here a copy of a table shares the items with it, and an item is copied when it is
changed: the same is put back. And whatever is read goes out by a search for each type that each value might have,
under six possible names; here each is taken by its name. Together they were half of the time of these tests.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

_update_item = DynamoDBBackend.update_item
_pick = AttributePicker.__call__


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "__deepcopy__", _table_with_the_same_items, raising=False)
    monkeypatch.setattr(DynamoDBBackend, "update_item", _update_a_copy)
    monkeypatch.setattr(AttributePicker, "__call__", _pick_by_name)


def tables(region: str) -> dict[str, Table]:
    """All tables as they are, by name. A copy of one is made by `copy.deepcopy`."""
    found: dict[str, Table] = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables
    return found


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


def _pick_by_name(picker: AttributePicker, context: AttributePickerContext) -> Any:
    parent = getattr(context.shape, "parent", None)
    if parent is not None and parent.name == "AttributeValue":
        return context.obj.get(context.key)
    return _pick(picker, context)
