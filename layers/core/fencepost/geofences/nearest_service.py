"""The geofences nearest to a position, for phones, which can watch only a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Protocol

from fencepost.geofences.service import IndexedGeofence
from geo.distance_bounds import to_lower_bound_m
from geo.wgs84 import measure_distance_m

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from geo.wgs84 import Position


class VersionedGeofence(IndexedGeofence, Protocol):
    """A geofence and its version."""

    @property
    def version(self) -> int: ...


class NearestGeofenceIndex(Protocol):
    """The port to the spatial index."""

    def find_nearest(
        self,
        tenant_id: str,
        position: Position,
        count: int,
        accepts: Callable[[VersionedGeofence], bool],
        *,
        consistent: bool,
    ) -> Sequence[tuple[float, VersionedGeofence]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyGeofence:
    """A geofence and the metres to its centre and boundary; `edge_distance_m` is negative inside."""

    geofence: VersionedGeofence
    distance_m: float
    edge_distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestGeofences:
    """The geofences, the nearest boundary first, and the distance of the next one; None if there is no other."""

    geofences: list[NearbyGeofence]
    next_edge_distance_m: float | None

    def measure_complete_within_m(self, count: int) -> int | None:
        """Return whole metres within which there is no geofence but the first `count`, or None if there is no other.

        >>> NearestGeofences(geofences=[], next_edge_distance_m=99.9).measure_complete_within_m(0)
        99
        >>> NearestGeofences(geofences=[], next_edge_distance_m=None).measure_complete_within_m(0)
        """
        after = self.geofences[count].edge_distance_m if count < len(self.geofences) else self.next_edge_distance_m
        if after is None:
            return None
        return max(0, floor(to_lower_bound_m(after)))


@dataclass(frozen=True)
class NearestService:
    """The search for the geofences nearest to a position."""

    index: NearestGeofenceIndex

    def find_nearest(
        self, principal: Principal, position: Position, limit: int, now: datetime, *, consistent: bool = False
    ) -> NearestGeofences:
        """Return at most `limit` active geofences, the nearest boundary first.

        Those that cover the position come before all others. Geofences that are not in force now are among
        them, except those that never will be again.

        Args:
            principal: The caller, whose tenant has the geofences.
            position: The position from which distances are measured.
            limit: The largest number of geofences.
            now: Geofences that have expired by then are excluded.
            consistent: Read every acknowledged change. Otherwise a recent one may be missed.
        """

        def can_be_in_force(geofence: VersionedGeofence) -> bool:
            return not geofence.in_force.is_over(now)

        # The distance of one more tells how far the list is complete.
        found = self.index.find_nearest(
            principal.tenant_id, position, limit + 1, can_be_in_force, consistent=consistent
        )
        geofences = [
            NearbyGeofence(
                geofence=geofence,
                distance_m=measure_distance_m(position, geofence.shape.center),
                edge_distance_m=edge_distance_m,
            )
            for edge_distance_m, geofence in found[:limit]
        ]
        return NearestGeofences(
            geofences=geofences, next_edge_distance_m=found[limit][0] if len(found) > limit else None
        )
