"""Creates, reads, updates, deletes and lists geofences, and finds those that cover a position."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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

# A filtered page takes at most this number of queries, each of this number of geofences.
_QUERIES_PER_FILTERED_PAGE, _GEOFENCES_PER_QUERY = 4, 500


class IndexedGeofence(Protocol):
    """What a check needs of a geofence."""

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
    """The port to the stored geofences."""

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
    """A geofence that covers a position, or is within reach. Metres; `edge_distance_m` is negative inside."""

    geofence: IndexedGeofence
    distance_m: float
    edge_distance_m: float

    def find_state(self, accuracy_m: float | None) -> str:
        """Return inside, outside, or uncertain: the boundary is nearer than the accuracy of the position."""
        if accuracy_m is not None and abs(self.edge_distance_m) < accuracy_m:
            return "uncertain"
        return "inside" if self.edge_distance_m <= 0 else "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some geofences, and after which one the next page begins: None on the last page."""

    geofences: list[Geofence]
    after: tuple[datetime, str] | None


@dataclass(frozen=True)
class GeofenceService:
    """The use cases of geofences. Each works in the tenant of its principal."""

    repository: GeofenceRepository
    index: GeofenceIndex
    new_id: NewId = field(default=new_id)

    def create(
        self, principal: Principal, fields: Mapping[str, Any], now: datetime, geofence_id: str | None = None
    ) -> Geofence:
        """Create a geofence, or return the existing one if this request already created it.

        Args:
            principal: The caller.
            fields: The fields of the geofence.
            now: The time of creation.
            geofence_id: Derived from the Idempotency-Key, so that a retry after a lost response finds what it made.

        Raises:
            NameTaken: Another geofence of the tenant has this name.
            QuotaReached: The tenant has reached its limit of geofences.
            ValidationFailed: The target of an assignment does not exist, or the tenant would have too many tags.
        """
        geofence = Geofence(
            id=geofence_id or self.new_id(), tenant_id=principal.tenant_id, created_at=now, updated_at=now, **fields
        ).assign_cells()
        event = self._build_event(GeofenceCreated, geofence, principal, now)

        def attempt() -> Geofence:
            try:
                return self.repository.add(geofence, event)
            except VersionMismatch:
                existing = self.repository.get(principal.tenant_id, geofence.id)
                if existing is None:  # deleted meanwhile: the next attempt can add it
                    raise
                return existing

        return retry_on_conflict(attempt)

    def get(self, principal: Principal, geofence_id: str) -> Geofence:
        """Return a geofence of the caller's tenant.

        Raises:
            NotFound: The tenant has none with this id.
        """
        geofence = self.repository.get(principal.tenant_id, geofence_id) if is_id(geofence_id) else None
        if geofence is None:
            raise NotFound("geofence")
        return geofence

    def update(
        self, principal: Principal, geofence_id: str, patch: Patch, expected_version: int | None, now: datetime
    ) -> Geofence:
        """Apply a patch to the current version and return the next one.

        Args:
            principal: The caller.
            geofence_id: The geofence to change.
            patch: The change.
            expected_version: The version that must be the current one; None applies the patch to any.
            now: The time of the change.

        Raises:
            NotFound: The tenant has no such geofence.
            VersionMismatch: Another version is the current one.
            NameTaken: Another geofence of the tenant has the new name.
            ValidationFailed: The patch does not fit the geofence, or the target of an assignment does not exist.
        """

        def change(before: Geofence) -> Geofence:
            after = before.apply(patch.to_changes(before), now)
            self.repository.replace(before, after, self._build_event(GeofenceUpdated, after, principal, now))
            return after

        return self._write_current(principal, geofence_id, expected_version, change)

    def delete(
        self,
        principal: Principal,
        geofence_id: str,
        expected_version: int | None,
        now: datetime,
        *,
        unless_assigned: bool = False,
    ) -> Geofence:
        """Delete a geofence and return its last version.

        Raises:
            NotFound: The tenant has no such geofence.
            VersionMismatch: The current version is not `expected_version`.
            StillReferenced: It is assigned to an entity, and `unless_assigned` is set.
        """

        def remove(geofence: Geofence) -> Geofence:
            if unless_assigned and geofence.assignments:
                raise StillReferenced(geofence.assignments)
            self.repository.remove(geofence, now, self._build_event(GeofenceDeleted, geofence, principal, now))
            return geofence

        return self._write_current(principal, geofence_id, expected_version, remove)

    def _write_current(
        self,
        principal: Principal,
        geofence_id: str,
        expected_version: int | None,
        write: Callable[[Geofence], Geofence],
    ) -> Geofence:
        """Write on top of the current version. If another write comes first, try again unless a version is expected.

        Raises:
            NotFound: There is no such geofence.
            VersionMismatch: The current version is not `expected_version`.
        """

        def attempt() -> Geofence:
            geofence = self.get(principal, geofence_id)
            if expected_version not in (None, geofence.version):
                raise VersionMismatch
            return write(geofence)

        return attempt() if expected_version is not None else retry_on_conflict(attempt)

    def list_newest(
        self,
        principal: Principal,
        limit: int,
        after: tuple[datetime, str] | None,
        filters: GeofenceFilter | None = None,
    ) -> Page:
        """Return at most `limit` geofences that match the filters, newest first, all older than `after`.

        Without filters a page is one query. With filters it is a few at most, and may be short: its cost does not
        depend on how rare the matches are.
        """
        found: list[Geofence] = []
        for _ in range(_QUERIES_PER_FILTERED_PAGE if filters else 1):
            size = _GEOFENCES_PER_QUERY if filters else limit
            geofences, has_more = self.repository.list_newest(principal.tenant_id, size, after)
            for geofence in geofences:
                if len(found) == limit:
                    return Page(geofences=found, after=after)
                after = (geofence.created_at, geofence.id)
                found += [geofence] if filters is None or filters.matches(geofence) else []
            if not has_more:
                return Page(geofences=found, after=None)
        return Page(geofences=found, after=after)

    def get_version(self, principal: Principal, geofence_id: str, number: int) -> Version:
        """Return one version of a geofence, of a deleted one too.

        Raises:
            NotFound: There is no such version.
        """
        is_possible = is_id(geofence_id)
        version = self.repository.get_version(principal.tenant_id, geofence_id, number) if is_possible else None
        if version is None:
            raise NotFound("version of a geofence")
        return version

    def list_versions(
        self, principal: Principal, geofence_id: str, limit: int, before: int | None
    ) -> tuple[list[Version], bool]:
        """Return at most `limit` versions below `before`, newest first, and whether there are more.

        Raises:
            NotFound: There never was such a geofence.
        """
        versions = list(islice(self._read_versions(principal, geofence_id, before), limit + 1))
        if not versions and before is None:
            raise NotFound("geofence")
        return versions[:limit], len(versions) > limit

    def get_as_of(self, principal: Principal, geofence_id: str, at: datetime) -> Version:
        """Return the version that was current at an instant.

        Raises:
            NotFound: The geofence did not exist then.
        """
        for version in self._read_versions(principal, geofence_id, None):
            # Responses have instants to the millisecond, and such an instant must find its version.
            if _to_millisecond(version.geofence.updated_at) <= at:
                if version.deleted_at is not None and _to_millisecond(version.deleted_at) <= at:
                    break
                return replace(version, deleted_at=None)
        raise NotFound("geofence")

    def _read_versions(self, principal: Principal, geofence_id: str, before: int | None) -> Iterator[Version]:
        if not is_id(geofence_id):
            return iter(())
        return self.repository.list_versions(principal.tenant_id, geofence_id, before)

    def list_tags(self, principal: Principal) -> list[tuple[int, str]]:
        """Return the tags that any geofence ever had, each with its number."""
        return list(enumerate(self.repository.list_tags(principal.tenant_id), start=1))

    def check(
        self,
        principal: Principal,
        positions: Sequence[Position],
        now: datetime,
        *,
        within_m: float = 0.0,
        consistent: bool = False,
    ) -> list[list[Match]]:
        """Return for each position the active geofences in force that cover it, the nearest centre first.

        Args:
            principal: The caller, whose tenant has the geofences.
            positions: The positions to check.
            now: The instant at which a geofence must be in force.
            within_m: Return also geofences whose boundary is at most this far away.
            consistent: Read every acknowledged change. Otherwise a recent one may be missed.

        Raises:
            ValidationFailed: Too many cells are within reach: close to a pole, a metre is many degrees of longitude.
            AreaTooDense: The positions are among too many geofences.
        """
        try:
            near = self.index.find_near(principal.tenant_id, positions, within_m, consistent=consistent)
        except GeometryError as error:
            raise ValidationFailed.field(error.field, error.reason) from None
        return [
            _find_matches(position, geofences, within_m, now)
            for position, geofences in zip(positions, near, strict=True)
        ]

    def _build_event(
        self, event_class: type[GeofenceEvent], geofence: Geofence, principal: Principal, now: datetime
    ) -> GeofenceEvent:
        return event_class(
            id=self.new_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            geofence=geofence,
        )


def _find_matches(
    position: Position, geofences: Sequence[IndexedGeofence], within_m: float, now: datetime
) -> list[Match]:
    """Return the geofences in force within reach, sorted by the distance of their centres, then by id."""
    if not geofences:
        return []
    frame = Frame(position)
    matches = []
    for geofence in geofences:
        metres = geofence.shape.distances_m(frame, within_m)
        if metres is not None and (geofence.in_force is ALWAYS or geofence.in_force.covers(now)):
            matches.append(Match(geofence, *metres))
    if len(matches) > 1:
        matches.sort(key=attrgetter("distance_m"))
        distances = [match.distance_m for match in matches]
        if any(map(eq, distances, distances[1:])):
            matches.sort(key=lambda match: (match.distance_m, match.geofence.id))
    return matches


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
