"""Check the reasons for which the layer refuses polygons."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from shapely.errors import ShapelyError

from geo.errors import GeometryError
from geo.shapes.base import Ring
from geo.shapes.checks import MAX_ACROSS_DEG, MAX_VERTICES
from geo.shapes.polygon import Polygon
from tests.oracles.containment import Line, Rings
from tests.oracles.geodesics import to_unit_vectors
from tests.oracles.shapes import Parts

# Messages have 15 digits of a coordinate.
_TOLERANCE_DEG = 1e-9


def build_polygon(parts: Parts) -> Polygon | str:
    """Return the polygon, or the reason of its refusal."""
    try:
        return Polygon(parts=parts)
    except GeometryError as error:
        return error.reason
    except ShapelyError as error:
        return repr(error)


def confirm_reason(reason: str, parts: Parts) -> str | None:
    """Return a short name of the reason, or None if it is wrong."""
    rings = [ring for part in parts for ring in part]
    count = sum(len(ring) for ring in rings)
    if "at least 3 different points" in reason:
        return "too few points" if any(len(set(ring)) < 3 for ring in rings) else None
    if "takes at most" in reason:
        return "too many points" if count > MAX_VERTICES else None
    if "degrees across" in reason:
        return "too large" if measure_across_deg(parts) > MAX_ACROSS_DEG else None
    if "hole" in reason and "outside" in reason:
        return "hole outside" if any(_has_hole_outside(part) for part in parts) else None
    place = re.search(r"self-intersection at longitude and latitude (\S+) (\S+)$", reason)
    if place and _meets_itself(rings, float(place[1]), float(place[2])):
        return "ring meets itself"
    return None


def measure_across_deg(parts: Parts) -> float:
    """Return the diameter of the smallest cap that contains all vertices, to some hundredths of a degree.

    Source: M. Badoiu and K. Clarkson, "Smaller core-sets for balls", SODA 2003. The centre moves towards the farthest
    vertex in ever shorter steps.
    """
    vertices = np.array([vertex for part in parts for ring in part for vertex in ring])
    units = to_unit_vectors(vertices[:, 0], vertices[:, 1])
    center = units.mean(axis=0)
    for step in range(2, 3_000):
        center += (units[np.argmin(units @ center)] - center) / step
    cosine = (units @ center).min() / np.linalg.norm(center)
    return float(2 * np.degrees(np.arccos(cosine)))


def _has_hole_outside(part: tuple[Ring, ...]) -> bool:
    shell, *holes = part
    if not holes:
        return False
    sides = Rings(Polygon.from_ring(shell)).find_sides(np.array([vertex for hole in holes for vertex in hole]))
    return not all(side.inside for side in sides)


def _meets_itself(rings: Iterable[Ring], lon: float, lat: float) -> bool:
    """Return whether more than two edges leave a place, or two in the same direction, as at the end of a spike."""
    line = Line([(*ring, ring[0]) for ring in rings])
    start = np.column_stack([np.remainder(line.start[:, 0] - lon + 180, 360) - 180, line.start[:, 1] - lat])
    ends = np.concatenate([start, start + line.step])
    steps = np.concatenate([line.step, -line.step])
    length = np.hypot(*steps.T)
    east, north = steps.T / np.maximum(length, _TOLERANCE_DEG)
    back = -(ends[:, 0] * east + ends[:, 1] * north)
    beside = np.abs(ends[:, 0] * north - ends[:, 1] * east)
    leaves = (beside <= _TOLERANCE_DEG) & (back >= -_TOLERANCE_DEG) & (back < length - _TOLERANCE_DEG)
    directions = np.column_stack([east, north])[leaves]
    return len(directions) > 2 or (
        len(directions) == 2 and bool(np.abs(directions[0] - directions[1]).max() < _TOLERANCE_DEG)
    )
