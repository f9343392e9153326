"""Geofences in the table: each change writes the geofence, its name, its version and its index in one transaction."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from fencepost.common.errors import ServiceBusy, VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import COUNT, LIMIT, MAX_ACTIONS, ROOM, Transaction
from fencepost.geofences.errors import NameTaken, QuotaReached
from fencepost.geofences.items import (
    build_geofence_item,
    build_version_item,
    parse_geofence_item,
    parse_version_item,
)
from fencepost.geofences.spatial_index.index import CellFull
from fencepost.geofences.spatial_index.occupied_cells import CellListMissing
from fencepost.geofences.tag_repository import TagRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from fencepost.common.events import Event
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence, Version
    from fencepost.geofences.spatial_index.index import SpatialIndex
    from geo.cells import Cell

# Each failed attempt has found one more shard full.
_MAX_ATTEMPTS = 1_000


class _QuotaFull(Exception):
    """The tenant has reached its limit of geofences."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(tenant_id)
        self.tenant_id = tenant_id


class _NumberTaken(Exception):
    """Another geofence has the number that was drawn for a new one."""


def _draw_number() -> int:
    """Draw a positive number of 31 bits, as other dialects expect of an id. A counter would serialize all creates."""
    return secrets.randbelow(2**31 - 1) + 1


class DynamoDBGeofenceRepository:
    """The geofences of all tenants; every method takes the tenant from the caller's principal."""

    def __init__(self, table: Table, index: SpatialIndex, draw_number: Callable[[], int] = _draw_number) -> None:
        self._table = table
        self._index = index
        self._draw_number = draw_number
        self._tags = TagRepository(table)

    def get(self, tenant_id: str, geofence_id: str) -> Geofence | None:
        item = self._table.get(keys.geofence_key(tenant_id, geofence_id))
        return parse_geofence_item(item) if item else None

    def list_newest(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Geofence], bool]:
        """Return at most `limit` geofences older than `after` (creation time, id), and whether there are more.

        It takes one Query.
        """
        start = {}
        if after is not None:
            created_at, geofence_id = after
            start["ExclusiveStartKey"] = {
                **keys.geofence_key(tenant_id, geofence_id),
                "GSI1PK": {"S": keys.geofence_list_partition(tenant_id)},
                "GSI1SK": {"S": keys.geofence_list_sort_key(created_at, geofence_id)},
            }
        items, has_more = self._table.query_page(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.geofence_list_partition(tenant_id)}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return [parse_geofence_item(item) for item in items], has_more

    def get_version(self, tenant_id: str, geofence_id: str, number: int) -> Version | None:
        item = self._table.get(keys.geofence_version_key(tenant_id, geofence_id, number))
        return parse_version_item(item) if item else None

    def list_versions(self, tenant_id: str, geofence_id: str, before: int | None) -> Iterator[Version]:
        """Yield the versions below `before`, newest first, also those of a deleted geofence."""
        last = keys.LAST_VERSION if before is None else before - 1
        items = self._table.query(
            KeyConditionExpression="PK = :geofence AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":geofence": keys.geofence_key(tenant_id, geofence_id)["PK"],
                ":first": keys.geofence_version_key(tenant_id, geofence_id, 1)["SK"],
                ":last": keys.geofence_version_key(tenant_id, geofence_id, last)["SK"],
            },
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return map(parse_version_item, items)

    def ensure_tags(self, tenant_id: str, tags: Sequence[str]) -> None:
        """Give a number to each tag that has none.

        Raises:
            ValidationFailed: The tenant would have too many tags.
        """
        self._tags.ensure(tenant_id, tags)

    def list_tags(self, tenant_id: str) -> list[str]:
        return self._tags.list_names(tenant_id)

    def add(self, geofence: Geofence, event: Event) -> Geofence:
        """Write a new geofence and return it with its number.

        Raises:
            NameTaken: Another geofence of the tenant has its name.
            QuotaReached: The tenant has reached its limit of geofences.
            ValidationFailed: The target of an assignment does not exist.
            VersionMismatch: There is a geofence with its id.
        """
        added = geofence

        def build() -> Transaction:
            nonlocal added
            transaction = Transaction()
            added = self.add_to_transaction(transaction, geofence, event)
            return transaction

        self._tags.ensure(geofence.tenant_id, geofence.tags)
        self.write(build)
        return added

    def add_to_transaction(self, transaction: Transaction, geofence: Geofence, event: Event) -> Geofence:
        """Add the writes of a new geofence to a transaction, and return the geofence with its number."""
        geofence = self._index.assign_shards(replace(geofence, number=self._draw_number()), {})
        transaction.create(build_geofence_item(geofence), VersionMismatch())
        transaction.put(build_version_item(geofence))
        self._claim_name(transaction, geofence)
        number = keys.geofence_number_key(geofence.tenant_id, geofence.number)
        transaction.create(number | {"geofenceId": {"S": geofence.id}}, _NumberTaken())
        transaction.add_to_count(keys.quota_key(geofence.tenant_id), 1, _QuotaFull(geofence.tenant_id))
        transaction.add_event(event)
        self._index.add_to_index(transaction, geofence)
        return geofence

    def replace(self, before: Geofence, after: Geofence, event: Event) -> None:
        """Write the next version of a geofence.

        Raises:
            VersionMismatch: `before` is no longer the current version.
            NameTaken: Another geofence of the tenant has the new name.
            ValidationFailed: The target of an assignment does not exist.
        """

        def build() -> Transaction:
            geofence = self._index.assign_shards(after, before.cells)
            transaction = Transaction()
            transaction.replace(build_geofence_item(geofence), before.version, VersionMismatch())
            transaction.put(build_version_item(geofence))
            if after.name_key != before.name_key:
                transaction.delete(keys.geofence_name_key(before.tenant_id, before.name_key))
                self._claim_name(transaction, geofence)
            transaction.add_event(event)
            self._index.remove_from_index(transaction, before)
            self._index.add_to_index(transaction, geofence, before.cells)
            return transaction

        self._tags.ensure(after.tenant_id, after.tags)
        self.write(build)

    def remove(self, geofence: Geofence, now: datetime, event: Event) -> None:
        """Delete a geofence. Its versions are retained.

        Raises:
            VersionMismatch: It is no longer the current version.
        """
        transaction = Transaction()
        key = keys.geofence_key(geofence.tenant_id, geofence.id)
        transaction.delete_if_version(key, geofence.version, VersionMismatch())
        transaction.put(build_version_item(geofence, deleted_at=now))
        transaction.delete(keys.geofence_name_key(geofence.tenant_id, geofence.name_key))
        transaction.delete(keys.geofence_number_key(geofence.tenant_id, geofence.number))
        transaction.add_to_count(keys.quota_key(geofence.tenant_id), -1, VersionMismatch())
        transaction.add_event(event)
        self._index.remove_from_index(transaction, geofence)
        self._table.write(transaction)

    def write(self, build: Callable[[], Transaction]) -> None:
        """Write the transaction that `build` returns. If a cell is full or a list was removed, build it again.

        A transaction that is too large together with the lists of its cells is preceded by one that writes these
        lists, with empty first shards: the transaction that is built then has the condition that they exist.

        Raises:
            QuotaReached: The tenant has reached its limit of geofences.
            ServiceBusy: It did not succeed after many attempts.
        """
        for _ in range(_MAX_ATTEMPTS):
            transaction = build()
            is_complete = len(transaction) <= MAX_ACTIONS
            try:
                self._table.write(transaction if is_complete else transaction.build_preparation())
                self._index.remember_written(transaction)
            except (CellFull, CellListMissing) as failure:
                self._index.handle_failure(failure)
                continue
            except _NumberTaken:
                continue
            except _QuotaFull as full:
                raise _to_quota_reached(self._table.get(keys.quota_key(full.tenant_id)) or {}) from full
            if is_complete:
                return
        raise ServiceBusy

    def count_list_writes(self, tenant_id: str, cells: Iterable[Cell]) -> int:
        """Return the largest number of actions that list these cells as occupied."""
        return self._index.count_list_writes(tenant_id, cells)

    def check_room(self, tenant_id: str, more: int) -> None:
        """Check that the quota of a tenant has room for this number of new geofences.

        Raises:
            QuotaReached: It has not.
        """
        item = self._table.get(keys.quota_key(tenant_id)) or {}
        if ROOM in item and int(item[ROOM]["N"]) < more:
            raise _to_quota_reached(item)

    def _claim_name(self, transaction: Transaction, geofence: Geofence) -> None:
        key = keys.geofence_name_key(geofence.tenant_id, geofence.name_key)
        transaction.create(key | {"geofenceId": {"S": geofence.id}}, NameTaken(geofence.name))


def _to_quota_reached(item: Item) -> QuotaReached:
    """Return the error with the limit and the count as they are now."""
    limit, count = (int(item.get(name, {"N": "0"})["N"]) for name in (LIMIT, COUNT))
    return QuotaReached(limit, count)
