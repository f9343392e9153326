"""The protocol of all geofence types.

The boundary belongs to a shape: a worker on the fence is inside. Edges are straight in longitude and latitude
(RFC 7946, section 3.1.1) and take the short way round the globe (section 3.1.9), so a shape may cross the
antimeridian or contain a pole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from geo.wgs84 import Frame, Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from geo.edges import Vertices
    from geo.shapes.bounds import Bounds

LonLat = tuple[float, float]
"""A vertex: longitude, then latitude, in degrees."""
Ring = tuple[LonLat, ...]
"""The vertices of a ring, the first not repeated at the end, in either direction."""
Distances = tuple[float, float]
"""Metres from a position to the centre of a shape, and to its boundary, negative inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFields:
    """The fields by which requests and responses describe a shape of any type. An absent field is None."""

    lon: float | None = None
    lat: float | None = None
    radius_m: float | None = None
    points: tuple[LonLat, ...] | None = None
    geometry: Mapping[str, Any] | None = None


class Shape(Protocol):
    """An area on the ellipsoid. A class becomes a geofence type by `geo.shapes.register`.

    How to add a geofence type:

    1. Write a module beside this one, with a frozen dataclass that has every member below. Choose a `kind` and a
       `tag` that no type has or had. `geo.codec` has a fast path for circles only; any other type packs the box of
       its bounds, which `packing.pack_head` writes, so that a check can skip it without unpacking it.
    2. Add the class to `_BUILT_IN` in `geo.shapes`.
    3. Run `make openapi`: the API document lists the names of the types.

    Requests, responses, the index, checks, versions, and GeoJSON and KML files then work without another change. The
    timekeeping dialect creates circles only. The zone dialect has three types; it reports a geofence of any other
    type as the circle around it, marked `approximate`, and refuses to change its shape. `tests/donut.py` is such a
    module, and `tests/functional/geofences/test_toy_type.py` uses it over the API.

    An instance is immutable, was checked when it was made, and equals another one of the same fields.
    """

    kind: ClassVar[str]
    """The name of the type on the wire."""
    tag: ClassVar[int]
    """The first byte of its packed form, without the flag `packing.WIDE`. It is stored, and never reused."""
    geometry_types: ClassVar[tuple[str, ...]]
    """The geometries of GeoJSON and KML that are read as this type, unless a registered type before it has them."""
    has_radius: ClassVar[bool]
    """Whether a radius or half-width belongs to it."""

    # -- geometry ----------------------------------------------------------------------------------

    @property
    def center(self) -> Position:
        """The position that stands for the whole shape."""

    @property
    def radius_m(self) -> float | None:
        """The radius or half-width in metres, None for a type that has none."""

    @property
    def bounds(self) -> Bounds:
        """A box that contains the shape."""

    def covers(self, position: Position) -> bool:
        """Return whether the position is inside or on the boundary."""

    def edge_distance_m(self, position: Position) -> float:
        """Return the metres to the boundary, negative inside."""

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        """Return the distances from the frame's position, or None where the boundary is farther than `within_m`."""

    def enclosing_radius_m(self) -> int:
        """Return whole metres around the centre within which all of the shape lies."""

    def boxes(self, side_deg: float) -> list[Bounds]:
        """Return boxes that together contain the shape. A line has one for each stretch of at most `side_deg`.

        The shape counts as meeting every cell that the boxes meet, unless its type has one more method,
        `meets(boxes: Sequence[Bounds]) -> Sequence[bool]`: whether it shares a point with each box.
        """

    # -- packed bytes, as they are stored ----------------------------------------------------------

    def pack(self) -> bytes:
        """Return the shape as bytes that begin with `packing.pack_head`: the tag, then the box of its bounds."""

    @classmethod
    def unpack(cls, data: bytes, offset: int) -> Self:
        """Return the shape whose bytes begin at `offset`, equal to the one that was packed, to the last bit."""

    @classmethod
    def count_bytes(cls, data: bytes, offset: int) -> int:
        """Return how many bytes the shape at `offset` takes."""

    # -- fields of the API -------------------------------------------------------------------------

    def to_fields(self) -> ShapeFields:
        """Return the fields that a response reports, with the geometry where the others do not describe the shape."""

    @classmethod
    def parse_fields(cls, fields: ShapeFields, before: Shape | None, default_radius_m: float) -> Self:
        """Return the shape that a request describes, on top of the one that the geofence has, of whatever type.

        Raises:
            GeometryError: With the name of the field of `ShapeFields` that is at fault (`lon` is `longitude` and
                `lat` is `latitude`), and from `points` on its place in a geometry.
        """

    # -- file formats ------------------------------------------------------------------------------

    def to_geojson(self) -> dict[str, Any]:
        """Return the shape as a GeoJSON geometry (RFC 7946)."""

    @classmethod
    def read_geojson(cls, geometry: Mapping[str, Any], radius_m: Any) -> dict[str, Any]:
        """Return a GeoJSON geometry of one of `geometry_types` as values by field of `ShapeFields`, not checked."""

    def to_kml(self) -> str:
        """Return the shape as a KML geometry."""

    @classmethod
    def from_kml(cls, rings: Sequence[Ring], radius_m: float) -> Self:
        """Return the shape of a KML geometry of one of `geometry_types`.

        Raises:
            GeometryError: It cannot be one.
        """


def to_points(vertices: Vertices) -> tuple[LonLat, ...]:
    """Return rows of longitude and latitude as tuples."""
    return tuple(zip(vertices[:, 0].tolist(), vertices[:, 1].tolist(), strict=True))


def measure_distances_m(position: Position, shapes: Iterable[Shape], within_m: float) -> Iterator[Distances | None]:
    """Return, for each shape, the metres to its centre and boundary, or None where the boundary is farther.

    >>> from geo.shapes.circle import Circle
    >>> near, far = (Circle(center=Position(lon=lon, lat=0), radius_m=100) for lon in (0.0001, 0.1))
    >>> found = measure_distances_m(Position(lon=0, lat=0), [near, far], 0)
    >>> [one and [round(metres, 1) for metres in one] for one in found]
    [[11.1, -88.9], None]
    """
    frame = Frame(position)
    return (shape.distances_m(frame, within_m) for shape in shapes)
