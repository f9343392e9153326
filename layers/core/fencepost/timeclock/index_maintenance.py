"""Maintenance of the lists of entries and cancelled clocks, for tables that were filled before there were lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.entry_repository import build_list_attributes
from fencepost.timeclock.evidence_documents import load_evidence
from fencepost.timeclock.model import TimeEntry

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table


class EntryListMaintenance:
    """The repair of the attributes that list entries and removed evidence."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def rebuild(self, tenant_id: str) -> int:
        """Add what is missing in the lists, and return how many items were added. Reads the whole table."""
        return sum(
            self._add_missing_attributes(tenant_id, item)
            for item in self._table.scan(
                FilterExpression="begins_with(PK, :tenant) AND attribute_exists(doc) "
                "AND #entity IN (:entry, :place, :refusal)",
                ExpressionAttributeNames={"#entity": "entity"},
                ExpressionAttributeValues={
                    ":tenant": {"S": keys.tenant_partition_prefix(tenant_id)},
                    ":entry": {"S": "TimeEntry"},
                    ":place": {"S": "Place"},
                    ":refusal": {"S": "Refusal"},
                },
            )
        )

    def _add_missing_attributes(self, tenant_id: str, item: Item) -> bool:
        evidence = load_evidence(item)
        if item["entity"]["S"] == "TimeEntry" and isinstance(evidence, TimeEntry):
            attributes = build_list_attributes(tenant_id, evidence)
        else:
            attributes = position_index.build_removed_attributes(tenant_id, evidence)
        missing = {name: value for name, value in serializer.to_item(attributes).items() if item.get(name) != value}
        if not missing:
            return False
        transaction = Transaction()
        transaction.update(
            {"PK": item["PK"], "SK": item["SK"]},
            VersionMismatch,
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in missing),
            ConditionExpression="doc = :doc",
            ExpressionAttributeValues={":doc": item["doc"], **{f":{name}": value for name, value in missing.items()}},
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return False  # a concurrent change has listed it
        return True
