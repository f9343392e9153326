"""Receipts: what was answered to each action that came under a key of its own, written with the action."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock.receipts import AlreadyProcessed, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.dynamodb.table import Table


class DynamoDBReceiptRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, tenant_id: str, user_id: str, wanted: Sequence[str]) -> dict[str, Receipt]:
        """The receipts that are there, by key. One BatchGetItem for 100."""
        items = self._table.batch_get([keys.receipt_key(tenant_id, user_id, key) for key in wanted], consistent=True)
        return {receipt.key: receipt for receipt in map(_receipt_of, items.values())}

    def put(self, tenant_id: str, receipt: Receipt) -> None:
        """Raises DoneBefore."""
        transaction = Transaction()
        add_receipt(transaction, tenant_id, receipt)
        self._table.write(transaction)


def add_receipt(transaction: Transaction, tenant_id: str, receipt: Receipt | None) -> None:
    """First of all, so that of several conditions that fail this one is told: DoneBefore."""
    if receipt is None:
        return
    values = {
        "entity": "Receipt",
        "key": receipt.key,
        "userId": receipt.user_id,
        "digest": receipt.digest,
        "answer": receipt.answer,
        "keptUntil": receipt.kept_until.isoformat(),
        "ttl": int(receipt.kept_until.timestamp()),
    }
    item = keys.receipt_key(tenant_id, receipt.user_id, receipt.key) | serializer.to_item(values)
    transaction.create(item, AlreadyProcessed())


def _receipt_of(item: serializer.Item) -> Receipt:
    stored = serializer.from_item(item)
    return Receipt(
        user_id=stored["userId"],
        key=stored["key"],
        digest=stored["digest"],
        answer=stored["answer"],
        kept_until=datetime.fromisoformat(stored["keptUntil"]),
    )
