"""The open elements of a KML file, driven by expat: what may be inside each, and what its end tag does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from geo.kml.model import KmlError

FEED_BYTES = 2**16
ENTRY_BYTES = 64
"""The bytes that a geometry or data entry counts without its text: ten million empty points are an attack too."""

# Expat remembers every element and attribute name for as long as it lives. Real files have some dozens.
_MAX_NAMES = 10_000

Opener = Callable[[str, dict[str, str]], None]
"""Opens an element, by its tag and attributes."""


@dataclass(slots=True)
class Level:
    """How to read inside one kind of element. `close` handles its end tag; `children` opens its known children."""

    close: Callable[[], None]
    open_unknown: Opener
    children: dict[str, Opener] = field(default_factory=dict)


class LevelStack:
    """The elements that are open, the innermost last.

    There is one level for each, above one for the file itself. A start tag costs one look-up in the innermost level,
    an end tag one pop: what an element means depends on its parent alone.
    """

    def __init__(self, *, max_depth: int, max_text_bytes: int) -> None:
        self._max_depth = max_depth
        self._max_text_bytes = max_text_bytes
        self._counted_bytes = 0
        self._text: list[str] = []
        self._levels: list[Level] = []
        self._skipped = Level(do_nothing, self.skip)
        self._within_text = Level(self._separate_words, self._open_within_text)
        self.parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = FEED_BYTES
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        # Entities can only be declared inside a DOCTYPE: this one refusal covers them, in any encoding.
        parser.StartDoctypeDeclHandler = self._on_doctype
        return parser

    @property
    def line(self) -> int:
        """The line of the file that is being read, from 1."""
        return self.parser.CurrentLineNumber

    def open(self, level: Level) -> None:
        """Enter an element."""
        self._levels.append(level)

    def skip(self, tag: str, attributes: dict[str, str]) -> None:
        """Enter an element whose content is ignored."""
        self._levels.append(self._skipped)

    def make_text_opener(self, take: Callable[[str], None]) -> Opener:
        """Return an opener of elements whose whole text is passed to `take` at the end tag."""

        def close_text() -> None:
            self.parser.CharacterDataHandler = None
            text, self._text = self._text, []
            take("".join(text))

        level = Level(close_text, self._open_within_text)

        def open_text(tag: str, attributes: dict[str, str]) -> None:
            self._levels.append(level)
            self.parser.CharacterDataHandler = self._on_text

        return open_text

    def count_bytes(self, size: int) -> None:
        """Count bytes that are stored for a placemark, container or schema.

        Raises:
            KmlError: It is more than `max_text_bytes`.
        """
        self._counted_bytes += size
        if self._counted_bytes > self._max_text_bytes:
            raise self.make_error(
                f"a single element holds more than {self._max_text_bytes} bytes of text: simplify or split it"
            )

    def reset_count(self) -> None:
        """Reset the count of bytes."""
        self._counted_bytes = 0

    def check_number_of_names(self, count: int) -> None:
        """Refuse a file with too many different names of elements.

        Raises:
            KmlError: It has too many.
        """
        if count > _MAX_NAMES:
            raise self.make_error(
                f"there are over {_MAX_NAMES} different names of elements: export the file anew as KML"
            )

    def make_error(self, what: str) -> KmlError:
        """Return the error with the line on which it is."""
        return KmlError(f"line {self.line}: {what}")

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        levels = self._levels
        if len(levels) > self._max_depth:
            raise self.make_error(f"elements are nested more than {self._max_depth} deep: flatten the folders")
        level = levels[-1]
        level.children.get(to_local_name(tag), level.open_unknown)(tag, attributes)

    def _on_end(self, tag: str) -> None:
        self._levels.pop().close()

    def _on_doctype(self, *declaration: object) -> None:
        raise self.make_error("the file has a DOCTYPE, which KML has no use for and is refused: remove it")

    def _on_text(self, text: str) -> None:
        self.count_bytes(len(text) if text.isascii() else len(text.encode()))
        self._text.append(text)

    def _open_within_text(self, tag: str, attributes: dict[str, str]) -> None:
        self._separate_words()
        self._levels.append(self._within_text)

    def _separate_words(self) -> None:
        # Markup within a text parts words: `1,2<br/>3,4` must not become the number 23.
        self._on_text(" ")


def do_nothing() -> None:
    """Close an element that leaves nothing to do."""


def to_local_name(tag: str) -> str:
    """Return the part after the prefix.

    >>> to_local_name("gx:Track"), to_local_name("Point")
    ('Track', 'Point')
    """
    return tag[tag.rfind(":") + 1 :]
