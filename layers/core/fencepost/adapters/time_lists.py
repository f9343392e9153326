"""The lists of entries and cancelled clocks, written anew: for tables that were filled before there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.adapters import keys, marshal, positions
from fencepost.adapters.entry_store import lists_of
from fencepost.adapters.privacy_store import kept_in
from fencepost.adapters.table import Transaction
from fencepost.domain.clock import TimeEntry
from fencepost.domain.errors import VersionMismatch

if TYPE_CHECKING:
    from fencepost.adapters.marshal import Item
    from fencepost.adapters.table import Table


class TimeLists:
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
                    ":tenant": {"S": keys.of_tenant(tenant_id)},
                    ":entry": {"S": "TimeEntry"},
                    ":place": {"S": "Place"},
                    ":refusal": {"S": "Refusal"},
                },
            )
        )

    def _mend(self, tenant_id: str, item: Item) -> bool:
        kept, is_entry = kept_in(item), item["entity"]["S"] == "TimeEntry"
        listed = (
            lists_of(tenant_id, kept) if is_entry and isinstance(kept, TimeEntry) else positions.gone(tenant_id, kept)
        )
        missing = {name: value for name, value in marshal.item(listed).items() if item.get(name) != value}
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
