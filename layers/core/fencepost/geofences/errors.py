"""Errors of geofences."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fencepost.common.errors import FencepostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.common.entity_ref import EntityRef


class NameTaken(FencepostError):
    """Another geofence of the tenant has this name."""

    code, status = "NAME_TAKEN", HTTPStatus.CONFLICT

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"A geofence named '{name}' exists already; names are unique whatever their case.")


class QuotaReached(FencepostError):
    """The tenant has reached its limit of geofences, or its `room` is less than a request needs."""

    code, status = "GEOFENCE_QUOTA_REACHED", HTTPStatus.PAYMENT_REQUIRED

    def __init__(self, limit: int, count: int) -> None:
        self.limit, self.count = limit, count
        self.extensions = {"limit": limit, "count": count}
        self.room = max(0, limit - count)
        super().__init__(f"The limit is {limit:,} geofences, and there are {count:,}. Delete some or have it raised.")


class StillReferenced(FencepostError):
    """The geofence is assigned to an entity."""

    code, status = "HELD_BY_ENTITIES", HTTPStatus.CONFLICT

    def __init__(self, assignments: Sequence[EntityRef]) -> None:
        self.assignments = tuple(assignments)
        named = ", ".join(f"{a.target_id} in {a.target_table}" for a in self.assignments[:5])
        more = f" and {len(self.assignments) - 5} more" if len(self.assignments) > 5 else ""
        super().__init__(f"It is assigned to {named}{more}. Take the assignments away first.")


class AreaTooDense(FencepostError):
    """A check is among more geofences, or over more cells, than a request has time for."""

    code, status = "CROWDED", HTTPStatus.BAD_REQUEST

    def __init__(self, how: str) -> None:
        super().__init__(f"The positions together {how}; send fewer at once.")
