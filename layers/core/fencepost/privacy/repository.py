"""Positions that have had their time, and what is kept of a user who is to be forgotten, in the table."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.privacy.model import ErasureCounts, PositionPolicy, erased, erased_change
from fencepost.timeclock import position_index
from fencepost.timeclock.location_evidence_item import kept_in, to_document
from fencepost.timeclock.trail_documents import dump_change, load_change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.privacy.model import Lessening
    from fencepost.timeclock.location_evidence import Evidence, Precision

_KEYS_A_READ = 100
_LISTS = _OWN, _GONE = "own", "gone"
# A receipt repeats what was answered, comment and verdict too.
_OF_A_USER = ({"S": "TimeEntry"}, {"S": "Receipt"})


class DynamoDBPrivacyRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def policies(self) -> dict[str, PositionPolicy]:
        """The tenants that have said something of positions. One Query, and a BatchGetItem for each 100."""
        listed = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :policies",
            ExpressionAttributeValues={":policies": {"S": keys.POSITION_POLICIES}},
        )
        tenant_keys = [keys.tenant(item["GSI2SK"]["S"]) for item in listed]
        found = self._table.batch_get(tenant_keys) if tenant_keys else {}
        tenants = (serializer.plain(item) for item in found.values())
        return {tenant["tenantId"]: _policy(tenant["positions"]) for tenant in tenants}

    def lessen(
        self, tenant_id: str, precision: Precision, before: datetime, lessening: Lessening, at_most: int
    ) -> tuple[int, int]:
        """Of so many clocks and entries that began before: how many were lessened, and how many looked at.

        What is changed at the same moment is left as it is: it is still on the list when this runs again.
        """
        partition = keys.positions(tenant_id)
        due = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :positions AND GSI2SK BETWEEN :first AND :before",
            ExpressionAttributeValues={
                ":positions": {"S": partition},
                ":first": {"S": keys.positions_sort(precision)},
                ":before": {"S": keys.positions_sort(precision, before)},
            },
        )
        lessened = looked_at = 0
        taken = islice(due, at_most)
        while some := [{"PK": item["PK"], "SK": item["SK"]} for item in islice(taken, _KEYS_A_READ)]:
            looked_at += len(some)
            for item in self._table.batch_get(some, consistent=True).values():
                if "doc" not in item:  # it was restored a moment ago
                    continue
                kept = kept_in(item)
                left = lessening.of(kept)
                lessened += left != kept and self._replace(tenant_id, item, left)
        return lessened, looked_at

    def is_erasing(self, tenant_id: str, user_id: str) -> bool:
        """Whether an erasure was begun, and not ended."""
        return self._table.get(keys.erasure(tenant_id, user_id)) is not None

    def erase(self, tenant_id: str, user_id: str, at_most: int) -> tuple[ErasureCounts, bool]:
        """What was removed of a user, and whether that was all there is: so many clocks and entries are looked at.

        How far it came is kept, with the counts, until the last of several calls. What is changed at the same moment
        ends a call as well.
        """
        progress_key = keys.erasure(tenant_id, user_id)
        progress = serializer.plain(self._table.get(progress_key) or {})
        total = ErasureCounts(
            positions=progress.get("positions", 0),
            comments=progress.get("comments", 0),
            reasons=progress.get("reasons", 0),
        )
        began_with, after = progress.get("list", _OWN), progress.get("after", "")
        transaction, left = Transaction(), at_most
        for list_name in _LISTS[_LISTS.index(began_with) :]:
            for sort, item in self._of_user(tenant_id, user_id, list_name, after):
                removed = self._erase(tenant_id, item) if left > 0 else None
                if removed is None:
                    come = {"entity": "Erasure", "list": list_name, "after": after or None}
                    counts = {
                        "positions": total.positions,
                        "comments": total.comments,
                        "reasons": total.reasons,
                    }
                    transaction.put(progress_key | serializer.item(come | counts))
                    self._table.write(transaction)
                    return total, False
                total, after, left = total + removed, sort, left - 1
            after = ""
        transaction.delete(progress_key)
        self._table.write(transaction)
        return total, True

    def _of_user(self, tenant_id: str, user_id: str, list_name: str, after: str) -> Iterator[tuple[str, Item]]:
        """The entries of a user, or what was removed and cancelled, each with its sort key; behind one of these."""
        if list_name == _OWN:
            sort_name, values = "SK", {":user": {"S": keys.user_partition(tenant_id, user_id)}}
            how: dict[str, Any] = {"KeyConditionExpression": "PK = :user AND SK > :after", "ConsistentRead": True}
        else:
            sort_name, values = "GSI4SK", {":user": {"S": keys.gone_of(tenant_id, user_id)}}
            how = {"KeyConditionExpression": "GSI4PK = :user AND GSI4SK > :after", "IndexName": "GSI4"}
        values[":after"] = {"S": after or " "}
        for item in self._table.query(**how, ExpressionAttributeValues=values):
            if list_name == _GONE:
                found = self._table.get({"PK": item["PK"], "SK": item["SK"]})
                if found is not None and "doc" in found:
                    yield item[sort_name]["S"], found
            elif item.get("entity") in _OF_A_USER:
                yield item[sort_name]["S"], item

    def _erase(self, tenant_id: str, item: Item) -> ErasureCounts | None:
        """What was removed of an entry or a clock and of its trail; None where it was changed at the same moment."""
        if item["entity"]["S"] == "Receipt":
            transaction = Transaction()
            transaction.delete({"PK": item["PK"], "SK": item["SK"]})
            self._table.write(transaction)
            return ErasureCounts()
        kept = kept_in(item)
        left, total = erased(kept)
        if left != kept and not self._replace(tenant_id, item, left):
            return None
        for line in self._table.query(
            KeyConditionExpression="PK = :trail AND begins_with(SK, :change)",
            ExpressionAttributeValues={
                ":trail": {"S": keys.time_trail(tenant_id, kept.id)},
                ":change": {"S": keys.CHANGES},
            },
            ConsistentRead=True,
        ):
            change, removed = erased_change(load_change(line["doc"]["S"]), kept.user_id)
            if removed != ErasureCounts():
                self._rewrite(line, dump_change(change), {})
                total += removed
        # Each line of the trail repeats the comment.
        return replace(total, comments=min(1, total.comments))

    def _replace(self, tenant_id: str, item: Item, left: Evidence) -> bool:
        """Replace what is kept, at its next version: an edit of what was there before must not bring that back.

        False where it was changed meanwhile.
        """
        return self._rewrite(
            item, to_document(replace(left, version=left.version + 1)), position_index.listed(tenant_id, left)
        )

    def _rewrite(self, item: Item, doc: str, listed: dict[str, str]) -> bool:
        """The document of an item, its version where it has one, and where its positions are listed.

        False where it was changed meanwhile.
        """
        names = ("GSI2PK", "GSI2SK")
        sets = "".join(f", {name} = :{name}" for name in names if name in listed)
        removes = "" if listed else " REMOVE " + ", ".join(names)
        adds = " ADD version :one" if "version" in item else ""
        key: Key = {"PK": item["PK"], "SK": item["SK"]}
        transaction = Transaction()
        transaction.update(
            key,
            VersionMismatch(),
            UpdateExpression=f"SET doc = :doc{sets}{removes}{adds}",
            ConditionExpression="doc = :before",
            ExpressionAttributeValues={
                ":doc": {"S": doc},
                ":before": item["doc"],
                **({":one": {"N": "1"}} if adds else {}),
                **{f":{name}": {"S": value} for name, value in listed.items()},
            },
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return False
        return True


def _policy(stored: dict[str, Any]) -> PositionPolicy:
    return PositionPolicy(
        coarsen_after_days=stored.get("coarsenAfterDays"), remove_after_days=stored.get("removeAfterDays")
    )
