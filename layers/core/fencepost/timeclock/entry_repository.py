"""Time entries in the table, and the trail of what was done to them.

An entry is an item of its user's partition, by its start. Its id tells where it is: an item that is written when it
comes, moves or goes, and that holds a removed one until it is restored. Each change is an item under its number, and
no other change can take that: of two that were decided on the same entry, one is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.conditions import require_user
from fencepost.dynamodb.outbox import to_event_item
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.audit import Change, state_of
from fencepost.timeclock.clock_documents import dump_entry, load_entry
from fencepost.timeclock.entry_service import Found
from fencepost.timeclock.entry_summary import COUNTED, counted_text
from fencepost.timeclock.model import TimeEntry
from fencepost.timeclock.receipt_repository import add_receipt
from fencepost.timeclock.refusal_repository import use_exception
from fencepost.timeclock.settings import LONGEST_CLOCK
from fencepost.timeclock.trail_documents import dump_change, load_change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.common.events import Event
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.audit import Edit, Saving
    from fencepost.timeclock.entry_filters import Wanted
    from fencepost.timeclock.model import RunningClock

RUNNING, CANCELLED = "running", "cancelled"
_QUERIES_A_PAGE, _LOOKED_AT_ONCE = 4, 500


class DynamoDBEntryRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def overlapped(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        """The entries that share an instant with this one. One Query: no entry is longer than the longest clock."""
        partition, prefix = keys.time_entry_range(tenant_id, entry.user_id, keys.VALID)
        items = self._table.query(
            KeyConditionExpression="PK = :user AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":user": {"S": partition},
                ":first": {"S": prefix + keys.time_entry_sort_key(entry.start - LONGEST_CLOCK)},
                ":last": {"S": prefix + keys.time_entry_sort_key(entry.end)},
            },
            ConsistentRead=True,
        )
        # Its own id is there when it is edited, or when another stop was faster: then the write will find that out.
        return [other for other in map(_entry_of, items) if other.overlaps(entry) and other.id != entry.id]

    def save(self, tenant_id: str, saving: Saving) -> None:
        """Raises VersionMismatch where the clock, an entry or the calendar was changed; DoneBefore, NotFound."""
        transaction = Transaction()
        add_receipt(transaction, tenant_id, saving.receipt)
        if saving.user_id is not None:
            require_user(transaction, tenant_id, saving.user_id)
        if saving.clock is not None:
            user_id = saving.clock.user_id
            transaction.delete_if_version(keys.clock_key(tenant_id, user_id), saving.clock.version, VersionMismatch())
            use_exception(transaction, tenant_id, user_id, saving.edits[0].entry.punches[-1])
        for edit in saving.edits:
            _add_edit(transaction, tenant_id, edit, saving.event)
        if saving.calendar is not None:
            _move_calendar(transaction, keys.calendar_key(tenant_id, saving.calendar[0]), saving.calendar[1])
        transaction.put(to_event_item(saving.event))
        self._table.write(transaction)

    def find(self, tenant_id: str, ids: Sequence[str]) -> dict[str, Found]:
        """What these ids stand for. A BatchGetItem of their places, and one of the entries that are there.

        Raises VersionMismatch where an entry moved in between.
        """
        places = self._table.batch_get(
            [keys.time_locator_key(tenant_id, i) for i in sorted(set(ids))], consistent=True
        )
        by_id = {
            i: places[pair] for i in ids if (pair := keys.to_pair(keys.time_locator_key(tenant_id, i))) in places
        }
        where = {
            i: keys.time_entry_key_at(tenant_id, place["userId"]["S"], place["sort"]["S"])
            for i, place in by_id.items()
            if "sort" in place
        }
        entries = self._table.batch_get(list(where.values()), consistent=True)
        if len(entries) < len(where):
            raise VersionMismatch
        return {
            i: Found(
                user_id=place["userId"]["S"],
                state=place["kind"]["S"],
                entry=_entry_in(entries[keys.to_pair(where[i])] if i in where else place),
            )
            for i, place in by_id.items()
        }

    def page(
        self, tenant_id: str, wanted: Wanted, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """At most `limit` entries, and the last one looked at where more may come: after few Queries a page ends.

        A user's entries are read strongly; those of all users, and removed ones, by an index.
        """
        found: list[TimeEntry] = []
        last: TimeEntry | None = None
        for _ in range(_QUERIES_A_PAGE):
            query = _list_query(tenant_id, wanted, (last.start, last.id) if last is not None else after)
            if query is None:
                return found, None
            at_once = limit - len(found) if _asks_only_when(wanted) else _LOOKED_AT_ONCE
            items, has_more = self._table.query_page(**query, Limit=at_once)
            for number, entry in enumerate(map(_entry_of, items)):
                last = entry
                if wanted.matches(entry):
                    found.append(entry)
                if len(found) == limit:
                    return found, last if has_more or number + 1 < len(items) else None
            if not has_more:
                return found, None
        return found, last

    def trail(self, tenant_id: str, entry_id: str) -> tuple[str, list[Change]] | None:
        """Whose it is, and every change in order. One Query."""
        user_id = None
        changes = []
        for item in self._table.query(
            KeyConditionExpression="PK = :trail",
            ExpressionAttributeValues={":trail": {"S": keys.trail_partition(tenant_id, entry_id)}},
            ConsistentRead=True,
        ):
            if item["entity"]["S"] == "Change":
                changes.append(load_change(item["doc"]["S"]))
            else:
                user_id = item["userId"]["S"]
        return (user_id, changes) if user_id is not None else None


def place_item(tenant_id: str, what: RunningClock | TimeEntry, kind: str, **more: str) -> Item:
    """Where a clock or an entry is; `doc` is what is gone from where it was, to be kept here."""
    values = {"entity": "Place", "kind": kind, "userId": what.user_id, **more}
    return keys.time_locator_key(tenant_id, what.id) | serializer.to_item(values)


def change_item(tenant_id: str, entry_id: str, change: Change) -> Item:
    values = {"entity": "Change", "doc": dump_change(change)}
    return keys.change_key(tenant_id, entry_id, change.number) | serializer.to_item(values)


def _add_edit(transaction: Transaction, tenant_id: str, edit: Edit, event: Event) -> None:
    before, after = edit.before, edit.after
    old_key = _entry_key(tenant_id, before) if before is not None else None
    new_key = _entry_key(tenant_id, after) if after is not None else None
    if before is not None and old_key is not None and old_key != new_key:
        transaction.delete_if_version(old_key, before.version, VersionMismatch())
    if after is not None and old_key == new_key and before is not None:
        transaction.replace(_entry_item(tenant_id, after), before.version, VersionMismatch())
    elif after is not None:
        transaction.create(_entry_item(tenant_id, after), VersionMismatch())
    if old_key != new_key:
        transaction.put(_place_of(tenant_id, edit.entry, is_removed=after is None))
    change = Change(
        number=edit.number,
        action=edit.action,
        at=event.occurred_at,
        actor=event.actor,
        reason=edit.reason,
        after=state_of(after) if after is not None else None,
    )
    transaction.create(change_item(tenant_id, edit.entry.id, change), VersionMismatch())


def _place_of(tenant_id: str, entry: TimeEntry, *, is_removed: bool) -> Item:
    if not is_removed:
        return place_item(tenant_id, entry, _kind(entry), sort=keys.to_pair(_entry_key(tenant_id, entry))[1])
    listed = {
        "GSI1PK": keys.time_list_partition(tenant_id, keys.REMOVED),
        "GSI1SK": keys.time_entry_sort_key(entry.start, entry.id),
        **position_index.gone(tenant_id, entry),
    }
    return place_item(tenant_id, entry, keys.REMOVED, doc=dump_entry(entry), **listed)


def _move_calendar(transaction: Transaction, key: Key, version: int) -> None:
    condition = "version = :old" if version else "attribute_not_exists(PK)"
    values: dict[str, Any] = {":new": {"N": str(version + 1)}}
    if version:
        values[":old"] = {"N": str(version)}
    transaction.update(
        key,
        VersionMismatch(),
        UpdateExpression="SET version = :new",
        ConditionExpression=condition,
        ExpressionAttributeValues=values,
    )


def _kind(entry: TimeEntry) -> str:
    return keys.VALID if entry.invalid_reason is None else keys.INVALID


def _entry_item(tenant_id: str, entry: TimeEntry) -> Item:
    values = {
        "entity": "TimeEntry",
        "version": entry.version,
        "doc": dump_entry(entry),
        **lists_of(tenant_id, entry),
    }
    return _entry_key(tenant_id, entry) | serializer.to_item(values)


def lists_of(tenant_id: str, entry: TimeEntry) -> dict[str, str]:
    """The attributes by which an entry is in the lists of the indexes."""
    sort = keys.time_entry_sort_key(entry.start, entry.id)
    counts = {COUNTED: counted_text(entry), "GSI4PK": keys.counted_partition(tenant_id), "GSI4SK": sort}
    return {
        "GSI1PK": keys.time_list_partition(tenant_id, _kind(entry)),
        "GSI1SK": sort,
        **(counts if entry.invalid_reason is None else {}),
        **position_index.listed(tenant_id, entry),
    }


def _entry_key(tenant_id: str, entry: TimeEntry) -> Key:
    return keys.time_entry_key(tenant_id, entry.user_id, entry.start, entry.id, _kind(entry))


def _list_query(tenant_id: str, wanted: Wanted, after: tuple[datetime, str] | None) -> dict[str, Any] | None:
    """Entries from the span's beginning, or from right behind the last one, to its end; None where none is left."""
    first, before = keys.time_entry_sort_key(wanted.first), keys.time_entry_sort_key(wanted.before)
    if after is not None:
        # An id is followed by nothing, so a blank behind it is right behind the entry.
        first = max(first, keys.time_entry_sort_key(*after) + " ")
    if first > before:
        return None
    if wanted.user_id is None or wanted.kind == keys.REMOVED:
        names, prefix = ("GSI1PK", "GSI1SK"), ""
        how: dict[str, Any] = {"IndexName": "GSI1"}
        partition = keys.time_list_partition(tenant_id, wanted.kind)
    else:
        names, how = ("PK", "SK"), {"ConsistentRead": True}
        partition, prefix = keys.time_entry_range(tenant_id, wanted.user_id, wanted.kind)
    return {
        **how,
        "KeyConditionExpression": f"{names[0]} = :list AND {names[1]} BETWEEN :first AND :before",
        "ExpressionAttributeValues": {
            ":list": {"S": partition},
            ":first": {"S": prefix + first},
            ":before": {"S": prefix + before},
        },
    }


def _asks_only_when(wanted: Wanted) -> bool:
    """Whether every entry that a Query finds is wanted."""
    others = (wanted.organization_id, wanted.time_type, wanted.category, wanted.approval)
    return all(other is None for other in others) and (wanted.user_id is None or wanted.kind != keys.REMOVED)


def _entry_in(item: Item) -> TimeEntry | None:
    """None where the item keeps a clock, or nothing."""
    return _entry_of(item) if "doc" in item and item.get("kind", {}).get("S") != CANCELLED else None


def _entry_of(item: Item) -> TimeEntry:
    return load_entry(item["doc"]["S"])
