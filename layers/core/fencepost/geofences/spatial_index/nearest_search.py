"""The search for the nearest geofences: best first, over the lists of occupied cells.

What is still to be read waits with a lower bound of its distance, which is that of its cell's box; a geofence is
measured exactly only where the bound of its own box leaves a chance. The search ends when whatever waits is farther
than the last one that is wanted. That is exact: the cells of a geofence hold every position that it covers, so one
whose boundary is so many metres away has a cell that is no farther.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, nsmallest
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import SHARDS
from fencepost.geofences.spatial_index.entry import IndexEntry, entries_of
from fencepost.geofences.spatial_index.occupied_cells import cells_listed
from geo.cells import LIST_LEVELS, ROOT, Cell, list_cells_at, to_bounds
from geo.distance_bounds import make_lower_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.geofences.model import Geofence
    from geo.wgs84 import Position

    Read = Callable[[Sequence[Key]], Mapping[tuple[str, str], Item]]
    InFull = Callable[[Sequence[IndexEntry]], Sequence[IndexEntry | Geofence]]

# So many items the first round after the position's own cells reads, and twice as many each further one.
_FIRST_ROUND, _LARGEST_ROUND = 25, 96
_LISTS_AHEAD = 4
_BIG_AT_ONCE = 25
_LIST = -1


class _Waiting(NamedTuple):
    """An item to be read: a shard of a cell, or its list. Nothing in it is nearer than `least_m`."""

    least_m: float
    cell: Cell
    shard: int

    def key(self, tenant_id: str) -> Key:
        if self.shard == _LIST:
            return keys.cell_list_key(tenant_id, self.cell)
        return keys.cell_key(tenant_id, self.cell, self.shard)


def found(
    tenant_id: str,
    position: Position,
    count: int,
    is_wanted: Callable[[IndexEntry | Geofence], bool],
    read: Read,
    in_full: InFull,
) -> list[tuple[float, IndexEntry | Geofence]]:
    """At most `count` geofences that are wanted, each with the metres to its boundary, nearest first, then by id.

    :param read: the items of some keys, in one round trip
    :param in_full: entries as they are, the big ones read in full
    """
    search = _Search(tenant_id, position, count, is_wanted, in_full)
    own = list_cells_at(position)
    lists = (cell for cell in [*own, ROOT] if cell.level in LIST_LEVELS)
    wanted = [*(_Waiting(0, cell, 0) for cell in own), *(_Waiting(0, cell, _LIST) for cell in lists)]
    search.seen.update((one.cell, one.shard) for one in wanted)
    size = _FIRST_ROUND
    while wanted:
        items = read([one.key(tenant_id) for one in wanted])
        for one in wanted:
            search.take(one, items.get(keys.to_pair(one.key(tenant_id)), {}))
        search.measure()
        wanted = search.next(size)
        size = min(2 * size, _LARGEST_ROUND)
    return [(edge_distance_m, geofence) for edge_distance_m, _, geofence in search.nearest]


@dataclass
class _Search:
    tenant_id: str
    position: Position
    count: int
    is_wanted: Callable[[IndexEntry | Geofence], bool]
    in_full: InFull
    nearest: list[tuple[float, str, IndexEntry | Geofence]] = field(default_factory=list)
    """What was measured and is wanted, at most `count`, by distance and id."""
    seen: set[tuple[Cell, int]] = field(default_factory=set)
    _waiting: list[_Waiting] = field(default_factory=list)
    _entries: list[tuple[float, str, int]] = field(default_factory=list)
    """Entries to be measured, by their bounds; each is known by its id, and by its version among those seen."""
    _known: dict[str, IndexEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._least_m = make_lower_bound(self.position)

    def take(self, read: _Waiting, item: Item) -> None:
        """What an item that was read tells: further cells, or geofences and further shards."""
        if read.shard == _LIST:
            for cell in cells_listed(read.cell, item):
                self._wait_for(cell, (0, _LIST) if cell.level in LIST_LEVELS else (0,))
            return
        for entry in entries_of(item):
            self._take(entry)
        if SHARDS in item:
            self._wait_for(read.cell, range(1, int(item[SHARDS]["N"])))

    def next(self, size: int) -> list[_Waiting]:
        """The next items to be read, nearest first: none when nothing that waits can still be near enough."""
        some: list[_Waiting] = []
        while self._waiting and len(some) < size and self._waiting[0].least_m <= self._reach_m:
            some.append(heappop(self._waiting))
        # Lists that will be wanted in the round after this one, where little is found in it.
        ahead = nsmallest(_LISTS_AHEAD, (one for one in self._waiting if self._is_list_within_reach(one)))
        if ahead:
            self._waiting = [one for one in self._waiting if one not in ahead]
            heapify(self._waiting)
        return [*some, *ahead] if some else []

    def _is_list_within_reach(self, one: _Waiting) -> bool:
        return one.shard == _LIST and one.least_m <= self._reach_m

    def measure(self) -> None:
        """Measure every entry that may be near enough, nearest bound first; the big ones last: they cost a read."""
        big: list[tuple[float, IndexEntry]] = []
        while self._entries and self._entries[0][0] <= self._reach_m:
            least_m, entry_id, version = heappop(self._entries)
            entry = self._known[entry_id]
            if entry.version != version:
                continue  # a newer one was met since
            if entry.is_big:
                big.append((least_m, entry))
            else:
                self._measure(entry)
        while big and big[0][0] <= self._reach_m:
            near = [entry for least_m, entry in big[:_BIG_AT_ONCE] if least_m <= self._reach_m]
            for geofence in self.in_full(near):
                self._measure(geofence)
            del big[:_BIG_AT_ONCE]
        for least_m, entry in big:
            heappush(self._entries, (least_m, entry.id, entry.version))

    @property
    def _reach_m(self) -> float:
        """How far away something may be and still be among the nearest."""
        return self.nearest[-1][0] if len(self.nearest) == self.count else inf

    def _wait_for(self, cell: Cell, shards: Iterable[int]) -> None:
        least_m = self._least_m(to_bounds(cell))
        for shard in shards:
            if (cell, shard) not in self.seen:
                self.seen.add((cell, shard))
                heappush(self._waiting, _Waiting(least_m, cell, shard))

    def _take(self, entry: IndexEntry) -> None:
        """A geofence stands in several cells; where a replica tells an older version of it, the newest counts."""
        known = self._known.get(entry.id)
        if known is not None and known.version >= entry.version:
            return
        if known is not None:
            self.nearest = [near for near in self.nearest if near[1] != entry.id]
        self._known[entry.id] = entry
        heappush(self._entries, (entry.least_m(self._least_m), entry.id, entry.version))

    def _measure(self, geofence: IndexEntry | Geofence) -> None:
        edge_distance_m = geofence.shape.edge_distance_m(self.position)
        if edge_distance_m <= self._reach_m and self.is_wanted(geofence):
            insort(self.nearest, (edge_distance_m, geofence.id, geofence), key=lambda near: near[:2])
            del self.nearest[self.count :]
