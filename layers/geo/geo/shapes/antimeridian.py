"""Rings that cross the antimeridian or go around a pole, laid out in one plane of longitude and latitude."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from geo.errors import GeometryError
from geo.shapes.checks import check_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from geo.edges import Vertices
    from geo.shapes.base import Ring

SAME_AREA_DEG2 = 1e-9
"""Square degrees by which two areas may differ and still be the same."""


def are_unwrapped(vertices: Vertices) -> bool:
    """Return whether the longitudes can stay as they are: no edge meets the antimeridian or goes around a pole."""
    lon = vertices[:, 0]
    west, east = float(lon.min()), float(lon.max())
    return east - west < 180 and west > -180 and east < 180


def unwrap(vertices: Vertices) -> Vertices:
    """Return the vertices with no jump over the antimeridian, moved by whole turns only, so that they stay exact.

    >>> import numpy as np
    >>> unwrap(np.array([(179.0, 0.0), (-179.0, 0.0)])).tolist()
    [[179.0, 0.0], [181.0, 0.0]]
    """
    import numpy as np

    lon, lat = vertices.T
    turns = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(lon) / 360))])
    return np.column_stack([lon - 360 * turns, lat])


def build_planar(parts: Sequence[Sequence[Ring]]) -> Any:
    """Build the shapely geometry of a polygon that is near the antimeridian or around a pole.

    Starts between -180 and 180 degrees and runs east; a ring around a pole is closed along the pole.

    Raises:
        GeometryError: A ring around a pole, or a hole in it, is not valid.
    """
    import shapely

    planar = [_PlanarPart(part) for part in parts]
    for part in planar[1:]:
        part.turn(round((planar[0].middle - part.middle) / 360))
    first_turn = -floor((min(part.west for part in planar) + 180) / 360)
    for part in planar:
        part.turn(first_turn)
    polygons = [part.to_polygon() for part in planar]
    if len(polygons) == 1:
        return polygons[0]
    if all(shapely.is_valid(polygons)) and any(abs(vertex[0]) == 180 for part in parts for vertex in part[0]):
        return shapely.union_all(polygons)  # parts that were split at the antimeridian are one again
    return shapely.MultiPolygon(polygons)


class _PlanarPart:
    """A part of a polygon in the plane: rings of longitude, latitude and whole turns, which are added only once.

    A longitude that is turned back and forth is no longer itself to the last bit, and its vertex no longer covered.
    """

    def __init__(self, part: Sequence[Ring]) -> None:
        shell, *holes = (_count_turns(ring) for ring in part)
        self._is_polar = _encircles_pole(shell)
        self._shell, self._holes = _close_at_pole(shell), [_close_at_pole(hole) for hole in holes]
        for hole in self._holes:
            hole[:, 2] += round((self.middle - _find_middle(hole)) / 360)

    @property
    def west(self) -> float:
        return float(_to_plane(self._shell)[:, 0].min())

    @property
    def middle(self) -> float:
        return _find_middle(self._shell)

    def turn(self, turns: int) -> None:
        for ring in (self._shell, *self._holes):
            ring[:, 2] += turns

    def to_polygon(self) -> Any:
        """Build the part as shapely has it.

        Around a pole a hole may cross the seam, or be around the pole too: it is taken off, with its turns.
        """
        import shapely

        shell = _to_plane(self._shell)
        if not self._is_polar:
            return shapely.Polygon(shell, [_to_plane(hole) for hole in self._holes])
        polygon = shapely.Polygon(shell)
        check_valid(polygon)
        holes = [shapely.Polygon(_to_plane(hole)) for hole in self._holes]
        for hole in holes:
            check_valid(hole)
        turned = [shapely.Polygon(_to_plane(hole, turns)) for hole in self._holes for turns in (-1, 0, 1)]
        whole, polygon = polygon, polygon.difference(shapely.union_all(turned))
        if abs(whole.area - polygon.area - sum(hole.area for hole in holes)) > SAME_AREA_DEG2:
            raise GeometryError("points", "the polygon is not valid: a hole is outside the ring, or meets another")
        return polygon


def _count_turns(ring: Ring) -> NDArray[np.float64]:
    """Return a ring, closed, as longitude, latitude and the whole turns after which it has no jump."""
    import numpy as np

    closed = np.array((*ring, ring[0]), dtype=np.float64)
    turns = np.concatenate([[0.0], -np.cumsum(np.rint(np.diff(closed[:, 0]) / 360))])
    turning = np.column_stack([closed, turns])
    first = int(np.abs(closed[:-1, 1]).argmax())
    if not _encircles_pole(turning) or first == 0:
        return turning
    # It will be closed along the meridian of its first vertex: from the one nearest to the pole that meets no edge.
    return _count_turns((*ring[first:], *ring[:first]))


def _encircles_pole(ring: NDArray[np.float64]) -> bool:
    """Return whether a closed ring ends a turn away from where it began: it contains a pole."""
    return abs(float(ring[-1, 2] - ring[0, 2])) > 0


def _close_at_pole(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Close a ring that runs once round the globe along the pole that it contains; return any other as it is."""
    import numpy as np

    if not _encircles_pole(ring):
        return ring
    pole = 90.0 if ring[:, 1].mean() > 0 else -90.0
    (lon, lat, _), (_, _, turns) = ring[0].tolist(), ring[-1].tolist()
    return np.concatenate([ring, np.array([[lon, pole, turns], [lon, pole, 0.0], [lon, lat, 0.0]])])


def _to_plane(ring: NDArray[np.float64], turns: int = 0) -> NDArray[np.float64]:
    import numpy as np

    return np.column_stack([ring[:, 0] + 360 * (ring[:, 2] + turns), ring[:, 1]])


def _find_middle(ring: NDArray[np.float64]) -> float:
    lon = _to_plane(ring)[:, 0]
    return float(lon.min() + lon.max()) / 2
