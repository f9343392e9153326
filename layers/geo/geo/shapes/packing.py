"""The pieces that packed shapes are made of.

Layout, big-endian: one byte of tag and flag; the bounding box; what the type adds; the coordinates. A circle has no
box: reading it takes no longer. A coordinate takes 4 bytes, as a whole number of 1e-7 degrees (11 mm), where every
coordinate of the shape is one, as those of maps and receivers are; else all take 8.
"""

from __future__ import annotations

from math import ceil, floor
from struct import Struct, pack
from typing import TYPE_CHECKING

from geo.shapes.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.edges import Vertices

WIDE = 0b100
"""The flag in the first byte: coordinates take 8 bytes."""
UNITS_PER_DEGREE = 10_000_000
TURN = 360 * UNITS_PER_DEGREE
BOX = Struct(">iIiI")
"""West, the width, south and the height; not east, which may be past 180 degrees."""


def is_wide(flat: Iterable[float]) -> bool:
    """Return whether some coordinate is not a whole number of units."""
    return any(round(value * UNITS_PER_DEGREE) / UNITS_PER_DEGREE != value for value in flat)


def pack_tag(tag: int, *, wide: bool) -> bytes:
    """Pack the first byte."""
    return bytes([tag | WIDE if wide else tag])


def pack_head(tag: int, box: Bounds, *, wide: bool) -> bytes:
    """Pack the tag and the box, a unit wider than it is: the multiplication may round past a whole number."""
    west, south = floor(box.west * UNITS_PER_DEGREE) - 1, floor(box.south * UNITS_PER_DEGREE) - 1
    east, north = ceil(box.east * UNITS_PER_DEGREE) + 1, ceil(box.north * UNITS_PER_DEGREE) + 1
    return pack_tag(tag, wide=wide) + BOX.pack(west, east - west, south, north - south)


def unpack_bounds(data: bytes, offset: int = 0) -> Bounds:
    """Return the box of a packed shape that has one, slightly too wide, without unpacking the rest."""
    west, width, south, height = BOX.unpack_from(data, offset + 1)
    return Bounds(
        west / UNITS_PER_DEGREE,
        south / UNITS_PER_DEGREE,
        (west + width) / UNITS_PER_DEGREE,
        (south + height) / UNITS_PER_DEGREE,
    )


def is_box_unwrapped(west: int, width: int) -> bool:
    """Return whether a packed box does not touch the antimeridian."""
    return west > -TURN // 2 and west + width < TURN // 2


def pack_coordinates(flat: Sequence[float], *, wide: bool) -> bytes:
    """Pack longitudes and latitudes, one after the other."""
    if wide:
        return pack(f">{len(flat)}d", *flat)
    return pack(f">{len(flat)}i", *(round(value * UNITS_PER_DEGREE) for value in flat))


def unpack_vertices(data: bytes, at: int, count: int, *, wide: bool) -> Vertices:
    """Return `count` vertices that begin at `at`."""
    import numpy as np

    flat = np.frombuffer(data, ">f8" if wide else ">i4", 2 * count, at).astype(np.float64)
    return (flat if wide else flat / UNITS_PER_DEGREE).reshape(count, 2)
