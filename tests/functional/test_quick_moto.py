"""The table of the functional tests: a failed transaction changes nothing, and tests share no items."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.functional import quick_moto
from tests.functional.app import REGION, App

NOBODY = {"PK": {"S": "T#nobody"}, "SK": {"S": "0"}}


def key(name: str) -> dict[str, Any]:
    return {"PK": {"S": "T#test"}, "SK": {"S": name}}


@pytest.fixture
def items(app: App) -> list[dict[str, Any]]:
    """Store items with nested values, and return all items of the table."""
    nested = {"list": {"L": [{"N": "1"}]}, "map": {"M": {"in": {"N": "1"}}}, "set": {"SS": ["a"]}, "n": {"N": "1"}}
    for name in ("changed", "replaced", "deleted"):
        app.table.put_item(TableName="fencepost", Item=key(name) | nested)
    return app.items()


CHANGES: list[dict[str, Any]] = [
    {
        "Update": {
            "TableName": "fencepost",
            "Key": key("changed"),
            "UpdateExpression": "SET #l = list_append(#l, :l), #m.#i = :n REMOVE n ADD #s :s",
            "ExpressionAttributeNames": {"#l": "list", "#m": "map", "#i": "in", "#s": "set"},
            "ExpressionAttributeValues": {":l": {"L": [{"N": "2"}]}, ":n": {"N": "2"}, ":s": {"SS": ["b"]}},
        }
    },
    {"Put": {"TableName": "fencepost", "Item": key("replaced")}},
    {"Put": {"TableName": "fencepost", "Item": key("new")}},
    {"Delete": {"TableName": "fencepost", "Key": key("deleted")}},
]
FAILURE = {"ConditionCheck": {"TableName": "fencepost", "Key": NOBODY, "ConditionExpression": "attribute_exists(PK)"}}


def test_a_transaction_that_fails_at_its_end_changes_nothing(app: App, items: list[dict[str, Any]]) -> None:
    with pytest.raises(app.table.exceptions.TransactionCanceledException):
        app.table.transact_write_items(TransactItems=[*CHANGES, FAILURE])
    assert app.items() == items


def test_a_transaction_that_succeeds_makes_all_changes(app: App, items: list[dict[str, Any]]) -> None:
    app.table.transact_write_items(TransactItems=CHANGES)
    changed = {item["SK"]["S"]: item for item in app.items() if item["PK"] == key("")["PK"]}
    assert changed == {
        "changed": key("changed")
        | {"list": {"L": [{"N": "1"}, {"N": "2"}]}, "map": {"M": {"in": {"N": "2"}}}, "set": {"SS": ["a", "b"]}},
        "replaced": key("replaced"),
        "new": key("new"),
    }
    assert len(app.items()) == len(items)


def test_a_write_to_the_table_does_not_change_its_copy(app: App, items: list[dict[str, Any]]) -> None:
    """Each test begins with a copy, so it does not find what another test has written."""
    tables = copy.deepcopy(quick_moto.tables(REGION))
    app.table.transact_write_items(TransactItems=CHANGES)
    assert app.items() != items
    quick_moto.tables(REGION).update(tables)
    assert app.items() == items
