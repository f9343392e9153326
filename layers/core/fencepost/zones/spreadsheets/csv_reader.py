"""The rows of a table in a CSV file, or in an XLSX file, as texts. Imported when the first such file comes."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import islice

from fencepost.zones.spreadsheets.errors import MAX_CELL, UnreadableTable

MAX_COLUMNS = 50
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_rows(content: bytes, most: int) -> list[list[str]]:
    """The first rows that say anything. Raises NoTable.

    >>> read_rows(b"label;lat;lng\\n\\n Gate ;48.2;16.4;;\\n", most=10)
    [['label', 'lat', 'lng'], ['Gate', '48.2', '16.4']]
    """
    if content.startswith(b"PK"):
        from fencepost.zones.spreadsheets.xlsx_reader import first_sheet

        rows = first_sheet(content, MAX_COLUMNS)
    else:
        rows = csv.reader(StringIO(text := _text(content), newline=""), delimiter=_delimiter(text))
    try:
        return list(islice(filter(None, map(_cells, rows)), most))
    except csv.Error as error:
        raise UnreadableTable(f"cannot be read as CSV: {error}") from None


def _cells(row: list[str]) -> list[str]:
    """The cells of a row, up to the last that says anything."""
    cells = [cell.strip()[:MAX_CELL] for cell in row[:MAX_COLUMNS]]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(content: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise UnreadableTable("is not UTF-8 text; save it as CSV in UTF-8, or as XLSX") from None
    if "\0" in text:
        raise UnreadableTable("is neither CSV nor XLSX")
    return text


def _delimiter(text: str) -> str:
    """What parts the cells of the first line: where commas are for decimals, that is no comma."""
    return max(",;\t", key=text.partition("\n")[0].count)
