"""Changes of a geofence as values: parsed at the edge, applied to whatever version is current."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.geofences.validity import ALWAYS, InForce
from geo.errors import GeometryError
from geo.shapes import find_by_geometry, find_by_kind
from geo.shapes.circle import Circle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.common.entity_ref import EntityRef
    from fencepost.geofences.model import Geofence
    from geo.shapes.base import Shape, ShapeFields

DEFAULT_RADIUS_M = 500.0
_FIELD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapePatch:
    """The fields of a shape that a request sets. `kind` is None if it names no type."""

    kind: str | None
    fields: ShapeFields

    def apply(self, before: Shape | None) -> Shape:
        """Return the shape that the request describes. Fields that it omits keep the values of the shape `before`.

        Raises:
            GeometryError: There is no such shape.
        """
        return self._find_type(before).parse_fields(self.fields, before, DEFAULT_RADIUS_M)

    def _find_type(self, before: Shape | None) -> type[Shape]:
        """Return the type that the request names, else the one of its geometry, else the one of the geofence."""
        if self.kind is not None:
            named = find_by_kind(self.kind)
            assert named is not None, "the name is validated at the edge"
            return named
        if self.fields.geometry is not None:
            kind = before.kind if before is not None else None
            return find_by_geometry(str(self.fields.geometry.get("type")), kind) or Circle
        return type(before) if before is not None else Circle


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofencePatch:
    """The fields of a geofence that a request sets.

    Attributes:
        values: Fields that replace those of the geofence.
        validity: The members of `in_force` that are set.
        shape: None if the request does not change the shape.
        names: The request's names of fields, for errors. A field that is not in it keeps its name.
    """

    values: Mapping[str, Any]
    validity: Mapping[str, Any] = field(default_factory=dict)
    shape: ShapePatch | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def to_changes(self, before: Geofence | None) -> dict[str, Any]:
        """Return the fields of the next version that differ from `before`, or those of a new geofence.

        Raises:
            ValidationFailed: The changes do not fit together, or do not fit the geofence.
        """
        changes = dict(self.values)
        if self.validity or before is None:
            changes["in_force"] = self._apply_validity(before.in_force if before is not None else ALWAYS)
        if self.shape is not None:
            try:
                changes["shape"] = self.shape.apply(before.shape if before is not None else None)
            except GeometryError as error:
                errors = [FieldError(self._find_name(field), error.reason) for field in error.fields]
                raise ValidationFailed(errors) from None
        return changes

    def _apply_validity(self, before: InForce) -> InForce:
        after = replace(before, **self.validity)
        if after.active_from is not None and after.expires_at is not None and after.active_from >= after.expires_at:
            raise ValidationFailed.field(self._find_name("expires_at"), "must be later than activeFrom")
        return after

    def _find_name(self, path: str) -> str:
        """Return the request's name of a field, or of a part of it such as `points[3]`."""
        return _FIELD.sub(lambda match: self.names.get(match[0], match[0]), path, count=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassignment:
    """The removal of one assignment."""

    target: EntityRef

    def to_changes(self, before: Geofence) -> dict[str, Any]:
        return {"assignments": tuple(target for target in before.assignments if target != self.target)}
