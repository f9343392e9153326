"""The attributes of items that still contain a position: GSI2 lists these by precision and by their start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.dynamodb import keys
from fencepost.timeclock.location_evidence import find_precision, find_retention_start

if TYPE_CHECKING:
    from fencepost.timeclock.location_evidence import Evidence


def build_position_attributes(tenant_id: str, evidence: Evidence) -> dict[str, str]:
    """Return the attributes that list an item by its position; none if it contains no position."""
    precision = find_precision(evidence)
    if precision is None:
        return {}
    sort = keys.positions_sort_key(precision, find_retention_start(evidence), evidence.id)
    return {"GSI2PK": keys.positions_partition(tenant_id), "GSI2SK": sort}


def build_removed_attributes(tenant_id: str, evidence: Evidence) -> dict[str, str]:
    """Return the attributes of a removed entry, a cancelled clock or a refusal, which GSI4 lists by user."""
    sort = keys.time_entry_sort_key(find_retention_start(evidence), evidence.id)
    return {
        "GSI4PK": keys.removed_partition(tenant_id, evidence.user_id),
        "GSI4SK": sort,
        **build_position_attributes(tenant_id, evidence),
    }
