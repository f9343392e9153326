"""The first sheet of an XLSX file (ECMA-376), row by row.

A hostile file of a few kilobytes can unzip to gigabytes, or claim a cell in the last row and column. Libraries then
need hundreds of megabytes and seconds. This reader counts the unzipped bytes, the elements, their depth and the
length of their texts, and stops at the last row that the caller takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from math import isfinite
from posixpath import join, normpath
from typing import NamedTuple
from xml.parsers import expat
from zipfile import ZipFile

from fencepost.zones.spreadsheets.errors import UnreadableTable
from geo.kml.kmz import BROKEN_ZIP, LOCKED_ZIP, open_member

_MAX_UNZIPPED_BYTES = 32 * 2**20
_MAX_MEMBERS = 1_000
_MAX_ELEMENTS = 250_000
_MAX_DEPTH = 32
_READ_BYTES = 2**16
_WORKBOOK = "xl/workbook.xml"
_SHARED_STRINGS = "xl/sharedStrings.xml"


class _Tag(NamedTuple):
    """The start of an element, with its attributes, or its end, with its text. Names have no namespace."""

    name: str
    attributes: dict[str, str] | None
    text: str

    @property
    def is_start(self) -> bool:
        return self.attributes is not None


def read_first_sheet(content: bytes, max_columns: int, max_cell_length: int) -> Iterator[list[str]]:
    """Yield the cells of each row. The value of a formula is the one stored in the file.

    Raises:
        UnreadableTable: The file is broken, locked or too large, or not XLSX; raised while iterating.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            # `open_member` reads no more of a member than the archive declares as its size.
            unzipped_bytes = sum(member.file_size for member in members)
            if len(members) > _MAX_MEMBERS or unzipped_bytes > _MAX_UNZIPPED_BYTES:
                raise UnreadableTable(
                    f"opens to more than {_MAX_UNZIPPED_BYTES:,} bytes; save it as CSV, or split it"
                )
            strings = _read_shared_strings(archive, max_cell_length)
            tags = _read_tags(archive, _find_first_sheet(archive), max_cell_length)
            for row in _read_rows(tags, max_columns, max_cell_length):
                yield [
                    strings.get(text, "") if kind == "s" else _format_number(text) if kind == "n" else text
                    for kind, text in row
                ]
    except UnreadableTable:
        raise
    except KeyError as error:
        raise UnreadableTable(f"is no XLSX file: {str(error.args[0])[:100]}") from None
    except (*BROKEN_ZIP, *LOCKED_ZIP) as error:
        raise UnreadableTable(f"is no XLSX file, or a broken or locked one: {error}") from None


def _find_first_sheet(archive: ZipFile) -> str:
    """Return the name of the archive's member that contains the first sheet.

    Raises:
        KeyError: A part of the workbook is missing.
    """
    sheets = (tag.attributes for tag in _read_tags(archive, _WORKBOOK) if tag.name == "sheet")
    sheet_id = (next(sheets, None) or {})["id"]
    relationships = _read_tags(archive, "xl/_rels/workbook.xml.rels")
    links = [tag.attributes for tag in relationships if tag.attributes is not None]
    targets = {link["Id"]: link["Target"] for link in links if {"Id", "Target"} <= link.keys()}
    return normpath(join("/xl", targets[sheet_id])).lstrip("/")


def _read_shared_strings(archive: ZipFile, max_length: int) -> dict[str, str]:
    """Return the texts that cells share, by their indexes as cells write them."""
    strings: dict[str, str] = {}
    if _SHARED_STRINGS not in archive.namelist():
        return strings
    text, is_phonetic = "", False
    for tag in _read_tags(archive, _SHARED_STRINGS, max_length):
        if tag.name == "rPh":  # the pronunciation of the text
            is_phonetic = tag.is_start
        elif tag.name == "t" and not tag.is_start and not is_phonetic:
            text = (text + tag.text)[:max_length]
        elif tag.name == "si" and not tag.is_start:
            strings[str(len(strings))] = text
            text = ""
    return strings


def _read_rows(tags: Iterator[_Tag], max_columns: int, max_cell_length: int) -> Iterator[list[tuple[str, str]]]:
    """Yield type and text of the cells of each row, up to the last that has a value."""
    row: list[tuple[str, str]] = []
    kind, column = "n", -1
    for name, attributes, text in tags:
        if name == "row" and attributes is not None:
            row, column = [], -1
        elif name == "row":
            yield row
        elif name == "c" and attributes is not None:
            kind, column = attributes.get("t", "n"), _parse_column(attributes.get("r", ""), after=column)
        elif name in ("v", "t") and attributes is None and 0 <= column < max_columns:
            row += [("", "")] * (column + 1 - len(row))
            row[column] = kind, (row[column][1] + text)[:max_cell_length]


def _parse_column(reference: str, *, after: int) -> int:
    """Return the column of a cell, from 0. A cell without a reference follows the one before.

    >>> _parse_column("A1", after=-1), _parse_column("AB7", after=3), _parse_column("", after=3)
    (0, 27, 4)
    """
    column = 0
    for letter in reference.rstrip("0123456789")[:4]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column - 1 if column > 0 else after + 1


def _format_number(text: str) -> str:
    """Format a number as people write it. Files have exponents, and digits from binary fractions.

    >>> _format_number("1.6369999999999999E1"), _format_number("12.0"), _format_number("TRUE")
    ('16.37', '12', 'TRUE')
    """
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return str(int(value)) if value == int(value) else f"{value:.15g}"


def _read_tags(archive: ZipFile, member: str, max_text_length: int = 0) -> Iterator[_Tag]:
    """Yield the tags of a member.

    Raises:
        UnreadableTable: It is not XML, or exceeds a limit.
        KeyError: There is no such member.
    """
    parser = _TagParser(max_text_length)
    with open_member(archive, archive.getinfo(member)) as file:
        while chunk := file.read(_READ_BYTES):
            yield from parser.parse(chunk)
    yield from parser.parse(b"", is_final=True)


class _TagParser:
    def __init__(self, max_text_length: int) -> None:
        self._max_text_length = max_text_length
        self._tags: list[_Tag] = []
        self._text = ""
        self._depth = self._count = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text
        self._parser.StartDoctypeDeclHandler = self._on_doctype

    def parse(self, chunk: bytes, *, is_final: bool = False) -> list[_Tag]:
        """Return the tags that the chunk completes."""
        self._tags = []
        try:
            self._parser.Parse(chunk, is_final)
        except expat.ExpatError as error:
            raise UnreadableTable(f"is a broken XLSX file: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:
            if isinstance(error, UnreadableTable):
                raise
            raise UnreadableTable("is a broken XLSX file: its encoding") from None
        return self._tags

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise UnreadableTable("has too many cells; save it as CSV, or split it")
        self._text = ""
        local = {attribute.rpartition(" ")[2]: value for attribute, value in attributes.items()}
        self._tags.append(_Tag(name.rpartition(" ")[2], local, ""))

    def _on_end(self, name: str) -> None:
        self._depth -= 1
        self._tags.append(_Tag(name.rpartition(" ")[2], None, self._text))
        self._text = ""

    def _on_text(self, text: str) -> None:
        if len(self._text) < self._max_text_length:
            self._text += text

    def _on_doctype(self, *_: object) -> None:
        raise UnreadableTable("has a DOCTYPE, which no program needs to save a table")
