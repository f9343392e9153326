"""The search for the nearest geofences: best first, over the lists of occupied cells.

Items that are not read yet wait in a queue, each with a lower bound of its distance: that of its cell's box. A
geofence is measured exactly only if the lower bound of its own box is near enough. The search ends when every item in
the queue is farther than the last geofence found. The result is exact: the cells of a geofence contain every position
that it covers, so a geofence whose boundary is some metres away has a cell that is no farther.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, nsmallest
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import SHARDS
from fencepost.geofences.spatial_index.entry import IndexEntry, list_entries
from fencepost.geofences.spatial_index.occupied_cells import list_occupied
from geo.cells import LIST_LEVELS, ROOT, Cell, list_cells_at, to_bounds
from geo.distance_bounds import make_lower_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.geofences.model import Geofence
    from geo.wgs84 import Position

    ReadItems = Callable[[Sequence[Key]], Mapping[tuple[str, str], Item]]
    ResolveReferences = Callable[[Sequence[IndexEntry]], Sequence[IndexEntry | Geofence]]

# The number of items that the first round after the position's own cells reads. It doubles with each round.
_FIRST_ROUND, _LARGEST_ROUND = 25, 96
_LISTS_AHEAD = 4
_REFERENCES_AT_ONCE = 25
_LIST = -1


class _QueuedItem(NamedTuple):
    """An item that is not read yet: a shard of a cell, or its list. Nothing in it is nearer than `lower_bound_m`."""

    lower_bound_m: float
    cell: Cell
    shard: int

    def to_key(self, tenant_id: str) -> Key:
        if self.shard == _LIST:
            return keys.cell_list_key(tenant_id, self.cell)
        return keys.cell_key(tenant_id, self.cell, self.shard)


def search_nearest(
    tenant_id: str,
    position: Position,
    count: int,
    accepts: Callable[[IndexEntry | Geofence], bool],
    read: ReadItems,
    resolve_references: ResolveReferences,
) -> list[tuple[float, IndexEntry | Geofence]]:
    """Return at most `count` accepted geofences, each with the metres to its boundary, nearest first, then by id.

    Args:
        tenant_id: The tenant that has the geofences.
        position: The position from which distances are measured.
        count: The largest number of geofences.
        accepts: Returns whether a geofence may be a result.
        read: Reads the items of some keys in one round trip.
        resolve_references: Returns entries with the geofences themselves in place of references.
    """
    search = _Search(tenant_id, position, count, accepts, resolve_references)
    own = list_cells_at(position)
    lists = (cell for cell in [*own, ROOT] if cell.level in LIST_LEVELS)
    batch = [*(_QueuedItem(0, cell, 0) for cell in own), *(_QueuedItem(0, cell, _LIST) for cell in lists)]
    search.queued.update((one.cell, one.shard) for one in batch)
    size = _FIRST_ROUND
    while batch:
        items = read([one.to_key(tenant_id) for one in batch])
        for one in batch:
            search.take_item(one, items.get(keys.to_pair(one.to_key(tenant_id)), {}))
        search.measure_entries()
        batch = search.take_batch(size)
        size = min(2 * size, _LARGEST_ROUND)
    return [(edge_distance_m, geofence) for edge_distance_m, _, geofence in search.nearest]


@dataclass
class _Search:
    tenant_id: str
    position: Position
    count: int
    accepts: Callable[[IndexEntry | Geofence], bool]
    resolve_references: ResolveReferences
    nearest: list[tuple[float, str, IndexEntry | Geofence]] = field(default_factory=list)
    """The accepted geofences that were measured, at most `count`, by distance and id."""
    queued: set[tuple[Cell, int]] = field(default_factory=set)
    """Every item that is or was in the queue."""
    _queue: list[_QueuedItem] = field(default_factory=list)
    _unmeasured: list[tuple[float, str, int]] = field(default_factory=list)
    """Entries by their lower bounds, each with its id and version."""
    _entries: dict[str, IndexEntry] = field(default_factory=dict)
    """The newest entry of each geofence, by id."""

    def __post_init__(self) -> None:
        self._measure_box_m = make_lower_bound(self.position)

    def take_item(self, read: _QueuedItem, item: Item) -> None:
        """Queue the further cells and shards that an item names, and take its entries."""
        if read.shard == _LIST:
            for cell in list_occupied(read.cell, item):
                self._add_items(cell, (0, _LIST) if cell.level in LIST_LEVELS else (0,))
            return
        for entry in list_entries(item):
            # A geofence is in several cells. Where a replica has an older version of it, the newest counts.
            older = self._entries.get(entry.id)
            if older is not None:
                if older.version >= entry.version:
                    continue
                self.nearest = [near for near in self.nearest if near[1] != entry.id]
            self._entries[entry.id] = entry
            lower_bound_m = entry.measure_lower_bound_m(self._measure_box_m)
            heappush(self._unmeasured, (lower_bound_m, entry.id, entry.version))
        if SHARDS in item:
            self._add_items(read.cell, range(1, int(item[SHARDS]["N"])))

    def take_batch(self, size: int) -> list[_QueuedItem]:
        """Return the next items to read, nearest first: none when nothing in the queue can be near enough."""
        batch: list[_QueuedItem] = []
        while self._queue and len(batch) < size and self._queue[0].lower_bound_m <= self._reach_m:
            batch.append(heappop(self._queue))
        # Lists that the round after this one will need, if this one finds little.
        reach_m = self._reach_m
        lists = (one for one in self._queue if one.shard == _LIST and one.lower_bound_m <= reach_m)
        ahead = nsmallest(_LISTS_AHEAD, lists)
        if ahead:
            self._queue = [one for one in self._queue if one not in ahead]
            heapify(self._queue)
        return [*batch, *ahead] if batch else []

    def measure_entries(self) -> None:
        """Measure every entry that may be near enough, lowest bound first; references last: they cost a read."""
        references: list[tuple[float, IndexEntry]] = []
        while self._unmeasured and self._unmeasured[0][0] <= self._reach_m:
            lower_bound_m, entry_id, version = heappop(self._unmeasured)
            entry = self._entries[entry_id]
            if entry.version != version:
                continue  # a newer one was read since
            if entry.is_reference:
                references.append((lower_bound_m, entry))
            else:
                self._measure(entry)
        while references and references[0][0] <= self._reach_m:
            near = [entry for bound_m, entry in references[:_REFERENCES_AT_ONCE] if bound_m <= self._reach_m]
            for geofence in self.resolve_references(near):
                self._measure(geofence)
            del references[:_REFERENCES_AT_ONCE]
        for lower_bound_m, entry in references:
            heappush(self._unmeasured, (lower_bound_m, entry.id, entry.version))

    @property
    def _reach_m(self) -> float:
        """The metres within which a geofence would still be among the nearest."""
        return self.nearest[-1][0] if len(self.nearest) == self.count else inf

    def _add_items(self, cell: Cell, shards: Iterable[int]) -> None:
        lower_bound_m = self._measure_box_m(to_bounds(cell))
        for shard in shards:
            if (cell, shard) not in self.queued:
                self.queued.add((cell, shard))
                heappush(self._queue, _QueuedItem(lower_bound_m, cell, shard))

    def _measure(self, geofence: IndexEntry | Geofence) -> None:
        edge_distance_m = geofence.shape.edge_distance_m(self.position)
        if edge_distance_m <= self._reach_m and self.accepts(geofence):
            insort(self.nearest, (edge_distance_m, geofence.id, geofence), key=lambda near: near[:2])
            del self.nearest[self.count :]
