"""Where what still tells a position is listed: in GSI2, by how exactly and by when it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.dynamodb import keys
from fencepost.timeclock.location_evidence import began, precision_of

if TYPE_CHECKING:
    from fencepost.timeclock.location_evidence import Evidence


def listed(tenant_id: str, kept: Evidence) -> dict[str, str]:
    """The attributes with which an item is listed; none where it tells no position."""
    precision = precision_of(kept)
    if precision is None:
        return {}
    sort = keys.positions_sort_key(precision, began(kept), kept.id)
    return {"GSI2PK": keys.positions_partition(tenant_id), "GSI2SK": sort}


def gone(tenant_id: str, what: Evidence) -> dict[str, str]:
    """The same for what was removed, cancelled or refused, with those that list it among what is gone of its user."""
    sort = keys.time_entry_sort_key(began(what), what.id)
    return {"GSI4PK": keys.removed_partition(tenant_id, what.user_id), "GSI4SK": sort, **listed(tenant_id, what)}
