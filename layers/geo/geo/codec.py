"""Shapes as bytes, exactly: what is read back is what was written, to the last bit.

Layout, big-endian: one byte of kind and flags; for a corridor or polygon its bounding box; the radius; the counts;
the vertices. A coordinate takes 4 bytes, as a whole number of 1e-7 degrees (11 mm), where every coordinate of the
shape is one, as those of maps and receivers are; else all take 8.
"""

from __future__ import annotations

from math import ceil, cos, floor, inf, radians
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, TypeVar

from geo.shapes import Bounds, Circle, Corridor, Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from geo.shapes import LonLat, Shape

_S = TypeVar("_S")

_CIRCLE, _CORRIDOR, _POLYGON = 0, 1, 2
_KIND_MASK, _WIDE = 0b011, 0b100
_PER_DEGREE = 10_000_000
_HALF_TURN = 180 * _PER_DEGREE
# A degree of a meridian is nowhere shorter than 110,574 m, nor one of the equator.
_PER_METRE = _PER_DEGREE / 110_500
# West and south as they are; the two spans, since east may lie past 180 degrees.
_BOX = Struct(">iIiI")
_SMALL_CIRCLE, _WIDE_CIRCLE = Struct(">Bdii"), Struct(">Bddd")
_POLYGON_HEAD, _CORRIDOR_HEAD = Struct(">BiIiIH"), Struct(">BiIiIdH")


def pack_shape(shape: Shape) -> bytes:
    """
    >>> office = Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100)
    >>> len(pack_shape(office)), unpack_shape(pack_shape(office)) == office
    (17, True)
    """
    flat: tuple[float, ...]
    if isinstance(shape, Circle):
        flat = (shape.center.lon, shape.center.lat)
        wide = _wide(flat)
        return _packed_head(_CIRCLE, wide) + pack(">d", shape.radius_m) + _packed_coordinates(flat, wide)
    if isinstance(shape, Corridor):
        flat = tuple(value for point in shape.points for value in point)
        wide = _wide(flat)
        head = _packed_head(_CORRIDOR, wide) + _packed_box(shape.bounds)
        return head + pack(">dH", shape.half_width_m, len(shape.points)) + _packed_coordinates(flat, wide)
    flat = tuple(value for part in shape.parts for ring in part for point in ring for value in point)
    wide = _wide(flat)
    counts = [len(shape.parts)]
    for part in shape.parts:
        counts += [len(part), *(len(ring) for ring in part)]
    head = _packed_head(_POLYGON, wide) + _packed_box(shape.bounds) + pack(">H", len(counts))
    return head + pack(f">{len(counts)}H", *counts) + _packed_coordinates(flat, wide)


def unpack_shape(data: bytes, offset: int = 0) -> Shape:
    """The shape whose bytes begin at `offset`."""
    kind, wide = data[offset] & _KIND_MASK, bool(data[offset] & _WIDE)
    if kind == _CIRCLE:
        _, radius_m, *flat = (_WIDE_CIRCLE if wide else _SMALL_CIRCLE).unpack_from(data, offset)
        (center,) = _points(flat, wide)
        return Circle(center=Position(lon=center[0], lat=center[1]), radius_m=radius_m)
    if kind == _CORRIDOR:
        *_, half_width_m, count = _CORRIDOR_HEAD.unpack_from(data, offset)
        points = _points(_coordinates(data, offset + _CORRIDOR_HEAD.size, count, wide), wide)
        return _unchecked(Corridor, points=tuple(points), half_width_m=half_width_m)
    (size,) = _POLYGON_HEAD.unpack_from(data, offset)[-1:]
    at = offset + _POLYGON_HEAD.size
    counts = iter(unpack_from(f">{size}H", data, at))
    layout = [[next(counts) for _ in range(next(counts))] for _ in range(next(counts))]
    total = sum(sum(part) for part in layout)
    vertices = iter(_points(_coordinates(data, at + 2 * size, total, wide), wide))
    parts = tuple(tuple(tuple(next(vertices) for _ in range(n)) for n in part) for part in layout)
    return _unchecked(Polygon, parts=parts)


def unpack_bounds(data: bytes, offset: int = 0) -> Bounds:
    """The box of a packed corridor or polygon, a hair too wide, without unpacking the rest."""
    west, width, south, height = _BOX.unpack_from(data, offset + 1)
    return Bounds(
        west / _PER_DEGREE, south / _PER_DEGREE, (west + width) / _PER_DEGREE, (south + height) / _PER_DEGREE
    )


def far_from(position: Position, reach_m: float = 0.0) -> Callable[[bytes, int], bool]:
    """A quick test that says of a packed shape, at an offset, that it does not come so near to the position.

    Made once for a position and asked of many shapes; what it lets through still has to be tested exactly.

    >>> is_far = far_from(Position(lon=24.94, lat=60.17))
    >>> near, far = (Circle(center=Position(lon=lon, lat=60.17), radius_m=100) for lon in (24.941, 24.943))
    >>> is_far(pack_shape(near), 0), is_far(pack_shape(far), 0)
    (False, True)
    """
    lon, lat = position.lon, position.lat
    lon_7, lat_7 = lon * _PER_DEGREE, lat * _PER_DEGREE
    # A circle's centre is at most a degree further north or south; close to a pole longitudes tell nothing.
    widest = _PER_METRE / cos(radians(abs(lat) + 1)) if abs(lat) < 85 else inf
    unpack_circle = _SMALL_CIRCLE.unpack_from
    meets: Callable[[Bounds], bool]
    if reach_m > 0:
        meets = Circle(center=position, radius_m=reach_m).bounds.overlaps
    else:

        def meets(bounds: Bounds) -> bool:
            return bounds.meets(lon, lat)

    def is_far(data: bytes, offset: int) -> bool:
        kind = data[offset]
        if kind == _CIRCLE:
            _, radius_m, center_lon, center_lat = unpack_circle(data, offset)
            near_m = radius_m + reach_m
            if abs(center_lat - lat_7) > near_m * _PER_METRE:
                return True
            apart = abs(center_lon - lon_7)
            return bool(min(apart, 2 * _HALF_TURN - apart) > near_m * widest)
        return kind != _CIRCLE | _WIDE and not meets(unpack_bounds(data, offset))

    return is_far


def is_circle(data: bytes, offset: int = 0) -> bool:
    return data[offset] & _KIND_MASK == _CIRCLE


def packed_bounds_only(data: bytes) -> bytes:
    """The head of a packed corridor or polygon: enough for `unpack_bounds`."""
    return data[: 1 + _BOX.size]


def packed_size(data: bytes, offset: int = 0) -> int:
    """How many bytes the shape at `offset` takes."""
    kind, wide = data[offset] & _KIND_MASK, bool(data[offset] & _WIDE)
    if kind == _CIRCLE:
        return (_WIDE_CIRCLE if wide else _SMALL_CIRCLE).size
    vertex = 16 if wide else 8
    if kind == _CORRIDOR:
        return _CORRIDOR_HEAD.size + vertex * int(_CORRIDOR_HEAD.unpack_from(data, offset)[-1])
    size = int(_POLYGON_HEAD.unpack_from(data, offset)[-1])
    at = offset + _POLYGON_HEAD.size
    counts = iter(unpack_from(f">{size}H", data, at))
    total = sum(sum(next(counts) for _ in range(next(counts))) for _ in range(next(counts)))
    return _POLYGON_HEAD.size + 2 * size + vertex * total


def _unchecked(cls: type[_S], **fields: object) -> _S:
    """A shape that was checked when it was packed: looking for crossings again would cost most of a check."""
    shape = object.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(shape, name, value)
    return shape


def _wide(flat: Iterable[float]) -> bool:
    return any(round(value * _PER_DEGREE) / _PER_DEGREE != value for value in flat)


def _packed_head(kind: int, wide: bool) -> bytes:
    return bytes([kind | (_WIDE if wide else 0)])


def _packed_coordinates(flat: Sequence[float], wide: bool) -> bytes:
    if wide:
        return pack(f">{len(flat)}d", *flat)
    return pack(f">{len(flat)}i", *(round(value * _PER_DEGREE) for value in flat))


def _coordinates(data: bytes, at: int, count: int, wide: bool) -> Sequence[float]:
    return unpack_from(f">{2 * count}{'d' if wide else 'i'}", data, at)


def _points(flat: Sequence[float], wide: bool) -> list[LonLat]:
    degrees = flat if wide else [value / _PER_DEGREE for value in flat]
    return list(zip(degrees[::2], degrees[1::2], strict=True))


def _packed_box(box: Bounds) -> bytes:
    """A unit wider than it is: the multiplication may round past a whole number."""
    west, south = floor(box.west * _PER_DEGREE) - 1, floor(box.south * _PER_DEGREE) - 1
    east, north = ceil(box.east * _PER_DEGREE) + 1, ceil(box.north * _PER_DEGREE) + 1
    return _BOX.pack(west, east - west, south, north - south)
