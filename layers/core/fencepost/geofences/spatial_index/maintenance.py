"""Verifies the index against the geofences, and repairs what differs.

The index changes in the transaction of each geofence, so it does not drift. It can be wrong after a partial restore,
a bug, or a manual change of the table.

Cells that became empty stay on the lists of occupied cells until they are removed here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import BYTES, LISTED, SHARDS, Transaction
from fencepost.geofences.items import parse_geofence_item
from fencepost.geofences.spatial_index.entry import from_attribute, pack_entry, to_attribute
from fencepost.geofences.spatial_index.occupied_cells import CellLists, list_occupied, to_element
from geo.cells import LIST_LEVELS, ROOT, find_listing_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference between the index and the geofences.

    Attributes:
        bucket: Partition and sort key of the bucket.
        geofence_id: The geofence whose entry is wrong, None if the bucket itself is.
        problem: Of an entry: missing, outdated or stray. Of a bucket: miscounted (its number of bytes is wrong),
            hidden (a further shard that the first one does not count), unlisted (a cell on no list), or empty (an
            empty cell on a list).
    """

    bucket: Pair
    geofence_id: str | None
    problem: str

    @property
    def is_harmless(self) -> bool:
        """Whether it is only an empty cell, which costs a search one needless read."""
        return self.problem == "empty"


class _BucketFull(Exception):
    """The bucket of a missing entry is full by now; the next comparison finds where the entry belongs."""


class IndexMaintenance:
    """The comparison of a tenant's index with its geofences, and its repair."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_differences(self, tenant_id: str) -> list[Difference]:
        """Return everything in which a tenant's index does not match its geofences. Reads the whole table."""
        expected = self._build_expected(tenant_id)
        actual = dict(self._read_buckets(tenant_id))
        found: list[Difference] = []
        for pair in sorted(expected.keys() | actual.keys()):
            if pair[1] != keys.BELOW:
                found += _compare(pair, expected.get(pair, {}), actual.get(pair, {}))
        pairs = expected.keys() | actual.keys()
        return [*found, *_find_hidden(tenant_id, pairs, actual), *_find_listed_wrongly(tenant_id, actual)]

    def repair(self, tenant_id: str, differences: list[Difference]) -> int:
        """Repair differences and return how many. One that a change has repaired in the meantime is skipped."""
        repaired = 0
        for difference in differences:
            try:
                self._table.write(self._build_repair(tenant_id, difference))
            except (VersionMismatch, _BucketFull):
                continue
            repaired += 1
        return repaired

    def _build_repair(self, tenant_id: str, difference: Difference) -> Transaction:
        partition, sort = difference.bucket
        bucket = {"PK": {"S": partition}, "SK": {"S": sort}}
        transaction = Transaction()
        if difference.problem == "unlisted":
            self._add_to_lists(transaction, tenant_id, difference.bucket)
            return transaction
        if difference.problem == "hidden":
            self._count_shard(transaction, tenant_id, difference.bucket)
            return transaction
        if difference.problem == "empty":
            self._remove_cell(transaction, tenant_id, bucket)
            return transaction
        now = self._table.get(bucket) or {}
        if difference.geofence_id is None:
            self._set_bytes(transaction, bucket, now)
            return transaction
        name = to_attribute(difference.geofence_id)
        item = self._table.get(keys.geofence_key(tenant_id, difference.geofence_id))
        geofence = parse_geofence_item(item) if item else None
        entry = _build_entries(geofence).get(difference.bucket) if geofence else None
        if geofence is not None:
            transaction.require_version(
                keys.geofence_key(tenant_id, geofence.id), geofence.version, VersionMismatch()
            )
        else:
            transaction.require_absent(keys.geofence_key(tenant_id, difference.geofence_id), VersionMismatch())
        if name in now:
            transaction.remove_bucket_entry(bucket, name, now[name]["B"])
        if entry is not None:
            transaction.set_bucket_entry(bucket, name, entry, _BucketFull())
            self._add_to_lists(transaction, tenant_id, difference.bucket)
        return transaction

    def _add_to_lists(self, transaction: Transaction, tenant_id: str, bucket: Pair) -> None:
        """List a cell as occupied. The empty cache makes it write all lists, without conditions."""
        if bucket[0].startswith(keys.cell_partition_prefix(tenant_id)):
            CellLists().add_to_lists(transaction, tenant_id, keys.parse_cell(tenant_id, bucket[0]))

    def _count_shard(self, transaction: Transaction, tenant_id: str, shard: Pair) -> None:
        """Raise the number of shards in the first shard of a cell to include this one."""
        transaction.update(
            {"PK": {"S": shard[0]}, "SK": {"S": "0"}},
            VersionMismatch(),
            UpdateExpression="SET #shards = :count",
            ConditionExpression="attribute_not_exists(#shards) OR #shards < :count",
            ExpressionAttributeNames={"#shards": SHARDS},
            ExpressionAttributeValues={":count": {"N": str(int(shard[1]) + 1)}},
        )
        self._add_to_lists(transaction, tenant_id, shard)

    def _remove_cell(self, transaction: Transaction, tenant_id: str, bucket: Key) -> None:
        """Remove a cell from the list above it, with its first shard and its own list; fail where one is in use.

        A writer that adds to it at the same time has the condition that the first shard exists, or lists it again.
        """
        cell = keys.parse_cell(tenant_id, keys.to_pair(bucket)[0])
        transaction.delete_if(
            bucket,
            VersionMismatch(),
            ConditionExpression="attribute_not_exists(PK) OR (#bytes = :none AND attribute_not_exists(#shards))",
            ExpressionAttributeNames={"#bytes": BYTES, "#shards": SHARDS},
            ExpressionAttributeValues={":none": {"N": "0"}},
        )
        if cell.level in LIST_LEVELS:
            transaction.delete_if(
                keys.cell_list_key(tenant_id, cell),
                VersionMismatch(),
                ConditionExpression="attribute_not_exists(#listed)",
                ExpressionAttributeNames={"#listed": LISTED},
            )
        transaction.update(
            keys.cell_list_key(tenant_id, find_listing_cell(cell)),
            VersionMismatch(),
            UpdateExpression="DELETE #listed :cell",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeNames={"#listed": LISTED},
            ExpressionAttributeValues={":cell": {"BS": [to_element(cell)]}},
        )

    def _set_bytes(self, transaction: Transaction, bucket: Key, now: Item) -> None:
        transaction.update(
            bucket,
            VersionMismatch(),
            UpdateExpression="SET #bytes = :right",
            ConditionExpression="#bytes = :wrong" if BYTES in now else "attribute_not_exists(#bytes)",
            ExpressionAttributeNames={"#bytes": BYTES},
            ExpressionAttributeValues={
                ":right": {"N": str(_measure_bytes(now))},
                **({":wrong": now[BYTES]} if BYTES in now else {}),
            },
        )

    def _build_expected(self, tenant_id: str) -> dict[Pair, dict[str, bytes]]:
        """Return the entries that each bucket should have."""
        expected: dict[Pair, dict[str, bytes]] = defaultdict(dict)
        for item in self._table.query(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.geofence_list_partition(tenant_id)}},
        ):
            geofence = parse_geofence_item(item)
            for pair, entry in _build_entries(geofence).items():
                expected[pair][to_attribute(geofence.id)] = entry
        return expected

    def _read_buckets(self, tenant_id: str) -> Iterator[tuple[Pair, Item]]:
        for item in self._table.scan(
            FilterExpression="begins_with(PK, :cells) OR (begins_with(PK, :tenant) AND SK = :entity)",
            ExpressionAttributeValues={
                ":cells": {"S": keys.cell_partition_prefix(tenant_id)},
                ":tenant": {"S": keys.tenant_partition_prefix(tenant_id)},
                ":entity": {"S": keys.ENTITY},
            },
            ConsistentRead=True,
        ):
            yield (item["PK"]["S"], item["SK"]["S"]), item


def _compare(pair: Pair, expected: dict[str, bytes], bucket: Item) -> Iterator[Difference]:
    actual = {name: stored["B"] for name, stored in bucket.items() if "B" in stored}
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) == actual.get(name):
            continue
        problem = "stray" if name not in expected else "missing" if name not in actual else "outdated"
        yield Difference(bucket=pair, geofence_id=from_attribute(name), problem=problem)
    counted = int(bucket[BYTES]["N"]) if BYTES in bucket else 0
    if counted != _measure_bytes(bucket):
        yield Difference(bucket=pair, geofence_id=None, problem="miscounted")


def _find_hidden(tenant_id: str, pairs: Iterable[Pair], actual: Mapping[Pair, Item]) -> Iterator[Difference]:
    """Yield the further shards of cells that a check would not read."""
    for partition, shard in sorted(pairs):
        if partition.startswith(keys.cell_partition_prefix(tenant_id)) and shard.isdigit() and shard != "0":
            first = actual.get((partition, "0"), {})
            if int(shard) >= (int(first[SHARDS]["N"]) if SHARDS in first else 1):
                yield Difference(bucket=(partition, shard), geofence_id=None, problem="hidden")


def _find_listed_wrongly(tenant_id: str, actual: dict[Pair, Item]) -> Iterator[Difference]:
    """Yield the cells that exist and are not on the list above them, and those that are on one and empty."""
    listed = {
        cell
        for pair, item in actual.items()
        if pair[1] == keys.BELOW
        for cell in list_occupied(keys.parse_cell(tenant_id, pair[0]), item)
    }
    # Entities of the directory are buckets too.
    partitions = {pair[0] for pair in actual if pair[0].startswith(keys.cell_partition_prefix(tenant_id))}
    occupied = {keys.parse_cell(tenant_id, partition) for partition in partitions} - {ROOT}
    crowded = {pair[0] for pair in actual if pair[1] not in ("0", keys.BELOW)}
    for cell in sorted(listed | occupied):
        bucket = keys.to_pair(keys.cell_key(tenant_id, cell))
        below = keys.to_pair(keys.cell_list_key(tenant_id, cell))
        if cell not in listed:
            yield Difference(bucket=bucket, geofence_id=None, problem="unlisted")
        elif bucket[0] not in crowded and _is_empty(actual.get(bucket, {})) and LISTED not in actual.get(below, {}):
            yield Difference(bucket=bucket, geofence_id=None, problem="empty")


def _is_empty(first: Item) -> bool:
    return SHARDS not in first and not any("B" in stored for stored in first.values())


def _build_entries(geofence: Geofence) -> dict[Pair, bytes]:
    """Return the entry of a geofence in each of its buckets."""
    entry = pack_entry(geofence)
    cells = [keys.cell_key(geofence.tenant_id, cell, shard) for cell, shard in geofence.cells.items()]
    targets = [keys.entity_key(geofence.tenant_id, target) for target in geofence.assignments]
    return {keys.to_pair(key): entry for key in [*cells, *targets]}


def _measure_bytes(bucket: Item) -> int:
    return sum(len(name) + len(stored["B"]) for name, stored in bucket.items() if "B" in stored)
