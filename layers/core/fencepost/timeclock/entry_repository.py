"""Time entries in the table, and the audit trail of their changes.

An entry is an item of its user's partition, by its start. Its id leads to its locator: an item that is written when
the entry is created, moved or removed, and that holds a removed entry until it is restored. Each change is an item
under its number, which no other change can take: of two concurrent changes of an entry, only one is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.clock_documents import (
    CANCELLED,
    dump_entry,
    load_entry,
    load_record,
    locator_item,
    record_item,
)
from fencepost.timeclock.entry_summary import SUMMARY_ATTRIBUTE, pack_summary
from fencepost.timeclock.errors import UserNotFound
from fencepost.timeclock.ports import EntryLookup
from fencepost.timeclock.receipt_repository import receipt_item
from fencepost.timeclock.receipts import AlreadyProcessed
from fencepost.timeclock.refusal_repository import use_exception
from fencepost.timeclock.settings import LONGEST_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.common.events import Event
    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.audit import AuditRecord, EntryChange, EntryWrite
    from fencepost.timeclock.entry_filters import EntryFilter
    from fencepost.timeclock.model import TimeEntry
    from fencepost.timeclock.receipts import ResultSerializer

_QUERIES_PER_PAGE, _ENTRIES_PER_QUERY = 4, 500


class DynamoDBEntryRepository:
    """The time entries in the table."""

    def __init__(self, table: Table, serialize_result: ResultSerializer) -> None:
        self._table = table
        self._serialize_result = serialize_result

    def find_overlapping(self, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        """Return the entries that share an instant with this one. One Query: no entry is longer than any clock."""
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
        # The entry itself is among them when it is edited, or when a concurrent stop created it: that write fails.
        others = (load_entry(item["doc"]["S"]) for item in items)
        return [other for other in others if other.overlaps(entry) and other.id != entry.id]

    def save(self, tenant_id: str, write: EntryWrite) -> None:
        """Write all changes or none, with their lines of the audit trail and their event.

        Raises:
            NotFound: The user was deleted meanwhile.
            VersionMismatch: The clock, an entry or the calendar was changed meanwhile.
            AlreadyProcessed: The receipt exists.
        """
        transaction = Transaction()
        if write.receipt is not None:
            # First, so that of several conditions that fail this one raises its error.
            transaction.create(receipt_item(tenant_id, write.receipt, self._serialize_result), AlreadyProcessed)
        if write.user_id is not None:
            transaction.require(keys.entity_key(tenant_id, EntityRef("users", write.user_id)), UserNotFound)
        if write.clock is not None:
            user_id = write.clock.user_id
            transaction.delete_if_version(keys.clock_key(tenant_id, user_id), write.clock.version, VersionMismatch)
            punch = write.changes[0].entry.punches[-1]
            if punch.exception is not None:
                use_exception(transaction, tenant_id, user_id, punch)
        for change in write.changes:
            _add_change(transaction, tenant_id, change, write.event)
        if write.calendar is not None:
            user_id, version = write.calendar
            _increment_calendar_version(transaction, keys.calendar_key(tenant_id, user_id), version)
        transaction.add_event(write.event)
        self._table.write(transaction)

    def find(self, tenant_id: str, ids: Sequence[str]) -> dict[str, EntryLookup]:
        """Return what these ids stand for. A BatchGetItem of their locators, and one of the entries.

        Raises:
            VersionMismatch: An entry moved in between.
        """
        locators = self._table.batch_get_named(
            {i: keys.time_locator_key(tenant_id, i) for i in sorted(set(ids))}, consistent=True
        )
        located = {
            i: keys.time_entry_key_at(tenant_id, locator["userId"]["S"], locator["sort"]["S"])
            for i, locator in locators.items()
            if "sort" in locator
        }
        entries = self._table.batch_get_named(located, consistent=True)
        if len(entries) < len(located):
            raise VersionMismatch
        found = {}
        for i, locator in locators.items():
            item = entries.get(i, locator)
            is_entry = "doc" in item and item.get("kind", {}).get("S") != CANCELLED
            found[i] = EntryLookup(
                user_id=locator["userId"]["S"],
                state=locator["kind"]["S"],
                entry=load_entry(item["doc"]["S"]) if is_entry else None,
            )
        return found

    def list_page(
        self, tenant_id: str, filters: EntryFilter, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """Return at most `limit` entries, and the last one read where there may be more.

        A page ends after a few Queries. Reads of one user's entries are strongly consistent. The entries of all
        users, and removed ones, are read from an index.
        """
        found: list[TimeEntry] = []
        last: TimeEntry | None = None
        for _ in range(_QUERIES_PER_PAGE):
            query = _build_list_query(tenant_id, filters, (last.start, last.id) if last is not None else after)
            if query is None:
                return found, None
            at_once = limit - len(found) if _matches_whole_query(filters) else _ENTRIES_PER_QUERY
            items, has_more = self._table.query_page(**query, Limit=at_once)
            for number, item in enumerate(items):
                last = load_entry(item["doc"]["S"])
                if filters.matches(last):
                    found.append(last)
                if len(found) == limit:
                    return found, last if has_more or number + 1 < len(items) else None
            if not has_more:
                return found, None
        return found, last

    def load_trail(self, tenant_id: str, entry_id: str) -> tuple[str, list[AuditRecord]] | None:
        """Return the user of an entry, and every change in order; None where there is no such entry. One Query."""
        user_id = None
        records = []
        for item in self._table.query(
            KeyConditionExpression="PK = :trail",
            ExpressionAttributeValues={":trail": {"S": keys.trail_partition(tenant_id, entry_id)}},
            ConsistentRead=True,
        ):
            if item["entity"]["S"] == "Change":
                records.append(load_record(item["doc"]["S"]))
            else:
                user_id = item["userId"]["S"]
        return (user_id, records) if user_id is not None else None


def build_list_attributes(tenant_id: str, entry: TimeEntry) -> dict[str, str]:
    """Return the attributes that list an entry in the indexes."""
    sort = keys.time_entry_sort_key(entry.start, entry.id)
    attributes = {
        "GSI1PK": keys.time_list_partition(tenant_id, _find_kind(entry)),
        "GSI1SK": sort,
        **position_index.build_position_attributes(tenant_id, entry),
    }
    if entry.invalid_reason is None:
        attributes |= {
            SUMMARY_ATTRIBUTE: pack_summary(entry),
            "GSI4PK": keys.entry_summary_partition(tenant_id),
            "GSI4SK": sort,
        }
    return attributes


def _add_change(transaction: Transaction, tenant_id: str, change: EntryChange, event: Event) -> None:
    before, after = change.before, change.after
    old_key = _entry_key(tenant_id, before) if before is not None else None
    new_key = _entry_key(tenant_id, after) if after is not None else None
    if before is not None and old_key is not None and old_key != new_key:
        transaction.delete_if_version(old_key, before.version, VersionMismatch)
    if after is not None and new_key is not None:
        values = {
            "entity": "TimeEntry",
            "version": after.version,
            "doc": dump_entry(after),
            **build_list_attributes(tenant_id, after),
        }
        item = new_key | serializer.to_item(values)
        if before is not None and old_key == new_key:
            transaction.replace(item, before.version, VersionMismatch)
        else:
            transaction.create(item, VersionMismatch)
            transaction.put(locator_item(tenant_id, after, _find_kind(after), sort=new_key["SK"]["S"]))
    elif before is not None:
        attributes = {
            "GSI1PK": keys.time_list_partition(tenant_id, keys.REMOVED),
            "GSI1SK": keys.time_entry_sort_key(before.start, before.id),
            **position_index.build_removed_attributes(tenant_id, before),
        }
        transaction.put(locator_item(tenant_id, before, keys.REMOVED, doc=dump_entry(before), **attributes))
    transaction.create(record_item(tenant_id, change.entry.id, change.to_record(event)), VersionMismatch)


def _increment_calendar_version(transaction: Transaction, key: Key, version: int) -> None:
    condition = "version = :old" if version else "attribute_not_exists(PK)"
    values: dict[str, Any] = {":new": {"N": str(version + 1)}}
    if version:
        values[":old"] = {"N": str(version)}
    transaction.update(
        key,
        VersionMismatch,
        UpdateExpression="SET version = :new",
        ConditionExpression=condition,
        ExpressionAttributeValues=values,
    )


def _find_kind(entry: TimeEntry) -> str:
    return keys.VALID if entry.invalid_reason is None else keys.INVALID


def _entry_key(tenant_id: str, entry: TimeEntry) -> Key:
    return keys.time_entry_key(tenant_id, entry.user_id, entry.start, entry.id, _find_kind(entry))


def _build_list_query(
    tenant_id: str, filters: EntryFilter, after: tuple[datetime, str] | None
) -> dict[str, Any] | None:
    """Return a query from the start of the span, or from after the last entry, to its end; None if it is empty."""
    first, before = keys.time_entry_sort_key(filters.first), keys.time_entry_sort_key(filters.before)
    if after is not None:
        # Nothing follows an id in a sort key, so a blank after it sorts directly after the entry.
        first = max(first, keys.time_entry_sort_key(*after) + " ")
    if first > before:
        return None
    if filters.user_id is None or filters.kind == keys.REMOVED:
        names, prefix = ("GSI1PK", "GSI1SK"), ""
        source: dict[str, Any] = {"IndexName": "GSI1"}
        partition = keys.time_list_partition(tenant_id, filters.kind)
    else:
        names, source = ("PK", "SK"), {"ConsistentRead": True}
        partition, prefix = keys.time_entry_range(tenant_id, filters.user_id, filters.kind)
    return {
        **source,
        "KeyConditionExpression": f"{names[0]} = :list AND {names[1]} BETWEEN :first AND :before",
        "ExpressionAttributeValues": {
            ":list": {"S": partition},
            ":first": {"S": prefix + first},
            ":before": {"S": prefix + before},
        },
    }


def _matches_whole_query(filters: EntryFilter) -> bool:
    """Return whether every entry that a Query finds matches."""
    others = (filters.organization_id, filters.time_type, filters.category, filters.approval)
    return all(other is None for other in others) and (filters.user_id is None or filters.kind != keys.REMOVED)
