"""Placemarks out of a KML file, one after the other, in constant memory.

Producers differ widely, so local names decide and namespaces do not: `<kml:Point>` of any KML version,
`<Point>` of no namespace at all and a file whose `xsi:` prefix was never declared are read alike.

The content of a placemark is not validated: unclosed rings, repeated vertices, bow-ties and latitudes of
200 are returned unchanged. What cannot be read becomes a sentence in `Placemark.problems`: nothing is guessed, and
nothing is skipped without a reason. Only a file that cannot be read at all raises `KmlError`.

Files may be hostile. DTDs and entities are refused, the depth of nested elements is bounded, and text is stored only
where it is needed, and counted while it is collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from geo.kml.coordinates import shorten
from geo.kml.geometries import GeometryReader
from geo.kml.levels import ENTRY_BYTES, FEED_BYTES, Level, LevelStack, do_nothing, to_local_name
from geo.kml.model import KmlError, Placemark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from geo.kml.levels import Opener

# Expat keeps a tag or comment in memory until it is complete, and some versions scan it again with every chunk.
_MAX_MARKUP_BYTES = 2**20

# Expat gives up at the third of the four bytes.
_ZIP_MAGIC = b"PK\x03"

_ENDS_EARLY = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def read_kml(
    chunks: Iterable[bytes], *, max_depth: int = 64, max_text_bytes: int = 16 * 2**20
) -> Iterator[Placemark]:
    """Yield the placemarks of the KML file that `chunks` make up, each as soon as its end tag is met.

    Because nothing waits for the end of the file, a container whose `<name>` comes only after the placemark
    is not in that placemark's `containers`.

    Args:
        chunks: The file, in pieces of any size.
        max_depth: Bounds the nesting of elements.
        max_text_bytes: Bounds what is stored of one placemark (UTF-8 bytes of the texts that are read, and a little
            for each geometry and data entry), and so every single text too. Memory follows it: 16 MB of the shortest
            positions become 0.8 GB of tuples.

    Raises:
        KmlError: While iterating, for a file that is empty, zipped, no XML, no KML, cut off, over a bound, or that
            declares a DOCTYPE. Placemarks that end before the fault are yielded first, whatever the chunks.

    >>> point = b"<Point><coordinates>24.94,60.17,0</coordinates></Point>"
    >>> [depot] = read_kml([b"<kml><Placemark><name>De", b"pot</name>", point, b"</Placemark></kml>"])
    >>> depot.name, depot.geometries[0].kind, depot.geometries[0].rings
    ('Depot', 'Point', (((24.94, 60.17),),))
    >>> list(read_kml([b"<gpx/>"]))
    Traceback (most recent call last):
    ...
    geo.kml.model.KmlError: line 1: the root element is <gpx>, not <kml>: this is not a KML file; export it as KML
    """
    reader = _Reader(max_depth=max_depth, max_text_bytes=max_text_bytes)
    for chunk in chunks:
        # Whatever the caller's chunks, at most this much is turned into placemarks before they are handed on.
        for start in range(0, len(chunk), FEED_BYTES):
            yield from reader.feed(chunk[start : start + FEED_BYTES])
    yield from reader.feed(b"", is_final=True)


class _Reader:
    """The state between expat's callbacks: of the file, its containers and the placemark that is open."""

    def __init__(self, *, max_depth: int, max_text_bytes: int) -> None:
        self._stack = LevelStack(max_depth=max_depth, max_text_bytes=max_text_bytes)
        self._geometries = GeometryReader(self._stack)
        self._parser = self._stack.parser
        self._fed_bytes = 0
        self._head = b""
        self._ready: list[Placemark] = []

        self._ordinal = 0
        self._container_names: list[str | None] = []
        self._containers: tuple[str, ...] = ()
        self._schema_name = ""
        self._schema_parent = ""
        self._start_placemark(line=0)

        self._make_placemark_levels()
        self._make_container_levels()
        self._stack.open(self._in_file)

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
            self._check_expat_memory()
        except KmlError as error:
            return error
        except expat.ExpatError as error:
            return self._explain(error)
        except (LookupError, ValueError) as error:
            # Raised by Python's codecs for an encoding that expat leaves to them.
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

    def _check_expat_memory(self) -> None:
        if self._fed_bytes - self._parser.CurrentByteIndex > _MAX_MARKUP_BYTES + FEED_BYTES:
            raise self._stack.make_error(f"one tag or comment is over {_MAX_MARKUP_BYTES} bytes: remove it")
        self._stack.check_number_of_names(len(self._parser.intern))

    # -- nesting of elements -----------------------------------------------------------------------

    def _make_placemark_levels(self) -> None:
        stack = self._stack
        self._open_value = stack.make_text_opener(self._take_value)
        self._in_data = Level(do_nothing, stack.skip, {"value": self._open_value})
        self._in_extended_data = Level(
            do_nothing,
            stack.skip,
            {
                "Data": self._open_data,
                "SchemaData": self._open_extended_data,
                "SimpleData": self._open_simple_data,
            },
        )
        self._in_placemark = Level(
            self._close_placemark,
            stack.skip,
            {
                **self._geometries.children,
                "name": stack.make_text_opener(self._take_name),
                "description": stack.make_text_opener(self._take_description),
                "ExtendedData": self._open_extended_data,
            },
        )

    def _make_container_levels(self) -> None:
        stack = self._stack
        features: dict[str, Opener] = {
            "Document": self._open_container,
            "Folder": self._open_container,
            "Placemark": self._open_placemark,
        }
        self._in_schema = Level(
            self._close_schema,
            stack.skip,
            {
                "name": stack.make_text_opener(self._take_schema_name),
                "parent": stack.make_text_opener(self._take_schema_parent),
            },
        )
        # An unknown element may wrap placemarks: its children are read as those of its parent.
        self._in_wrapper = Level(
            do_nothing,
            self._open_wrapper,
            {
                **features,
                "Schema": self._open_schema,
                # Orders to change another file; their placemarks are not in this one.
                "Update": stack.skip,
            },
        )
        self._in_container = Level(
            self._close_container,
            self._open_wrapper,
            {**self._in_wrapper.children, "name": stack.make_text_opener(self._take_container_name)},
        )
        self._in_file = Level(do_nothing, self._refuse_root, {**features, "kml": self._open_wrapper})

    def _refuse_root(self, tag: str, attributes: dict[str, str]) -> None:
        raise self._stack.make_error(
            f"the root element is <{shorten(tag)}>, not <kml>: this is not a KML file; export it as KML"
        )

    # -- Documents, Folders and Schemas ------------------------------------------------------------

    def _open_wrapper(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.open(self._in_wrapper)

    def _open_container(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.reset_count()
        self._container_names.append(None)
        self._stack.open(self._in_container)

    def _take_container_name(self, text: str) -> None:
        if self._container_names[-1] is None:
            self._container_names[-1] = _parse_name(text)
            self._containers = tuple(filter(None, self._container_names))

    def _close_container(self) -> None:
        self._container_names.pop()
        self._containers = tuple(filter(None, self._container_names))
        self._stack.reset_count()

    def _open_schema(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.reset_count()
        self._schema_name = attributes.get("name", "")
        self._schema_parent = attributes.get("parent", "")
        self._stack.open(self._in_schema)

    def _take_schema_name(self, text: str) -> None:
        self._schema_name = text

    def _take_schema_parent(self, text: str) -> None:
        self._schema_parent = text

    def _close_schema(self) -> None:
        """Remember an element that counts as a Placemark: KML 2.0 has Schemas whose parent is Placemark."""
        name = to_local_name(self._schema_name.strip())
        if name and to_local_name(self._schema_parent.strip()) == "Placemark":
            for level in (self._in_wrapper, self._in_container):
                level.children.setdefault(name, self._open_placemark)
            self._stack.check_number_of_names(len(self._in_wrapper.children))

    # -- Placemarks --------------------------------------------------------------------------------

    def _start_placemark(self, *, line: int) -> None:
        self._stack.reset_count()
        self._geometries.start_placemark()
        self._line = line
        self._name: str | None = None
        self._description: str | None = None
        self._data: dict[str, str] = {}
        self._data_name = ""

    def _open_placemark(self, tag: str, attributes: dict[str, str]) -> None:
        self._ordinal += 1
        self._start_placemark(line=self._stack.line)
        self._stack.open(self._in_placemark)

    def _take_name(self, text: str) -> None:
        if self._name is None:
            self._name = _parse_name(text)

    def _take_description(self, text: str) -> None:
        if self._description is None:
            self._description = text.strip() or None

    def _open_extended_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.open(self._in_extended_data)

    def _open_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_data(attributes)
        self._stack.open(self._in_data)

    def _open_simple_data(self, tag: str, attributes: dict[str, str]) -> None:
        self._start_data(attributes)
        self._open_value(tag, attributes)

    def _start_data(self, attributes: dict[str, str]) -> None:
        self._data_name = attributes.get("name", "").strip()
        self._stack.count_bytes(ENTRY_BYTES + len(self._data_name))

    def _take_value(self, text: str) -> None:
        if self._data_name:
            self._data[self._data_name] = text.strip()

    def _close_placemark(self) -> None:
        geometries, problems = self._geometries.geometries, self._geometries.problems
        if not geometries and not problems:
            problems.append("the placemark has no geometry")
        self._ready.append(
            Placemark(
                ordinal=self._ordinal,
                line=self._line,
                name=self._name,
                containers=self._containers,
                description=self._description,
                data=self._data,
                geometries=tuple(geometries),
                problems=tuple(problems),
            )
        )
        self._stack.reset_count()


def _parse_name(text: str) -> str | None:
    r"""Fold white space; what producers write for want of a name is None.

    >>> _parse_name(" North\n  gate "), _parse_name("NULL"), _parse_name("  ")
    ('North gate', None, None)
    """
    name = " ".join(text.split())
    return None if name in ("", "NULL") else name
