"""A geofence: a named shape, with what happens there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.text import fold_case
from fencepost.geofences.validity import ALWAYS, InForce
from geo.cells import MAX_CELLS, cover

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from geo.cells import Cell
    from geo.shapes.base import Shape

MAX_NAME_LENGTH = 100
# A change of a geofence is one transaction of at most 100 actions: the geofence, its version, its name old and new,
# the event, and one for each cell and each target, old and new. This leaves room for at least 13 new cells.
MAX_ASSIGNMENTS = 25
_MAX_CELLS_AND_TARGETS = 95
MAX_TAGS = 50
MAX_TAG_LENGTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    """One version of a geofence. `version` starts at 1 and grows by one with every change; it is the ETag.

    `number` is unique in the tenant too, for dialects whose ids are whole numbers; 0 until the repository draws one.
    """

    id: str
    tenant_id: str
    name: str
    shape: Shape
    created_at: datetime
    updated_at: datetime
    number: int = 0
    version: int = 1
    description: str | None = None
    is_active: bool = True
    in_force: InForce = ALWAYS
    is_priority: bool = False
    min_accuracy_m: float = 0.0
    color: str | None = None
    address: str | None = None
    tags: tuple[str, ...] = ()
    trigger_on: str = "enter"
    dwell_minutes: int | None = None
    cooldown_ms: int = 86_400_000
    action: Mapping[str, Any] = field(default_factory=dict)
    assignments: tuple[EntityRef, ...] = ()
    nodes: tuple[bool, ...] = ()
    """Whether each vertex was set by a user, for the zone dialect. Empty if all of them were."""
    cells: Mapping[Cell, int] = field(default_factory=dict)
    """The cells under which the index lists it, each with its shard. Empty while it is inactive."""

    @property
    def name_key(self) -> str:
        """The case-folded name, which is unique in the tenant."""
        return fold_case(self.name)

    def apply(self, changes: Mapping[str, Any], now: datetime) -> Geofence:
        """Return the next version, with the cells of its new shape."""
        # A request that waited for others has an older `now`, and a version must not be older than the one before.
        updated_at = max(now, self.updated_at + timedelta(milliseconds=1))
        after = replace(self, **changes, version=self.version + 1, updated_at=updated_at)
        if self.nodes and "nodes" not in changes and after.shape.to_geojson() != self.shape.to_geojson():
            after = replace(after, nodes=())
        if after.is_active and self.cells and after.shape == self.shape:
            return after
        targets = {*self.assignments, *after.assignments}
        return after.assign_cells(_MAX_CELLS_AND_TARGETS - len(self.cells) - len(targets))

    def assign_cells(self, max_cells: int = MAX_CELLS) -> Geofence:
        """Return the geofence with the cells under which the index lists it, none if it is inactive."""
        cells = cover(self.shape, min(MAX_CELLS, max_cells)) if self.is_active else ()
        return replace(self, cells={cell: self.cells.get(cell, 0) for cell in sorted(cells)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a geofence; `deleted_at` is set on the last version of a deleted one."""

    geofence: Geofence
    deleted_at: datetime | None = None
