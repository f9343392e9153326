"""Polygons: outer rings and their holes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from geo.edges import Edges
from geo.errors import GeometryError
from geo.shapes.antimeridian import SAME_AREA_DEG2, build_planar, is_unwrapped, unwrap
from geo.shapes.base import LonLat, Ring, to_points
from geo.shapes.bounds import Bounds
from geo.shapes.checks import MAX_VERTICES, check_across, check_steps, check_valid, normalize_ring
from geo.wgs84 import Frame, Position, wrap_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.edges import Vertices
    from geo.shapes.base import Distances


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """One or several parts, each an outer ring and its holes.

    Rings come open or closed and are kept open. Crossing, touching-along-a-line and misplaced rings are refused.

    >>> yard = Polygon(parts=((((0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)),),))
    >>> yard.covers(Position(lon=0.01, lat=0.005)), yard.covers(Position(lon=0.011, lat=0.005))
    (True, False)
    """

    kind: ClassVar[str] = "polygon"

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
    def of_vertices(cls, vertices: Vertices, counts: Sequence[Sequence[int]], *, is_plain: bool) -> Polygon:
        """Make a polygon that was checked before.

        Args:
            vertices: Rows of longitude and latitude.
            counts: How many of them each ring of each part has.
            is_plain: Whether it does not come near the antimeridian nor go around a pole.
        """
        polygon = object.__new__(cls)
        polygon.__dict__.update(_given=vertices, _counts=counts, _is_plain=is_plain)
        return polygon

    @classmethod
    def of_one_ring(cls, ring: Sequence[LonLat]) -> Polygon:
        return cls(parts=((tuple(ring),),))

    def __getattr__(self, name: str) -> Any:
        """Make the vertices as tuples only where somebody asks for them: a check does not."""
        if name != "parts":
            raise AttributeError(name)
        parts = self.__dict__["parts"] = tuple(tuple(map(to_points, rings)) for rings in self._rings)
        return parts

    def covers(self, position: Position) -> bool:
        if abs(position.lat) == 90:
            return self._holds_pole(position.lat)
        if self._is_plain:
            return bool(self._meets(position.lon, position.lat)[0])
        return any(bool(self._meets(position.lon + turn, position.lat)[0]) for turn in (-360, *self.turns))

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

    @cached_property
    def turns(self) -> range:
        """The degrees by which a longitude is turned to the east to be one of the planar geometry."""
        return range(0, ceil(self.planar.bounds[2]) + 181, 360)

    @cached_property
    def center(self) -> Position:
        """The centroid in the plane of longitude and latitude."""
        middle = self.planar.centroid
        return wrap_position(middle.x, middle.y)

    @cached_property
    def planar(self) -> Any:
        """The shapely geometry in unwrapped longitude and latitude, prepared for many questions.

        Starts between -180 and 180 degrees and runs east; a ring around a pole is closed along the pole.
        """
        import shapely

        if self._is_plain:
            rings = [[shapely.linearrings(ring) for ring in rings] for rings in self._rings]
            parts = [shapely.polygons(outer, holes or None) for outer, *holes in rings]
            geometry = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        else:
            geometry = build_planar(self.parts)
        shapely.prepare(geometry)
        return geometry

    @cached_property
    def edges(self) -> Edges:
        """The boundary. The seam along which a ring around a pole is closed, or parts were split, is none."""
        import numpy as np
        import shapely

        if self._is_plain:
            counts = [count for counts in self._counts for count in counts]
            return Edges(self._given, counts, are_rings=True)
        if len(self._counts) > len(shapely.get_parts(self.planar)):
            outlines = shapely.get_rings(shapely.get_parts(self.planar))
            runs = [shapely.get_coordinates(outline) for outline in outlines]
        else:
            runs = [unwrap(np.concatenate([ring, ring[:1]])) for rings in self._rings for ring in rings]
        return Edges(np.concatenate(runs), [len(run) for run in runs], are_rings=False)

    @cached_property
    def _meets(self) -> Any:
        """A function of longitude and latitude, with the geometry in an array: numpy would make one at every call."""
        import numpy as np
        import shapely

        array = np.empty(1, object)
        array[0] = self.planar
        return partial(shapely.intersects_xy, array)

    def _holds_pole(self, lat: float) -> bool:
        """Return whether a pole belongs to the polygon: at every longitude, so any vertex or edge there will do."""
        import shapely

        west, _, east, _ = self.planar.bounds
        return bool(shapely.intersects(self.planar, shapely.LineString([(west - 1, lat), (east + 1, lat)])))

    @cached_property
    def _given(self) -> Vertices:
        """The vertices of all rings, one after the other."""
        import numpy as np

        return np.array([vertex for part in self.parts for ring in part for vertex in ring], dtype=np.float64)

    @cached_property
    def _counts(self) -> Sequence[Sequence[int]]:
        return [[len(ring) for ring in part] for part in self.parts]

    @cached_property
    def _is_plain(self) -> bool:
        return is_unwrapped(self._given)

    @property
    def _rings(self) -> list[list[Vertices]]:
        """For each part its rings, open."""
        parts, start = [], 0
        for counts in self._counts:
            rings = []
            for count in counts:
                rings.append(self._given[start : start + count])
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
