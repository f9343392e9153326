"""Corridors: a line and a width to either side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from struct import Struct, pack
from typing import TYPE_CHECKING, Any, ClassVar

from geo.edges import Edges, add_steps
from geo.enclosing import measure_enclosing_radius_m
from geo.errors import GeometryError
from geo.geojson import parse_points
from geo.kml.coordinates import format_coordinates
from geo.raster import Raster
from geo.shapes.antimeridian import are_unwrapped, unwrap
from geo.shapes.base import LonLat, ShapeFields, to_points
from geo.shapes.bounds import Bounds
from geo.shapes.checks import (
    MAX_CORRIDOR_POINTS,
    check_across,
    check_center_is_computed,
    check_points_or_geometry,
    check_radius,
    check_steps,
    count_places,
    drop_repeats,
    normalize_vertices,
)
from geo.shapes.packing import (
    WIDE,
    is_box_unwrapped,
    is_wide,
    pack_coordinates,
    pack_head,
    unpack_vertices,
)
from geo.wgs84 import Frame, Position, wrap_position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from geo.edges import Vertices
    from geo.shapes.base import Distances, Ring, Shape

# First byte, box, half-width and the number of vertices.
_HEAD = Struct(">BiIiIdH")


@dataclass(frozen=True, kw_only=True)
class Corridor:
    """All positions at most `half_width_m` metres from a line of at least two vertices."""

    kind: ClassVar[str] = "corridor"
    tag: ClassVar[int] = 1
    geometry_types: ClassVar[tuple[str, ...]] = ("LineString",)
    has_radius: ClassVar[bool] = True

    points: tuple[LonLat, ...]
    half_width_m: float

    def __post_init__(self) -> None:
        check_radius(self.half_width_m)
        points = drop_repeats(normalize_vertices("points", self.points))
        if count_places(points) < 2:
            raise GeometryError("points", "a corridor needs at least 2 different points")
        if len(points) > MAX_CORRIDOR_POINTS:
            raise GeometryError("points", f"a corridor takes at most {MAX_CORRIDOR_POINTS:,} points")
        check_across("points", points)
        check_steps("points", [points])
        object.__setattr__(self, "points", points)

    @classmethod
    def from_vertices(cls, vertices: Vertices, half_width_m: float, *, is_unwrapped: bool) -> Self:
        """Build a corridor that was checked before.

        Args:
            vertices: Rows of longitude and latitude.
            half_width_m: To either side of the line.
            is_unwrapped: Whether it does not come near the antimeridian.
        """
        corridor = object.__new__(cls)
        corridor.__dict__.update(half_width_m=half_width_m, _given_vertices=vertices, _is_unwrapped=is_unwrapped)
        return corridor

    def __getattr__(self, name: str) -> Any:
        """Build the vertices as tuples when they are first read: a check does not read them."""
        if name != "points":
            raise AttributeError(name)
        points = self.__dict__["points"] = to_points(self._given_vertices)
        return points

    @property
    def radius_m(self) -> float:
        return self.half_width_m

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        return self.edges.distance_m(Frame(position)) - self.half_width_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        if within_m == 0 and not self._raster.is_near(frame.position.lon, frame.position.lat):
            return None
        edge_m = self.edges.distance_m(frame, self.half_width_m + within_m) - self.half_width_m
        return (frame.distance_m(self.center.lon, self.center.lat), edge_m) if edge_m <= within_m else None

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds.from_vertices(self._vertices).expand(self.half_width_m)

    @cached_property
    def center(self) -> Position:
        """The point half-way along the line, in the plane of longitude and latitude."""
        import numpy as np

        line = np.ascontiguousarray(self._vertices).view(np.complex128)[:, 0]
        ends = np.abs(line[1:] - line[:-1]).cumsum()
        half = float(ends[-1]) / 2
        k = int(ends.searchsorted(half))
        length = float(ends[k] - ends[k - 1] if k else ends[0])
        middle = complex(line[k + 1]) - (complex(line[k + 1]) - complex(line[k])) * (float(ends[k]) - half) / length
        return wrap_position(middle.real, middle.imag)

    def enclosing_radius_m(self) -> int:
        """Return the metres around the centre within which all of it lies.

        >>> Corridor(points=((0, 0), (0.01, 0)), half_width_m=50).enclosing_radius_m()
        607
        """
        return measure_enclosing_radius_m(self.center, self.edges.steps, self.half_width_m)

    def boxes(self, side_deg: float) -> list[Bounds]:
        lon, lat = add_steps(self._vertices, side_deg)
        ends = zip(lon[:-1].tolist(), lat[:-1].tolist(), lon[1:].tolist(), lat[1:].tolist(), strict=True)
        return [Bounds(min(a, c), min(b, d), max(a, c), max(b, d)).expand(self.half_width_m) for a, b, c, d in ends]

    @cached_property
    def _raster(self) -> Raster:
        """A fast filter. The bounding box is none: that of a road covers half a country."""
        import numpy as np

        bounds, line = self.bounds, self._vertices
        across, upright = np.ptp(line, axis=0).tolist()
        around = (bounds.east - bounds.west - across) / 2, (bounds.north - bounds.south - upright) / 2
        # One that comes near a pole has no sides.
        return Raster(line, around if bounds.east - bounds.west < 360 else (360.0, 180.0))

    @cached_property
    def edges(self) -> Edges:
        """The line in the middle of the corridor."""
        return Edges(self._vertices, [len(self._vertices)], are_rings=False)

    @cached_property
    def _given_vertices(self) -> Vertices:
        import numpy as np

        return np.array(self.points, dtype=np.float64)

    @cached_property
    def _is_unwrapped(self) -> bool:
        return are_unwrapped(self._given_vertices)

    @property
    def _vertices(self) -> Vertices:
        return self._given_vertices if self._is_unwrapped else unwrap(self._given_vertices)

    def pack(self) -> bytes:
        flat = tuple(value for point in self.points for value in point)
        wide = is_wide(flat)
        head = pack_head(self.tag, self.bounds, wide=wide)
        return head + pack(">dH", self.half_width_m, len(self.points)) + pack_coordinates(flat, wide=wide)

    @classmethod
    def unpack(cls, data: bytes, offset: int) -> Self:
        first_byte, west, width, _, _, half_width_m, count = _HEAD.unpack_from(data, offset)
        vertices = unpack_vertices(data, offset + _HEAD.size, count, wide=bool(first_byte & WIDE))
        return cls.from_vertices(vertices, half_width_m, is_unwrapped=is_box_unwrapped(west, width))

    @classmethod
    def count_bytes(cls, data: bytes, offset: int) -> int:
        vertex = 16 if data[offset] & WIDE else 8
        return _HEAD.size + vertex * int(_HEAD.unpack_from(data, offset)[-1])

    def to_fields(self) -> ShapeFields:
        lon, lat = round(self.center.lon, 7), round(self.center.lat, 7)
        return ShapeFields(lon=lon, lat=lat, radius_m=self.half_width_m, geometry=self.to_geojson())

    @classmethod
    def parse_fields(cls, fields: ShapeFields, before: Shape | None, default_radius_m: float) -> Self:
        check_center_is_computed(fields, before)
        check_points_or_geometry(fields)
        own = before if isinstance(before, cls) else None
        half_width_m = fields.radius_m or (own.half_width_m if own else default_radius_m)
        if fields.points is not None:
            return cls(points=fields.points, half_width_m=half_width_m)
        if fields.geometry is not None:
            if fields.geometry.get("type") != "LineString":
                raise GeometryError("points.type", "must be LineString for a corridor")
            points = parse_points(fields.geometry.get("coordinates"), ".coordinates")
            return cls(points=points, half_width_m=half_width_m)
        if own is None:
            raise GeometryError("points", "a corridor needs points or a LineString geometry")
        return cls(points=own.points, half_width_m=half_width_m)

    def to_geojson(self) -> dict[str, Any]:
        """Return the line.

        >>> Corridor(points=((0, 1), (0, 2)), half_width_m=50).to_geojson()
        {'type': 'LineString', 'coordinates': [[0.0, 1.0], [0.0, 2.0]]}
        """
        return {"type": "LineString", "coordinates": [list(point) for point in self.points]}

    @classmethod
    def read_geojson(cls, geometry: Mapping[str, Any], radius_m: Any) -> dict[str, Any]:
        return {"geometry": geometry, "radius_m": radius_m}

    def to_kml(self) -> str:
        return f"<LineString>{format_coordinates(self.points)}</LineString>"

    @classmethod
    def from_kml(cls, rings: Sequence[Ring], radius_m: float) -> Self:
        return cls(points=rings[0], half_width_m=radius_m)
