"""Redact the positions that a tenant no longer retains, and erase what the table has of a user."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.privacy.model import ErasureCounts, RetentionPolicy, erase_audit_record, erase_evidence
from fencepost.timeclock import position_index
from fencepost.timeclock.clock_documents import dump_record, load_record
from fencepost.timeclock.evidence_documents import dump_evidence, load_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.privacy.model import LocationRedaction
    from fencepost.timeclock.location_evidence import Evidence, Precision

_KEYS_PER_READ = 100
# The lists that an erasure goes through, by the names under which its progress is stored.
_LISTS = _OWN, _REMOVED = "own", "gone"
# A receipt repeats the response, with its comment and verdict.
_ERASABLE = ({"S": "TimeEntry"}, {"S": "Receipt"})
_COUNTS = ("positions", "comments", "reasons")


class DynamoDBPrivacyRepository:
    """Everything in the table that contains positions and comments."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load_policies(self) -> dict[str, RetentionPolicy]:
        """Return the policies of the tenants that have one. One Query, and a BatchGetItem for each 100 tenants."""
        listed = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :policies",
            ExpressionAttributeValues={":policies": {"S": keys.POSITION_POLICIES}},
        )
        found = self._table.batch_get([keys.tenant_key(item["GSI2SK"]["S"]) for item in listed])
        policies = {}
        for tenant in map(serializer.from_item, found.values()):
            stored = tenant["positions"]
            policies[tenant["tenantId"]] = RetentionPolicy(
                coarsen_after_days=stored.get("coarsenAfterDays"), remove_after_days=stored.get("removeAfterDays")
            )
        return policies

    def redact_positions(
        self, tenant_id: str, precision: Precision, before: datetime, redaction: LocationRedaction, limit: int
    ) -> tuple[int, int]:
        """Redact at most `limit` clocks and entries that began before an instant.

        Returns how many were redacted, and how many were read. One that a concurrent request changes is still listed,
        so the next run redacts it.
        """
        due = self._table.query(
            IndexName="GSI2",
            KeyConditionExpression="GSI2PK = :positions AND GSI2SK BETWEEN :first AND :before",
            ExpressionAttributeValues={
                ":positions": {"S": keys.positions_partition(tenant_id)},
                ":first": {"S": keys.positions_sort_key(precision)},
                ":before": {"S": keys.positions_sort_key(precision, before)},
            },
        )
        redacted = examined = 0
        listed = islice(due, limit)
        while batch := [{"PK": item["PK"], "SK": item["SK"]} for item in islice(listed, _KEYS_PER_READ)]:
            examined += len(batch)
            for item in self._table.batch_get(batch, consistent=True).values():
                if "doc" not in item:  # it was restored after the query
                    continue
                evidence = load_evidence(item)
                changed = redaction.apply(evidence)
                redacted += changed != evidence and self._replace(tenant_id, item, changed)
        return redacted, examined

    def is_erasing(self, tenant_id: str, user_id: str) -> bool:
        """Return whether an erasure of the user began and has not ended."""
        return self._table.get(keys.erasure_key(tenant_id, user_id)) is not None

    def erase(self, tenant_id: str, user_id: str, limit: int) -> tuple[ErasureCounts, bool]:
        """Continue the erasure of a user with at most `limit` clocks and entries.

        Returns what this call and those before it removed, and whether the erasure is complete. The progress is
        stored until the last call. A call ends early if another request changes something at the same moment.
        """
        progress_key = keys.erasure_key(tenant_id, user_id)
        progress = serializer.from_item(self._table.get(progress_key) or {})
        total = ErasureCounts(**{name: progress.get(name, 0) for name in _COUNTS})
        first_list, after = progress.get("list", _OWN), progress.get("after", "")
        transaction = Transaction()
        for list_name in _LISTS[_LISTS.index(first_list) :]:
            for sort, item in self._list_evidence(tenant_id, user_id, list_name, after):
                removed = self._erase_item(tenant_id, item) if limit > 0 else None
                if removed is None:
                    reached = {"entity": "Erasure", "list": list_name, "after": after or None}
                    transaction.put(progress_key | serializer.to_item(reached | asdict(total)))
                    self._table.write(transaction)
                    return total, False
                total, after, limit = total + removed, sort, limit - 1
            after = ""
        transaction.delete(progress_key)
        self._table.write(transaction)
        return total, True

    def _list_evidence(self, tenant_id: str, user_id: str, list_name: str, after: str) -> Iterator[tuple[str, Item]]:
        """Yield the items of one list of a user after a sort key, each with its own sort key."""
        if list_name == _OWN:
            for item in self._table.query(
                KeyConditionExpression="PK = :user AND SK > :after",
                ExpressionAttributeValues={
                    ":user": {"S": keys.user_partition(tenant_id, user_id)},
                    ":after": {"S": after or " "},
                },
                ConsistentRead=True,
            ):
                if item.get("entity") in _ERASABLE:
                    yield item["SK"]["S"], item
            return
        for item in self._table.query(
            IndexName="GSI4",
            KeyConditionExpression="GSI4PK = :user AND GSI4SK > :after",
            ExpressionAttributeValues={
                ":user": {"S": keys.removed_partition(tenant_id, user_id)},
                ":after": {"S": after or " "},
            },
        ):
            found = self._table.get({"PK": item["PK"], "SK": item["SK"]})
            if found is not None and "doc" in found:
                yield item["GSI4SK"]["S"], found

    def _erase_item(self, tenant_id: str, item: Item) -> ErasureCounts | None:
        """Erase a clock, an entry or a refusal with its trail, or a receipt. Return None if it changed meanwhile."""
        if item["entity"]["S"] == "Receipt":
            transaction = Transaction()
            transaction.delete({"PK": item["PK"], "SK": item["SK"]})
            self._table.write(transaction)
            return ErasureCounts()
        evidence = load_evidence(item)
        erased, total = erase_evidence(evidence)
        if erased != evidence and not self._replace(tenant_id, item, erased):
            return None
        for record_item in self._table.query(
            KeyConditionExpression="PK = :trail AND begins_with(SK, :change)",
            ExpressionAttributeValues={
                ":trail": {"S": keys.trail_partition(tenant_id, evidence.id)},
                ":change": {"S": keys.CHANGES},
            },
            ConsistentRead=True,
        ):
            record, removed = erase_audit_record(load_record(record_item["doc"]["S"]), evidence.user_id)
            if removed != ErasureCounts():
                self._rewrite(record_item, dump_record(record), {})
                total += removed
        # Each record of the trail repeats the comment, which counts once.
        return replace(total, comments=min(1, total.comments))

    def _replace(self, tenant_id: str, item: Item, evidence: Evidence) -> bool:
        """Replace evidence at its next version, so that an edit of the previous one cannot restore what was removed.

        Returns False if it changed meanwhile.
        """
        document = dump_evidence(replace(evidence, version=evidence.version + 1))
        return self._rewrite(item, document, position_index.build_position_attributes(tenant_id, evidence))

    def _rewrite(self, item: Item, document: str, index_attributes: dict[str, str]) -> bool:
        """Replace the document of an item, its version if it has one, and the attributes that list its positions.

        Returns False if it changed meanwhile.
        """
        names = ("GSI2PK", "GSI2SK")
        values: dict[str, Any] = {":doc": {"S": document}, ":before": item["doc"]}
        update = "SET doc = :doc"
        if index_attributes:
            update += "".join(f", {name} = :{name}" for name in names)
            values |= {f":{name}": {"S": index_attributes[name]} for name in names}
        else:
            update += f" REMOVE {', '.join(names)}"
        if "version" in item:
            update += " ADD version :one"
            values[":one"] = {"N": "1"}
        transaction = Transaction()
        transaction.update(
            {"PK": item["PK"], "SK": item["SK"]},
            VersionMismatch(),
            UpdateExpression=update,
            ConditionExpression="doc = :before",
            ExpressionAttributeValues=values,
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return False
        return True
