"""The table in memory, as far as a check reads it: the packed buckets, as botocore gives items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.read_units import item_bytes, read_units
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

    def batch_get(self, wanted: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        pairs = map(keys.pair, wanted)
        return {pair: self.items[pair] for pair in pairs if pair in self.items}

    def put(self, item: Item) -> None:
        self.items[keys.pair(item)] = item

    def enter(self, cells: Iterable[Cell], name: str, entry: bytes) -> None:
        """Enter a geofence in its cells, and in the next shard of one that is full, as the store does."""
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
        """As it is now: what is entered later in the one is not in the other."""
        return MemoryTable({pair: dict(item) for pair, item in self.items.items()})

    def _bucket(self, cell: Cell, shard: int) -> Item:
        key = keys.cell(TENANT, cell, shard)
        return self.items.setdefault(keys.pair(key), {**key, BYTES: {"N": "0"}})


class ReceivedTable(MemoryTable):
    """The same items, but the answer for a position's cells as a client has just made it: new objects all over."""

    def __init__(self, table: MemoryTable) -> None:
        super().__init__(table.items)
        self._answer: list[Item] | None = None

    def receive(self, position: Position) -> None:
        """The next read is the one of this position's cells, and is answered already."""
        first = super().batch_get([keys.cell(TENANT, cell) for cell in list_cells_at(position)])
        more = [
            keys.cell(TENANT, keys.cell_of(TENANT, partition), shard)
            for (partition, _), item in first.items()
            for shard in range(1, int(item.get(_SHARDS, {"N": "1"})["N"]))
        ]
        self._answer = [_copy(item) for item in (first | super().batch_get(more)).values()]

    def batch_get(self, wanted: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        """As the table makes it of its client's answer."""
        if self._answer is None:
            return super().batch_get(wanted)
        answer, self._answer = self._answer, None
        found = {}
        for item in answer:
            found[item["PK"]["S"], item["SK"]["S"]] = item
        return found


def _copy(item: Item) -> Item:
    """
    >>> _copy({"name": {"B": b"1"}, "bytes": {"N": "2"}})
    {'name': {'B': b'1'}, 'bytes': {'N': '2'}}
    """
    return {
        "".join([*name]): {kind: bytes(bytearray(value)) if kind == "B" else value for kind, value in stored.items()}
        for name, stored in item.items()
    }


@dataclass
class Read:
    """What has been read since: read units, bytes, calls, entries of cells, and items that are no cells."""

    units: float = 0
    bytes: int = 0
    calls: int = 0
    entries: int = 0
    versions: int = 0


class CountingTable(MemoryTable):
    """The same items, and what their reading takes."""

    def __init__(self, table: MemoryTable) -> None:
        super().__init__(table.items)
        self.read = Read()

    def batch_get(self, wanted: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        found = super().batch_get(wanted, consistent=consistent)
        read = self.read
        read.units += read_units(found.values(), len(wanted) - len(found), consistent=consistent)
        read.bytes += sum(map(item_bytes, found.values()))
        read.calls += -(-len(wanted) // 100)
        for item in found.values():
            if BYTES in item:
                read.entries += sum("B" in value for value in item.values())
            else:
                read.versions += 1
        return found

    def taken(self) -> Read:
        """What was read since this was last asked."""
        read, self.read = self.read, Read()
        return read
