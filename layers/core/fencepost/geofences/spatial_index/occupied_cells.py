"""Which cells are occupied: lists that tell a search for the nearest where there is anything at all.

A cell is listed in another some levels above it, that one in its turn, up to the root: whoever looks for what is
near reads a list instead of trying thousands of cells. A list is one set of three bytes a cell, which is added to
without reading it first.

The rule: a cell whose first shard or whose own list exists is listed above. It holds because of conditions. Who
enters something in a cell that he does not know puts it on the lists in the same transaction; who knows the cell to
be listed has the condition that its first shard is still there. Nothing comes off a list in daily work, save by the
operator's rebuild, which takes the cell, its first shard and its own list away at once and only where they are empty.
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

# Some megabytes of a container's memory; those that are forgotten are listed once more.
_MAX_KNOWN = 20_000


class ListGone(Exception):
    """The list of a cell that was known to have one is not there."""

    def __init__(self, tenant_id: str, cell: Cell) -> None:
        super().__init__(str(cell))
        self.key = keys.cell_list_key(tenant_id, cell)


class CellLists:
    """What a container knows of the lists: the first shards and the lists that are there, and so are listed."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def knows(self, key: Key) -> bool:
        return keys.to_pair(key) in self._known

    def forget(self, key: Key) -> None:
        self._known.discard(keys.to_pair(key))

    def learn(self, there: Iterable[Key]) -> None:
        """These first shards and lists are there, and listed: their transaction was written."""
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        self._known.update(map(keys.to_pair, there))

    def listing(self, transaction: Transaction, tenant_id: str, cell: Cell) -> list[Key]:
        """Put a cell on the list above it, and so on up to a list that is known; what is there afterwards."""
        there = []
        while cell != ROOT:
            above = find_listing_cell(cell)
            key = keys.cell_list_key(tenant_id, above)
            is_known = self.knows(key)
            transaction.add_to_list(key, element_of(cell), ListGone(tenant_id, above), must_exist=is_known)
            there.append(key)
            if is_known:
                break
            cell = above
        return there

    def lists_for(self, tenant_id: str, cells: Iterable[Cell]) -> int:
        """How many lists it takes to enter something in the first shards of these cells."""
        transaction = Transaction()
        for cell in cells:
            if not self.knows(keys.cell_key(tenant_id, cell)):
                self.listing(transaction, tenant_id, cell)
        return len(transaction)


def element_of(cell: Cell) -> bytes:
    """A cell as the list above it names it: how many levels down, how far east and north there.

    >>> element_of(Cell(15, 7487, 10946)), element_of(Cell(3, 1, 2))
    (b'\\x06?\\x02', b'\\x03\\x01\\x02')
    """
    above = find_listing_cell(cell)
    down = cell.level - above.level
    return bytes((down, cell.x - (above.x << down), cell.y - (above.y << down)))


def cells_listed(above: Cell, item: Item) -> Iterator[Cell]:
    """The cells that the list of a cell names.

    >>> [str(cell) for cell in cells_listed(Cell(9, 116, 171), {"listed": {"BS": [b"\\x06?\\x02"]}})]
    ['15.7487.10946']
    """
    for down, east, north in item.get(LISTED, {}).get("BS", ()):
        yield Cell(above.level + down, (above.x << down) + east, (above.y << down) + north)
