"""The filters of lists of geofences."""

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
    """Conditions that must all hold; one that is None always holds. `box` must overlap the bounds of the shape."""

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
                self.text is None or self._contains_text(geofence),
                self.box is None or self.box.overlaps(geofence.shape.bounds),
            )
        )

    def _contains_text(self, geofence: Geofence) -> bool:
        text = fold_case(self.text or "")
        texts = (geofence.name, geofence.description, geofence.address, *geofence.tags)
        return any(text in fold_case(one) for one in texts if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAndTags:
    """Conditions that need no shape. `text` and `tags` are case-folded; a geofence must have all tags."""

    text: str = ""
    tags: frozenset[str] = frozenset()

    def matches(self, texts: Iterable[str | None], tags: Iterable[str]) -> bool:
        """Return whether one of the texts contains the text, and the tags are among those of the geofence.

        >>> TextAndTags(text="depot", tags=frozenset({"cold"})).matches(["Old Depot", None], ["Cold", "big"])
        True
        """
        return self.tags <= set(map(fold_case, tags)) and any(self.text in fold_case(text) for text in texts if text)
