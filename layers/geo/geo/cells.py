"""The grid of cells behind the index: the cells that contain a position, and the cells that cover a shape.

Cells are plain boxes of longitude and latitude, 360 / 2^level degrees on a side, at five levels from 1.2 km to
45 degrees. A shape is indexed at one level only, the finest at which few enough cells cover it, so a
check reads five cells and finds every shape that could contain its position, however many there are elsewhere.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from geo.errors import GeometryError
from geo.shapes.bounds import Bounds
from geo.shapes.circle import Circle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from geo.shapes.base import Shape
    from geo.wgs84 import Position

LEVELS = (15, 12, 9, 6, 3)
MAX_CELLS = 32
# A polygon's box may have many more cells than the polygon meets. With more than these, the next level is tried.
_MAX_CELLS_EXAMINED = 2_048
_MARGIN_DEG = 1e-9
_MAX_CELLS_WITHIN = 500


class Cell(NamedTuple):
    """Column `x` counts east from the antimeridian, row `y` north from the south pole."""

    level: int
    x: int
    y: int

    def __str__(self) -> str:
        return f"{self.level}.{self.x}.{self.y}"


def list_cells_at(position: Position) -> list[Cell]:
    """Return the five cells that contain a position, finest first.

    >>> from geo.wgs84 import Position
    >>> [str(cell) for cell in list_cells_at(Position(lon=-97.7431, lat=30.2672))]
    ['15.7487.10946', '12.935.1368', '9.116.171', '6.14.21', '3.1.2']
    """
    # Written out for speed: every check begins here.
    x = floor((position.lon + 180) / 360 * 32_768) % 32_768
    y = max(0, min(16_383, floor((position.lat + 90) / 180 * 16_384)))
    make = tuple.__new__  # takes half the time of Cell(15, x, y)
    return [
        make(Cell, (15, x, y)),
        make(Cell, (12, x >> 3, y >> 3)),
        make(Cell, (9, x >> 6, y >> 6)),
        make(Cell, (6, x >> 9, y >> 9)),
        make(Cell, (3, x >> 12, y >> 12)),
    ]


def list_cells_within(position: Position, within_m: float) -> list[Cell]:
    """Return the cells that contain any position at most `within_m` away: those of `list_cells_at`, and neighbours.

    Raises:
        GeometryError: It is close to a pole, where some metres are many columns.

    >>> from geo.wgs84 import Position
    >>> [len(list_cells_within(Position(lon=lon, lat=lat), 1)) for lon, lat in ((-97.7431, 30.2672), (0, 0))]
    [5, 20]
    """
    bounds = Circle(center=position, radius_m=within_m).bounds
    if sum(_count_cells(bounds, level) for level in LEVELS) > _MAX_CELLS_WITHIN:
        raise GeometryError("within", "reaches over too many cells so close to a pole; ask for less")
    return [cell for level in LEVELS for cell in _list_cells(bounds, level)]


def cover(shape: Shape, max_cells: int = MAX_CELLS) -> frozenset[Cell]:
    """Return the cells under which the index lists a shape: the finest level with at most `max_cells`.

    Every position that the shape covers lies in one of them. The coarsest level has no limit: a shape at a pole
    meets all of its 8 columns, which may exceed `max_cells` but never MAX_CELLS.

    >>> from geo.wgs84 import Position
    >>> sorted(str(cell) for cell in cover(Circle(center=Position(lon=0.005, lat=0.005), radius_m=100)))
    ['15.16384.8192']
    """
    for level in LEVELS:
        cells = _find_cells(shape, level)
        if cells is not None and (len(cells) <= max_cells or level == LEVELS[-1]):
            return cells
    raise AssertionError("the coarsest level has only 32 cells")


def _find_cells(shape: Shape, level: int) -> frozenset[Cell] | None:
    """Return the cells of a level that the shape meets, or None if there are too many to examine."""
    count = _count_cells(shape.bounds, level)
    if count > _MAX_CELLS_EXAMINED:
        return None
    boxes = shape.boxes(360 / 2**level)
    meets: Callable[[Sequence[Bounds]], Sequence[bool]] | None = getattr(shape, "meets", None)
    if len(boxes) == 1 and meets is None and count > MAX_CELLS:
        return None  # all cells of the one box would be met
    cells = frozenset(cell for box in boxes for cell in _list_cells(box, level))
    if meets is None or len(cells) == 1:
        return cells
    ordered = sorted(cells)
    are_met = meets([_to_box(cell) for cell in ordered])
    return frozenset(cell for cell, is_met in zip(ordered, are_met, strict=True) if is_met)


def _to_box(cell: Cell) -> Bounds:
    """Return the box of a cell with a small margin: a position on its border may be rounded into it."""
    side = 360 / 2**cell.level
    west, south = cell.x * side - 180, cell.y * side - 90
    return Bounds(west - _MARGIN_DEG, south - _MARGIN_DEG, west + side + _MARGIN_DEG, south + side + _MARGIN_DEG)


def _list_columns(box: Bounds, level: int) -> range:
    """Return the columns of a box. Across the antimeridian they continue past the last one."""
    columns = 2**level
    first, last = floor((box.west + 180) / 360 * columns), floor((box.east + 180) / 360 * columns)
    return range(first, min(last, first + columns - 1) + 1)


def _list_rows(box: Bounds, level: int) -> range:
    return range(_find_row(level, box.south), _find_row(level, box.north) + 1)


def _find_row(level: int, lat: float) -> int:
    rows = 1 << level - 1
    return max(0, min(rows - 1, floor((lat + 90) / 180 * rows)))


def _count_cells(box: Bounds, level: int) -> int:
    return len(_list_columns(box, level)) * len(_list_rows(box, level))


def _list_cells(box: Bounds, level: int) -> Iterable[Cell]:
    columns = 2**level
    rows = _list_rows(box, level)
    return (Cell(level, x % columns, y) for x in _list_columns(box, level) for y in rows)


ROOT = Cell(0, 0, 0)
"""Above all cells: the whole globe. Nothing is indexed there."""

# Each cell is listed in a cell one or two levels above it, and those in turn, up to the root.
_LISTED_AT = {15: 9, 12: 9, 9: 3, 6: 3, 3: 0}
LIST_LEVELS = frozenset(_LISTED_AT.values())


def find_listing_cell(cell: Cell) -> Cell:
    """Return the cell that lists this one, where it is occupied.

    >>> [str(find_listing_cell(cell)) for cell in (Cell(15, 7487, 10946), Cell(9, 116, 171), Cell(3, 1, 2))]
    ['9.116.171', '3.1.2', '0.0.0']
    """
    level = _LISTED_AT[cell.level]
    down = cell.level - level
    return Cell(level, cell.x >> down, cell.y >> down)


def to_bounds(cell: Cell) -> Bounds:
    """Return the box of a cell with a small margin, within the globe.

    >>> to_bounds(Cell(3, 1, 2)).south < 0 < 45 < to_bounds(Cell(3, 1, 2)).north
    True
    """
    west, south, east, north = _to_box(cell)
    return Bounds(west, max(south, -90.0), east, min(north, 90.0))
