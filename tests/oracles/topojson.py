"""Read the polygons of a TopoJSON topology, in which neighbours share arcs.

Source: The TopoJSON Format Specification, 1.0, sections 2.1.2 (transforms) to 2.1.5 (objects).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from geo.shapes.base import LonLat, Ring
from tests.oracles.shapes import Parts


def read_polygons(topology: Mapping[str, Any]) -> Iterator[Parts]:
    """Yield the parts of every polygon and multipolygon. The rings are not closed."""
    arcs = _decode_arcs(topology)
    for geometry in topology["objects"].values():
        yield from _read_geometry(geometry, arcs)


def _read_geometry(geometry: Mapping[str, Any], arcs: Sequence[Sequence[LonLat]]) -> Iterator[Parts]:
    if geometry["type"] == "GeometryCollection":
        for member in geometry["geometries"]:
            yield from _read_geometry(member, arcs)
    elif geometry["type"] == "Polygon":
        yield (_join_rings(geometry["arcs"], arcs),)
    elif geometry["type"] == "MultiPolygon":
        yield tuple(_join_rings(part, arcs) for part in geometry["arcs"])


def _join_rings(rings: Sequence[Sequence[int]], arcs: Sequence[Sequence[LonLat]]) -> tuple[Ring, ...]:
    """Join arcs to rings. `~n` is arc n backwards. Each arc ends where the next begins: its last point is dropped."""
    return tuple(
        tuple(point for n in ring for point in (arcs[n] if n >= 0 else arcs[~n][::-1])[:-1]) for ring in rings
    )


def _decode_arcs(topology: Mapping[str, Any]) -> list[list[LonLat]]:
    """Return the arcs in degrees. With a transform, each position is a difference to the one before, in steps."""
    if "transform" not in topology:
        return [[(lon, lat) for lon, lat, *_ in arc] for arc in topology["arcs"]]
    (east, north), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        columns, rows = (accumulate(steps) for steps in zip(*arc, strict=True))
        arcs.append([(west + x * east, south + y * north) for x, y in zip(columns, rows, strict=True)])
    return arcs
