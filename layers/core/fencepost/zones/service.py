"""Geofences by number: what the zone vocabulary asks for beyond what all vocabularies do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.text import fold_case
from fencepost.geofences.errors import StillReferenced
from fencepost.geofences.filters import TextAndTags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.model import Geofence
    from fencepost.geofences.service import Changes, GeofenceService, Match
    from geo.wgs84 import Position

# Without a limit a list has all zones, as long as that is an answer at all.
MAX_LISTED = 10_000


class ZoneRepository(Protocol):
    """The port to where geofences are found by number, and listed by place."""

    def find_ids(self, tenant_id: str, numbers: Iterable[int]) -> Mapping[int, str]: ...
    def find_id_by_name(self, tenant_id: str, name: str) -> str | None: ...
    def find_taken_names(self, tenant_id: str, names: Iterable[str]) -> set[str]: ...
    def get_all(self, tenant_id: str, ids: Iterable[str]) -> Mapping[str, Geofence]: ...
    def list_oldest_first(self, tenant_id: str, offset: int, limit: int) -> Iterator[Geofence]: ...
    def list_matching(self, tenant_id: str, wanted: TextAndTags, offset: int, limit: int) -> Iterator[Geofence]: ...
    def find_tag_names(self, tenant_id: str, numbers: Iterable[int]) -> Mapping[int, str]: ...
    def find_tag_numbers(self, tenant_id: str, tags: Iterable[str]) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class ZoneService:
    geofences: GeofenceService
    repository: ZoneRepository

    def get(self, principal: Principal, number: int) -> Geofence:
        """Raises NotFound."""
        return self.geofences.get(principal, self._id(principal, number))

    def update(self, principal: Principal, number: int, changes: Changes, now: datetime) -> Geofence:
        """Raises NotFound, NameTaken, Invalid."""
        return self.geofences.update(principal, self._id(principal, number), changes, None, now)

    def update_by_label(self, principal: Principal, name: str, changes: Changes, now: datetime) -> Geofence:
        """Raises NotFound, Invalid."""
        geofence_id = self.repository.find_id_by_name(principal.tenant_id, name)
        if geofence_id is None:
            raise NotFound("zone")
        return self.geofences.update(principal, geofence_id, changes, None, now)

    def delete(self, principal: Principal, numbers: Sequence[int], now: datetime) -> None:
        """Delete one after the other, when all are there and nothing is assigned to any of them.

        Raises NotFound, HeldByEntities.
        """
        ids = self.repository.find_ids(principal.tenant_id, numbers)
        missing = [number for number in numbers if number not in ids]
        if missing:
            raise NotFound(f"zone as {missing[0]}")
        if len(ids) == 1:
            for geofence_id in ids.values():
                self.geofences.delete(principal, geofence_id, None, now, unless_assigned=True)
            return
        held = {
            a: None
            for g in self.repository.get_all(principal.tenant_id, ids.values()).values()
            for a in g.assignments
        }
        if held:
            raise StillReferenced(list(held))
        for geofence_id in ids.values():
            with suppress(NotFound):  # gone since, as it was to be
                self.geofences.delete(principal, geofence_id, None, now, unless_assigned=True)

    def list_zones(
        self, principal: Principal, text: str, tags: Sequence[int], offset: int, limit: int | None
    ) -> Iterator[Geofence]:
        """Oldest first. `tags` are numbers, all of which a zone must have. Raises Invalid, on the way."""
        names = self.repository.find_tag_names(principal.tenant_id, tags)
        if len(names) < len(set(tags)):
            return
        wanted = TextAndTags(text=fold_case(text), tags=frozenset(map(fold_case, names.values())))
        most = min(limit or MAX_LISTED + 1, MAX_LISTED + 1)
        if wanted == TextAndTags():
            found = self.repository.list_oldest_first(principal.tenant_id, offset, most)
        else:
            found = self.repository.list_matching(principal.tenant_id, wanted, offset, most)
        for n, geofence in enumerate(found):
            if n == MAX_LISTED:
                raise ValidationFailed.field("limit", f"of at most {MAX_LISTED:,} is needed: there are more zones")
            yield geofence

    def find_at(self, principal: Principal, position: Position, now: datetime) -> list[tuple[int, str]]:
        """Numbers and names of the active geofences in force that contain a position. Costs what a check costs."""
        (matches,) = self.geofences.check(principal, [position], now)
        return [(self._number(principal, match), match.geofence.name) for match in matches]

    def find_numbers(self, principal: Principal, ids: Sequence[str]) -> list[int]:
        """The numbers of those of these geofences that there are, in their order."""
        found = self.repository.get_all(principal.tenant_id, ids)
        return [found[geofence_id].number for geofence_id in ids if geofence_id in found]

    def find_taken_labels(self, principal: Principal, labels: Iterable[str]) -> set[str]:
        """Those of these labels, folded, that zones have."""
        return self.repository.find_taken_names(principal.tenant_id, labels)

    def find_tag_names(self, principal: Principal, numbers: Iterable[int]) -> Mapping[int, str]:
        """The tags of these numbers, as far as there are any."""
        return self.repository.find_tag_names(principal.tenant_id, numbers)

    def find_tag_numbers(self, geofence: Geofence) -> list[int]:
        return list(self.repository.find_tag_numbers(geofence.tenant_id, geofence.tags).values())

    def _id(self, principal: Principal, number: int) -> str:
        ids = self.repository.find_ids(principal.tenant_id, [number])
        if number not in ids:
            raise NotFound("zone")
        return ids[number]

    def _number(self, principal: Principal, match: Match) -> int:
        """An entry of the index that is older than numbers in it has to be asked for."""
        return match.geofence.number or self.geofences.get(principal, match.geofence.id).number
