"""Polygons: outer rings and their holes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from math import ceil
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, Any, ClassVar

from geo.edges import Edges
from geo.enclosing import measure_enclosing_radius_m
from geo.errors import GeometryError
from geo.geojson import parse_list, parse_rings
from geo.kml.coordinates import format_coordinates
from geo.shapes.antimeridian import SAME_AREA_DEG2, are_unwrapped, build_planar, unwrap
from geo.shapes.base import LonLat, Ring, ShapeFields, to_points
from geo.shapes.bounds import Bounds
from geo.shapes.checks import (
    MAX_VERTICES,
    check_across,
    check_center_is_computed,
    check_points_or_geometry,
    check_steps,
    check_valid,
    normalize_ring,
)
from geo.shapes.packing import WIDE, is_box_unwrapped, is_wide, pack_coordinates, pack_head, unpack_vertices
from geo.wgs84 import Frame, Position, wrap_position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from geo.edges import Vertices
    from geo.shapes.base import Distances, Shape

# First byte, box and the number of counts.
_HEAD = Struct(">BiIiIH")


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """One or several parts, each an outer ring and its holes.

    Rings may be open or closed, and are stored open. Crossing, touching-along-a-line and misplaced rings are refused.

    >>> yard = Polygon(parts=((((0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)),),))
    >>> yard.covers(Position(lon=0.01, lat=0.005)), yard.covers(Position(lon=0.011, lat=0.005))
    (True, False)
    """

    kind: ClassVar[str] = "polygon"
    tag: ClassVar[int] = 2
    geometry_types: ClassVar[tuple[str, ...]] = ("Polygon", "MultiPolygon")
    has_radius: ClassVar[bool] = False

    parts: tuple[tuple[Ring, ...], ...]

    def __post_init__(self) -> None:
        parts = tuple(tuple(normalize_ring(ring) for ring in part) for part in self.parts)
        if not parts or not all(parts):
            raise GeometryError("points", "a polygon needs an outer ring")
        vertices = [vertex for part in parts for ring in part for vertex in ring]
        if len(vertices) > MAX_VERTICES:
            raise GeometryError("points", f"a polygon takes at most {MAX_VERTICES:,} points, not {len(vertices):,}")
        check_across("points", vertices)
        check_steps("points", [ring for part in parts for ring in part])
        object.__setattr__(self, "parts", parts)
        self._check_valid()

    @classmethod
    def from_vertices(cls, vertices: Vertices, counts: Sequence[Sequence[int]], *, is_unwrapped: bool) -> Self:
        """Build a polygon that was checked before.

        Args:
            vertices: Rows of longitude and latitude.
            counts: How many of them each ring of each part has.
            is_unwrapped: Whether it does not come near the antimeridian nor go around a pole.
        """
        polygon = object.__new__(cls)
        polygon.__dict__.update(_given_vertices=vertices, _counts=counts, _is_unwrapped=is_unwrapped)
        return polygon

    @classmethod
    def from_ring(cls, ring: Sequence[LonLat]) -> Self:
        """Build a polygon of one part without holes."""
        return cls(parts=((tuple(ring),),))

    def __getattr__(self, name: str) -> Any:
        """Build the vertices as tuples when they are first read: a check does not read them."""
        if name != "parts":
            raise AttributeError(name)
        parts = self.__dict__["parts"] = tuple(tuple(map(to_points, rings)) for rings in self._rings)
        return parts

    @property
    def radius_m(self) -> None:
        return None

    def covers(self, position: Position) -> bool:
        if abs(position.lat) == 90:
            return self._covers_pole(position.lat)
        if self._is_unwrapped:
            return bool(self._intersects_xy(position.lon, position.lat)[0])
        return any(
            bool(self._intersects_xy(position.lon + turn, position.lat)[0]) for turn in (-360, *self.turns_deg)
        )

    def edge_distance_m(self, position: Position) -> float:
        nearest_m = self.edges.distance_m(Frame(position))
        return -nearest_m if self.covers(position) else nearest_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        if self.covers(frame.position):
            edge_m = -self.edges.distance_m(frame)
        elif within_m > 0:
            edge_m = self.edges.distance_m(frame, within_m)
        else:
            return None
        return (frame.distance_m(self.center.lon, self.center.lat), edge_m) if edge_m <= within_m else None

    @cached_property
    def bounds(self) -> Bounds:
        west, south, east, north = self.planar.bounds
        if north == 90 or south == -90 or east - west >= 360:
            return Bounds(-180.0, south, 180.0, north)  # every longitude is one at a pole
        return Bounds(west, south, east, north)

    def enclosing_radius_m(self) -> int:
        """Return the metres around the centre within which all of it lies.

        >>> Polygon.from_ring([(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)]).enclosing_radius_m()
        785
        """
        return measure_enclosing_radius_m(self.center, self.edges.steps)

    def boxes(self, side_deg: float) -> list[Bounds]:
        return [self.bounds]

    def meets(self, boxes: Sequence[Bounds]) -> list[bool]:
        import numpy as np
        import shapely

        west, south, east, north = np.array(boxes).T
        hits = np.zeros(len(boxes), bool)
        for turn in self.turns_deg:
            hits |= shapely.intersects(self.planar, shapely.box(west + turn, south, east + turn, north))
        # One that touches a pole touches it at every longitude.
        if self.bounds.south == -90:
            hits |= south <= -90
        if self.bounds.north == 90:
            hits |= north >= 90
        met: list[bool] = hits.tolist()
        return met

    @cached_property
    def turns_deg(self) -> range:
        """The degrees by which a longitude is turned to the east to be one of the planar geometry."""
        return range(0, ceil(self.planar.bounds[2]) + 181, 360)

    @cached_property
    def center(self) -> Position:
        """The centroid in the plane of longitude and latitude."""
        middle = self.planar.centroid
        return wrap_position(middle.x, middle.y)

    @cached_property
    def planar(self) -> Any:
        """The shapely geometry in unwrapped longitude and latitude, prepared for many queries.

        Starts between -180 and 180 degrees and runs east; a ring around a pole is closed along the pole.
        """
        import shapely

        if self._is_unwrapped:
            rings = [[shapely.linearrings(ring) for ring in rings] for rings in self._rings]
            parts = [shapely.polygons(outer, holes or None) for outer, *holes in rings]
            geometry = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        else:
            geometry = build_planar(self.parts)
        shapely.prepare(geometry)
        return geometry

    @cached_property
    def edges(self) -> Edges:
        """The boundary, without the seam along which a ring around a pole is closed or parts were split."""
        import numpy as np
        import shapely

        if self._is_unwrapped:
            counts = [count for counts in self._counts for count in counts]
            return Edges(self._given_vertices, counts, are_rings=True)
        if len(self._counts) > len(shapely.get_parts(self.planar)):
            outlines = shapely.get_rings(shapely.get_parts(self.planar))
            runs = [shapely.get_coordinates(outline) for outline in outlines]
        else:
            runs = [unwrap(np.concatenate([ring, ring[:1]])) for rings in self._rings for ring in rings]
        return Edges(np.concatenate(runs), [len(run) for run in runs], are_rings=False)

    @cached_property
    def _intersects_xy(self) -> Any:
        """A function of longitude and latitude, with the geometry in an array: numpy would make one at every call."""
        import numpy as np
        import shapely

        array = np.empty(1, object)
        array[0] = self.planar
        return partial(shapely.intersects_xy, array)

    def _covers_pole(self, lat: float) -> bool:
        """Return whether a pole belongs to the polygon: at every longitude, so any vertex or edge there will do."""
        import shapely

        west, _, east, _ = self.planar.bounds
        return bool(shapely.intersects(self.planar, shapely.LineString([(west - 1, lat), (east + 1, lat)])))

    @cached_property
    def _given_vertices(self) -> Vertices:
        """The vertices of all rings, one after the other."""
        import numpy as np

        return np.array([vertex for part in self.parts for ring in part for vertex in ring], dtype=np.float64)

    @cached_property
    def _counts(self) -> Sequence[Sequence[int]]:
        return [[len(ring) for ring in part] for part in self.parts]

    @cached_property
    def _is_unwrapped(self) -> bool:
        return are_unwrapped(self._given_vertices)

    @property
    def _rings(self) -> list[list[Vertices]]:
        """For each part its rings, open."""
        parts, start = [], 0
        for counts in self._counts:
            rings = []
            for count in counts:
                rings.append(self._given_vertices[start : start + count])
                start += count
            parts.append(rings)
        return parts

    def _check_valid(self) -> None:
        import numpy as np
        import shapely

        check_valid(self.planar)
        west, _, east, _ = self.planar.bounds
        for turn in range(360, ceil(east - west), 360):
            turned = shapely.transform(self.planar, partial(np.add, (turn, 0)))
            if shapely.intersection(self.planar, turned).area > SAME_AREA_DEG2:
                raise GeometryError("points", "the polygon is not valid: it overlaps itself around a pole")

    def pack(self) -> bytes:
        flat = tuple(value for part in self.parts for ring in part for point in ring for value in point)
        wide = is_wide(flat)
        counts = [len(self.parts)]
        for part in self.parts:
            counts += [len(part), *(len(ring) for ring in part)]
        head = pack_head(self.tag, self.bounds, wide=wide) + pack(f">H{len(counts)}H", len(counts), *counts)
        return head + pack_coordinates(flat, wide=wide)

    @classmethod
    def unpack(cls, data: bytes, offset: int) -> Self:
        first_byte, west, width, _, _, size = _HEAD.unpack_from(data, offset)
        at = offset + _HEAD.size
        counts = _unpack_counts(data, at, size)
        vertices = unpack_vertices(data, at + 2 * size, sum(map(sum, counts)), wide=bool(first_byte & WIDE))
        return cls.from_vertices(vertices, counts, is_unwrapped=is_box_unwrapped(west, width))

    @classmethod
    def count_bytes(cls, data: bytes, offset: int) -> int:
        first_byte, _, _, _, _, size = _HEAD.unpack_from(data, offset)
        vertices = sum(map(sum, _unpack_counts(data, offset + _HEAD.size, size)))
        return int(_HEAD.size + 2 * size + (16 if first_byte & WIDE else 8) * vertices)

    def to_fields(self) -> ShapeFields:
        lon, lat = round(self.center.lon, 7), round(self.center.lat, 7)
        return ShapeFields(lon=lon, lat=lat, geometry=self.to_geojson())

    @classmethod
    def parse_fields(cls, fields: ShapeFields, before: Shape | None, default_radius_m: float) -> Self:
        check_center_is_computed(fields, before)
        if fields.radius_m is not None:
            raise GeometryError("radius_m", "belongs to a circle or a corridor; a polygon has none")
        check_points_or_geometry(fields)
        if fields.points is not None:
            return cls.from_ring(fields.points)
        if fields.geometry is not None:
            return cls(parts=_parse_parts(fields.geometry))
        if not isinstance(before, cls):
            raise GeometryError("points", "a polygon needs points or a Polygon geometry")
        return before

    def to_geojson(self) -> dict[str, Any]:
        parts = [[[list(point) for point in (*ring, ring[0])] for ring in part] for part in self.parts]
        if len(parts) == 1:
            return {"type": "Polygon", "coordinates": parts[0]}
        return {"type": "MultiPolygon", "coordinates": parts}

    @classmethod
    def read_geojson(cls, geometry: Mapping[str, Any], radius_m: Any) -> dict[str, Any]:
        return {"geometry": geometry}

    def to_kml(self) -> str:
        """Return the polygon with its holes; of several parts, as several."""
        parts = []
        for part in self.parts:
            outer, *inner = (f"<LinearRing>{format_coordinates([*ring, ring[0]])}</LinearRing>" for ring in part)
            holes = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
            parts.append(f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{holes}</Polygon>")
        return f"<MultiGeometry>{''.join(parts)}</MultiGeometry>" if len(parts) > 1 else parts[0]

    @classmethod
    def from_kml(cls, rings: Sequence[Ring], radius_m: float) -> Self:
        return cls(parts=(tuple(rings),))


def _unpack_counts(data: bytes, at: int, size: int) -> list[list[int]]:
    """Return how many vertices each ring of each part has."""
    counts = iter(unpack_from(f">{size}H", data, at))
    return [[next(counts) for _ in range(next(counts))] for _ in range(next(counts))]


def _parse_parts(geometry: Mapping[str, Any]) -> tuple[tuple[Ring, ...], ...]:
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Polygon":
        return (parse_rings(coordinates, ".coordinates"),)
    if geometry.get("type") == "MultiPolygon":
        parts = parse_list(coordinates, ".coordinates")
        return tuple(parse_rings(part, f".coordinates[{n}]") for n, part in enumerate(parts))
    raise GeometryError("points.type", "must be Polygon or MultiPolygon for a polygon")
