"""Placemarks out of a KML file, one after the other, in constant memory.

Producers differ widely, so local names decide and namespaces do not: `<kml:Point>` of any KML version,
`<Point>` of no namespace at all and a file whose `xsi:` prefix was never declared are read alike.

What a placemark says is reported, not judged: unclosed rings, repeated vertices, bow-ties and latitudes of
200 pass through as they are. What cannot be read becomes a sentence in `Placemark.problems`: nothing is
guessed, nothing is left out in silence. Only a file that cannot be read at all raises `KmlError`.

Files may be hostile. There are no DTDs and no entities, elements nest to a bounded depth, and text is kept
only where it is wanted, and counted while it is collected.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal
from xml.parsers import expat

__all__ = ["KmlError", "KmlGeometry", "Placemark", "read_kml"]

_Position = tuple[float, float]


class KmlError(ValueError):
    """The file as a whole cannot be read; the message says in plain words where, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KmlGeometry:
    """One simple geometry of a placemark; a MultiGeometry is several of these.

    `rings` holds (longitude, latitude) pairs in degrees, in the order KML says them, not checked for range.
    A Point has one ring of one position, a LineString one ring; a Polygon has its outer ring first, then its
    holes.
    """

    kind: Literal["Point", "LineString", "Polygon"]
    rings: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placemark:
    """What one placemark says.

    ordinal      counts the placemarks of the file from 1
    line         the line of its start tag, from 1
    name         its own name, white space folded; None if there is none, or it is empty or "NULL"
    containers   names of the Document and Folders around it, outermost first, unnamed ones left out
    description  as written, without the white space around it; None if empty
    data         ExtendedData by name, Data/value and SimpleData alike; the last of a repeated name stands
    geometries   all that could be read, in the order of the file
    problems     a sentence for each geometry that cannot be read or is not supported, or if there is none
    """

    ordinal: int
    line: int
    name: str | None
    containers: tuple[str, ...]
    description: str | None
    data: Mapping[str, str]
    geometries: tuple[KmlGeometry, ...]
    problems: tuple[str, ...]


def read_kml(
    chunks: Iterable[bytes], *, max_depth: int = 64, max_text_bytes: int = 16 * 2**20
) -> Iterator[Placemark]:
    """Yield the placemarks of the KML file that `chunks` make up, each as soon as its end tag is met.

    Because nothing waits for the end of the file, a container whose `<name>` comes only after the placemark
    is not in that placemark's `containers`.

    `max_depth` bounds the nesting of elements. `max_text_bytes` bounds what one placemark makes us keep
    (UTF-8 bytes of its wanted texts, and a little for each geometry and data entry), and so every single text
    too. Memory follows it: 16 MB of the shortest positions become 0.8 GB of tuples.

    Raises KmlError, while iterating, for a file that is empty, zipped, no XML, no KML, cut off, over a bound,
    or that declares a DOCTYPE. Placemarks that end before the fault are yielded first, whatever the chunks.

    >>> point = b"<Point><coordinates>24.94,60.17,0</coordinates></Point>"
    >>> [depot] = read_kml([b"<kml><Placemark><name>De", b"pot</name>", point, b"</Placemark></kml>"])
    >>> depot.name, depot.geometries[0].kind, depot.geometries[0].rings
    ('Depot', 'Point', (((24.94, 60.17),),))
    >>> list(read_kml([b"<gpx/>"]))
    Traceback (most recent call last):
    ...
    geo.kml.KmlError: line 1: the root element is <gpx>, not <kml>: this is not a KML file; export it as KML
    """
    reader = _Reader(max_depth=max_depth, max_text_bytes=max_text_bytes)
    for chunk in chunks:
        # Whatever the caller's chunks, at most this much is turned into placemarks before they are handed on.
        for start in range(0, len(chunk), _FEED_BYTES):
            yield from reader.feed(chunk[start : start + _FEED_BYTES])
    yield from reader.feed(b"", is_final=True)


_FEED_BYTES = 2**16

# Expat holds a tag or comment in memory until it is whole, and some versions scan it again with every chunk.
_MAX_MARKUP_BYTES = 2**20

# Expat remembers every element and attribute name for as long as it lives. Real files have some dozens.
_MAX_NAMES = 10_000

# What a geometry or data entry without any text counts as: ten million empty points are a bomb as well.
_ENTRY_BYTES = 64

_QUOTED_CHARACTERS = 40

# Expat gives up at the third of the four bytes.
_ZIP_MAGIC = b"PK\x03"

_MULTI_GEOMETRIES = ("MultiGeometry", "MultiPoint", "MultiLineString", "MultiPolygon")

# Inside a Placemark these stand where a geometry would, or hide placemarks that would be lost in silence.
_UNSUPPORTED = (
    *("Track", "MultiTrack", "Model", "Tour"),
    *("GroundOverlay", "PhotoOverlay", "ScreenOverlay", "NetworkLink"),
    *("Placemark", "Folder", "Document"),
)

_Opener = Callable[[str, dict[str, str]], None]


@dataclass(slots=True)
class _Level:
    """How to read inside one kind of element: what opens its children, and what its end tag does."""

    close: Callable[[], None]
    otherwise: _Opener
    children: dict[str, _Opener] = field(default_factory=dict)


class _CoordinatesError(Exception):
    """The text of a coordinates element is no list of positions; the message goes into a problem."""


class _Reader:
    """The state between expat's callbacks.

    `_levels` has one entry for each open element, above one for the file itself. A start tag costs one
    look-up in the innermost level, an end tag one pop: what an element means depends on its parent alone.
    """

    def __init__(self, *, max_depth: int, max_text_bytes: int) -> None:
        self._max_depth = max_depth
        self._max_text_bytes = max_text_bytes
        self._fed_bytes = 0
        self._head = b""
        self._ready: list[Placemark] = []

        self._ordinal = 0
        self._container_names: list[str | None] = []
        self._containers: tuple[str, ...] = ()
        self._schema_name = ""
        self._schema_parent = ""
        self._kept_bytes = 0
        self._text: list[str] = []
        self._start_placemark(line=0)

        self._make_levels()
        self._levels = [self._in_file]
        self._parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _FEED_BYTES
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        # Entities can only be declared inside a DOCTYPE: this one refusal covers them, in any encoding.
        parser.StartDoctypeDeclHandler = self._on_doctype
        return parser

    # -- feeding -----------------------------------------------------------------------------------

    def feed(self, data: bytes, *, is_final: bool = False) -> Iterator[Placemark]:
        """Yield the placemarks that end within `data`, then raise what was wrong with it."""
        if len(self._head) < len(_ZIP_MAGIC):
            self._head += data[: len(_ZIP_MAGIC)]
        self._fed_bytes += len(data)
        failure = self._parse(data, is_final)
        ready, self._ready = self._ready, []
        yield from ready
        if failure is not None:
            raise failure

    def _parse(self, data: bytes, is_final: bool) -> KmlError | None:
        try:
            self._parser.Parse(data, is_final)
            self._check_what_expat_holds()
        except KmlError as error:
            return error
        except expat.ExpatError as error:
            return self._explain(error)
        except (LookupError, ValueError) as error:
            # What Python's codecs say of an encoding that expat leaves to them.
            return KmlError(f"the file declares an encoding that cannot be read ({error}): save it as UTF-8")
        return None

    def _explain(self, error: expat.ExpatError) -> KmlError:
        if self._head.startswith(_ZIP_MAGIC):
            return KmlError("this is a zip file, probably KMZ: unzip it and send the .kml file inside")
        if error.code in _ENDS_EARLY:
            if not self._parser.intern:  # not one name has been met
                return KmlError("the file is empty, or has no elements: export it again")
            return KmlError(
                f"line {error.lineno}: the file ends in the middle of an element: export or send it again"
            )
        reason = expat.ErrorString(error.code)
        return KmlError(
            f"line {error.lineno}, column {error.offset + 1}: the file is not XML, or is broken here"
            f" ({reason}): correct it there, or export it again"
        )

    def _check_what_expat_holds(self) -> None:
        if self._fed_bytes - self._parser.CurrentByteIndex > _MAX_MARKUP_BYTES + _FEED_BYTES:
            raise self._error(f"one tag or comment is over {_MAX_MARKUP_BYTES} bytes: remove it")
        self._check_number_of_names(len(self._parser.intern))

    def _check_number_of_names(self, count: int) -> None:
        if count > _MAX_NAMES:
            raise self._error(f"there are over {_MAX_NAMES} different names of elements: export the file anew as KML")

    def _error(self, what: str) -> KmlError:
        return KmlError(f"line {self._parser.CurrentLineNumber}: {what}")

    # -- expat's callbacks -------------------------------------------------------------------------

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        levels = self._levels
        if len(levels) > self._max_depth:
            raise self._error(f"elements are nested more than {self._max_depth} deep: flatten the folders")
        level = levels[-1]
        level.children.get(_local_name(tag), level.otherwise)(tag, attributes)

    def _on_end(self, tag: str) -> None:
        self._levels.pop().close()

    def _on_doctype(self, *declaration: object) -> None:
        raise self._error("the file has a DOCTYPE, which KML has no use for and is refused: remove it")

    def _on_text(self, text: str) -> None:
        self._keep(len(text) if text.isascii() else len(text.encode()))
        self._text.append(text)

    def _keep(self, size: int) -> None:
        self._kept_bytes += size
        if self._kept_bytes > self._max_text_bytes:
            raise self._error(
                f"a single element holds more than {self._max_text_bytes} bytes of text: simplify or split it"
            )

    # -- what is inside what -----------------------------------------------------------------------

    def _make_levels(self) -> None:
        self._passed_over = _Level(_nothing, self._pass_over)
        self._within_text = _Level(self._part_text, self._open_within_text)
        self._make_geometry_levels()
        self._make_placemark_levels()
        self._make_container_levels()

    def _make_geometry_levels(self) -> None:
        coordinates = {"coordinates": self._text_of(self._take_coordinates)}
        self._in_point = _Level(self._close_point, self._pass_over, coordinates)
        self._in_line = _Level(self._close_line, self._pass_over, coordinates)
        self._in_outer_ring = _Level(self._close_outer_ring, self._pass_over, coordinates)
        self._in_inner_ring = _Level(self._close_inner_ring, self._pass_over, coordinates)
        self._in_outer_boundary = _Level(_nothing, self._pass_over, {"LinearRing": self._open_outer_ring})
        self._in_inner_boundary = _Level(_nothing, self._pass_over, {"LinearRing": self._open_inner_ring})
        self._in_polygon = _Level(
            self._close_polygon,
            self._pass_over,
            {
                "outerBoundaryIs": self._open_outer_boundary,
                "innerBoundaryIs": self._open_inner_boundary,
                "LinearRing": self._open_stray_ring,
            },
        )
        self._in_multi_geometry = _Level(
            _nothing,
            self._pass_over,
            {
                "Point": self._open_point,
                "LineString": self._open_line,
                "LinearRing": self._open_line,
                "Polygon": self._open_polygon,
                **dict.fromkeys(_MULTI_GEOMETRIES, self._open_multi_geometry),
                **dict.fromkeys(_UNSUPPORTED, self._open_unsupported),
            },
        )

    def _make_placemark_levels(self) -> None:
        open_value = self._text_of(self._take_value)
        self._in_data = _Level(_nothing, self._pass_over, {"value": open_value})
        self._open_value = open_value
        self._in_extended_data = _Level(
            _nothing,
            self._pass_over,
            {
                "Data": self._open_data,
                "SchemaData": self._open_extended_data,
                "SimpleData": self._open_simple_data,
            },
        )
        self._in_placemark = _Level(
            self._close_placemark,
            self._pass_over,
            {
                **self._in_multi_geometry.children,
                "name": self._text_of(self._take_name),
                "description": self._text_of(self._take_description),
                "ExtendedData": self._open_extended_data,
            },
        )

    def _make_container_levels(self) -> None:
        features: dict[str, _Opener] = {
            "Document": self._open_container,
            "Folder": self._open_container,
            "Placemark": self._open_placemark,
        }
        self._in_schema = _Level(
            self._close_schema,
            self._pass_over,
            {
                "name": self._text_of(self._take_schema_name),
                "parent": self._text_of(self._take_schema_parent),
            },
        )
        # An element nobody knows may well wrap placemarks: it is looked into, as if it was not there.
        self._in_wrapper = _Level(
            _nothing,
            self._open_wrapper,
            {
                **features,
                "Schema": self._open_schema,
                # Orders to change another file; their placemarks are not in this one.
                "Update": self._pass_over,
            },
        )
        self._in_container = _Level(
            self._close_container,
            self._open_wrapper,
            {**self._in_wrapper.children, "name": self._text_of(self._take_container_name)},
        )
        self._in_file = _Level(_nothing, self._refuse_root, {**features, "kml": self._open_wrapper})

    def _refuse_root(self, tag: str, attributes: dict[str, str]) -> None:
        raise self._error(
            f"the root element is <{_shortened(tag)}>, not <kml>: this is not a KML file; export it as KML"
        )

    def _pass_over(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._passed_over)

    # -- texts -------------------------------------------------------------------------------------

    def _text_of(self, take: Callable[[str], None]) -> _Opener:
        """Return what opens an element whose whole text is handed to `take` at its end tag."""

        def close_text() -> None:
            self._parser.CharacterDataHandler = None
            text, self._text = self._text, []
            take("".join(text))

        level = _Level(close_text, self._open_within_text)

        def open_text(tag: str, attributes: dict[str, str]) -> None:
            self._levels.append(level)
            self._parser.CharacterDataHandler = self._on_text

        return open_text

    def _open_within_text(self, tag: str, attributes: dict[str, str]) -> None:
        self._part_text()
        self._levels.append(self._within_text)

    def _part_text(self) -> None:
        # Markup within a text parts words: `1,2<br/>3,4` must not become the number 23.
        self._on_text(" ")

    # -- Documents, Folders and Schemas ------------------------------------------------------------

    def _open_wrapper(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._in_wrapper)

    def _open_container(self, tag: str, attributes: dict[str, str]) -> None:
        self._kept_bytes = 0
        self._container_names.append(None)
        self._levels.append(self._in_container)

    def _take_container_name(self, text: str) -> None:
        if self._container_names[-1] is None:
            self._container_names[-1] = _name(text)
            self._containers = tuple(filter(None, self._container_names))

    def _close_container(self) -> None:
        self._container_names.pop()
        self._containers = tuple(filter(None, self._container_names))
        self._kept_bytes = 0

    def _open_schema(self, tag: str, attributes: dict[str, str]) -> None:
        self._kept_bytes = 0
        self._schema_name = attributes.get("name", "")
        self._schema_parent = attributes.get("parent", "")
        self._levels.append(self._in_schema)

    def _take_schema_name(self, text: str) -> None:
        self._schema_name = text

    def _take_schema_parent(self, text: str) -> None:
        self._schema_parent = text

    def _close_schema(self) -> None:
        """KML 2.0: a Schema whose parent is Placemark names an element that counts as a Placemark."""
        name = _local_name(self._schema_name.strip())
        if name and _local_name(self._schema_parent.strip()) == "Placemark":
            for level in (self._in_wrapper, self._in_container):
                level.children.setdefault(name, self._open_placemark)
            self._check_number_of_names(len(self._in_wrapper.children))

    # -- Placemarks --------------------------------------------------------------------------------

    def _start_placemark(self, *, line: int) -> None:
        self._kept_bytes = 0
        self._line = line
        self._name: str | None = None
        self._description: str | None = None
        self._data: dict[str, str] = {}
        self._data_name = ""
        self._geometries: list[KmlGeometry] = []
        self._problems: list[str] = []
        self._coordinates: list[str] = []
        self._outer_rings: list[tuple[_Position, ...]] = []
        self._inner_rings: list[tuple[_Position, ...]] = []
        self._polygon_problems: list[str] = []

    def _open_placemark(self, tag: str, attributes: dict[str, str]) -> None:
        self._ordinal += 1
        self._start_placemark(line=self._parser.CurrentLineNumber)
        self._levels.append(self._in_placemark)

    def _take_name(self, text: str) -> None:
        if self._name is None:
            self._name = _name(text)

    def _take_description(self, text: str) -> None:
        if self._description is None:
            self._description = text.strip() or None

    def _open_extended_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._in_extended_data)

    def _open_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_data(attributes)
        self._levels.append(self._in_data)

    def _open_simple_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_data(attributes)
        self._open_value(tag, attributes)

    def _start_data(self, attributes: dict[str, str]) -> None:
        self._data_name = attributes.get("name", "").strip()
        self._keep(_ENTRY_BYTES + len(self._data_name))

    def _take_value(self, text: str) -> None:
        if self._data_name:
            self._data[self._data_name] = text.strip()

    def _close_placemark(self) -> None:
        if not self._geometries and not self._problems:
            self._problems.append("the placemark has no geometry")
        self._ready.append(
            Placemark(
                ordinal=self._ordinal,
                line=self._line,
                name=self._name,
                containers=self._containers,
                description=self._description,
                data=self._data,
                geometries=tuple(self._geometries),
                problems=tuple(self._problems),
            )
        )
        self._kept_bytes = 0

    # -- geometries --------------------------------------------------------------------------------

    def _open_multi_geometry(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._in_multi_geometry)

    def _open_unsupported(self, tag: str, attributes: dict[str, str]) -> None:
        self._keep(_ENTRY_BYTES)
        self._problems.append(f"{_shortened(tag)} is not supported")
        self._levels.append(self._passed_over)

    def _open_point(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_point)

    def _open_line(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_line)

    def _start_positions(self, level: _Level) -> None:
        self._keep(_ENTRY_BYTES)
        self._coordinates = []
        self._levels.append(level)

    def _take_coordinates(self, text: str) -> None:
        self._coordinates.append(text)

    def _close_point(self) -> None:
        try:
            positions = self._positions("Point")
            if len(positions) > 1:
                raise _CoordinatesError(f"Point has {len(positions)} positions, not one")
        except _CoordinatesError as problem:
            self._problems.append(str(problem))
        else:
            self._geometries.append(KmlGeometry(kind="Point", rings=(positions,)))

    def _close_line(self) -> None:
        try:
            positions = self._positions("LineString")
        except _CoordinatesError as problem:
            self._problems.append(str(problem))
        else:
            self._geometries.append(KmlGeometry(kind="LineString", rings=(positions,)))

    def _positions(self, what: str) -> tuple[_Position, ...]:
        if len(self._coordinates) > 1:
            raise _CoordinatesError(f"{what} has more than one coordinates element")
        try:
            positions = _read_positions("".join(self._coordinates))
        except _CoordinatesError as problem:
            raise _CoordinatesError(f"{what} cannot be read: {problem}") from problem
        if not positions:
            raise _CoordinatesError(f"{what} has no coordinates")
        return positions

    def _open_polygon(self, tag: str, attributes: dict[str, str]) -> None:
        self._keep(_ENTRY_BYTES)
        self._outer_rings = []
        self._inner_rings = []
        self._polygon_problems = []
        self._levels.append(self._in_polygon)

    def _open_outer_boundary(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._in_outer_boundary)

    def _open_inner_boundary(self, tag: str, attributes: dict[str, str]) -> None:
        self._levels.append(self._in_inner_boundary)

    def _open_stray_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._keep(_ENTRY_BYTES)
        self._polygon_problems.append("Polygon has a LinearRing outside outerBoundaryIs and innerBoundaryIs")
        self._levels.append(self._passed_over)

    def _open_outer_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_outer_ring)

    def _open_inner_ring(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_positions(self._in_inner_ring)

    def _close_outer_ring(self) -> None:
        self._close_ring("Polygon's outer ring", self._outer_rings)

    def _close_inner_ring(self) -> None:
        self._close_ring(f"Polygon's inner ring {len(self._inner_rings) + 1}", self._inner_rings)

    def _close_ring(self, what: str, rings: list[tuple[_Position, ...]]) -> None:
        try:
            rings.append(self._positions(what))
        except _CoordinatesError as problem:
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
            self._problems.append(problems[0])
        else:
            self._geometries.append(KmlGeometry(kind="Polygon", rings=(*self._outer_rings, *self._inner_rings)))


_ENDS_EARLY = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def _nothing() -> None:
    """Close an element that leaves nothing to do."""


def _local_name(tag: str) -> str:
    """Return the part after the prefix.

    >>> _local_name("gx:Track"), _local_name("Point")
    ('Track', 'Point')
    """
    return tag[tag.rfind(":") + 1 :]


def _name(text: str) -> str | None:
    """Fold white space; what producers write for want of a name is None.

    >>> _name(" North\\n  gate "), _name("NULL"), _name("  ")
    ('North gate', None, None)
    """
    name = " ".join(text.split())
    return None if name in ("", "NULL") else name


def _shortened(text: str) -> str:
    return text if len(text) <= _QUOTED_CHARACTERS else text[: _QUOTED_CHARACTERS - 1] + "…"


def _quoted(text: str) -> str:
    return f'"{_shortened(text)}"'


def _read_positions(text: str) -> tuple[_Position, ...]:
    """Return the (longitude, latitude) pairs of a coordinates text; altitudes are dropped unread.

    >>> _read_positions("24.94,60.17,0 24.95, 60.18")
    ((24.94, 60.17), (24.95, 60.18))
    >>> _read_positions("24.94 60.17")
    Traceback (most recent call last):
    ...
    geo.kml._CoordinatesError: tuple 1, "24.94", has no latitude
    """
    positions = _read_plain_positions(text)
    return _read_odd_positions(text) if positions is None else positions


def _read_plain_positions(text: str) -> tuple[_Position, ...] | None:
    """Read what nearly all files have, fast; None where it takes a closer look."""
    # float() would take 1_000 and digits of any script.
    if "_" in text or not text.isascii():
        return None
    positions = []
    try:
        for item in text.split():
            values = item.split(",")
            # A comma at the end may have its value behind white space.
            if len(values) > 3 or not values[-1]:
                return None
            longitude, latitude = float(values[0]), float(values[1])
            if not (isfinite(longitude) and isfinite(latitude)):
                return None
            positions.append((longitude, latitude))
    except (ValueError, IndexError):
        return None
    return tuple(positions)


def _read_odd_positions(text: str) -> tuple[_Position, ...]:
    """Read positions with white space around commas or values after the altitude, or say what is wrong."""
    # Not by a regular expression for white space, comma, white space: that is quadratic in a run of spaces.
    pieces = text.strip().split(",")
    folded = [piece.strip() for piece in pieces]
    has_spaced_commas = pieces != folded
    items = ",".join(folded).split()
    return tuple(_read_odd_position(ordinal, item, has_spaced_commas) for ordinal, item in enumerate(items, start=1))


def _read_odd_position(ordinal: int, item: str, has_spaced_commas: bool) -> _Position:
    longitude, *others = item.split(",")
    if not others or not others[0]:
        raise _CoordinatesError(f"tuple {ordinal}, {_quoted(item)}, has no latitude")
    position = _finite(ordinal, "longitude", longitude), _finite(ordinal, "latitude", others[0])
    others = [value for value in others[1:] if value]
    # Values after the altitude are ignored, as Google Earth does. But "1,2,0, 3,4,0" and "1,2,0;3,4,0" are
    # positions with another separator: to ignore there is to lose vertices.
    if len(others) > 1 and (has_spaced_commas or not all(map(_is_number, others))):
        raise _CoordinatesError(f"tuple {ordinal}, {_quoted(item)}, has more than longitude, latitude and altitude")
    return position


def _finite(ordinal: int, what: str, value: str) -> float:
    if not _is_number(value):
        raise _CoordinatesError(f"tuple {ordinal} has the {what} {_quoted(value)}, which is not a finite number")
    return float(value)


def _is_number(value: str) -> bool:
    """Tell whether a value is a finite decimal number.

    >>> [_is_number(value) for value in ("-1.5e2", "1_0", "inf", "1e999", "12xx", "")]
    [True, False, False, False, False, False]
    """
    try:
        return isfinite(float(value)) and value.isascii() and "_" not in value
    except ValueError:
        return False
