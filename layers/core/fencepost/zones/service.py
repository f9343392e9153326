"""Geofences by their number, and in lists with an offset: the operations that only the zone API has."""

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
    from fencepost.geofences.service import GeofenceService, Patch
    from geo.wgs84 import Position

# A list without a limit has at most this number of zones.
MAX_LISTED = 10_000


class ZoneRepository(Protocol):
    """The port to the geofences by number, name and position in the list, and to the tags by number."""

    def find_ids(self, tenant_id: str, numbers: Iterable[int]) -> Mapping[int, str]: ...
    def find_id_by_name(self, tenant_id: str, name: str) -> str | None: ...
    def find_taken_names(self, tenant_id: str, names: Iterable[str]) -> set[str]: ...
    def get_all(self, tenant_id: str, ids: Iterable[str]) -> Mapping[str, Geofence]: ...
    def list_oldest_first(self, tenant_id: str, offset: int, limit: int) -> Iterator[Geofence]: ...
    def list_matching(self, tenant_id: str, filters: TextAndTags, offset: int, limit: int) -> Iterator[Geofence]: ...
    def find_tag_names(self, tenant_id: str, numbers: Iterable[int]) -> Mapping[int, str]: ...
    def find_tag_numbers(self, tenant_id: str, tags: Iterable[str]) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class ZoneService:
    """The use cases of the zone API that geofences by id do not have."""

    geofences: GeofenceService
    repository: ZoneRepository

    def get(self, principal: Principal, number: int) -> Geofence:
        """Return the geofence with a number.

        Raises:
            NotFound: There is none.
        """
        return self.geofences.get(principal, self._find_id(principal, number))

    def update(self, principal: Principal, number: int, patch: Patch, now: datetime) -> Geofence:
        """Change the geofence with a number.

        Raises:
            NotFound: There is none.
            NameTaken: Another geofence has the new name.
            ValidationFailed: A change is not possible.
        """
        return self.geofences.update(principal, self._find_id(principal, number), patch, None, now)

    def update_by_label(self, principal: Principal, label: str, patch: Patch, now: datetime) -> Geofence:
        """Change the geofence with a name.

        Raises:
            NotFound: There is none.
            ValidationFailed: A change is not possible.
        """
        geofence_id = self.repository.find_id_by_name(principal.tenant_id, label)
        if geofence_id is None:
            raise NotFound("zone")
        return self.geofences.update(principal, geofence_id, patch, None, now)

    def delete(self, principal: Principal, numbers: Sequence[int], now: datetime) -> None:
        """Delete geofences, if all of them exist and none is assigned to an entity.

        Raises:
            NotFound: One of them does not exist. None is deleted.
            StillReferenced: Entities reference one of them. None is deleted, unless that happened meanwhile.
        """
        ids = self.repository.find_ids(principal.tenant_id, numbers)
        missing = [number for number in numbers if number not in ids]
        if missing:
            raise NotFound(f"zone as {missing[0]}")
        if len(ids) == 1:
            for geofence_id in ids.values():
                self.geofences.delete(principal, geofence_id, None, now, unless_assigned=True)
            return
        geofences = self.repository.get_all(principal.tenant_id, ids.values()).values()
        entities = dict.fromkeys(entity for geofence in geofences for entity in geofence.assignments)
        if entities:
            raise StillReferenced(list(entities))
        for geofence_id in ids.values():
            with suppress(NotFound):  # another request has deleted it
                self.geofences.delete(principal, geofence_id, None, now, unless_assigned=True)

    def list_zones(
        self, principal: Principal, text: str, tags: Sequence[int], offset: int, limit: int | None
    ) -> Iterator[Geofence]:
        """Yield geofences, oldest first.

        `text` is a part of the name, address or description. A geofence must have all tags with the numbers `tags`.

        Raises:
            ValidationFailed: There is no limit and there are too many geofences; raised while iterating.
        """
        names = self.repository.find_tag_names(principal.tenant_id, tags)
        if len(names) < len(set(tags)):
            return
        filters = TextAndTags(text=fold_case(text), tags=frozenset(map(fold_case, names.values())))
        count = min(limit or MAX_LISTED + 1, MAX_LISTED + 1)
        if filters == TextAndTags():
            geofences = self.repository.list_oldest_first(principal.tenant_id, offset, count)
        else:
            geofences = self.repository.list_matching(principal.tenant_id, filters, offset, count)
        for n, geofence in enumerate(geofences):
            if n == MAX_LISTED:
                raise ValidationFailed.field("limit", f"of at most {MAX_LISTED:,} is needed: there are more zones")
            yield geofence

    def find_at(self, principal: Principal, position: Position, now: datetime) -> list[tuple[int, str]]:
        """Return the numbers and names of the geofences in force that cover a position."""
        [matches] = self.geofences.check(principal, [position], now)
        found = []
        for match in matches:
            # Old index entries contain no number.
            number = match.geofence.number or self.geofences.get(principal, match.geofence.id).number
            found.append((number, match.geofence.name))
        return found

    def find_numbers(self, principal: Principal, ids: Sequence[str]) -> list[int]:
        """Return the numbers of geofences in the order of their ids, without those that do not exist."""
        found = self.repository.get_all(principal.tenant_id, ids)
        return [found[geofence_id].number for geofence_id in ids if geofence_id in found]

    def find_taken_labels(self, principal: Principal, labels: Iterable[str]) -> set[str]:
        """Return the labels that existing zones have, case-folded."""
        return self.repository.find_taken_names(principal.tenant_id, labels)

    def find_tag_names(self, principal: Principal, numbers: Iterable[int]) -> Mapping[int, str]:
        """Return the tags with these numbers, without the numbers that no tag has."""
        return self.repository.find_tag_names(principal.tenant_id, numbers)

    def find_tag_numbers(self, geofence: Geofence) -> list[int]:
        return list(self.repository.find_tag_numbers(geofence.tenant_id, geofence.tags).values())

    def _find_id(self, principal: Principal, number: int) -> str:
        ids = self.repository.find_ids(principal.tenant_id, [number])
        if number not in ids:
            raise NotFound("zone")
        return ids[number]
