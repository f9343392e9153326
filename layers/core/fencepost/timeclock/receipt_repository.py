"""Receipts in the table: the result of each action that was sent under its own key, written with the action."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from fencepost.dynamodb import keys as table_keys
from fencepost.dynamodb import serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock.commands import ReceiptKey
from fencepost.timeclock.receipts import AlreadyProcessed, Receipt, RecordedResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.receipts import ResultSerializer


class DynamoDBReceiptRepository:
    """The receipts in the table."""

    def __init__(self, table: Table, serialize_result: ResultSerializer) -> None:
        self._table = table
        self._serialize_result = serialize_result

    def find(self, tenant_id: str, user_id: str, keys: Sequence[str]) -> dict[str, Receipt]:
        """Return the receipts that exist, by key. One BatchGetItem for 100."""
        receipt_keys = {key: table_keys.receipt_key(tenant_id, user_id, key) for key in keys}
        found = self._table.batch_get_named(receipt_keys, consistent=True)
        return {key: _parse_receipt(item) for key, item in found.items()}

    def save(self, tenant_id: str, receipt: Receipt) -> None:
        """Write a receipt.

        Raises:
            AlreadyProcessed: It exists.
        """
        transaction = Transaction()
        transaction.create(receipt_item(tenant_id, receipt, self._serialize_result), AlreadyProcessed)
        self._table.write(transaction)


def receipt_item(tenant_id: str, receipt: Receipt, serialize_result: ResultSerializer) -> Item:
    """Return the item of a receipt, which stores the result as the response has it."""
    key = receipt.key
    values = {
        "entity": "Receipt",
        "key": key.key,
        "userId": key.user_id,
        "digest": key.digest,
        "answer": json.dumps(serialize_result(receipt.result), ensure_ascii=False, separators=(",", ":")),
        "keptUntil": key.expires_at.isoformat(),
        "ttl": int(key.expires_at.timestamp()),
    }
    return table_keys.receipt_key(tenant_id, key.user_id, key.key) | serializer.to_item(values)


def _parse_receipt(item: Item) -> Receipt:
    stored = serializer.from_item(item)
    key = ReceiptKey(
        user_id=stored["userId"],
        key=stored["key"],
        digest=stored["digest"],
        expires_at=datetime.fromisoformat(stored["keptUntil"]),
    )
    return Receipt(key=key, result=RecordedResult(values=json.loads(stored["answer"])))
