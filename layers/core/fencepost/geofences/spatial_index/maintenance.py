"""The index held against the geofences that it is made of: what differs, and how it is put right.

The index cannot drift by itself, for it moves in the transaction of each change. It can be found wanting after a
restore of a part, a bug, or a hand in the table; then this reads everything of a tenant, once.

Cells that nothing stands in any more stay on the lists of occupied cells until they are taken off here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import BYTES, LISTED, SHARDS, Transaction
from fencepost.geofences.items import geofence_of
from fencepost.geofences.spatial_index.entry import attribute_of, geofence_id_of, pack_entry
from fencepost.geofences.spatial_index.occupied_cells import CellLists, cells_listed, element_of
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
    """A bucket and a geofence that it tells wrongly: `problem` is missing, outdated or stray.

    Without a geofence it is the bucket itself: the count of its bytes is wrong (miscounted), or it is a further shard
    of which the first one does not tell (hidden), or a cell that is on no list (unlisted), or is on one and nothing
    stands in it (empty).
    """

    bucket: Pair
    geofence_id: str | None
    problem: str

    @property
    def is_harmless(self) -> bool:
        """An empty cell is what is left where geofences were; a search that passes it reads it in vain."""
        return self.problem == "empty"


class _BucketFull(Exception):
    """What was found missing has no room any more; another look finds where it belongs."""


class IndexMaintenance:
    def __init__(self, table: Table) -> None:
        self._table = table

    def differences(self, tenant_id: str) -> list[Difference]:
        """Everything in which the index of a tenant is not what its geofences say. Reads the whole table."""
        wanted = self._wanted(tenant_id)
        there = dict(self._buckets(tenant_id))
        found: list[Difference] = []
        for pair in sorted(wanted.keys() | there.keys()):
            if pair[1] != keys.BELOW:
                found += _compared(pair, wanted.get(pair, {}), there.get(pair, {}))
        return [*found, *_hidden(tenant_id, wanted.keys() | there.keys(), there), *_listed_wrongly(tenant_id, there)]

    def repair(self, tenant_id: str, differences: list[Difference]) -> int:
        """Put right what differs, and say how much. What a change in the meantime has put right is left alone."""
        mended = 0
        for difference in differences:
            try:
                self._table.write(self._mending(tenant_id, difference))
            except (VersionMismatch, _BucketFull):
                continue
            mended += 1
        return mended

    def _mending(self, tenant_id: str, difference: Difference) -> Transaction:
        bucket = _key(difference.bucket)
        transaction = Transaction()
        if difference.problem == "unlisted":
            self._list(transaction, tenant_id, difference.bucket)
            return transaction
        if difference.problem == "hidden":
            self._open(transaction, tenant_id, difference.bucket)
            return transaction
        if difference.problem == "empty":
            self._take_off(transaction, tenant_id, bucket)
            return transaction
        now = self._table.get(bucket) or {}
        if difference.geofence_id is None:
            self._set_bytes(transaction, bucket, now)
            return transaction
        name = attribute_of(difference.geofence_id)
        item = self._table.get(keys.geofence_key(tenant_id, difference.geofence_id))
        geofence = geofence_of(item) if item else None
        entry = _entries_of(geofence).get(difference.bucket) if geofence else None
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
            self._list(transaction, tenant_id, difference.bucket)
        return transaction

    def _list(self, transaction: Transaction, tenant_id: str, bucket: Pair) -> None:
        """Put a cell on all the lists above it. Lists that know nothing have no condition."""
        if bucket[0].startswith(keys.cell_partition_prefix(tenant_id)):
            CellLists().listing(transaction, tenant_id, keys.parse_cell(tenant_id, bucket[0]))

    def _open(self, transaction: Transaction, tenant_id: str, shard: Pair) -> None:
        """Have the first shard of a cell tell of this one."""
        transaction.update(
            {"PK": {"S": shard[0]}, "SK": {"S": "0"}},
            VersionMismatch(),
            UpdateExpression="SET #shards = :count",
            ConditionExpression="attribute_not_exists(#shards) OR #shards < :count",
            ExpressionAttributeNames={"#shards": SHARDS},
            ExpressionAttributeValues={":count": {"N": str(int(shard[1]) + 1)}},
        )
        self._list(transaction, tenant_id, shard)

    def _take_off(self, transaction: Transaction, tenant_id: str, bucket: Key) -> None:
        """Take a cell off the list above it, with its first shard and its own list; nothing, where one is in use.

        Whoever enters something at the same time has the condition that the first shard is there, or lists it again.
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
            ExpressionAttributeValues={":cell": {"BS": [element_of(cell)]}},
        )

    def _set_bytes(self, transaction: Transaction, bucket: Key, now: Item) -> None:
        transaction.update(
            bucket,
            VersionMismatch(),
            UpdateExpression="SET #bytes = :right",
            ConditionExpression="#bytes = :wrong" if BYTES in now else "attribute_not_exists(#bytes)",
            ExpressionAttributeNames={"#bytes": BYTES},
            ExpressionAttributeValues={
                ":right": {"N": str(_size_of(now))},
                **({":wrong": now[BYTES]} if BYTES in now else {}),
            },
        )

    def _wanted(self, tenant_id: str) -> dict[Pair, dict[str, bytes]]:
        """The entries that each bucket should hold."""
        wanted: dict[Pair, dict[str, bytes]] = defaultdict(dict)
        for item in self._table.query(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.geofence_list_partition(tenant_id)}},
        ):
            geofence = geofence_of(item)
            for pair, entry in _entries_of(geofence).items():
                wanted[pair][attribute_of(geofence.id)] = entry
        return wanted

    def _buckets(self, tenant_id: str) -> Iterator[tuple[Pair, Item]]:
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


def _compared(pair: Pair, wanted: dict[str, bytes], bucket: Item) -> Iterator[Difference]:
    there = {name: stored["B"] for name, stored in bucket.items() if "B" in stored}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) == there.get(name):
            continue
        problem = "stray" if name not in wanted else "missing" if name not in there else "outdated"
        yield Difference(bucket=pair, geofence_id=geofence_id_of(name), problem=problem)
    counted = int(bucket[BYTES]["N"]) if BYTES in bucket else 0
    if counted != _size_of(bucket):
        yield Difference(bucket=pair, geofence_id=None, problem="miscounted")


def _hidden(tenant_id: str, pairs: Iterable[Pair], there: Mapping[Pair, Item]) -> Iterator[Difference]:
    """The further shards of cells that a check would not read."""
    for partition, shard in sorted(pairs):
        if partition.startswith(keys.cell_partition_prefix(tenant_id)) and shard.isdigit() and shard != "0":
            first = there.get((partition, "0"), {})
            if int(shard) >= (int(first[SHARDS]["N"]) if SHARDS in first else 1):
                yield Difference(bucket=(partition, shard), geofence_id=None, problem="hidden")


def _listed_wrongly(tenant_id: str, there: dict[Pair, Item]) -> Iterator[Difference]:
    """The cells that are there and not on the list above them, and those that are on one without anything in them."""
    listed = {
        cell
        for pair, item in there.items()
        if pair[1] == keys.BELOW
        for cell in cells_listed(keys.parse_cell(tenant_id, pair[0]), item)
    }
    # Entities of the directory are buckets too.
    partitions = {pair[0] for pair in there if pair[0].startswith(keys.cell_partition_prefix(tenant_id))}
    occupied = {keys.parse_cell(tenant_id, partition) for partition in partitions} - {ROOT}
    crowded = {pair[0] for pair in there if pair[1] not in ("0", keys.BELOW)}
    for cell in sorted(listed | occupied):
        bucket = keys.to_pair(keys.cell_key(tenant_id, cell))
        below = keys.to_pair(keys.cell_list_key(tenant_id, cell))
        if cell not in listed:
            yield Difference(bucket=bucket, geofence_id=None, problem="unlisted")
        elif bucket[0] not in crowded and _is_empty(there.get(bucket, {})) and LISTED not in there.get(below, {}):
            yield Difference(bucket=bucket, geofence_id=None, problem="empty")


def _is_empty(first: Item) -> bool:
    return SHARDS not in first and not any("B" in stored for stored in first.values())


def _entries_of(geofence: Geofence) -> dict[Pair, bytes]:
    """The buckets in which a geofence is entered, and as what."""
    entry = pack_entry(geofence)
    cells = [keys.cell_key(geofence.tenant_id, cell, shard) for cell, shard in geofence.cells.items()]
    targets = [keys.entity_key(geofence.tenant_id, target) for target in geofence.assignments]
    return {keys.to_pair(key): entry for key in [*cells, *targets]}


def _size_of(bucket: Item) -> int:
    return sum(len(name) + len(stored["B"]) for name, stored in bucket.items() if "B" in stored)


def _key(pair: Pair) -> Key:
    return {"PK": {"S": pair[0]}, "SK": {"S": pair[1]}}
