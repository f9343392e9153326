"""Circles: a centre and a radius."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from geo.shapes.bounds import Bounds
from geo.shapes.checks import check_radius
from geo.wgs84 import Frame, Position

if TYPE_CHECKING:
    from geo.shapes.base import Distances


@dataclass(frozen=True, kw_only=True)
class Circle:
    """All positions at most `radius_m` metres from `center`.

    >>> office = Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100)
    >>> office.covers(Position(lon=-97.7431, lat=30.2680)), office.covers(Position(lon=-97.7431, lat=30.2682))
    (True, False)
    """

    kind: ClassVar[str] = "circle"

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
