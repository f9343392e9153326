"""Create, read, change, delete and list geofences, and say which contain a position."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter, eq
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fencepost.common.errors import NotFound, ValidationFailed, VersionMismatch
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.common.retry import retry_on_conflict
from fencepost.geofences.errors import StillReferenced
from fencepost.geofences.events import GeofenceCreated, GeofenceDeleted, GeofenceEvent, GeofenceUpdated
from fencepost.geofences.model import Geofence
from fencepost.geofences.validity import ALWAYS
from geo.errors import GeometryError
from geo.wgs84 import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.filters import GeofenceFilter
    from fencepost.geofences.model import Version
    from fencepost.geofences.validity import InForce
    from geo.shapes.base import Shape
    from geo.wgs84 import Position

# A filtered page looks at so many geofences at the most.
_QUERIES_A_FILTERED_PAGE, _LOOKED_AT_A_QUERY = 4, 500


class IndexedGeofence(Protocol):
    """What a check needs to know of a geofence."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def in_force(self) -> InForce: ...
    @property
    def trigger_on(self) -> str: ...
    @property
    def action(self) -> Mapping[str, Any]: ...


class Patch(Protocol):
    """A change of a geofence, whatever its current version is."""

    def to_changes(self, before: Geofence) -> Mapping[str, Any]:
        """Return the fields that become different.

        Raises:
            ValidationFailed: The change does not fit the geofence.
        """


class GeofenceRepository(Protocol):
    """The port to where geofences are kept."""

    def get(self, tenant_id: str, geofence_id: str) -> Geofence | None: ...
    def add(self, geofence: Geofence, event: GeofenceEvent) -> Geofence: ...
    def replace(self, before: Geofence, after: Geofence, event: GeofenceEvent) -> None: ...
    def remove(self, geofence: Geofence, now: datetime, event: GeofenceEvent) -> None: ...
    def list_newest(
        self, tenant_id: str, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[Geofence], bool]: ...
    def get_version(self, tenant_id: str, geofence_id: str, number: int) -> Version | None: ...
    def list_versions(self, tenant_id: str, geofence_id: str, before: int | None) -> Iterator[Version]: ...
    def list_tags(self, tenant_id: str) -> list[str]: ...


class GeofenceIndex(Protocol):
    """The port to the spatial index."""

    def find_near(
        self, tenant_id: str, positions: Sequence[Position], reach_m: float, *, consistent: bool
    ) -> Sequence[Sequence[IndexedGeofence]]: ...


class Match(NamedTuple):
    """A geofence that contains the position, or comes near. Metres; `edge_distance_m` is negative inside."""

    geofence: IndexedGeofence
    distance_m: float
    edge_distance_m: float

    def state(self, accuracy_m: float | None) -> str:
        """inside, outside, or uncertain: the boundary is no farther than what the fix may be wrong by."""
        if accuracy_m is not None and abs(self.edge_distance_m) < accuracy_m:
            return "uncertain"
        return "inside" if self.edge_distance_m <= 0 else "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`after` is where the next page begins; None: there is none."""

    geofences: list[Geofence]
    after: tuple[datetime, str] | None


@dataclass(frozen=True)
class GeofenceService:
    store: GeofenceRepository
    index: GeofenceIndex
    make_id: NewId = new_id

    def create(
        self, principal: Principal, fields: Mapping[str, Any], now: datetime, geofence_id: str | None = None
    ) -> Geofence:
        """The new geofence; or, where `geofence_id` is there already, that one as it is.

        An id is given where the request has one of its own: what is found under it was made by an earlier call of
        the same request, whose answer was lost. Raises NameTaken, QuotaReached, Invalid.
        """
        geofence = Geofence(
            id=geofence_id or self.make_id(), tenant_id=principal.tenant_id, created_at=now, updated_at=now, **fields
        ).assign_cells()
        event = self._event(GeofenceCreated, geofence, principal, now)

        def attempt() -> Geofence:
            try:
                return self.store.add(geofence, event)
            except VersionMismatch:
                made = self.store.get(principal.tenant_id, geofence.id)
                if made is None:  # deleted since: now it can be added
                    raise
                return made

        return retry_on_conflict(attempt)

    def get(self, principal: Principal, geofence_id: str) -> Geofence:
        """Raises NotFound, for another tenant's too."""
        geofence = self.store.get(principal.tenant_id, geofence_id) if is_id(geofence_id) else None
        if geofence is None:
            raise NotFound("geofence")
        return geofence

    def update(
        self, principal: Principal, geofence_id: str, patch: Patch, expected: int | None, now: datetime
    ) -> Geofence:
        """The geofence with the changes; what they do not name is kept.

        Raises NotFound, VersionMismatch, NameTaken, Invalid.
        """

        def change(before: Geofence) -> Geofence:
            after = before.apply(patch.to_changes(before), now)
            self.store.replace(before, after, self._event(GeofenceUpdated, after, principal, now))
            return after

        return self._on_current(principal, geofence_id, expected, change)

    def delete(
        self,
        principal: Principal,
        geofence_id: str,
        expected: int | None,
        now: datetime,
        *,
        unless_assigned: bool = False,
    ) -> Geofence:
        """The geofence as it last was. Raises NotFound, VersionMismatch; HeldByEntities `unless_assigned`."""

        def remove(geofence: Geofence) -> Geofence:
            if unless_assigned and geofence.assignments:
                raise StillReferenced(geofence.assignments)
            self.store.remove(geofence, now, self._event(GeofenceDeleted, geofence, principal, now))
            return geofence

        return self._on_current(principal, geofence_id, expected, remove)

    def _on_current(
        self, principal: Principal, geofence_id: str, expected: int | None, write: Callable[[Geofence], Geofence]
    ) -> Geofence:
        """Write on top of the current version: the `expected` one, or, where the caller names none, any.

        A write that is overtaken by another is repeated on top of that, unless the caller named a version.
        """

        def attempt() -> Geofence:
            geofence = self.get(principal, geofence_id)
            if expected not in (None, geofence.version):
                raise VersionMismatch
            return write(geofence)

        return attempt() if expected is not None else retry_on_conflict(attempt)

    def list_newest(
        self,
        principal: Principal,
        limit: int,
        after: tuple[datetime, str] | None,
        wanted: GeofenceFilter | None = None,
    ) -> Page:
        """At most `limit` of the geofences that are wanted, older than `after`.

        Without a filter a page is one query. With one, so many are looked at as a few queries bring, and the page
        may be short: what it costs does not depend on how rare the wanted ones are.
        """
        found: list[Geofence] = []
        for _ in range(_QUERIES_A_FILTERED_PAGE if wanted else 1):
            size = _LOOKED_AT_A_QUERY if wanted else limit
            looked_at, has_more = self.store.list_newest(principal.tenant_id, size, after)
            for geofence in looked_at:
                if len(found) == limit:
                    return Page(geofences=found, after=after)
                after = (geofence.created_at, geofence.id)
                found += [geofence] if wanted is None or wanted.matches(geofence) else []
            if not has_more:
                return Page(geofences=found, after=None)
        return Page(geofences=found, after=after)

    def version(self, principal: Principal, geofence_id: str, number: int) -> Version:
        """One version, of a deleted geofence too. Raises NotFound."""
        found = self.store.get_version(principal.tenant_id, geofence_id, number) if is_id(geofence_id) else None
        if found is None:
            raise NotFound("version of a geofence")
        return found

    def versions(
        self, principal: Principal, geofence_id: str, limit: int, before: int | None
    ) -> tuple[list[Version], bool]:
        """At most `limit` versions below `before`, newest first, and whether there are more. Raises NotFound."""
        found = list(islice(self._versions(principal, geofence_id, before), limit + 1))
        if not found and before is None:
            raise NotFound("geofence")
        return found[:limit], len(found) > limit

    def as_of(self, principal: Principal, geofence_id: str, at: datetime) -> Version:
        """The version in force at an instant. Raises NotFound where the geofence was not there then."""
        for version in self._versions(principal, geofence_id, None):
            # Instants are told to the millisecond, and one that was told must be found.
            if _to_millisecond(version.geofence.updated_at) <= at:
                if version.deleted_at is not None and _to_millisecond(version.deleted_at) <= at:
                    break
                return replace(version, deleted_at=None)
        raise NotFound("geofence")

    def _versions(self, principal: Principal, geofence_id: str, before: int | None) -> Iterator[Version]:
        return self.store.list_versions(principal.tenant_id, geofence_id, before) if is_id(geofence_id) else iter(())

    def tags(self, principal: Principal) -> list[tuple[int, str]]:
        """The tags that any geofence ever had, each with its number."""
        return list(enumerate(self.store.list_tags(principal.tenant_id), start=1))

    def check(
        self,
        principal: Principal,
        positions: Sequence[Position],
        now: datetime,
        *,
        within_m: float = 0.0,
        consistent: bool = False,
    ) -> list[list[Match]]:
        """For each position the active geofences in force that contain it, the nearest centre first.

        With `within_m`, those too whose boundary is at most so many metres away. With `consistent`, every change
        that was answered before is seen; without, one may be missed for a moment. Raises Invalid where too many
        cells lie within reach: close to a pole, a metre is many degrees of longitude.
        """
        try:
            near = self.index.find_near(principal.tenant_id, positions, within_m, consistent=consistent)
        except GeometryError as error:
            raise ValidationFailed.field(error.field, error.reason) from None
        return [
            _matches(position, geofences, within_m, now) for position, geofences in zip(positions, near, strict=True)
        ]

    def _event(
        self, event_class: type[GeofenceEvent], geofence: Geofence, principal: Principal, now: datetime
    ) -> GeofenceEvent:
        return event_class(
            id=self.make_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            geofence=geofence,
        )


def _matches(position: Position, geofences: Sequence[IndexedGeofence], within_m: float, now: datetime) -> list[Match]:
    if not geofences:
        return []
    frame = Frame(position)
    matches = []
    for geofence in geofences:
        metres = geofence.shape.distances_m(frame, within_m)
        if metres is not None and (geofence.in_force is ALWAYS or geofence.in_force.holds(now)):
            matches.append(Match(geofence, *metres))
    if len(matches) > 1:
        matches.sort(key=attrgetter("distance_m"))
        distances = [match.distance_m for match in matches]
        if any(map(eq, distances, distances[1:])):
            matches.sort(key=lambda match: (match.distance_m, match.geofence.id))
    return matches


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
