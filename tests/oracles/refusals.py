"""Whether a polygon is taken, and whether the reason holds for which it was refused."""

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
from tests.oracles.geodesics import unit_vectors
from tests.oracles.shapes import Parts

# Places are told with 15 digits.
_HAIR_DEG = 1e-9


def taken(parts: Parts) -> Polygon | str:
    """The polygon, or why it is refused; that it fails in any other way is no reason."""
    try:
        return Polygon(parts=parts)
    except GeometryError as error:
        return error.reason
    except ShapelyError as error:
        return repr(error)


def true_reason(reason: str, parts: Parts) -> str | None:
    """The reason in short, if it holds."""
    rings = [ring for part in parts for ring in part]
    count = sum(len(ring) for ring in rings)
    if "at least 3 different points" in reason:
        return "too few points" if any(len(set(ring)) < 3 for ring in rings) else None
    if "takes at most" in reason:
        return "too many points" if count > MAX_VERTICES else None
    if "degrees across" in reason:
        return "too large" if across_deg(parts) > MAX_ACROSS_DEG else None
    if "hole" in reason and "outside" in reason:
        return "hole outside" if any(_has_hole_outside(part) for part in parts) else None
    place = re.search(r"self-intersection at longitude and latitude (\S+) (\S+)$", reason)
    if place and _meets_itself(rings, float(place[1]), float(place[2])):
        return "ring meets itself"
    return None


def across_deg(parts: Parts) -> float:
    """How large the smallest cap is that holds all vertices, from side to side, to a hundredth of a degree or so.

    Source: M. Badoiu and K. Clarkson, "Smaller core-sets for balls", SODA 2003: step by step, each shorter than
    the one before, towards the farthest.
    """
    vertices = np.array([vertex for part in parts for ring in part for vertex in ring])
    units = unit_vectors(vertices[:, 0], vertices[:, 1])
    middle = units.mean(axis=0)
    for step in range(2, 3_000):
        middle += (units[np.argmin(units @ middle)] - middle) / step
    cosine = (units @ middle).min() / np.linalg.norm(middle)
    return float(2 * np.degrees(np.arccos(cosine)))


def _has_hole_outside(part: tuple[Ring, ...]) -> bool:
    shell, *holes = part
    if not holes:
        return False
    sides = Rings(Polygon.from_ring(shell)).sides(np.array([vertex for hole in holes for vertex in hole]))
    return not all(side.inside for side in sides)


def _meets_itself(rings: Iterable[Ring], lon: float, lat: float) -> bool:
    """Whether from a place more than two ways along the rings lead away, or two the same way: a spike's end."""
    line = Line([(*ring, ring[0]) for ring in rings])
    start = np.column_stack([np.remainder(line.start[:, 0] - lon + 180, 360) - 180, line.start[:, 1] - lat])
    ends = np.concatenate([start, start + line.step])
    steps = np.concatenate([line.step, -line.step])
    length = np.hypot(*steps.T)
    east, north = steps.T / np.maximum(length, _HAIR_DEG)
    back = -(ends[:, 0] * east + ends[:, 1] * north)
    beside = np.abs(ends[:, 0] * north - ends[:, 1] * east)
    leads_on = (beside <= _HAIR_DEG) & (back >= -_HAIR_DEG) & (back < length - _HAIR_DEG)
    ways = np.column_stack([east, north])[leads_on]
    return len(ways) > 2 or (len(ways) == 2 and bool(np.abs(ways[0] - ways[1]).max() < _HAIR_DEG))
