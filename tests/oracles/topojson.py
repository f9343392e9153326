"""The polygons of a TopoJSON topology, whose neighbours share their borders as arcs.

Source: The TopoJSON Format Specification, 1.0, sections 2.1.2 (transforms) to 2.1.5 (objects).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from geo.shapes.base import LonLat, Ring
from tests.oracles.shapes import Parts


def polygons(topology: Mapping[str, Any]) -> Iterator[Parts]:
    """The parts of every polygon and multipolygon, their rings left open."""
    arcs = _arcs(topology)
    for geometry in topology["objects"].values():
        yield from _polygons(geometry, arcs)


def _polygons(geometry: Mapping[str, Any], arcs: Sequence[Sequence[LonLat]]) -> Iterator[Parts]:
    if geometry["type"] == "GeometryCollection":
        for member in geometry["geometries"]:
            yield from _polygons(member, arcs)
    elif geometry["type"] == "Polygon":
        yield (_part(geometry["arcs"], arcs),)
    elif geometry["type"] == "MultiPolygon":
        yield tuple(_part(part, arcs) for part in geometry["arcs"])


def _part(rings: Sequence[Sequence[int]], arcs: Sequence[Sequence[LonLat]]) -> tuple[Ring, ...]:
    return tuple(_ring(ring, arcs) for ring in rings)


def _ring(indexes: Sequence[int], arcs: Sequence[Sequence[LonLat]]) -> Ring:
    """Arcs in a row, `~n` being arc n backwards. Each ends where the next begins, the last where the first does."""
    return tuple(point for n in indexes for point in (arcs[n] if n >= 0 else arcs[~n][::-1])[:-1])


def _arcs(topology: Mapping[str, Any]) -> list[list[LonLat]]:
    """The arcs in degrees. With a transform, each position is a whole number of steps from the one before."""
    if "transform" not in topology:
        return [[(lon, lat) for lon, lat, *_ in arc] for arc in topology["arcs"]]
    (east, north), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        columns, rows = (accumulate(steps) for steps in zip(*arc, strict=True))
        arcs.append([(west + x * east, south + y * north) for x, y in zip(columns, rows, strict=True)])
    return arcs
