"""Lists of occupied cells, which lead a search for the nearest geofences to where there are any.

Each cell is listed in a cell some levels above it, and that one in turn, up to the root. A search reads these lists
instead of trying thousands of cells. A list is a set of three bytes per cell, so a cell is added without a read.

The invariant: a cell whose first shard or whose own list exists is on the list above it. Conditions ensure it. A
writer that does not have the cell in its cache puts it on the lists in the same transaction. A writer that has it
there writes under the condition that the first shard still exists. Only the operator's rebuild removes a cell from a
list: in one transaction with its first shard and its own list, and only if all of them are empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import LISTED, Transaction
from geo.cells import ROOT, Cell, find_listing_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item

# Some megabytes of memory. An evicted cell is put on its lists once more, which changes nothing.
_MAX_CACHED = 20_000


class CellListMissing(Exception):
    """The list of a cell, which this container has cached, does not exist."""

    def __init__(self, tenant_id: str, cell: Cell) -> None:
        super().__init__(str(cell))
        self.key = keys.cell_list_key(tenant_id, cell)


class CellLists:
    """The lists of occupied cells, with a cache of the first shards and lists that are known to exist."""

    def __init__(self) -> None:
        self._cached: set[tuple[str, str]] = set()

    def is_cached(self, key: Key) -> bool:
        return keys.to_pair(key) in self._cached

    def evict(self, key: Key) -> None:
        self._cached.discard(keys.to_pair(key))

    def remember(self, written: Iterable[Key]) -> None:
        """Cache first shards and lists whose transaction was written."""
        if len(self._cached) > _MAX_CACHED:
            self._cached.clear()
        self._cached.update(map(keys.to_pair, written))

    def add_to_lists(self, transaction: Transaction, tenant_id: str, cell: Cell) -> list[Key]:
        """Put a cell on the list above it, and so on up to a cached list. Return the lists that exist afterwards."""
        written = []
        while cell != ROOT:
            above = find_listing_cell(cell)
            key = keys.cell_list_key(tenant_id, above)
            is_cached = self.is_cached(key)
            transaction.add_to_list(key, to_element(cell), CellListMissing(tenant_id, above), must_exist=is_cached)
            written.append(key)
            if is_cached:
                break
            cell = above
        return written

    def count_writes(self, tenant_id: str, cells: Iterable[Cell]) -> int:
        """Return the number of lists to write when the first shards of these cells get entries."""
        transaction = Transaction()
        for cell in cells:
            if not self.is_cached(keys.cell_key(tenant_id, cell)):
                self.add_to_lists(transaction, tenant_id, cell)
        return len(transaction)


def to_element(cell: Cell) -> bytes:
    r"""Return a cell as an element of the list above it: levels down, columns east, rows north.

    >>> to_element(Cell(15, 7487, 10946)), to_element(Cell(3, 1, 2))
    (b'\x06?\x02', b'\x03\x01\x02')
    """
    above = find_listing_cell(cell)
    down = cell.level - above.level
    return bytes((down, cell.x - (above.x << down), cell.y - (above.y << down)))


def list_occupied(above: Cell, item: Item) -> Iterator[Cell]:
    r"""Yield the cells on the list of a cell.

    >>> [str(cell) for cell in list_occupied(Cell(9, 116, 171), {"listed": {"BS": [b"\x06?\x02"]}})]
    ['15.7487.10946']
    """
    for down, east, north in item.get(LISTED, {}).get("BS", ()):
        yield Cell(above.level + down, (above.x << down) + east, (above.y << down) + north)
