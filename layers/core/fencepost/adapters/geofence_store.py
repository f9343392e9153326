"""Geofences in the table: each change moves the geofence, its name, its versions and its index in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.cells import cells_at

from fencepost.adapters import keys
from fencepost.adapters.entries import Entry, attribute_of, entries_near, entries_of, pack_entry
from fencepost.adapters.geofence_items import event_item, geofence_item, geofence_of, version_item
from fencepost.adapters.table import Transaction
from fencepost.domain.errors import Invalid, NameTaken, VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geo.wgs84 import Position

    from fencepost.adapters.keys import Key
    from fencepost.adapters.marshal import Item
    from fencepost.adapters.table import Table
    from fencepost.domain.events import Event
    from fencepost.domain.geofence import Geofence


# BatchGetItem takes 100 keys, and answers at most 16 MB: a geofence of 10,000 vertices has up to 160 KB.
_BATCH = 50


class GeofenceStore:
    """The geofences of all tenants; every method takes the tenant from the caller's principal."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # A version never changes: what was read once is kept as long as the container lives.
        self._versions: dict[tuple[str, int], Geofence] = {}

    def get(self, tenant_id: str, geofence_id: str) -> Geofence | None:
        item = self._table.get(keys.geofence(tenant_id, geofence_id))
        return geofence_of(item) if item else None

    def newest_first(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Geofence], bool]:
        """At most `limit` geofences older than `after` (creation time, id), and whether there are more. One Query."""
        start = {"ExclusiveStartKey": self._list_key(tenant_id, *after)} if after else {}
        items, has_more = self._table.query_page(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.geofence_list(tenant_id)}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return [geofence_of(item) for item in items], has_more

    def add(self, geofence: Geofence, event: Event) -> None:
        """Raises NameTaken, or Invalid where an assignment's target does not exist."""
        transaction = Transaction()
        self.adding(transaction, geofence, event)
        self._table.write(transaction)

    def adding(self, transaction: Transaction, geofence: Geofence, event: Event) -> None:
        """Put all that a new geofence writes into a transaction."""
        transaction.put_new(geofence_item(geofence), VersionMismatch())
        transaction.put(version_item(geofence))
        self._claim_name(transaction, geofence)
        transaction.put(event_item(event))
        self._enter(transaction, geofence)

    def replace(self, before: Geofence, after: Geofence, event: Event) -> None:
        """Raises VersionMismatch when `before` is no longer current, NameTaken, or Invalid as `add` does."""
        transaction = Transaction()
        transaction.put_over(geofence_item(after), before.version, VersionMismatch())
        transaction.put(version_item(after))
        if after.name_key != before.name_key:
            transaction.delete(keys.geofence_name(before.tenant_id, before.name_key))
            self._claim_name(transaction, after)
        transaction.put(event_item(event))
        self._withdraw(transaction, before)
        self._enter(transaction, after)
        self._table.write(transaction)

    def remove(self, geofence: Geofence, now: datetime, event: Event) -> None:
        """Raises VersionMismatch when it was changed in the meantime."""
        transaction = Transaction()
        key = keys.geofence(geofence.tenant_id, geofence.id)
        transaction.delete_at(key, geofence.version, VersionMismatch())
        transaction.put(version_item(geofence, deleted_at=now))
        transaction.delete(keys.geofence_name(geofence.tenant_id, geofence.name_key))
        transaction.put(event_item(event))
        self._withdraw(transaction, geofence)
        self._table.write(transaction)

    def at(self, tenant_id: str, position: Position) -> list[Entry | Geofence]:
        """The active geofences that may contain a position: their boxes do. One BatchGetItem of five cells."""
        buckets = self._table.batch_get([keys.cell(tenant_id, cell) for cell in cells_at(position)])
        return self._with_big_ones(tenant_id, entries_near(buckets.values(), position))

    def assigned_to(self, tenant_id: str, bucket: Item) -> list[Entry | Geofence]:
        """The active geofences of a directory entity that was read already."""
        return self._with_big_ones(tenant_id, list(entries_of(bucket)))

    def _with_big_ones(self, tenant_id: str, entries: Sequence[Entry]) -> list[Entry | Geofence]:
        """The entries, the big ones read in full: one more round trip when one is met for the first time."""
        big = {(entry.id, entry.version) for entry in entries if entry.is_big}
        if not big:
            return list(entries)
        unread = sorted(big - self._versions.keys())
        for start in range(0, len(unread), _BATCH):
            wanted = [keys.geofence_version(tenant_id, *version) for version in unread[start : start + _BATCH]]
            # Consistent, for an entry may be a moment older than a replica's copy of its version.
            for item in self._table.batch_get(wanted, consistent=True).values():
                geofence = geofence_of(item)
                self._versions[geofence.id, geofence.version] = geofence
        return [self._versions[e.id, e.version] if e.is_big else e for e in entries]

    def _enter(self, transaction: Transaction, geofence: Geofence) -> None:
        name = attribute_of(geofence.id)
        entry = pack_entry(geofence)
        for cell in geofence.cells:
            transaction.enter(keys.cell(geofence.tenant_id, cell), name, entry)
        for n, target in enumerate(geofence.assignments):
            bucket = keys.entity(geofence.tenant_id, target)
            absent = Invalid.field(f"assignments[{n}]", f"there is no {target.target_id} in {target.target_table}")
            if geofence.is_active:
                transaction.enter(bucket, name, entry, must_exist=absent)
            else:
                transaction.withdraw(bucket, name, must_exist=absent)

    def _withdraw(self, transaction: Transaction, geofence: Geofence) -> None:
        name = attribute_of(geofence.id)
        for cell in geofence.cells:
            transaction.withdraw(keys.cell(geofence.tenant_id, cell), name)
        for target in geofence.assignments:
            transaction.withdraw(keys.entity(geofence.tenant_id, target), name)

    def _claim_name(self, transaction: Transaction, geofence: Geofence) -> None:
        key = keys.geofence_name(geofence.tenant_id, geofence.name_key)
        transaction.put_new(key | {"geofenceId": {"S": geofence.id}}, NameTaken(geofence.name))

    def _list_key(self, tenant_id: str, created_at: datetime, geofence_id: str) -> Key:
        return {
            **keys.geofence(tenant_id, geofence_id),
            "GSI1PK": {"S": keys.geofence_list(tenant_id)},
            "GSI1SK": {"S": keys.geofence_list_sort(created_at, geofence_id)},
        }
