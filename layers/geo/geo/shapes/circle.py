"""Circles: a centre and a radius."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from struct import Struct, pack
from typing import TYPE_CHECKING, Any, ClassVar

from geo.errors import GeometryError
from geo.kml.coordinates import format_coordinates
from geo.shapes.base import ShapeFields
from geo.shapes.bounds import Bounds
from geo.shapes.checks import check_radius
from geo.shapes.packing import UNITS_PER_DEGREE, WIDE, is_wide, pack_coordinates, pack_tag
from geo.wgs84 import Frame, Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from geo.shapes.base import Distances, Ring, Shape

NARROW_CIRCLE, WIDE_CIRCLE = Struct(">Bdii"), Struct(">Bddd")
"""The packed forms: tag, radius, longitude, latitude."""


@dataclass(frozen=True, kw_only=True)
class Circle:
    """All positions at most `radius_m` metres from `center`.

    >>> office = Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100)
    >>> office.covers(Position(lon=-97.7431, lat=30.2680)), office.covers(Position(lon=-97.7431, lat=30.2682))
    (True, False)
    """

    kind: ClassVar[str] = "circle"
    tag: ClassVar[int] = 0
    geometry_types: ClassVar[tuple[str, ...]] = ("Point",)
    has_radius: ClassVar[bool] = True

    center: Position
    radius_m: float

    def __post_init__(self) -> None:
        check_radius(self.radius_m)

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        return Frame(position).distance_m(self.center.lon, self.center.lat) - self.radius_m

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        center_m = frame.distance_m(self.center.lon, self.center.lat)
        edge_m = center_m - self.radius_m
        return (center_m, edge_m) if edge_m <= within_m else None

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds(self.center.lon, self.center.lat, self.center.lon, self.center.lat).expand(self.radius_m)

    def enclosing_radius_m(self) -> int:
        return ceil(self.radius_m)

    def boxes(self, side_deg: float) -> list[Bounds]:
        return [self.bounds]

    def pack(self) -> bytes:
        flat = (self.center.lon, self.center.lat)
        wide = is_wide(flat)
        return pack_tag(self.tag, wide=wide) + pack(">d", self.radius_m) + pack_coordinates(flat, wide=wide)

    @classmethod
    def unpack(cls, data: bytes, offset: int) -> Self:
        if data[offset] & WIDE:
            _, radius_m, lon, lat = WIDE_CIRCLE.unpack_from(data, offset)
            return cls(center=Position(lon=lon, lat=lat), radius_m=radius_m)
        _, radius_m, lon, lat = NARROW_CIRCLE.unpack_from(data, offset)
        return cls(center=Position(lon=lon / UNITS_PER_DEGREE, lat=lat / UNITS_PER_DEGREE), radius_m=radius_m)

    @classmethod
    def count_bytes(cls, data: bytes, offset: int) -> int:
        return (WIDE_CIRCLE if data[offset] & WIDE else NARROW_CIRCLE).size

    def to_fields(self) -> ShapeFields:
        return ShapeFields(lon=self.center.lon, lat=self.center.lat, radius_m=self.radius_m)

    @classmethod
    def parse_fields(cls, fields: ShapeFields, before: Shape | None, default_radius_m: float) -> Self:
        for field in ("points", "geometry"):
            if getattr(fields, field) is not None:
                raise GeometryError(field, "a circle has none; give type polygon or corridor, or a centre and radius")
        lat, lon, radius_m = fields.lat, fields.lon, fields.radius_m
        if isinstance(before, cls):
            lat = before.center.lat if lat is None else lat
            lon = before.center.lon if lon is None else lon
            radius_m = radius_m or before.radius_m
        if lat is None or lon is None:
            missing = [name for name, value in (("latitude", lat), ("longitude", lon)) if value is None]
            raise GeometryError(missing[0], "is missing", *missing[1:])
        if lat == 0 and lon == 0:
            raise GeometryError("latitude", "0,0 is in the Atlantic and almost always a mistake")
        return cls(center=Position(lon=lon, lat=lat), radius_m=radius_m or default_radius_m)

    def to_geojson(self) -> dict[str, Any]:
        return {"type": "Point", "coordinates": [self.center.lon, self.center.lat]}

    @classmethod
    def read_geojson(cls, geometry: Mapping[str, Any], radius_m: Any) -> dict[str, Any]:
        where = geometry.get("coordinates")
        lon, lat = (*(where[:2] if isinstance(where, list) else ()), None, None)[:2]
        return {"lon": lon, "lat": lat, "radius_m": radius_m}

    def to_kml(self) -> str:
        return f"<Point>{format_coordinates([(self.center.lon, self.center.lat)])}</Point>"

    @classmethod
    def from_kml(cls, rings: Sequence[Ring], radius_m: float) -> Self:
        lon, lat = rings[0][0]
        if lon == 0 and lat == 0:
            raise GeometryError("coordinates", "0,0 is in the Atlantic and almost always a mistake")
        return cls(center=Position(lon=lon, lat=lat), radius_m=radius_m)
