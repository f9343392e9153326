"""What can be done to a polygon without changing an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from geo.shapes.base import LonLat, Ring
from geo.shapes.checks import MAX_VERTICES
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.oracles.comparison import REACH_BAR_M, Disagreement
from tests.oracles.containment import REACH_M
from tests.oracles.refusals import taken, true_reason
from tests.oracles.shapes import Parts, position, wrapped

# A vertex put on an edge is a rounding beside it: so near to the boundary, as well as the oracle knows it, sides may
# differ; and distances by as much as they may be off.
_HAIR_M = 1e-4
_ASKED = 4

CHANGES = ("begun elsewhere", "the other way round", "with more vertices on its edges", "at the antimeridian")


def changes_noticed(
    polygon: Polygon, positions: Sequence[Position], edges_m: Sequence[float], random: Random
) -> Iterator[Disagreement]:
    """Where the polygon answers otherwise when it is changed in one of the ways that do not matter.

    `edges_m` is how far the boundary is from each position; where that is known well, some of the positions are put.
    """
    near = [(p, edge_m) for p, edge_m in zip(positions, edges_m, strict=True) if abs(edge_m) <= REACH_M]
    for change in CHANGES:
        asked = random.sample(near, min(_ASKED, len(near)))
        parts, there = changed(change, polygon, [p for p, _ in asked], random)
        other = taken(parts)
        if isinstance(other, str):
            # Where a vertex was a rounding beside an edge, rounding may put it on the edge.
            if not true_reason(other, parts):
                yield Disagreement(f"Polygon {change} is refused", None, None, f"{parts!r:.1500}", other)
            continue
        for (here, edge_m), its in zip(asked, there, strict=True):
            expected_m, got_m = polygon.edge_distance_m(here), other.edge_distance_m(its)
            if abs(abs(got_m) - abs(expected_m)) > REACH_BAR_M:
                yield Disagreement(f"Polygon {change}, distance", other, its, expected_m, got_m)
            if polygon.covers(here) != other.covers(its) and abs(edge_m) > _HAIR_M:
                yield Disagreement(f"Polygon {change}, side", other, its, polygon.covers(here), other.covers(its))


def changed(
    change: str, polygon: Polygon, positions: Sequence[Position], random: Random
) -> tuple[Parts, list[Position]]:
    """The polygon's parts in other words, and the positions at which they should answer as before."""
    if change == "begun elsewhere":
        first = random.randrange(MAX_VERTICES)
        return _with_rings(polygon, lambda ring: _begun_at(first % len(ring), ring)), list(positions)
    if change == "the other way round":
        return _with_rings(polygon, lambda ring: ring[::-1]), list(positions)
    if change == "with more vertices on its edges":
        count = sum(len(ring) for part in polygon.parts for ring in part)
        share = min(1.0, MAX_VERTICES / count - 1)
        return _with_rings(polygon, lambda ring: _denser(ring, share, random)), list(positions)
    return _at_the_antimeridian(polygon, positions, random)


def _with_rings(polygon: Polygon, change: Callable[[Ring], Ring]) -> Parts:
    return tuple(tuple(change(ring) for ring in part) for part in polygon.parts)


def _begun_at(first: int, ring: Ring) -> Ring:
    return (*ring[first:], *ring[:first])


def _denser(ring: Ring, share: float, random: Random) -> Ring:
    """The ring with a vertex amid such a share of its edges."""
    chosen = set(random.sample(range(len(ring)), int(share * len(ring))))
    points: list[LonLat] = []
    for k, (a, b) in enumerate(zip(ring, (*ring[1:], ring[0]), strict=True)):
        points.append(a)
        if k in chosen:
            points.append((wrapped(a[0] + wrapped(b[0] - a[0]) / 2), (a[1] + b[1]) / 2))
    return tuple(points)


def _at_the_antimeridian(
    polygon: Polygon, positions: Sequence[Position], random: Random
) -> tuple[Parts, list[Position]]:
    """Moved along the parallels until a vertex has 180 degrees; then each of -180 and 180 is the one or the other.

    So some longitudes are 360 degrees less than those of their neighbours, as far as the layer takes it.
    """
    vertices = [vertex for part in polygon.parts for ring in part for vertex in ring]
    is_there = any(abs(lon) == 180 for lon, _ in vertices)
    by = 0.0 if is_there else 180 - random.choice(vertices)[0]

    def moved(lon: float) -> float:
        there = wrapped(lon + by)
        return random.choice((-180.0, 180.0)) if abs(there) == 180 else there

    parts = _with_rings(polygon, lambda ring: tuple((moved(lon), lat) for lon, lat in ring))
    return parts, [position(moved(p.lon), p.lat) for p in positions]
