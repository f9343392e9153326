"""Conversion between zones and geofences.

A zone cannot express every geofence. The zone of such a geofence is an approximation: the largest part of several,
the outer ring without the holes, the radius in whole metres. It is marked `approximate`. A client that sends a zone
back as it received it changes nothing of the geofence.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.common.text import fold_case
from fencepost.zones.errors import NoPoints, OtherType, TooFewPoints, TooManyPoints
from geo.errors import GeometryError
from geo.shapes.checks import MAX_CORRIDOR_POINTS, MAX_RADIUS_M
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.geofences.model import Geofence
    from fencepost.zones.schemas import CreateZoneRequest, ZoneInput, ZonePointInput
    from geo.shapes.base import LonLat, Shape

DEFAULT_COLOR = "27A9E3"
# Polygons of every tenant may have this number of points. Only more points need the limit of the tenant.
MIN_POINT_LIMIT = 100
# The zone API reports a geofence of another type as the circle around it, and cannot change its shape.
_TYPES = {Circle.kind: "circle", Polygon.kind: "polygon", Corridor.kind: "sausage"}


# --- from requests to geofences ------------------------------------------------------------------------------------
def to_geofence_fields(request: CreateZoneRequest, tag_names: Mapping[int, str], point_limit: int) -> dict[str, Any]:
    """Return the fields of a new geofence.

    `tag_names` are the tags with the numbers in the request; a number that no tag has is absent. `point_limit` is the
    number of points that the tenant's polygons may have.

    Raises:
        ValidationFailed: A field is missing, or the type of the zone does not have it.
        NoPoints: A circle comes with points.
        TooFewPoints: The type needs more points.
        TooManyPoints: The type, or the tenant, allows fewer points.
    """
    zone = request.zone
    if zone.id is not None:
        raise ValidationFailed.field("zone.id", "is given by the service")
    if zone.label is None:
        raise ValidationFailed.field("zone.label", "is missing")
    fields = {"color": f"#{DEFAULT_COLOR}", **_to_plain_fields(zone, tag_names)}
    zone_type = zone.type or "circle"
    if zone_type == "circle":
        if request.points is not None:
            raise NoPoints.field("points", "belong to polygons and sausages; a circle has none")
        return fields | {"shape": _build_circle(zone, None)}
    _check_absent(zone, *(("center",) if zone_type == "sausage" else ("center", "radius")))
    if zone_type == "sausage" and zone.radius is None:
        raise ValidationFailed.field("zone.radius", "is missing")
    half_width_m = zone.radius if zone_type == "sausage" else None
    return fields | _to_line_fields(request.points or [], half_width_m, point_limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePatch:
    """The changes of an update request. `tag_names` as in `to_geofence_fields`."""

    zone: ZoneInput
    tag_names: Mapping[int, str]

    def to_changes(self, before: Geofence) -> dict[str, Any]:
        """Return the fields of the geofence that change. A value equal to the current one changes nothing.

        Raises:
            OtherType: The request has another type than the zone.
            ValidationFailed: The type of the zone does not have a field, or a value is not possible.
        """
        shape = before.shape
        current = serialize_zone(before, ())
        del current["tags"]
        if self.zone.type not in (None, current["type"]):
            raise OtherType.field("zone.type", f"cannot change: this zone is a {current['type']}")
        equal = [name for name, value in self.zone.model_dump().items() if name in current and value == current[name]]
        if self._has_tags_of(before):
            equal.append("tags")
        zone = self.zone.model_copy(update=dict.fromkeys(equal))
        fields = _to_plain_fields(zone, self.tag_names)
        if shape.kind not in _TYPES and (zone.center is not None or zone.radius is not None):
            raise OtherType.field(
                "zone.type", f"cannot change: this zone is a {shape.kind}, which has no other shape here"
            )
        if isinstance(shape, Circle):
            if zone.center is not None or zone.radius is not None:
                fields["shape"] = _build_circle(zone, shape)
            return fields
        _check_absent(zone, *(("center",) if isinstance(shape, Corridor) else ("center", "radius")))
        if zone.radius is not None:
            fields["shape"] = _build_line(_get_outline(shape), zone.radius)
        return fields

    def _has_tags_of(self, geofence: Geofence) -> bool:
        names = [fold_case(self.tag_names.get(number, "")) for number in self.zone.tags or ()]
        return list(dict.fromkeys(names)) == list(dict.fromkeys(map(fold_case, geofence.tags)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePointsPatch:
    """New points of a polygon or sausage. `point_limit` as in `to_geofence_fields`."""

    points: Sequence[ZonePointInput]
    point_limit: int

    def to_changes(self, before: Geofence) -> dict[str, Any]:
        """Return the fields of the geofence that change.

        Raises:
            NoPoints: The zone is a circle.
            TooFewPoints: The type needs more points.
            TooManyPoints: The type, or the tenant, allows fewer points.
        """
        shape = before.shape
        if isinstance(shape, Circle):
            raise NoPoints.field("points", "belong to polygons and sausages; this zone is a circle")
        if shape.kind not in _TYPES:
            raise NoPoints.field("points", f"belong to polygons and sausages; this zone is a {shape.kind}")
        half_width_m = shape.half_width_m if isinstance(shape, Corridor) else None
        vertices, nodes = _to_vertices(self.points, is_ring=half_width_m is None)
        if vertices == _get_outline(shape):
            # The points of an approximate zone, sent back: holes and further parts remain.
            return {"nodes": () if all(nodes) else nodes}
        return _to_line_fields(self.points, half_width_m, self.point_limit)


def _to_plain_fields(zone: ZoneInput, tag_names: Mapping[int, str]) -> dict[str, Any]:
    """Return the fields that every type has, without those that are absent."""
    fields: dict[str, Any] = {}
    if zone.label is not None:
        fields["name"] = zone.label
    if zone.address is not None:
        fields["address"] = zone.address or None
    if zone.color is not None:
        fields["color"] = f"#{zone.color}"
    if zone.tags is not None:
        for n, number in enumerate(zone.tags):
            if number not in tag_names:
                raise ValidationFailed.field(f"zone.tags[{n}]", f"no tag has the number {number}")
        fields["tags"] = tuple(dict.fromkeys(tag_names[number] for number in zone.tags))
    return fields


def _build_circle(zone: ZoneInput, before: Circle | None) -> Circle:
    """Build the circle of a zone. Fields that the zone omits keep the values of the circle `before`."""
    center = before.center if before else None
    if zone.center is not None:
        if zone.center.lat == 0 and zone.center.lng == 0:
            raise ValidationFailed.field("zone.center", "0,0 is in the Atlantic and almost always a mistake")
        center = Position(lon=zone.center.lng, lat=zone.center.lat)
    radius_m = zone.radius or (before.radius_m if before else None)
    if center is None or radius_m is None:
        missing = [name for name, value in (("center", center), ("radius", radius_m)) if value is None]
        raise ValidationFailed([FieldError(f"zone.{name}", "is missing") for name in missing])
    return Circle(center=center, radius_m=radius_m)


def _to_line_fields(points: Sequence[ZonePointInput], half_width_m: float | None, point_limit: int) -> dict[str, Any]:
    """Return the shape of the points and the nodes among them; without a half-width, the shape is a polygon."""
    vertices, nodes = _to_vertices(points, is_ring=half_width_m is None)
    min_points, zone_type = (3, "polygon") if half_width_m is None else (2, "sausage")
    if len(set(vertices)) < min_points:
        raise TooFewPoints.field("points", f"a {zone_type} needs at least {min_points} different points")
    check_point_count(len(vertices), zone_type, point_limit)
    return {"shape": _build_line(vertices, half_width_m), "nodes": () if all(nodes) else nodes}


def check_point_count(
    count: int, zone_type: str, point_limit: int, field: str = "points", where: str = "here"
) -> None:
    """Refuse more points than a type, or for polygons the tenant, allows.

    Raises:
        TooManyPoints: There are more.
    """
    limit = MAX_CORRIDOR_POINTS
    if zone_type != "sausage":
        limit = point_limit if count > MIN_POINT_LIMIT else MIN_POINT_LIMIT
    if count > limit:
        raise TooManyPoints.field(field, f"a {zone_type} takes at most {limit:,} points, {where} are {count:,}")


def _build_line(vertices: tuple[LonLat, ...], half_width_m: float | None) -> Shape:
    try:
        if half_width_m is None:
            return Polygon.from_ring(vertices)
        return Corridor(points=vertices, half_width_m=half_width_m)
    except GeometryError as error:
        field = "zone.radius" if error.field in ("radius_m", "half_width_m") else error.field
        raise ValidationFailed.field(field, error.reason) from None


def _to_vertices(points: Sequence[ZonePointInput], *, is_ring: bool) -> tuple[tuple[LonLat, ...], tuple[bool, ...]]:
    """Return the points without those that repeat the one before or close a ring, and whether each is a node.

    >>> from fencepost.zones.schemas import ZonePointInput
    >>> here, there = ZonePointInput(lat=1, lng=2), ZonePointInput(lat=3, lng=4, node=False)
    >>> _to_vertices([here, there, there, here], is_ring=True)
    (((2.0, 1.0), (4.0, 3.0)), (True, False))
    """
    vertices: list[LonLat] = []
    nodes: list[bool] = []
    for point in points:
        vertex, is_node = (point.lng, point.lat), point.node is not False
        if vertices and vertex == vertices[-1]:
            nodes[-1] |= is_node
        else:
            vertices.append(vertex)
            nodes.append(is_node)
    if is_ring and len(vertices) > 1 and vertices[0] == vertices[-1]:
        vertices.pop()
        nodes[0] |= nodes.pop()
    return tuple(vertices), tuple(nodes)


def count_vertices(points: Sequence[ZonePointInput]) -> int:
    """Return the number of vertices of the polygon of these points."""
    vertices, _ = _to_vertices(points, is_ring=True)
    return len(vertices)


def _check_absent(zone: ZoneInput, *names: str) -> None:
    for name in names:
        if getattr(zone, name) is not None:
            raise ValidationFailed.field(f"zone.{name}", "is nothing that a zone of this type has")


# --- from geofences to responses -----------------------------------------------------------------------------------
def serialize_zone(geofence: Geofence, tags: Sequence[int], *, with_points: bool = False) -> dict[str, Any]:
    """Return the `Zone` of a geofence. `tags` are the numbers of its tags."""
    shape = geofence.shape
    if shape.kind not in _TYPES:
        shape = Circle(center=shape.center, radius_m=min(MAX_RADIUS_M, float(shape.enclosing_radius_m())))
    zone: dict[str, Any] = {
        "id": geofence.number,
        "type": _TYPES[shape.kind],
        "label": geofence.name,
        "address": geofence.address or "",
        "color": (geofence.color or DEFAULT_COLOR).removeprefix("#"),
        "tags": list(tags),
    }
    if shape.radius_m is not None:
        zone["radius"] = max(1, round(shape.radius_m))
    if isinstance(shape, Circle):
        zone["center"] = {"lat": shape.center.lat, "lng": shape.center.lon}
    elif with_points:
        zone["points"] = serialize_points(geofence)
    if isinstance(shape, Polygon):
        is_approximate = len(shape.parts) > 1 or len(shape.parts[0]) > 1
    else:
        is_approximate = shape.radius_m != zone["radius"]
    if is_approximate or shape is not geofence.shape:
        zone["approximate"] = True
    return zone


def serialize_points(geofence: Geofence) -> list[dict[str, Any]]:
    """Return a `ZonePoint` for each point of a polygon or sausage.

    Raises:
        NoPoints: The zone is a circle.
    """
    shape = geofence.shape
    if isinstance(shape, Circle) or shape.kind not in _TYPES:
        raise NoPoints.field("zone_id", f"is a {shape.kind}, and a {shape.kind} has no points")
    outline = _get_outline(shape)
    nodes = geofence.nodes if len(geofence.nodes) == len(outline) else (True,) * len(outline)
    return [{"lat": lat, "lng": lng, "node": node} for (lng, lat), node in zip(outline, nodes, strict=True)]


def _get_outline(shape: Shape) -> tuple[LonLat, ...]:
    """Return the line of a corridor, or the outer ring of a polygon's largest part."""
    if isinstance(shape, Corridor):
        return shape.points
    assert isinstance(shape, Polygon)
    return max((part[0] for part in shape.parts), key=_measure_ring) if len(shape.parts) > 1 else shape.parts[0][0]


def _measure_ring(ring: Sequence[LonLat]) -> float:
    """Return an area to compare rings by: square degrees, narrower towards the poles.

    >>> across, larger = [(179, 0), (-179, 0), (-179, 1), (179, 1)], [(0, 0), (2.1, 0), (2.1, 1), (0, 1)]
    >>> _measure_ring(across) < _measure_ring(larger)
    True
    """
    west, south = ring[0]
    east = [(lon - west + 180) % 360 - 180 for lon, _ in ring]
    north = [lat - south for _, lat in ring]
    doubled = sum(east[k - 1] * north[k] - east[k] * north[k - 1] for k in range(len(ring)))
    return abs(doubled) * cos(radians(sum(lat for _, lat in ring) / len(ring)))
