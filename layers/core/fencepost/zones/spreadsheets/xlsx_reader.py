"""The first sheet of an XLSX file (ECMA-376), row by row.

A file may be hostile. Libraries build objects for whatever is in it: 34 KB can become gigabytes and a minute. Here
what comes out of the zip file, its elements, their depth and their texts are counted, and nothing is read after the
last row that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from math import isfinite
from posixpath import join, normpath
from xml.parsers import expat
from zipfile import ZipFile

from fencepost.zones.spreadsheets.errors import MAX_CELL, UnreadableTable
from geo.kml.kmz import BROKEN_ZIP, LOCKED_ZIP, open_member

_MAX_OPENED_BYTES = 32 * 2**20
_MAX_MEMBERS = 1_000
_MAX_ELEMENTS = 250_000
_MAX_DEPTH = 32
_READ_BYTES = 2**16
_WORKBOOK = "xl/workbook.xml"

_Element = tuple[str, dict[str, str] | None, str]
"""A tag with its attributes where an element begins, and with its text, and no attributes, where it ends."""


def first_sheet(content: bytes, columns: int) -> Iterator[list[str]]:
    """The cells of each row that has any; a formula says what it came to when the file was saved.

    Raises NoTable, while iterating.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            _check_size(archive)
            strings = _strings(archive)
            for row in _rows(_elements(archive, _path_of_first_sheet(archive)), columns):
                yield [
                    strings.get(text, "") if kind == "s" else _number(text) if kind == "n" else text
                    for kind, text in row
                ]
    except UnreadableTable:
        raise
    except KeyError as error:
        raise UnreadableTable(f"is no XLSX file: {str(error.args[0])[:100]}") from None
    except (*BROKEN_ZIP, *LOCKED_ZIP) as error:
        raise UnreadableTable(f"is no XLSX file, or a broken or locked one: {error}") from None


def _check_size(archive: ZipFile) -> None:
    """Of a member no more is read than the zip file says of it."""
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > _MAX_OPENED_BYTES:
        raise UnreadableTable(f"opens to more than {_MAX_OPENED_BYTES:,} bytes; save it as CSV, or split it")


def _path_of_first_sheet(archive: ZipFile) -> str:
    """Raises KeyError."""
    sheets = (about for tag, about, _ in _elements(archive, _WORKBOOK) if tag == "sheet" and about is not None)
    wanted = next(sheets, {})["id"]
    links = (about for _, about, _ in _elements(archive, "xl/_rels/workbook.xml.rels") if about is not None)
    targets = {about["Id"]: about["Target"] for about in links if {"Id", "Target"} <= about.keys()}
    return normpath(join("/xl", targets[wanted])).lstrip("/")


def _strings(archive: ZipFile) -> dict[str, str]:
    """The texts that cells share, by their numbers."""
    strings: dict[str, str] = {}
    if "xl/sharedStrings.xml" not in archive.namelist():
        return strings
    text, is_sound = "", False
    for tag, about, said in _elements(archive, "xl/sharedStrings.xml"):
        if tag == "rPh":  # how it is pronounced
            is_sound = about is not None
        elif tag == "t" and about is None and not is_sound:
            text = (text + said)[:MAX_CELL]
        elif tag == "si" and about is None:
            strings[str(len(strings))] = text
            text = ""
    return strings


def _rows(elements: Iterator[_Element], columns: int) -> Iterator[list[tuple[str, str]]]:
    """Kind and text of each cell up to the last that has any."""
    row: list[tuple[str, str]] = []
    kind, column = "n", -1
    for tag, about, text in elements:
        if tag == "row" and about is not None:
            row, column = [], -1
        elif tag == "row":
            yield row
        elif tag == "c" and about is not None:
            kind, column = about.get("t", "n"), _column(about.get("r", ""), after=column)
        elif tag in ("v", "t") and about is None and 0 <= column < columns:
            row += [("", "")] * (column + 1 - len(row))
            row[column] = kind, (row[column][1] + text)[:MAX_CELL]


def _column(place: str, *, after: int) -> int:
    """The column of a cell, from 0; one that does not say where it is follows the one before.

    >>> _column("A1", after=-1), _column("AB7", after=3), _column("", after=3)
    (0, 27, 4)
    """
    column = 0
    for letter in place.rstrip("0123456789")[:4]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column - 1 if column > 0 else after + 1


def _number(text: str) -> str:
    """A number as people write it; files have exponents, and more digits than anybody typed.

    >>> _number("1.6369999999999999E1"), _number("12.0"), _number("TRUE")
    ('16.37', '12', 'TRUE')
    """
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return str(int(value)) if value == int(value) else f"{value:.15g}"


def _elements(archive: ZipFile, name: str) -> Iterator[_Element]:
    """The elements of a member, by their names without namespaces. Raises NoTable, KeyError where it is not there."""
    reader = _ElementReader()
    with open_member(archive, archive.getinfo(name)) as file:
        while chunk := file.read(_READ_BYTES):
            yield from reader.read(chunk)
    yield from reader.read(b"", is_final=True)


class _ElementReader:
    def __init__(self) -> None:
        self._found: list[_Element] = []
        self._text = ""
        self._depth = self._count = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text
        self._parser.StartDoctypeDeclHandler = self._on_doctype

    def read(self, chunk: bytes, *, is_final: bool = False) -> list[_Element]:
        self._found = []
        try:
            self._parser.Parse(chunk, is_final)
        except expat.ExpatError as error:
            raise UnreadableTable(f"is a broken XLSX file: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:
            raise (
                error
                if isinstance(error, UnreadableTable)
                else UnreadableTable("is a broken XLSX file: its encoding")
            ) from None
        return self._found

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise UnreadableTable("has too many cells; save it as CSV, or split it")
        self._text = ""
        named = {name.rpartition(" ")[2]: value for name, value in attributes.items()}
        self._found.append((tag.rpartition(" ")[2], named, ""))

    def _on_end(self, tag: str) -> None:
        self._depth -= 1
        self._found.append((tag.rpartition(" ")[2], None, self._text))
        self._text = ""

    def _on_text(self, text: str) -> None:
        if len(self._text) < MAX_CELL:
            self._text += text

    def _on_doctype(self, *_: object) -> None:
        raise UnreadableTable("has a DOCTYPE, which no program needs to save a table")
