"""The rows of a CSV or XLSX file as texts. Imported when the first such file comes."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import islice

from fencepost.zones.spreadsheets.errors import UnreadableTable

MAX_COLUMNS = 50
MAX_CELL_LENGTH = 2_000
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_rows(content: bytes, limit: int) -> list[list[str]]:
    r"""Return the first rows that are not empty, each up to its last cell that is not empty.

    >>> read_rows(b"label;lat;lng\n\n Gate ;48.2;16.4;;\n", limit=10)
    [['label', 'lat', 'lng'], ['Gate', '48.2', '16.4']]

    Raises:
        UnreadableTable: The file is neither CSV in UTF-8 or UTF-16 nor XLSX.
    """
    if content.startswith(b"PK"):
        from fencepost.zones.spreadsheets.xlsx_reader import read_first_sheet

        rows = read_first_sheet(content, MAX_COLUMNS, MAX_CELL_LENGTH)
    else:
        text = _decode(content)
        # In countries with a decimal comma, a semicolon separates cells.
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        return list(islice(filter(None, map(_trim, rows)), limit))
    except csv.Error as error:
        raise UnreadableTable(f"cannot be read as CSV: {error}") from None


def _trim(row: list[str]) -> list[str]:
    cells = [cell.strip()[:MAX_CELL_LENGTH] for cell in row[:MAX_COLUMNS]]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _decode(content: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise UnreadableTable("is not UTF-8 text; save it as CSV in UTF-8, or as XLSX") from None
    if "\0" in text:
        raise UnreadableTable("is neither CSV nor XLSX")
    return text
