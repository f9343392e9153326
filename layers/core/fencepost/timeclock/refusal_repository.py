"""Refusals in the table, and the exceptions for them.

A refusal is an item that is never deleted. Its exception is stored with the refusal, and in an item beside the clock
of the user, which is read with the clock. The action that uses the exception removes it from that item in its own
transaction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.errors import UserNotFound
from fencepost.timeclock.refusal_documents import dump_grant, dump_refusal, load_grant, load_refusal
from fencepost.timeclock.refusals import Grant, Refusal

if TYPE_CHECKING:
    from fencepost.common.events import Event
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.model import Punch


class DynamoDBRefusalRepository:
    """The refusals in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, tenant_id: str, refusal_id: str) -> Refusal | None:
        """Read a refusal by BatchGetItem: the function has no permission for GetItem."""
        found = self._table.batch_get([keys.refusal_key(tenant_id, refusal_id)], consistent=True)
        return next(map(_parse_refusal, found.values()), None)

    def list_page(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Refusal], Refusal | None]:
        """Return at most `limit` refusals, newest first, and the last one where there may be more. One Query."""
        start = {}
        if after is not None:
            start["ExclusiveStartKey"] = keys.refusal_key(tenant_id, after[1]) | _build_list_key(tenant_id, *after)
        items, has_more = self._table.query_page(
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :list",
            ExpressionAttributeValues={":list": {"S": keys.refusal_list_partition(tenant_id)}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        refusals = [_parse_refusal(item) for item in items]
        return refusals, refusals[-1] if refusals and has_more else None

    def save_grant(self, tenant_id: str, refusal: Refusal, event: Event) -> None:
        """Write the exception of a refusal, and remove those of its user that have expired.

        Raises:
            NotFound: The user was deleted meanwhile.
            VersionMismatch: An exception was granted or used meanwhile.
        """
        grant = refusal.grant
        assert grant is not None
        transaction = Transaction()
        transaction.require(keys.entity_key(tenant_id, EntityRef("users", refusal.user_id)), UserNotFound)
        transaction.replace(refusal_item(tenant_id, refusal), refusal.version - 1, VersionMismatch)
        key = keys.exceptions_key(tenant_id, refusal.user_id)
        stored = self._table.batch_get([key], consistent=True).get(keys.to_pair(key), {})
        expired = [
            old.refusal_id
            for old in load_grants(stored)
            if old.valid_until <= grant.granted_at and old.refusal_id != refusal.id
        ]
        removed = ", ".join(f"#{n}" for n in range(len(expired)))
        transaction.update(
            key,
            VersionMismatch,
            UpdateExpression="SET #new = :grant" + (f" REMOVE {removed}" if removed else ""),
            ExpressionAttributeNames={"#new": refusal.id, **{f"#{n}": old for n, old in enumerate(expired)}},
            ExpressionAttributeValues={":grant": {"S": dump_grant(grant)}},
        )
        transaction.add_event(event)
        self._table.write(transaction)


def refusal_item(tenant_id: str, refusal: Refusal) -> Item:
    values = {
        "entity": "Refusal",
        "version": refusal.version,
        "doc": dump_refusal(refusal),
        **position_index.build_removed_attributes(tenant_id, refusal),
    }
    listed = _build_list_key(tenant_id, refusal.received_at, refusal.id)
    return keys.refusal_key(tenant_id, refusal.id) | serializer.to_item(values) | listed


def load_grants(item: Item) -> tuple[Grant, ...]:
    """Parse the exceptions of a user, each of which is an attribute with the id of its refusal."""
    docs = (value["S"] for name, value in sorted(item.items()) if name not in ("PK", "SK"))
    return tuple(map(load_grant, docs))


def use_exception(transaction: Transaction, tenant_id: str, user_id: str, punch: Punch) -> None:
    """Remove the exception that allowed a punch. The write fails with VersionMismatch if another punch used it."""
    exception = punch.exception
    assert exception is not None
    transaction.update(
        keys.exceptions_key(tenant_id, user_id),
        VersionMismatch,
        UpdateExpression="REMOVE #id",
        ConditionExpression="attribute_exists(#id)",
        ExpressionAttributeNames={"#id": exception.refusal_id},
    )
    transaction.update(
        keys.refusal_key(tenant_id, exception.refusal_id),
        VersionMismatch,
        UpdateExpression="SET usedAt = :now ADD version :one",
        ConditionExpression="attribute_exists(PK) AND attribute_not_exists(usedAt)",
        ExpressionAttributeValues={":now": {"S": punch.received_at.isoformat()}, ":one": {"N": "1"}},
    )


def _parse_refusal(item: Item) -> Refusal:
    stored = serializer.from_item(item)
    refusal = load_refusal(stored["doc"])
    used_at = datetime.fromisoformat(stored["usedAt"]) if "usedAt" in stored else None
    return replace(refusal, version=stored["version"], used_at=used_at)


def _build_list_key(tenant_id: str, received_at: datetime, refusal_id: str) -> Item:
    sort = keys.refusal_list_sort_key(received_at, refusal_id)
    return {"GSI1PK": {"S": keys.refusal_list_partition(tenant_id)}, "GSI1SK": {"S": sort}}
