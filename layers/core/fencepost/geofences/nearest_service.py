"""The geofences nearest to a position: what a phone, which watches a few at a time, needs to register its own."""

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
    """A geofence of which it is known, too, how often it was changed."""

    @property
    def version(self) -> int: ...


class NearestRepository(Protocol):
    """The port to where the nearest geofences are found."""

    def nearest(
        self,
        tenant_id: str,
        position: Position,
        count: int,
        is_wanted: Callable[[VersionedGeofence], bool],
        *,
        consistent: bool,
    ) -> Sequence[tuple[float, VersionedGeofence]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A geofence and how far it is. Metres; `edge_distance_m` is negative inside."""

    geofence: VersionedGeofence
    distance_m: float
    edge_distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The geofences, nearest boundary first, and the distance of the next one; None: there is no other."""

    geofences: list[Near]
    next_edge_distance_m: float | None

    def complete_within_m(self, told: int) -> int | None:
        """Where only the first so many are told: no other is nearer than that, in whole metres. None: all are told.

        >>> Nearest(geofences=[], next_edge_distance_m=99.9).complete_within_m(0)
        99
        >>> Nearest(geofences=[], next_edge_distance_m=None).complete_within_m(0)
        """
        after = self.geofences[told].edge_distance_m if told < len(self.geofences) else self.next_edge_distance_m
        if after is None:
            return None
        return max(0, floor(to_lower_bound_m(after)))


@dataclass(frozen=True)
class NearestService:
    store: NearestRepository

    def nearest(
        self, principal: Principal, position: Position, limit: int, now: datetime, *, consistent: bool = False
    ) -> Nearest:
        """At most `limit` active geofences, the nearest boundary first, those that contain the position before all.

        Those that are not in force now are among them, save those that never will be again. With `consistent`,
        every change that was answered before is seen; without, one may be missed for a moment.
        """

        def is_wanted(geofence: VersionedGeofence) -> bool:
            return not geofence.in_force.is_over(now)

        # One more tells how far the list is complete.
        found = self.store.nearest(principal.tenant_id, position, limit + 1, is_wanted, consistent=consistent)
        geofences = [
            Near(
                geofence=geofence,
                distance_m=measure_distance_m(position, geofence.shape.center),
                edge_distance_m=edge_distance_m,
            )
            for edge_distance_m, geofence in found[:limit]
        ]
        return Nearest(geofences=geofences, next_edge_distance_m=found[limit][0] if len(found) > limit else None)
