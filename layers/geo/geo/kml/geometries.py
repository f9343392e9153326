"""The geometries of a placemark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.kml.coordinates import CoordinatesError, read_positions, shorten
from geo.kml.levels import ENTRY_BYTES, Level, do_nothing
from geo.kml.model import KmlGeometry

if TYPE_CHECKING:
    from geo.kml.coordinates import LonLat
    from geo.kml.levels import LevelStack, Opener

_MULTI_GEOMETRIES = ("MultiGeometry", "MultiPoint", "MultiLineString", "MultiPolygon")

# Inside a Placemark these replace a geometry, or contain placemarks that would be lost silently.
_UNSUPPORTED = (
    *("Track", "MultiTrack", "Model", "Tour"),
    *("GroundOverlay", "PhotoOverlay", "ScreenOverlay", "NetworkLink"),
    *("Placemark", "Folder", "Document"),
)


class GeometryReader:
    """A reader of geometries, of one placemark after the other.

    `children` opens the elements that a placemark or a MultiGeometry has of them.
    """

    def __init__(self, stack: LevelStack) -> None:
        self._stack = stack
        self.start_placemark()

        coordinates = {"coordinates": stack.make_text_opener(self._take_coordinates)}
        self._in_point = Level(self._close_point, stack.skip, coordinates)
        self._in_line = Level(self._close_line, stack.skip, coordinates)
        self._in_outer_ring = Level(self._close_outer_ring, stack.skip, coordinates)
        self._in_inner_ring = Level(self._close_inner_ring, stack.skip, coordinates)
        self._in_outer_boundary = Level(do_nothing, stack.skip, {"LinearRing": self._open_outer_ring})
        self._in_inner_boundary = Level(do_nothing, stack.skip, {"LinearRing": self._open_inner_ring})
        self._in_polygon = Level(
            self._close_polygon,
            stack.skip,
            {
                "outerBoundaryIs": self._open_outer_boundary,
                "innerBoundaryIs": self._open_inner_boundary,
                "LinearRing": self._open_stray_ring,
            },
        )
        self.children: dict[str, Opener] = {
            "Point": self._open_point,
            "LineString": self._open_line,
            "LinearRing": self._open_line,
            "Polygon": self._open_polygon,
            **dict.fromkeys(_MULTI_GEOMETRIES, self._open_multi_geometry),
            **dict.fromkeys(_UNSUPPORTED, self._open_unsupported),
        }
        self._in_multi_geometry = Level(do_nothing, stack.skip, self.children)

    def start_placemark(self) -> None:
        """Remove the geometries and problems of the previous placemark."""
        self.geometries: list[KmlGeometry] = []
        self.problems: list[str] = []
        self._coordinates: list[str] = []
        self._outer_rings: list[tuple[LonLat, ...]] = []
        self._inner_rings: list[tuple[LonLat, ...]] = []
        self._polygon_problems: list[str] = []

    def _open_multi_geometry(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.open(self._in_multi_geometry)

    def _open_unsupported(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.count_bytes(ENTRY_BYTES)
        self.problems.append(f"{shorten(tag)} is not supported")
        self._stack.skip(tag, attributes)

    def _open_point(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_point)

    def _open_line(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_line)

    def _start_positions(self, level: Level) -> None:
        self._stack.count_bytes(ENTRY_BYTES)
        self._coordinates = []
        self._stack.open(level)

    def _take_coordinates(self, text: str) -> None:
        self._coordinates.append(text)

    def _close_point(self) -> None:
        try:
            positions = self._read_positions("Point")
            if len(positions) > 1:
                raise CoordinatesError(f"Point has {len(positions)} positions, not one")
        except CoordinatesError as problem:
            self.problems.append(str(problem))
        else:
            self.geometries.append(KmlGeometry(kind="Point", rings=(positions,)))

    def _close_line(self) -> None:
        try:
            positions = self._read_positions("LineString")
        except CoordinatesError as problem:
            self.problems.append(str(problem))
        else:
            self.geometries.append(KmlGeometry(kind="LineString", rings=(positions,)))

    def _read_positions(self, what: str) -> tuple[LonLat, ...]:
        if len(self._coordinates) > 1:
            raise CoordinatesError(f"{what} has more than one coordinates element")
        try:
            positions = read_positions("".join(self._coordinates))
        except CoordinatesError as problem:
            raise CoordinatesError(f"{what} cannot be read: {problem}") from problem
        if not positions:
            raise CoordinatesError(f"{what} has no coordinates")
        return positions

    def _open_polygon(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.count_bytes(ENTRY_BYTES)
        self._outer_rings = []
        self._inner_rings = []
        self._polygon_problems = []
        self._stack.open(self._in_polygon)

    def _open_outer_boundary(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.open(self._in_outer_boundary)

    def _open_inner_boundary(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.open(self._in_inner_boundary)

    def _open_stray_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.count_bytes(ENTRY_BYTES)
        self._polygon_problems.append("Polygon has a LinearRing outside outerBoundaryIs and innerBoundaryIs")
        self._stack.skip(tag, attributes)

    def _open_outer_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_outer_ring)

    def _open_inner_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_inner_ring)

    def _close_outer_ring(self) -> None:
        self._close_ring("Polygon's outer ring", self._outer_rings)

    def _close_inner_ring(self) -> None:
        self._close_ring(f"Polygon's inner ring {len(self._inner_rings) + 1}", self._inner_rings)

    def _close_ring(self, what: str, rings: list[tuple[LonLat, ...]]) -> None:
        try:
            rings.append(self._read_positions(what))
        except CoordinatesError as problem:
            self._polygon_problems.append(str(problem))
            rings.append(())

    def _close_polygon(self) -> None:
        problems = self._polygon_problems
        if len(self._outer_rings) > 1:
            problems.append("Polygon has more than one outer ring")
        if not self._outer_rings and not problems:
            problems.append("Polygon has no outer ring")
        if problems:
            # One sentence a geometry: the first fault is as good as the others.
            self.problems.append(problems[0])
        else:
            self.geometries.append(KmlGeometry(kind="Polygon", rings=(*self._outer_rings, *self._inner_rings)))
