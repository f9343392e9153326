"""Which geofences a list is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.common.text import fold_case
from fencepost.geofences.model import Geofence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.shapes.bounds import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceFilter:
    """What is None is not asked for; all that is asked for must hold. `box` is met by a geofence's bounding box."""

    is_active: bool | None = None
    kind: str | None = None
    tag: str | None = None
    text: str | None = None
    box: Bounds | None = None
    target: EntityRef | None = None

    def matches(self, geofence: Geofence) -> bool:
        return all(
            (
                self.is_active is None or geofence.is_active is self.is_active,
                self.kind is None or geofence.shape.kind == self.kind,
                self.tag is None or fold_case(self.tag) in map(fold_case, geofence.tags),
                self.target is None or self.target in geofence.assignments,
                self.text is None or _says(geofence, fold_case(self.text)),
                self.box is None or self.box.overlaps(geofence.shape.bounds),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAndTags:
    """What can be asked of a geofence without its shape. `text` and `tags` are folded; all tags must be there."""

    text: str = ""
    tags: frozenset[str] = frozenset()

    def matches(self, texts: Iterable[str | None], tags: Iterable[str]) -> bool:
        """
        >>> TextAndTags(text="depot", tags=frozenset({"cold"})).matches(["Old Depot", None], ["Cold", "big"])
        True
        """
        return self.tags <= set(map(fold_case, tags)) and any(self.text in fold_case(text) for text in texts if text)


def _says(geofence: Geofence, text: str) -> bool:
    texts = (geofence.name, geofence.description, geofence.address, *geofence.tags)
    return any(text in fold_case(said) for said in texts if said)
