"""The part of the table that a check reads, in memory: items in the form of botocore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.read_units import count_item_bytes, count_read_units
from fencepost.dynamodb import keys
from fencepost.dynamodb.keys import Key
from fencepost.dynamodb.serializer import Item
from fencepost.dynamodb.transaction import BYTES, MAX_BUCKET_BYTES
from geo.cells import Cell, list_cells_at
from geo.wgs84 import Position

TENANT = "demo"
_SHARDS = "shards"


class MemoryTable:
    def __init__(self, items: dict[tuple[str, str], Item] | None = None) -> None:
        self.items = items if items is not None else {}

    def batch_get(self, requested: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        pairs = map(keys.to_pair, requested)
        return {pair: self.items[pair] for pair in pairs if pair in self.items}

    def put(self, item: Item) -> None:
        self.items[keys.to_pair(item)] = item

    def add_to_index(self, cells: Iterable[Cell], name: str, entry: bytes) -> None:
        """Add a geofence to its cells, and to the next shard of a full cell, as the index does."""
        value = {"B": entry}
        for cell in cells:
            first = self._bucket(cell, 0)
            shard = int(first[_SHARDS]["N"]) - 1 if _SHARDS in first else 0
            bucket = self._bucket(cell, shard)
            size = int(bucket[BYTES]["N"]) + len(name) + len(entry)
            if size > MAX_BUCKET_BYTES:
                shard, size = shard + 1, len(name) + len(entry)
                first[_SHARDS] = {"N": str(shard + 1)}
                bucket = self._bucket(cell, shard)
            bucket[name] = value
            bucket[BYTES] = {"N": str(size)}

    def copy(self) -> MemoryTable:
        """Return an independent copy."""
        return MemoryTable({pair: dict(item) for pair, item in self.items.items()})

    def _bucket(self, cell: Cell, shard: int) -> Item:
        key = keys.cell_key(TENANT, cell, shard)
        return self.items.setdefault(keys.to_pair(key), {**key, BYTES: {"N": "0"}})


class ReceivedTable(MemoryTable):
    """The same items, which a read returns as the client creates them from a response: all objects are new."""

    def __init__(self, table: MemoryTable) -> None:
        super().__init__(table.items)
        self._response: list[Item] | None = None

    def receive(self, position: Position) -> None:
        """Prepare the response to the next read, which must be that of this position's cells."""
        first = super().batch_get([keys.cell_key(TENANT, cell) for cell in list_cells_at(position)])
        more = [
            keys.cell_key(TENANT, keys.parse_cell(TENANT, partition), shard)
            for (partition, _), item in first.items()
            for shard in range(1, int(item.get(_SHARDS, {"N": "1"})["N"]))
        ]
        self._response = [_copy_item(item) for item in (first | super().batch_get(more)).values()]

    def batch_get(self, requested: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        if self._response is None:
            return super().batch_get(requested)
        response, self._response = self._response, None
        found = {}
        for item in response:
            found[item["PK"]["S"], item["SK"]["S"]] = item
        return found


def _copy_item(item: Item) -> Item:
    """Copy an item with all its parts.

    >>> _copy_item({"name": {"B": b"1"}, "bytes": {"N": "2"}})
    {'name': {'B': b'1'}, 'bytes': {'N': '2'}}
    """
    return {
        "".join([*name]): {kind: bytes(bytearray(value)) if kind == "B" else value for kind, value in stored.items()}
        for name, stored in item.items()
    }


@dataclass
class ReadCounts:
    """What was read: read units, bytes, calls, index entries, and items that are not cells."""

    units: float = 0
    bytes: int = 0
    calls: int = 0
    entries: int = 0
    versions: int = 0


class CountingTable(MemoryTable):
    """The same items, with counts of what is read."""

    def __init__(self, table: MemoryTable) -> None:
        super().__init__(table.items)
        self.counts = ReadCounts()

    def batch_get(self, requested: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        found = super().batch_get(requested, consistent=consistent)
        counts = self.counts
        counts.units += count_read_units(found.values(), len(requested) - len(found), consistent=consistent)
        counts.bytes += sum(map(count_item_bytes, found.values()))
        counts.calls += -(-len(requested) // 100)
        for item in found.values():
            if BYTES in item:
                counts.entries += sum("B" in value for value in item.values())
            else:
                counts.versions += 1
        return found

    def take_counts(self) -> ReadCounts:
        """Return the counts and start again at zero."""
        counts, self.counts = self.counts, ReadCounts()
        return counts
