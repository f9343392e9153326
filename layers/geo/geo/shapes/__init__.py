"""The registry of geofence types.

A type is one module with a class that follows `base.Shape`, and its name in `_BUILT_IN`. All code that depends on
the type of a shape finds it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.packing import WIDE
from geo.shapes.polygon import Polygon

if TYPE_CHECKING:
    from geo.shapes.base import Shape

_BUILT_IN: tuple[type[Shape], ...] = (Circle, Polygon, Corridor)

_by_kind: dict[str, type[Shape]] = {}
# By the first byte of the packed form, with and without the flag.
_by_first_byte: dict[int, type[Shape]] = {}


def register(shape_type: type[Shape]) -> None:
    """Make a class a geofence type.

    Raises:
        ValueError: Another type has its name or tag, or the tag has the bit of the flag.
    """
    tag = shape_type.tag
    if not 0 <= tag < 256 or tag & WIDE:
        raise ValueError(f"{tag} is not a tag")
    if shape_type.kind in _by_kind or tag in _by_first_byte:
        raise ValueError(f"there is a geofence type {shape_type.kind}, or one with the tag {tag}")
    _by_kind[shape_type.kind] = shape_type
    _by_first_byte[tag] = _by_first_byte[tag | WIDE] = shape_type


def list_kinds() -> tuple[str, ...]:
    """Return the names of all types, in the order in which they were registered.

    >>> list_kinds()
    ('circle', 'polygon', 'corridor')
    """
    return tuple(_by_kind)


def find_by_kind(kind: str) -> type[Shape] | None:
    """Return the type of a name."""
    return _by_kind.get(kind)


def find_by_first_byte(first_byte: int) -> type[Shape]:
    """Return the type of a packed shape.

    Raises:
        KeyError: There is none.
    """
    return _by_first_byte[first_byte]


def find_by_geometry(geometry_type: str, kind: str | None = None) -> type[Shape] | None:
    """Return the type that a geometry of GeoJSON or KML is read as.

    Args:
        geometry_type: Such as `LineString`.
        kind: The name of the type that wrote it, where the file has it. It counts if that type reads such geometry.

    >>> find_by_geometry("LineString").kind, find_by_geometry("LineString", "circle").kind, find_by_geometry("Curve")
    ('corridor', 'corridor', None)
    """
    able = [shape_type for shape_type in _by_kind.values() if geometry_type in shape_type.geometry_types]
    return next((shape_type for shape_type in able if shape_type.kind == kind), able[0] if able else None)


for _shape_type in _BUILT_IN:
    register(_shape_type)
