"""Conditions that several features add to their transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound
from fencepost.dynamodb import keys

if TYPE_CHECKING:
    from fencepost.dynamodb.transaction import Transaction


def require_user(transaction: Transaction, tenant_id: str, user_id: str) -> None:
    """Let the transaction fail with NotFound if the user was deleted.

    A deleted user could not stop a clock, and later data would escape the erasure. A write to a running clock does
    not need this condition, because no user is deleted while a clock runs.
    """
    transaction.require(keys.entity_key(tenant_id, EntityRef("users", user_id)), NotFound("user"))
