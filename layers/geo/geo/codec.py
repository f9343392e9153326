"""Shapes as bytes, exactly: what is read back is what was written, to the last bit.

Layout, big-endian: one byte of kind and flags; for a corridor or polygon its bounding box; the radius; the counts;
the vertices. A coordinate takes 4 bytes, as a whole number of 1e-7 degrees (11 mm), where every coordinate of the
shape is one, as those of maps and receivers are; else all take 8.
"""

from __future__ import annotations

from math import ceil, cos, floor, inf, radians
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING

from geo.shapes import Bounds, Circle, Corridor, Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from geo.shapes import Shape

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


def far_from(position: Position, reach_m: float = 0.0) -> Callable[[bytes, int], bool]:
    """A quick test that says of a packed shape, at an offset, that it does not come so near to the position.

    Made once for a position and asked of many shapes; what it lets through still has to be tested exactly.

    >>> is_far = far_from(Position(lon=24.94, lat=60.17))
    >>> near, far = (Circle(center=Position(lon=lon, lat=60.17), radius_m=100) for lon in (24.941, 24.943))
    >>> is_far(pack_shape(near), 0), is_far(pack_shape(far), 0)
    (False, True)
    """
    lon_7, lat_7 = position.lon * _PER_DEGREE, position.lat * _PER_DEGREE
    # What is near is at most a degree further north or south; close to a pole longitudes tell nothing.
    widest = _PER_METRE / cos(radians(abs(position.lat) + 1)) if abs(position.lat) < 85 else inf
    unpack_circle, unpack_box = _SMALL_CIRCLE.unpack_from, _BOX.unpack_from
    if reach_m > 0:
        box = Circle(center=position, radius_m=reach_m).bounds
        west_7, south_7, east_7, north_7 = (degrees * _PER_DEGREE for degrees in box)
    else:
        west_7, south_7, east_7, north_7 = lon_7, lat_7, lon_7, lat_7

    def is_far(data: bytes, offset: int) -> bool:
        kind = data[offset]
        if kind == _CIRCLE:
            _, radius_m, center_lon, center_lat = unpack_circle(data, offset)
            near_m = radius_m + reach_m
            if abs(center_lat - lat_7) > near_m * _PER_METRE:
                return True
            apart = abs(center_lon - lon_7)
            return bool(min(apart, _TURN - apart) > near_m * widest)
        if kind == _CIRCLE | _WIDE:
            return False
        west, width, south, height = unpack_box(data, offset + 1)
        east = west + width
        if south > north_7 or south + height < south_7:
            return True
        if west > east_7 or west_7 > east:  # unless one of the boxes runs on past 180 degrees
            turned_east, turned_west = west + _TURN <= east_7, west_7 + _TURN <= east
            return not (turned_east or turned_west)
        if kind != _CORRIDOR or len(data) == offset + 1 + _BOX.size or east >= _HALF_TURN:
            return False
        return _is_beside(data, offset, (lon_7, lat_7), reach_m, widest)

    return is_far


def _is_beside(data: bytes, offset: int, at_7: tuple[float, float], reach_m: float, widest: float) -> bool:
    """Whether no edge of a corridor comes near by its own box: the box of a long one holds half a country."""
    *_, half_width_m, count = _CORRIDOR_HEAD.unpack_from(data, offset)
    lons_and_lats = unpack_from(f">{2 * count}i", data, offset + _CORRIDOR_HEAD.size)
    (lon_7, lat_7), near_m = at_7, half_width_m + reach_m
    south, north = lat_7 - near_m * _PER_METRE, lat_7 + near_m * _PER_METRE
    west, east = lon_7 - near_m * widest, lon_7 + near_m * widest
    lon, lat = lons_and_lats[:2]
    for next_lon, next_lat in zip(lons_and_lats[2::2], lons_and_lats[3::2], strict=True):
        if (
            (lat >= south or next_lat >= south)
            and (lat <= north or next_lat <= north)
            and (lon >= west or next_lon >= west)
            and (lon <= east or next_lon <= east)
        ):
            return False
        lon, lat = next_lon, next_lat
    return True


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
