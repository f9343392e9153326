"""What every shape offers.

The boundary belongs to the shape: a worker on the fence is inside. Edges are straight in longitude and latitude
(RFC 7946, section 3.1.1) and take the short way round the globe (section 3.1.9), so a shape may cross the
antimeridian or hold a pole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from geo.wgs84 import Frame, Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from geo.edges import Vertices
    from geo.shapes.bounds import Bounds

LonLat = tuple[float, float]
"""A vertex: longitude, then latitude, in degrees."""
Ring = tuple[LonLat, ...]
"""The vertices of a ring, the first not repeated at the end, in either direction."""
Distances = tuple[float, float]
"""Metres from a position to the centre of a shape, and to its boundary, negative inside."""


class Shape(Protocol):
    """An area on the ellipsoid."""

    kind: ClassVar[str]

    @property
    def center(self) -> Position:
        """The point that stands for the whole shape."""

    @property
    def bounds(self) -> Bounds:
        """A box that holds the shape."""

    def covers(self, position: Position) -> bool:
        """Return whether the position is inside or on the boundary."""

    def edge_distance_m(self, position: Position) -> float:
        """Return the metres to the boundary, negative inside."""

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        """Return the distances from the frame's position, or None where the boundary is farther than `within_m`."""


def to_points(vertices: Vertices) -> tuple[LonLat, ...]:
    """Return rows of longitude and latitude as tuples."""
    return tuple(zip(vertices[:, 0].tolist(), vertices[:, 1].tolist(), strict=True))


def distances_within_m(position: Position, shapes: Iterable[Shape], within_m: float) -> Iterator[Distances | None]:
    """Return, for each shape, the metres to its centre and boundary, or None where the boundary is farther.

    >>> from geo.shapes.circle import Circle
    >>> near, far = (Circle(center=Position(lon=lon, lat=0), radius_m=100) for lon in (0.0001, 0.1))
    >>> found = distances_within_m(Position(lon=0, lat=0), [near, far], 0)
    >>> [one and [round(metres, 1) for metres in one] for one in found]
    [[11.1, -88.9], None]
    """
    frame = Frame(position)
    return (shape.distances_m(frame, within_m) for shape in shapes)
