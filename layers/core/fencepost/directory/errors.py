"""Errors of the directory."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fencepost.common.errors import FencepostError

if TYPE_CHECKING:
    from collections.abc import Sequence


class StillAssigned(FencepostError):
    """Geofences are assigned to an entity that was to be deleted.

    Attributes:
        geofences: The ids and names of the geofences.
    """

    code, status = "STILL_ASSIGNED", HTTPStatus.CONFLICT

    def __init__(self, what: str, geofences: Sequence[tuple[str, str]]) -> None:
        self.geofences = tuple(geofences)
        self.extensions = {"geofences": [{"id": geofence_id, "name": name} for geofence_id, name in self.geofences]}
        named = ", ".join(f"'{name}'" for _, name in self.geofences[:5])
        more = f" and {len(self.geofences) - 5} more" if len(self.geofences) > 5 else ""
        super().__init__(
            f"Geofences are assigned to this {what}: {named}{more}. Take the assignments away, or delete with "
            "cascade=true."
        )


class StillRunning(FencepostError):
    """The clock of a user who was to be deleted is running."""

    code, status = "CLOCK_RUNNING", HTTPStatus.CONFLICT

    def __init__(self) -> None:
        super().__init__("The user's clock is running. Stop or cancel it first.")
