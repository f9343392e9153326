"""A geofence type that only tests have: all that a new type takes is in this module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from geo import shapes
from geo.errors import GeometryError
from geo.kml.coordinates import format_coordinates
from geo.shapes.base import ShapeFields
from geo.shapes.bounds import Bounds
from geo.shapes.checks import check_radius
from geo.shapes.packing import BOX, pack_head
from geo.wgs84 import Frame, Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.shapes.base import Distances, Ring, Shape

# Radius, longitude and latitude, after the head.
_NUMBERS = Struct(">ddd")


@dataclass(frozen=True, kw_only=True)
class Donut:
    """All positions at most `radius_m` metres from `center`, and at least half of that."""

    kind: ClassVar[str] = "donut"
    tag: ClassVar[int] = 8
    geometry_types: ClassVar[tuple[str, ...]] = ("Point",)
    has_radius: ClassVar[bool] = True

    center: Position
    radius_m: float

    def __post_init__(self) -> None:
        check_radius(self.radius_m)

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds(self.center.lon, self.center.lat, self.center.lon, self.center.lat).expand(self.radius_m)

    def covers(self, position: Position) -> bool:
        return self.edge_distance_m(position) <= 0

    def edge_distance_m(self, position: Position) -> float:
        return self.distances_m(Frame(position), float("inf"))[1]  # type: ignore[index]  # never None without a limit

    def distances_m(self, frame: Frame, within_m: float) -> Distances | None:
        center_m = frame.distance_m(self.center.lon, self.center.lat)
        edge_m = max(center_m - self.radius_m, self.radius_m / 2 - center_m)
        return (center_m, edge_m) if edge_m <= within_m else None

    def enclosing_radius_m(self) -> int:
        return ceil(self.radius_m)

    def boxes(self, side_deg: float) -> list[Bounds]:
        return [self.bounds]

    def pack(self) -> bytes:
        head = pack_head(self.tag, self.bounds, wide=True)
        return head + _NUMBERS.pack(self.radius_m, self.center.lon, self.center.lat)

    @classmethod
    def unpack(cls, data: bytes, offset: int) -> Donut:
        radius_m, lon, lat = _NUMBERS.unpack_from(data, offset + 1 + BOX.size)
        return cls(center=Position(lon=lon, lat=lat), radius_m=radius_m)

    @classmethod
    def count_bytes(cls, data: bytes, offset: int) -> int:
        return 1 + BOX.size + _NUMBERS.size

    def to_fields(self) -> ShapeFields:
        return ShapeFields(lon=self.center.lon, lat=self.center.lat, radius_m=self.radius_m)

    @classmethod
    def parse_fields(cls, fields: ShapeFields, before: Shape | None, default_radius_m: float) -> Donut:
        if fields.lon is None or fields.lat is None:
            raise GeometryError("latitude", "is missing", "longitude")
        center = Position(lon=fields.lon, lat=fields.lat)
        return cls(center=center, radius_m=fields.radius_m or default_radius_m)

    def to_geojson(self) -> dict[str, Any]:
        return {"type": "Point", "coordinates": [self.center.lon, self.center.lat]}

    @classmethod
    def read_geojson(cls, geometry: Mapping[str, Any], radius_m: Any) -> dict[str, Any]:
        lon, lat = geometry["coordinates"]
        return {"lon": lon, "lat": lat, "radius_m": radius_m}

    def to_kml(self) -> str:
        return f"<Point>{format_coordinates([(self.center.lon, self.center.lat)])}</Point>"

    @classmethod
    def from_kml(cls, rings: Sequence[Ring], radius_m: float) -> Donut:
        lon, lat = rings[0][0]
        return cls(center=Position(lon=lon, lat=lat), radius_m=radius_m)


def register_donut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make donuts a geofence type for the rest of a test."""
    monkeypatch.setattr(shapes, "_by_kind", dict(shapes._by_kind))
    monkeypatch.setattr(shapes, "_by_first_byte", dict(shapes._by_first_byte))
    shapes.register(Donut)
