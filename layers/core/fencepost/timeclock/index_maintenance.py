"""The lists of entries and cancelled clocks, written anew: for tables that were filled before there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.entry_repository import lists_of
from fencepost.timeclock.location_evidence_item import kept_in
from fencepost.timeclock.model import TimeEntry

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table


class EntryListMaintenance:
    def __init__(self, table: Table) -> None:
        self._table = table

    def rebuild(self, tenant_id: str) -> int:
        """How many were put on lists that they were not on. Reads the whole table."""
        return sum(
            self._mend(tenant_id, item)
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

    def _mend(self, tenant_id: str, item: Item) -> bool:
        kept, is_entry = kept_in(item), item["entity"]["S"] == "TimeEntry"
        listed = (
            lists_of(tenant_id, kept)
            if is_entry and isinstance(kept, TimeEntry)
            else position_index.gone(tenant_id, kept)
        )
        missing = {name: value for name, value in serializer.to_item(listed).items() if item.get(name) != value}
        if not missing:
            return False
        transaction = Transaction()
        transaction.update(
            {"PK": item["PK"], "SK": item["SK"]},
            VersionMismatch(),
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in missing),
            ConditionExpression="doc = :doc",
            ExpressionAttributeValues={":doc": item["doc"], **{f":{name}": value for name, value in missing.items()}},
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return False  # whoever changed it in between has listed it
        return True
