"""Geofences in the table: each change moves the geofence, its name, its versions and its index in one transaction."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from fencepost.common.byte_cache import ByteBoundedCache
from fencepost.common.errors import ServiceBusy, ValidationFailed, VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.outbox import to_event_item
from fencepost.dynamodb.transaction import COUNT, LIMIT, MAX_ACTIONS, ROOM, SHARDS, Transaction
from fencepost.geofences.errors import AreaTooDense, NameTaken, QuotaReached
from fencepost.geofences.items import geofence_item, geofence_of, version_item
from fencepost.geofences.model import Version
from fencepost.geofences.spatial_index.entry import IndexEntry, attribute_of, entries_near, entries_of, pack_entry
from fencepost.geofences.spatial_index.occupied_cells import CellLists, ListGone
from fencepost.geofences.tag_repository import TagRepository
from geo.cells import list_cells_at, list_cells_within

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from fencepost.common.entity_ref import EntityRef
    from fencepost.common.events import Event
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence
    from fencepost.geofences.spatial_index.entry import VersionRef
    from geo.cells import Cell
    from geo.wgs84 import Position


# Geofences looked at by their boxes, and then exactly: what takes a function a second or two.
MAX_LOOKED_AT, MAX_NEAR = 1_500_000, 50_000
# A hundred round trips, one after the other.
MAX_CELLS_READ = 10_000
# BatchGetItem takes 100 keys, and answers at most 16 MB: a geofence of 10,000 vertices has up to 160 KB.
_BATCH = 50
# Of packed shapes. Unpacked and prepared they take some 8 times as much: a quarter of a function's memory.
_MAX_KEPT_BYTES, _MAX_KEPT_ENTRIES_BYTES = 32 * 2**20, 8 * 2**20


_MAX_SHARDS = 1_000


class _NoRoom(Exception):
    """The tenant has as many geofences as it may."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(tenant_id)
        self.tenant_id = tenant_id


class _NumberTaken(Exception):
    """The number that was drawn for a new geofence is another's."""


class _CellFull(Exception):
    """The shard of a cell in which a geofence was to be entered has no room for it, or is gone."""

    def __init__(self, tenant_id: str, cell: Cell, shard: int) -> None:
        super().__init__(f"{cell} {shard}")
        self.tenant_id, self.cell, self.shard = tenant_id, cell, shard


def _draw_number() -> int:
    """Positive and of 31 bits, as other vocabularies expect of an id. A counter would make all creates one queue."""
    return secrets.randbelow(2**31 - 1) + 1


class DynamoDBGeofenceRepository:
    """The geofences of all tenants; every method takes the tenant from the caller's principal."""

    def __init__(self, table: Table, draw_number: Callable[[], int] = _draw_number) -> None:
        self._table = table
        self._draw_number = draw_number
        # A version never changes: what was read once need not be read again.
        self._versions: ByteBoundedCache[Geofence] = ByteBoundedCache(_MAX_KEPT_BYTES)
        # Entries as they were unpacked, by the geofence's attribute: as long as the bytes are the same.
        self._entries: ByteBoundedCache[IndexEntry] = ByteBoundedCache(_MAX_KEPT_ENTRIES_BYTES)
        # How many shards a crowded cell is known to have; a cell that is not here has one.
        self._shards: dict[tuple[str, Cell], int] = {}
        # Shards that had no room once. One that has some again is merely not used for what stands in it and grows.
        self._full: set[tuple[str, Cell, int]] = set()
        self._lists = CellLists()
        self._tags = TagRepository(table)

    def get(self, tenant_id: str, geofence_id: str) -> Geofence | None:
        item = self._table.get(keys.geofence_key(tenant_id, geofence_id))
        return geofence_of(item) if item else None

    def newest_first(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Geofence], bool]:
        """At most `limit` geofences older than `after` (creation time, id), and whether there are more. One Query."""
        start = {"ExclusiveStartKey": self._list_key(tenant_id, *after)} if after else {}
        items, has_more = self._table.query_page(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.geofence_list_partition(tenant_id)}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return [geofence_of(item) for item in items], has_more

    def version(self, tenant_id: str, geofence_id: str, number: int) -> Version | None:
        item = self._table.get(keys.geofence_version_key(tenant_id, geofence_id, number))
        return _version_of(item) if item else None

    def versions(self, tenant_id: str, geofence_id: str, before: int | None) -> Iterator[Version]:
        """The versions that there were, those of a deleted geofence too, newest first; only those below `before`."""
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
        return map(_version_of, items)

    def know_tags(self, tenant_id: str, tags: Sequence[str]) -> None:
        """See to it that each tag has a number. Raises Invalid where there are too many."""
        self._tags.know(tenant_id, tags)

    def tag_names(self, tenant_id: str) -> list[str]:
        return self._tags.names(tenant_id)

    def add(self, geofence: Geofence, event: Event) -> Geofence:
        """The geofence with its number.

        Raises NameTaken, QuotaReached, or Invalid where an assignment's target does not exist.
        """
        added = geofence

        def building() -> Transaction:
            nonlocal added
            transaction = Transaction()
            added = self.adding(transaction, geofence, event)
            return transaction

        self._tags.know(geofence.tenant_id, geofence.tags)
        self.write(building)
        return added

    def adding(self, transaction: Transaction, geofence: Geofence, event: Event) -> Geofence:
        """Put all that a new geofence writes into a transaction, which `write` then has to build."""
        geofence = self._placed(replace(geofence, number=self._draw_number()), {})
        transaction.create(geofence_item(geofence), VersionMismatch())
        transaction.put(version_item(geofence))
        self._claim_name(transaction, geofence)
        number = keys.geofence_number_key(geofence.tenant_id, geofence.number)
        transaction.create(number | {"geofenceId": {"S": geofence.id}}, _NumberTaken())
        transaction.add_to_count(keys.quota_key(geofence.tenant_id), 1, _NoRoom(geofence.tenant_id))
        transaction.put(to_event_item(event))
        self._enter(transaction, geofence)
        return geofence

    def replace(self, before: Geofence, after: Geofence, event: Event) -> None:
        """Raises VersionMismatch when `before` is no longer current, NameTaken, or Invalid as `add` does."""

        def building() -> Transaction:
            placed = self._placed(after, before.cells)
            transaction = Transaction()
            transaction.replace(geofence_item(placed), before.version, VersionMismatch())
            transaction.put(version_item(placed))
            if after.name_key != before.name_key:
                transaction.delete(keys.geofence_name_key(before.tenant_id, before.name_key))
                self._claim_name(transaction, placed)
            transaction.put(to_event_item(event))
            self._withdraw(transaction, before)
            self._enter(transaction, placed, before.cells)
            return transaction

        self._tags.know(after.tenant_id, after.tags)
        self.write(building)

    def remove(self, geofence: Geofence, now: datetime, event: Event) -> None:
        """Raises VersionMismatch when it was changed in the meantime."""
        transaction = Transaction()
        key = keys.geofence_key(geofence.tenant_id, geofence.id)
        transaction.delete_if_version(key, geofence.version, VersionMismatch())
        transaction.put(version_item(geofence, deleted_at=now))
        transaction.delete(keys.geofence_name_key(geofence.tenant_id, geofence.name_key))
        transaction.delete(keys.geofence_number_key(geofence.tenant_id, geofence.number))
        transaction.add_to_count(keys.quota_key(geofence.tenant_id), -1, VersionMismatch())
        transaction.put(to_event_item(event))
        self._withdraw(transaction, geofence)
        self._table.write(transaction)

    def write(self, building: Callable[[], Transaction]) -> None:
        """Write what `building` makes; where a cell is full, make it again with the next shard of that cell open.

        Where it is too much for one transaction with the lists of cells, those are written before, with first shards
        that are empty still: what is made then has the condition that they are there.
        """
        for _ in range(_MAX_SHARDS):
            transaction = building()
            is_all = len(transaction) <= MAX_ACTIONS
            try:
                self._table.write(transaction if is_all else transaction.build_preparation())
                self._lists.learn(transaction.new_keys)
            except _CellFull as full:
                self._full.add((full.tenant_id, full.cell, full.shard))
                if full.shard == self._last_shard(full.tenant_id, full.cell):
                    self._make_room(full.tenant_id, full.cell)
                continue
            except ListGone as gone:
                self._lists.forget(gone.key)
                continue
            except _NumberTaken:
                continue
            except _NoRoom as full:
                raise self._quota_reached(full.tenant_id) from full
            if is_all:
                return
        raise ServiceBusy

    def nearest(
        self,
        tenant_id: str,
        position: Position,
        count: int,
        is_wanted: Callable[[IndexEntry | Geofence], bool],
        *,
        consistent: bool,
    ) -> list[tuple[float, IndexEntry | Geofence]]:
        """The active geofences nearest to a position that are wanted, by metres to their boundary, then by id."""
        from fencepost.geofences.spatial_index import nearest_search

        read = partial(self._table.batch_get, consistent=consistent)
        return nearest_search.found(
            tenant_id, position, count, is_wanted, read, partial(self._with_big_ones, tenant_id)
        )

    def lists_for(self, tenant_id: str, cells: Iterable[Cell]) -> int:
        """How many actions it takes at the most to put these cells on the lists of those that are occupied."""
        return self._lists.lists_for(tenant_id, cells)

    def near(
        self, tenant_id: str, positions: Sequence[Position], reach_m: float, *, consistent: bool
    ) -> list[list[IndexEntry | Geofence]]:
        """For each position the active geofences that may come so near to it: their boxes do.

        One BatchGetItem for each hundred cells of all positions together, and of the further shards of those that
        are known to be crowded. For one position and no reach those are five cells. Raises Crowded where all
        positions together are among more geofences than can be looked at before a caller's patience ends.
        """
        around = [
            list_cells_within(position, reach_m) if reach_m else list_cells_at(position) for position in positions
        ]
        cells = around[0] if len(around) == 1 else dict.fromkeys(chain.from_iterable(around))
        if len(cells) > MAX_CELLS_READ:
            raise AreaTooDense(f"reach over more than {MAX_CELLS_READ:,} cells of the index")
        buckets = self._buckets(tenant_id, cells, consistent=consistent)
        near: list[list[IndexEntry]] = []
        looked_at = found = 0
        for position, cells in zip(positions, around, strict=True):
            met = [bucket for cell in cells if cell in buckets for bucket in buckets[cell]]
            looked_at += sum([len(bucket) for bucket in met])
            if looked_at > MAX_LOOKED_AT:
                raise AreaTooDense(f"are among more than {MAX_LOOKED_AT:,} geofences")
            entries = entries_near(met, position, reach_m, self._entries)
            found += len(entries)
            if found > MAX_NEAR:
                raise AreaTooDense(f"are among more than {MAX_NEAR:,} geofences")
            near.append(entries)
        if len(near) == 1:
            return [self._with_big_ones(tenant_id, near[0])]
        rest = iter(self._with_big_ones(tenant_id, [entry for entries in near for entry in entries]))
        return [list(islice(rest, len(entries))) for entries in near]

    def _buckets(self, tenant_id: str, cells: Iterable[Cell], *, consistent: bool) -> dict[Cell, list[Item]]:
        """What there is of each cell that was ever entered: its bucket, and its further shards."""
        first = {cell: keys.cell_key(tenant_id, cell) for cell in cells}
        known = [key for cell in first for key in self._further_shards(tenant_id, cell)] if self._shards else []
        items = self._table.batch_get([*first.values(), *known], consistent=consistent)
        found: dict[Cell, list[Item]] = {}
        crowded: list[Cell] = []
        unread: list[Key] = []
        for cell, key in first.items():
            bucket = items.get((key["PK"]["S"], key["SK"]["S"]))
            if bucket is not None:
                found[cell] = [bucket]
                if SHARDS in bucket:
                    crowded.append(cell)
                    unread += self._opened_since(tenant_id, cell, bucket)
        if unread:
            items |= self._table.batch_get(unread, consistent=consistent)
        for cell in crowded:
            pairs = map(keys.to_pair, self._further_shards(tenant_id, cell))
            found[cell] += [items[pair] for pair in pairs if pair in items]
        return found

    def _further_shards(self, tenant_id: str, cell: Cell) -> list[Key]:
        return [keys.cell_key(tenant_id, cell, n) for n in range(1, self._shards.get((tenant_id, cell), 1))]

    def read_assigned(
        self, tenant_id: str, buckets: Iterable[tuple[EntityRef, Item]]
    ) -> list[tuple[EntityRef, IndexEntry | Geofence]]:
        """Return the geofences assigned to directory entities whose items were read already, in their order."""
        entered = [(target, entry) for target, bucket in buckets for entry in entries_of(bucket)]
        geofences = self._with_big_ones(tenant_id, [entry for _, entry in entered])
        return [(target, geofence) for (target, _), geofence in zip(entered, geofences, strict=True)]

    def _with_big_ones(self, tenant_id: str, entries: Sequence[IndexEntry]) -> list[IndexEntry | Geofence]:
        """The entries, the big ones read in full: one more round trip when one is met for the first time."""
        full: dict[VersionRef, Geofence] = {}
        unread: dict[VersionRef, IndexEntry] = {}
        for entry in entries:
            if entry.is_big:
                kept = self._versions.get(entry.place)
                if kept is None:
                    unread[entry.place] = entry
                else:
                    full[entry.place] = kept
        for start in range(0, len(unread), _BATCH):
            some = list(unread.values())[start : start + _BATCH]
            wanted = [keys.geofence_version_key(tenant_id, entry.id, entry.version) for entry in some]
            # Consistent, for an entry may be a moment older than a replica's copy of its version.
            for item in self._table.batch_get(wanted, consistent=True).values():
                geofence = geofence_of(item)
                place = attribute_of(geofence.id), geofence.version
                full[place] = geofence
                self._versions.put(place, geofence, len(item["shape"]["B"]) + len(item["action"]["S"]))
        return [full[entry.place] if entry.is_big else entry for entry in entries]

    def _enter(self, transaction: Transaction, geofence: Geofence, before: Collection[Cell] = ()) -> None:
        name, entry = attribute_of(geofence.id), pack_entry(geofence)
        for cell, shard in geofence.cells.items():
            full = _CellFull(geofence.tenant_id, cell, shard)
            bucket = keys.cell_key(geofence.tenant_id, cell, shard)
            # Where it stood before, and where there are further shards, the first one is there, and so listed.
            may_be_first = shard == 0 and cell not in before
            is_known = self._lists.knows(bucket)
            transaction.set_bucket_entry(bucket, name, entry, full, must_exist=may_be_first and is_known)
            if may_be_first and not is_known:
                transaction.new_keys += [bucket, *self._lists.listing(transaction, geofence.tenant_id, cell)]
        for n, target in enumerate(geofence.assignments):
            bucket = keys.entity_key(geofence.tenant_id, target)
            refused = ValidationFailed.field(f"assignments[{n}]", _no_room_at(target))
            transaction.set_bucket_entry(bucket, name, entry, refused, must_exist=True)

    def _withdraw(self, transaction: Transaction, geofence: Geofence) -> None:
        name, entry = attribute_of(geofence.id), pack_entry(geofence)
        for cell, shard in geofence.cells.items():
            transaction.remove_bucket_entry(keys.cell_key(geofence.tenant_id, cell, shard), name, entry)
        for target in geofence.assignments:
            transaction.remove_bucket_entry(keys.entity_key(geofence.tenant_id, target), name, entry)

    def _placed(self, geofence: Geofence, before: Mapping[Cell, int]) -> Geofence:
        """The geofence with a shard for each cell: the one where it stands, else the last one that is open.

        An entry that has grown too large for the shard where it stands moves.
        """
        tenant_id = geofence.tenant_id

        def shard_of(cell: Cell) -> int:
            shard = before.get(cell)
            if shard is None or (tenant_id, cell, shard) in self._full:
                return self._last_shard(tenant_id, cell)
            return shard

        return replace(geofence, cells={cell: shard_of(cell) for cell in geofence.cells})

    def _last_shard(self, tenant_id: str, cell: Cell) -> int:
        return self._shards.get((tenant_id, cell), 1) - 1

    def _make_room(self, tenant_id: str, cell: Cell) -> None:
        """What a cell's first shard says decides: it is gone, others have opened more shards, or one is to be."""
        first = self._table.get(keys.cell_key(tenant_id, cell))
        if first is None:
            self._lists.forget(keys.cell_key(tenant_id, cell))
        elif not self._opened_since(tenant_id, cell, first):
            self._open_next_shard(tenant_id, cell)

    def _open_next_shard(self, tenant_id: str, cell: Cell) -> None:
        """Shard 0 says how many are open, before anything is entered in the next: no check can overlook it."""
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
            return  # another container was faster: the next attempt sees what is there
        self._shards[tenant_id, cell] = count

    def _opened_since(self, tenant_id: str, cell: Cell, first: Item) -> list[Key]:
        """The shards of a cell that were opened since this container last looked, by what its first one says."""
        known = self._shards.get((tenant_id, cell), 1)
        count = int(first[SHARDS]["N"]) if SHARDS in first else 1
        if count <= known:
            return []
        self._shards[tenant_id, cell] = count
        return [keys.cell_key(tenant_id, cell, n) for n in range(known, count)]

    def check_room(self, tenant_id: str, more: int) -> None:
        """Raises QuotaReached where the tenant has no room for so many more."""
        item = self._table.get(keys.quota_key(tenant_id)) or {}
        if ROOM in item and int(item[ROOM]["N"]) < more:
            raise _quota_reached(item)

    def _quota_reached(self, tenant_id: str) -> QuotaReached:
        """With the limit and the count as they are now."""
        return _quota_reached(self._table.get(keys.quota_key(tenant_id)) or {})

    def _claim_name(self, transaction: Transaction, geofence: Geofence) -> None:
        key = keys.geofence_name_key(geofence.tenant_id, geofence.name_key)
        transaction.create(key | {"geofenceId": {"S": geofence.id}}, NameTaken(geofence.name))

    def _list_key(self, tenant_id: str, created_at: datetime, geofence_id: str) -> Key:
        return {
            **keys.geofence_key(tenant_id, geofence_id),
            "GSI1PK": {"S": keys.geofence_list_partition(tenant_id)},
            "GSI1SK": {"S": keys.geofence_list_sort_key(created_at, geofence_id)},
        }


def _version_of(item: Item) -> Version:
    deleted_at = item.get("deletedAt")
    return Version(
        geofence=geofence_of(item), deleted_at=datetime.fromisoformat(deleted_at["S"]) if deleted_at else None
    )


def _quota_reached(item: Item) -> QuotaReached:
    limit, count = (int(item.get(name, {"N": "0"})["N"]) for name in (LIMIT, COUNT))
    return QuotaReached(limit, count)


def _no_room_at(target: EntityRef) -> str:
    return f"there is no {target.target_id} in {target.target_table}, or too many geofences are assigned to it"
