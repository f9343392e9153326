"""The limits of shapes, and the checks that enforce them."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from geo.edges import STEP_DEG
from geo.errors import GeometryError
from geo.wgs84 import find_cap, wrap_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.shapes.base import LonLat, Ring, Shape, ShapeFields

MIN_RADIUS_M, MAX_RADIUS_M = 0.001, 100_000.0
MAX_CORRIDOR_POINTS = 1_024
MAX_VERTICES = 10_000
MAX_ACROSS_DEG = 80.0

# A boundary of this number of steps, 5,000 degrees of edges, is measured in some 10 ms.
_MAX_STEPS = 100_000
_CAP_STEPS = 300


def drop_repeats(points: Sequence[LonLat]) -> tuple[LonLat, ...]:
    """Return the points without those that repeat the one before.

    >>> drop_repeats([(1, 2), (1, 2), (3, 4)])
    ((1, 2), (3, 4))
    """
    return tuple(point for k, point in enumerate(points) if k == 0 or point != points[k - 1])


def normalize_ring(ring: Sequence[LonLat]) -> Ring:
    """Return the ring open and without repeated vertices.

    Raises:
        GeometryError: A vertex is not on the globe, or fewer than 3 differ.
    """
    points = drop_repeats(normalize_vertices("points", ring))
    if len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(set(points)) < 3:
        raise GeometryError("points", "a ring needs at least 3 different points")
    return points


def normalize_vertices(field: str, points: Sequence[LonLat]) -> tuple[LonLat, ...]:
    """Return the vertices as floats without negative zeros.

    Raises:
        GeometryError: A vertex is not on the globe.
    """
    checked = []
    for k, (lon, lat) in enumerate(points):
        if not (isfinite(lon) and -180 <= lon <= 180 and isfinite(lat) and -90 <= lat <= 90):
            raise GeometryError(
                f"{field}[{k}]", "longitude must be from -180 to 180 and latitude from -90 to 90 degrees"
            )
        checked.append((lon + 0.0, lat + 0.0))  # -0.0 becomes 0.0
    return tuple(checked)


def count_places(points: Sequence[LonLat]) -> int:
    """Count the different places. A pole and a point of the antimeridian have several names.

    >>> count_places([(180.0, 5.0), (-180.0, 5.0), (0.0, 90.0), (7.0, 90.0)])
    2
    """
    return len({(0.0, lat) if abs(lat) == 90 else (abs(lon) if abs(lon) == 180 else lon, lat) for lon, lat in points})


def check_steps(field: str, rings: Sequence[Sequence[LonLat]]) -> None:
    """Refuse a shape of long edges: however few, they would cost seconds at every check.

    Raises:
        GeometryError: The edges together are too long.
    """
    steps = 0
    for ring in rings:
        for (lon_a, lat_a), (lon_b, lat_b) in pairwise(ring):
            across = abs(lon_b - lon_a)
            steps += ceil(max(min(across, 360 - across), abs(lat_b - lat_a)) / STEP_DEG)
    if steps > _MAX_STEPS:
        raise GeometryError(field, f"the edges together are longer than {_MAX_STEPS * STEP_DEG:,.0f} degrees")


def check_center_is_computed(fields: ShapeFields, before: Shape | None) -> None:
    """Refuse a centre of a shape whose centre is computed, unless it is sent back as it was reported.

    Raises:
        GeometryError: It is another one.
    """
    computed = before.to_fields() if before is not None else None
    for name, value, known in (
        ("latitude", fields.lat, computed and computed.lat),
        ("longitude", fields.lon, computed and computed.lon),
    ):
        if value is not None and value != known:
            raise GeometryError(name, "belongs to a circle; the centre of this shape follows from its points")


def check_points_or_geometry(fields: ShapeFields) -> None:
    """Refuse vertices that are given twice.

    Raises:
        GeometryError: There are points and a geometry.
    """
    if fields.points is not None and fields.geometry is not None:
        raise GeometryError("points", "give points or geometry, not both")


def check_radius(radius_m: float) -> None:
    """Refuse a radius or half-width that is out of range.

    Raises:
        GeometryError: It is not from MIN_RADIUS_M to MAX_RADIUS_M.
    """
    if not (isfinite(radius_m) and MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M):
        raise GeometryError("radius_m", f"must be from {MIN_RADIUS_M} to {MAX_RADIUS_M:,.0f} metres")


def check_valid(geometry: Any) -> None:
    """Refuse a shapely geometry that is not valid.

    Raises:
        GeometryError: With shapely's reason in words, the place as longitude and latitude.
    """
    import shapely

    if shapely.is_valid(geometry):
        return
    words, _, place = shapely.is_valid_reason(geometry).partition("[")  # such as 'Self-intersection[0.5 0.5]'
    reason = words.lower()
    if place:
        at = wrap_position(*(float(degrees) for degrees in place.rstrip("]").split()))
        reason = f"{reason} at longitude and latitude {at.lon:.15g} {at.lat:.15g}"
    raise GeometryError("points", f"the polygon is not valid: {reason}")


def check_across(field: str, points: Sequence[LonLat]) -> None:
    """Refuse a shape that is too large.

    Raises:
        GeometryError: It is more than MAX_ACROSS_DEG across.
    """
    _, radius_deg = find_cap(points)
    # This cap is around the mean of the vertices. If many of them are on one side, a smaller cap exists.
    if 2 * radius_deg > MAX_ACROSS_DEG and _measure_across_deg(points) > MAX_ACROSS_DEG:
        raise GeometryError(field, f"the shape is more than {MAX_ACROSS_DEG:.0f} degrees across")


def _measure_across_deg(points: Sequence[LonLat]) -> float:
    """Return the diameter in degrees of arc of the smallest cap around all points, at most a hundredth too large.

    The middle moves towards the farthest point by ever shorter steps (Badoiu and Clarkson 2003, Smaller core-sets
    for balls).

    >>> round(_measure_across_deg([(0, 0), (0, 0.1), (0, 0.2), (60, 0)]))
    60
    """
    import numpy as np

    lon, lat = np.radians(np.array(points, dtype=np.float64)).T
    units = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    middle = units.mean(axis=0)
    for step in range(2, _CAP_STEPS):
        middle += (units[(units @ middle).argmin()] - middle) / step
    return float(2 * np.degrees(np.arccos((units @ middle).min() / np.linalg.norm(middle))))
