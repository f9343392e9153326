"""Change polygons in ways that must not change an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from geo.shapes.base import LonLat, Ring
from geo.shapes.checks import MAX_VERTICES
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.comparison import REACH_BAR_M, Disagreement
from tests.oracles.containment import REACH_M
from tests.oracles.refusals import build_polygon, confirm_reason
from tests.oracles.shapes import Parts, to_position, wrap_lon

# A vertex that is added on an edge lies beside it by a rounding error. So close to the boundary sides may differ.
_ROUNDING_M = 1e-4
_SAMPLE_SIZE = 4

CHANGES = ("begun elsewhere", "the other way round", "with more vertices on its edges", "at the antimeridian")


def find_noticed_changes(
    polygon: Polygon, positions: Sequence[Position], edges_m: Sequence[float], random: Random
) -> Iterator[Disagreement]:
    """Yield the differences between the polygon and its equivalent changes, at a sample of the positions.

    `edges_m` are the distances of the positions to the boundary. Positions whose distance is not exact are ignored.
    """
    near = [(p, edge_m) for p, edge_m in zip(positions, edges_m, strict=True) if abs(edge_m) <= REACH_M]
    for change in CHANGES:
        sample = random.sample(near, min(_SAMPLE_SIZE, len(near)))
        parts, changed_positions = change_polygon(change, polygon, [p for p, _ in sample], random)
        other = build_polygon(parts)
        if isinstance(other, str):
            # A vertex beside an edge by a rounding error may end up on the edge.
            if not confirm_reason(other, parts):
                yield Disagreement(f"Polygon {change} is refused", None, None, f"{parts!r:.1500}", other)
            continue
        for (before, edge_m), after in zip(sample, changed_positions, strict=True):
            expected_m, got_m = polygon.edge_distance_m(before), other.edge_distance_m(after)
            if abs(abs(got_m) - abs(expected_m)) > REACH_BAR_M:
                yield Disagreement(f"Polygon {change}, distance", other, after, expected_m, got_m)
            expected, got = polygon.covers(before), other.covers(after)
            if expected != got and abs(edge_m) > _ROUNDING_M:
                yield Disagreement(f"Polygon {change}, side", other, after, expected, got)


def change_polygon(
    change: str, polygon: Polygon, positions: Sequence[Position], random: Random
) -> tuple[Parts, list[Position]]:
    """Return equivalent parts of the polygon, and the positions at which they must give the same answers."""
    if change == "begun elsewhere":
        first = random.randrange(MAX_VERTICES)
        return _map_rings(polygon, lambda ring: _rotate(first % len(ring), ring)), list(positions)
    if change == "the other way round":
        return _map_rings(polygon, lambda ring: ring[::-1]), list(positions)
    if change == "with more vertices on its edges":
        count = sum(len(ring) for part in polygon.parts for ring in part)
        share = min(1.0, MAX_VERTICES / count - 1)
        return _map_rings(polygon, lambda ring: _add_vertices(ring, share, random)), list(positions)
    return _move_to_antimeridian(polygon, positions, random)


def _map_rings(polygon: Polygon, change: Callable[[Ring], Ring]) -> Parts:
    return tuple(tuple(change(ring) for ring in part) for part in polygon.parts)


def _rotate(first: int, ring: Ring) -> Ring:
    return (*ring[first:], *ring[:first])


def _add_vertices(ring: Ring, share: float, random: Random) -> Ring:
    """Return the ring with a vertex in the middle of this share of its edges."""
    chosen = set(random.sample(range(len(ring)), int(share * len(ring))))
    points: list[LonLat] = []
    for k, (a, b) in enumerate(zip(ring, (*ring[1:], ring[0]), strict=True)):
        points.append(a)
        if k in chosen:
            points.append((wrap_lon(a[0] + wrap_lon(b[0] - a[0]) / 2), (a[1] + b[1]) / 2))
    return tuple(points)


def _move_to_antimeridian(
    polygon: Polygon, positions: Sequence[Position], random: Random
) -> tuple[Parts, list[Position]]:
    """Move the polygon along the parallels until a vertex is at 180 degrees, and choose -180 or 180 at random.

    So some longitudes are 360 degrees less than those of their neighbours, which the layer must accept.
    """
    vertices = [vertex for part in polygon.parts for ring in part for vertex in ring]
    is_there = any(abs(lon) == 180 for lon, _ in vertices)
    by = 0.0 if is_there else 180 - random.choice(vertices)[0]

    def move_lon(lon: float) -> float:
        result = wrap_lon(lon + by)
        return random.choice((-180.0, 180.0)) if abs(result) == 180 else result

    parts = _map_rings(polygon, lambda ring: tuple((move_lon(lon), lat) for lon, lat in ring))
    return parts, [to_position(move_lon(p.lon), p.lat) for p in positions]
