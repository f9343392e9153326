"""Shapes as bytes. Unpacking returns exactly the shape that was packed.

`shapes.packing` describes the layout. The first byte has the tag of the type.
"""

from __future__ import annotations

from math import cos, inf, radians
from typing import TYPE_CHECKING, TypeVar

from geo.shapes import find_by_first_byte
from geo.shapes.bounds import Bounds
from geo.shapes.circle import NARROW_CIRCLE, WIDE_CIRCLE, Circle
from geo.shapes.packing import BOX, TURN, UNITS_PER_DEGREE, WIDE, unpack_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geo.shapes.base import Shape
    from geo.wgs84 import Position

T = TypeVar("T")

_NARROW_CIRCLE, _WIDE_CIRCLE = Circle.tag, Circle.tag | WIDE
# A degree of a meridian is nowhere shorter than 110,574 m, nor one of the equator.
_UNITS_PER_METRE = UNITS_PER_DEGREE / 110_500


def unpack_shape(data: bytes, offset: int = 0) -> Shape:
    """Return the shape whose bytes begin at `offset`.

    >>> from geo.wgs84 import Position
    >>> office = Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100)
    >>> len(office.pack()), unpack_shape(office.pack()) == office
    (17, True)
    """
    return find_by_first_byte(data[offset]).unpack(data, offset)


def count_bytes(data: bytes, offset: int = 0) -> int:
    """Return how many bytes the shape at `offset` takes."""
    return find_by_first_byte(data[offset]).count_bytes(data, offset)


def cut_outline(packed: bytes) -> bytes:
    """Return the beginning of a packed shape that is enough for `find_near` and `measure_lower_bound_m`."""
    is_circle = packed[0] in (_NARROW_CIRCLE, _WIDE_CIRCLE)  # the one type without a box
    return packed if is_circle else packed[: 1 + BOX.size]


def measure_lower_bound_m(data: bytes, offset: int, measure_box_m: Callable[[Bounds], float]) -> float:
    """Return a lower bound in metres of the distance to the boundary of a packed shape or outline, negative inside.

    Args:
        data: Contains the packed shape.
        offset: Where it begins.
        measure_box_m: As `distance_bounds.make_lower_bound` returns it.
    """
    first_byte = data[offset]
    if first_byte == _NARROW_CIRCLE:
        _, radius_m, lon, lat = NARROW_CIRCLE.unpack_from(data, offset)
        lon, lat = lon / UNITS_PER_DEGREE, lat / UNITS_PER_DEGREE
    elif first_byte == _WIDE_CIRCLE:
        _, radius_m, lon, lat = WIDE_CIRCLE.unpack_from(data, offset)
    else:
        return measure_box_m(unpack_bounds(data, offset)) or -inf  # within the box it may be any depth inside
    return float(measure_box_m(Bounds(lon, lat, lon, lat)) - radius_m)


def find_near(
    position: Position, reach_m: float, packed: Iterable[tuple[T, bytes]], offset: int = 0
) -> list[tuple[T, bytes]]:
    """Return the packed shapes, each with its owner, whose boxes come within `reach_m` of the position.

    This is a fast filter. The caller measures the remaining shapes exactly.

    >>> from geo.wgs84 import Position
    >>> near, far = (Circle(center=Position(lon=lon, lat=60.17), radius_m=100) for lon in (24.941, 24.943))
    >>> here, packed = Position(lon=24.94, lat=60.17), [("near", near.pack()), ("far", far.pack())]
    >>> [name for name, _ in find_near(here, 0, packed)]
    ['near']
    """
    # Written out for speed: a check passes every geofence of five cells.
    lon_units, lat_units = position.lon * UNITS_PER_DEGREE, position.lat * UNITS_PER_DEGREE
    # Units of longitude for a metre at the most, up to a degree further north or south; infinite close to a pole.
    widest = _UNITS_PER_METRE / cos(radians(abs(position.lat) + 1)) if abs(position.lat) < 85 else inf
    unpack_circle, unpack_box = NARROW_CIRCLE.unpack_from, BOX.unpack_from
    near_west, near_south, near_east, near_north = lon_units, lat_units, lon_units, lat_units
    if reach_m > 0:
        box = Circle(center=position, radius_m=reach_m).bounds
        near_west, near_south, near_east, near_north = (degrees * UNITS_PER_DEGREE for degrees in box)
    near = []
    for one in packed:
        data = one[1]
        first_byte = data[offset]
        if first_byte == _NARROW_CIRCLE:
            _, radius_m, center_lon, center_lat = unpack_circle(data, offset)
            near_m = radius_m + reach_m
            if -near_m * _UNITS_PER_METRE <= center_lat - lat_units <= near_m * _UNITS_PER_METRE:
                apart = abs(center_lon - lon_units)
                if apart <= near_m * widest or TURN - apart <= near_m * widest:
                    near.append(one)
        elif first_byte == _WIDE_CIRCLE:
            near.append(one)
        else:
            west, width, south, height = unpack_box(data, offset + 1)
            # Either box may run on past 180 degrees.
            if (south <= near_north and near_south <= south + height) and (
                (west <= near_east and near_west <= west + width)
                or west + TURN <= near_east
                or near_west + TURN <= west + width
            ):
                near.append(one)
    return near
