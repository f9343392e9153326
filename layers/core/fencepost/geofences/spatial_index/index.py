"""The spatial index: buckets of cells in the table, from which a check reads the geofences that may cover a position.

A cell that has no room for one more entry gets a further shard. The first shard of a cell has the number of shards.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from fencepost.common.byte_cache import ByteBoundedCache
from fencepost.common.errors import ValidationFailed, VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import SHARDS, Transaction
from fencepost.geofences.errors import AreaTooDense
from fencepost.geofences.items import parse_geofence_item
from fencepost.geofences.spatial_index.entry import ENTRY_OFFSET, IndexEntry, list_entries, pack_entry, to_attribute
from fencepost.geofences.spatial_index.occupied_cells import CellListMissing, CellLists
from geo.cells import list_cells_at, list_cells_within
from geo.codec import find_near

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from fencepost.common.entity_ref import EntityRef
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence
    from fencepost.geofences.spatial_index.entry import VersionRef
    from geo.cells import Cell
    from geo.wgs84 import Position

# Geofences compared by their boxes, and then exactly. A function needs a second or two for either number.
MAX_COMPARED, MAX_NEAR = 1_500_000, 50_000
# A hundred round trips, one after the other.
MAX_CELLS_READ = 10_000
# BatchGetItem takes 100 keys, and returns at most 16 MB: a geofence of 10,000 vertices has up to 160 KB.
_VERSIONS_PER_CALL = 50
# Bytes of packed shapes. Unpacked and prepared they take some 8 times as much: a quarter of a function's memory.
_MAX_CACHED_VERSION_BYTES, _MAX_CACHED_ENTRY_BYTES = 32 * 2**20, 8 * 2**20


class CellFull(Exception):
    """The shard of a cell that a geofence was added to has no room for it, or was removed."""

    def __init__(self, tenant_id: str, cell: Cell, shard: int) -> None:
        super().__init__(f"{cell} {shard}")
        self.tenant_id, self.cell, self.shard = tenant_id, cell, shard


class SpatialIndex:
    """The index of all tenants. One instance per process: it caches entries, large geofences and shard counts."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # A version never changes: one that was read is not read again.
        self._versions: ByteBoundedCache[Geofence] = ByteBoundedCache(_MAX_CACHED_VERSION_BYTES)
        # Unpacked entries by the geofence's attribute. One is used as long as the bucket has the same bytes.
        self._entries: ByteBoundedCache[IndexEntry] = ByteBoundedCache(_MAX_CACHED_ENTRY_BYTES)
        # The number of shards of each cell that is known to have several.
        self._shards: dict[tuple[str, Cell], int] = {}
        # Shards that had no room once. If one has room again, an entry in it that grows moves needlessly, no more.
        self._full: set[tuple[str, Cell, int]] = set()
        self._lists = CellLists()

    # --- reads ---------------------------------------------------------------------------------------------------
    def find_near(
        self, tenant_id: str, positions: Sequence[Position], reach_m: float, *, consistent: bool
    ) -> list[list[IndexEntry | Geofence]]:
        """Return for each position the active geofences whose boxes come within reach of it.

        It takes one BatchGetItem for each hundred cells of all positions together, and one for further shards that
        this container does not know yet. One position without a reach has five cells.

        Raises:
            AreaTooDense: All positions together are among more geofences than a request has time for.
            GeometryError: The reach is over too many cells, close to a pole.
        """
        around = [
            list_cells_within(position, reach_m) if reach_m else list_cells_at(position) for position in positions
        ]
        cells = around[0] if len(around) == 1 else list(dict.fromkeys(chain.from_iterable(around)))
        if len(cells) > MAX_CELLS_READ:
            raise AreaTooDense(f"reach over more than {MAX_CELLS_READ:,} cells of the index")
        buckets = self._read_buckets(tenant_id, cells, consistent=consistent)
        near: list[list[IndexEntry]] = []
        compared = found = 0
        for position, cells in zip(positions, around, strict=True):
            shards = [bucket for cell in cells if cell in buckets for bucket in buckets[cell]]
            compared += sum([len(bucket) for bucket in shards])
            if compared > MAX_COMPARED:
                raise AreaTooDense(f"are among more than {MAX_COMPARED:,} geofences")
            entries = self._find_entries(shards, position, reach_m)
            found += len(entries)
            if found > MAX_NEAR:
                raise AreaTooDense(f"are among more than {MAX_NEAR:,} geofences")
            near.append(entries)
        if len(near) == 1:
            return [self._resolve_references(tenant_id, near[0])]
        resolved = iter(self._resolve_references(tenant_id, [entry for entries in near for entry in entries]))
        return [list(islice(resolved, len(entries))) for entries in near]

    def find_nearest(
        self,
        tenant_id: str,
        position: Position,
        count: int,
        accepts: Callable[[IndexEntry | Geofence], bool],
        *,
        consistent: bool,
    ) -> list[tuple[float, IndexEntry | Geofence]]:
        """Return the nearest active geofences that are accepted, each with the metres to its boundary.

        They are sorted by these metres, then by id.
        """
        from fencepost.geofences.spatial_index.nearest_search import search_nearest

        read = partial(self._table.batch_get, consistent=consistent)
        return search_nearest(tenant_id, position, count, accepts, read, partial(self._resolve_references, tenant_id))

    def read_assigned(
        self, tenant_id: str, buckets: Iterable[tuple[EntityRef, Item]]
    ) -> list[tuple[EntityRef, IndexEntry | Geofence]]:
        """Return the geofences assigned to directory entities whose items were read already, in their order."""
        indexed = [(target, entry) for target, bucket in buckets for entry in list_entries(bucket)]
        geofences = self._resolve_references(tenant_id, [entry for _, entry in indexed])
        return [(target, geofence) for (target, _), geofence in zip(indexed, geofences, strict=True)]

    def _read_buckets(self, tenant_id: str, cells: Sequence[Cell], *, consistent: bool) -> dict[Cell, list[Item]]:
        """Return the buckets of each cell that has any: the first shard, then the further ones."""
        first = keys.cell_keys(tenant_id, cells)
        known = [key for cell in cells for key in self._list_further_shards(tenant_id, cell)] if self._shards else []
        items = self._table.batch_get([*first, *known], consistent=consistent)
        found: dict[Cell, list[Item]] = {}
        sharded: list[Cell] = []
        unread: list[Key] = []
        for cell, key in zip(cells, first, strict=True):
            bucket = items.get((key["PK"]["S"], key["SK"]["S"]))
            if bucket is not None:
                found[cell] = [bucket]
                if SHARDS in bucket:
                    sharded.append(cell)
                    unread += self._update_shards(tenant_id, cell, bucket)
        if unread:
            items |= self._table.batch_get(unread, consistent=consistent)
        for cell in sharded:
            pairs = map(keys.to_pair, self._list_further_shards(tenant_id, cell))
            found[cell] += [items[pair] for pair in pairs if pair in items]
        return found

    def _find_entries(self, buckets: Iterable[Item], position: Position, reach_m: float) -> list[IndexEntry]:
        """Return the entries whose boxes come within reach of the position, once each.

        A check spends its time here, on every geofence of five cells: it unpacks only what it needs to reject one.
        """
        packed = [(name, stored["B"]) for bucket in buckets for name, stored in bucket.items() if "B" in stored]
        near: list[IndexEntry] = []
        for name, data in find_near(position, reach_m, packed, ENTRY_OFFSET):
            entry = self._entries[name]
            if entry is None or entry.data != data:
                entry = IndexEntry(name, data)
                self._entries.put(name, entry, len(data))
            near.append(entry)
        # The cells of one position are of different levels, and a geofence is indexed at one.
        return list({entry.attribute: entry for entry in near}.values()) if reach_m > 0 else near

    def _resolve_references(self, tenant_id: str, entries: Sequence[IndexEntry]) -> list[IndexEntry | Geofence]:
        """Return the entries, with the geofence itself in place of each reference.

        It takes one more round trip for fifty references that this container has not cached.
        """
        full: dict[VersionRef, Geofence] = {}
        unread: dict[VersionRef, IndexEntry] = {}
        for entry in entries:
            if entry.is_reference:
                cached = self._versions[entry.version_ref]
                if cached is None:
                    unread[entry.version_ref] = entry
                else:
                    full[entry.version_ref] = cached
        for start in range(0, len(unread), _VERSIONS_PER_CALL):
            some = list(unread.values())[start : start + _VERSIONS_PER_CALL]
            versions = [keys.geofence_version_key(tenant_id, entry.id, entry.version) for entry in some]
            # Consistent, for an entry may be a moment newer than a replica's copy of its version.
            for item in self._table.batch_get(versions, consistent=True).values():
                geofence = parse_geofence_item(item)
                ref = to_attribute(geofence.id), geofence.version
                full[ref] = geofence
                self._versions.put(ref, geofence, len(item["shape"]["B"]) + len(item["action"]["S"]))
        return [full[entry.version_ref] if entry.is_reference else entry for entry in entries]

    # --- writes --------------------------------------------------------------------------------------------------
    def add_to_index(self, transaction: Transaction, geofence: Geofence, cells_before: Collection[Cell] = ()) -> None:
        """Add the entries of a geofence to a transaction.

        The transaction fails with `CellFull`, `CellListMissing`, or `ValidationFailed` for an assignment whose target
        does not exist or has no room.
        """
        name, entry = to_attribute(geofence.id), pack_entry(geofence)
        for cell, shard in geofence.cells.items():
            full = CellFull(geofence.tenant_id, cell, shard)
            bucket = keys.cell_key(geofence.tenant_id, cell, shard)
            # Where it was before, and where there are further shards, the first shard exists, and so is listed.
            may_be_first = shard == 0 and cell not in cells_before
            is_cached = self._lists.is_cached(bucket)
            transaction.set_bucket_entry(bucket, name, entry, full, must_exist=may_be_first and is_cached)
            if may_be_first and not is_cached:
                transaction.new_keys += [bucket, *self._lists.add_to_lists(transaction, geofence.tenant_id, cell)]
        for n, target in enumerate(geofence.assignments):
            refused = ValidationFailed.field(
                f"assignments[{n}]",
                f"there is no {target.target_id} in {target.target_table}, or too many geofences are assigned to it",
            )
            bucket = keys.entity_key(geofence.tenant_id, target)
            transaction.set_bucket_entry(bucket, name, entry, refused, must_exist=True)

    def remove_from_index(self, transaction: Transaction, geofence: Geofence) -> None:
        """Add the removal of a geofence's entries to a transaction."""
        name, entry = to_attribute(geofence.id), pack_entry(geofence)
        for cell, shard in geofence.cells.items():
            transaction.remove_bucket_entry(keys.cell_key(geofence.tenant_id, cell, shard), name, entry)
        for target in geofence.assignments:
            transaction.remove_bucket_entry(keys.entity_key(geofence.tenant_id, target), name, entry)

    def assign_shards(self, geofence: Geofence, before: Mapping[Cell, int]) -> Geofence:
        """Return the geofence with a shard for each cell: the one where it is, else the last one that is open.

        An entry that has grown too large for its shard moves.
        """
        tenant_id = geofence.tenant_id
        cells = {}
        for cell in geofence.cells:
            shard = before.get(cell)
            if shard is None or (tenant_id, cell, shard) in self._full:
                shard = self._find_last_shard(tenant_id, cell)
            cells[cell] = shard
        return replace(geofence, cells=cells)

    def count_list_writes(self, tenant_id: str, cells: Iterable[Cell]) -> int:
        """Return the largest number of actions that list these cells as occupied."""
        return self._lists.count_writes(tenant_id, cells)

    def remember_written(self, transaction: Transaction) -> None:
        """Cache that the buckets and lists which a written transaction opened are there."""
        self._lists.remember(transaction.new_keys)

    def handle_failure(self, failure: CellFull | CellListMissing) -> None:
        """Prepare the next attempt of a transaction: open a further shard of the cell, or evict the list."""
        if isinstance(failure, CellListMissing):
            self._lists.evict(failure.key)
            return
        tenant_id, cell = failure.tenant_id, failure.cell
        self._full.add((tenant_id, cell, failure.shard))
        if failure.shard != self._find_last_shard(tenant_id, cell):
            return
        first = self._table.get(keys.cell_key(tenant_id, cell))
        if first is None:
            self._lists.evict(keys.cell_key(tenant_id, cell))
        elif not self._update_shards(tenant_id, cell, first):
            self._open_next_shard(tenant_id, cell)

    def _find_last_shard(self, tenant_id: str, cell: Cell) -> int:
        return self._shards.get((tenant_id, cell), 1) - 1

    def _list_further_shards(self, tenant_id: str, cell: Cell) -> list[Key]:
        return [keys.cell_key(tenant_id, cell, n) for n in range(1, self._shards.get((tenant_id, cell), 1))]

    def _open_next_shard(self, tenant_id: str, cell: Cell) -> None:
        """Raise the number of shards in the first one. Entries go to the next one afterwards: no check misses it."""
        count = self._shards.get((tenant_id, cell), 1) + 1
        transaction = Transaction()
        transaction.update(
            keys.cell_key(tenant_id, cell),
            VersionMismatch(),
            UpdateExpression="SET #shards = :count",
            ConditionExpression="attribute_exists(PK) AND (attribute_not_exists(#shards) OR #shards < :count)",
            ExpressionAttributeNames={"#shards": SHARDS},
            ExpressionAttributeValues={":count": {"N": str(count)}},
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return  # another container was faster: the next attempt reads what it wrote
        self._shards[tenant_id, cell] = count

    def _update_shards(self, tenant_id: str, cell: Cell, first: Item) -> list[Key]:
        """Cache the number of shards that the first one has, and return the keys of those that were not known."""
        known = self._shards.get((tenant_id, cell), 1)
        count = int(first[SHARDS]["N"]) if SHARDS in first else 1
        if count <= known:
            return []
        self._shards[tenant_id, cell] = count
        return [keys.cell_key(tenant_id, cell, n) for n in range(known, count)]
