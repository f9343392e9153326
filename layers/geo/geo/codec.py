"""Shapes as bytes, exactly: what is read back is what was written, to the last bit.

Layout, big-endian: one byte of kind and flags; for a corridor or polygon its bounding box; the radius; the counts;
the vertices. A coordinate takes 4 bytes, as a whole number of 1e-7 degrees (11 mm), where every coordinate of the
shape is one, as those of maps and receivers are; else all take 8.
"""

from __future__ import annotations

from math import ceil, cos, floor, inf, radians
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, TypeVar

from geo.shapes.bounds import Bounds
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from geo.shapes.base import Shape

T = TypeVar("T")

_CIRCLE, _CORRIDOR, _POLYGON = 0, 1, 2
_KIND_MASK, _WIDE = 0b011, 0b100
_PER_DEGREE = 10_000_000
_HALF_TURN, _TURN = 180 * _PER_DEGREE, 360 * _PER_DEGREE
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
    assert isinstance(shape, Polygon)
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
        _, radius_m, lon, lat = (_WIDE_CIRCLE if wide else _SMALL_CIRCLE).unpack_from(data, offset)
        center = Position(lon=lon, lat=lat) if wide else Position(lon=lon / _PER_DEGREE, lat=lat / _PER_DEGREE)
        return Circle(center=center, radius_m=radius_m)
    if kind == _CORRIDOR:
        _, west, width, _, _, half_width_m, count = _CORRIDOR_HEAD.unpack_from(data, offset)
        vertices = _vertices(data, offset + _CORRIDOR_HEAD.size, count, wide)
        return Corridor.of_vertices(vertices, half_width_m, is_plain=_is_plain(west, width))
    _, west, width, _, _, size = _POLYGON_HEAD.unpack_from(data, offset)
    at = offset + _POLYGON_HEAD.size
    counts = iter(unpack_from(f">{size}H", data, at))
    layout = [[next(counts) for _ in range(next(counts))] for _ in range(next(counts))]
    vertices = _vertices(data, at + 2 * size, sum(map(sum, layout)), wide)
    return Polygon.of_vertices(vertices, layout, is_plain=_is_plain(west, width))


def _is_plain(west: int, width: int) -> bool:
    """Whether a box does not touch the antimeridian."""
    return west > -_HALF_TURN and west + width < _HALF_TURN


def unpack_bounds(data: bytes, offset: int = 0) -> Bounds:
    """The box of a packed corridor or polygon, a hair too wide, without unpacking the rest."""
    west, width, south, height = _BOX.unpack_from(data, offset + 1)
    return Bounds(
        west / _PER_DEGREE, south / _PER_DEGREE, (west + width) / _PER_DEGREE, (south + height) / _PER_DEGREE
    )


def near_by(
    position: Position, reach_m: float, packed: Iterable[tuple[T, bytes]], offset: int = 0
) -> Iterator[tuple[T, bytes]]:
    """Of packed shapes, at an offset and each with what it belongs to, those that may come so near to the position.

    A quick look at boxes; what it lets through still has to be tested exactly.

    >>> near, far = (Circle(center=Position(lon=lon, lat=60.17), radius_m=100) for lon in (24.941, 24.943))
    >>> here, packed = Position(lon=24.94, lat=60.17), [("near", pack_shape(near)), ("far", pack_shape(far))]
    >>> [name for name, _ in near_by(here, 0, packed)]
    ['near']
    """
    # Written out, for a check puts every geofence of five cells through it.
    lon_7, lat_7 = position.lon * _PER_DEGREE, position.lat * _PER_DEGREE
    widest = _widest(position)
    unpack_circle, unpack_box = _SMALL_CIRCLE.unpack_from, _BOX.unpack_from
    west_7, south_7, east_7, north_7 = lon_7, lat_7, lon_7, lat_7
    if reach_m > 0:
        box = Circle(center=position, radius_m=reach_m).bounds
        west_7, south_7, east_7, north_7 = (degrees * _PER_DEGREE for degrees in box)
    for one in packed:
        data = one[1]
        kind = data[offset]
        if kind == _CIRCLE:
            _, radius_m, center_lon, center_lat = unpack_circle(data, offset)
            near_m = radius_m + reach_m
            if -near_m * _PER_METRE <= center_lat - lat_7 <= near_m * _PER_METRE:
                apart = abs(center_lon - lon_7)
                if apart <= near_m * widest or _TURN - apart <= near_m * widest:
                    yield one
        elif kind == _CIRCLE | _WIDE:
            yield one
        else:
            west, width, south, height = unpack_box(data, offset + 1)
            # Either box may run on past 180 degrees.
            if (south <= north_7 and south_7 <= south + height) and (
                (west <= east_7 and west_7 <= west + width)
                or west + _TURN <= east_7
                or west_7 + _TURN <= west + width
            ):
                yield one


def _widest(position: Position) -> float:
    """Units of longitude for a metre at the most, up to a degree further north or south; infinite close to a pole."""
    return _PER_METRE / cos(radians(abs(position.lat) + 1)) if abs(position.lat) < 85 else inf


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


def _wide(flat: Iterable[float]) -> bool:
    return any(round(value * _PER_DEGREE) / _PER_DEGREE != value for value in flat)


def _packed_head(kind: int, wide: bool) -> bytes:
    return bytes([kind | (_WIDE if wide else 0)])


def _packed_coordinates(flat: Sequence[float], wide: bool) -> bytes:
    if wide:
        return pack(f">{len(flat)}d", *flat)
    return pack(f">{len(flat)}i", *(round(value * _PER_DEGREE) for value in flat))


def _vertices(data: bytes, at: int, count: int, wide: bool) -> NDArray[np.float64]:
    import numpy as np

    flat = np.frombuffer(data, ">f8" if wide else ">i4", 2 * count, at).astype(np.float64)
    return (flat if wide else flat / _PER_DEGREE).reshape(count, 2)


def _packed_box(box: Bounds) -> bytes:
    """A unit wider than it is: the multiplication may round past a whole number."""
    west, south = floor(box.west * _PER_DEGREE) - 1, floor(box.south * _PER_DEGREE) - 1
    east, north = ceil(box.east * _PER_DEGREE) + 1, ceil(box.north * _PER_DEGREE) + 1
    return _BOX.pack(west, east - west, south, north - south)
