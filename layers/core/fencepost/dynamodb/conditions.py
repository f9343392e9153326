"""That a user is still there when something is written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound
from fencepost.dynamodb import keys

if TYPE_CHECKING:
    from fencepost.dynamodb.transaction import Transaction


def need_user(transaction: Transaction, tenant_id: str, user_id: str) -> None:
    """One who was deleted since could not stop what was started, and is forgotten but for what came after it.

    What is done to a running clock needs no more than the clock: no user is deleted while it runs.
    """
    transaction.require(keys.entity_key(tenant_id, EntityRef("users", user_id)), NotFound("user"))
