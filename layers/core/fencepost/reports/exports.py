"""Format time entries as files: CSV (RFC 4180) for spreadsheets and payroll, iCalendar (RFC 5545) for calendars."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.timeclock.model import TimeEntry

ExportFormat = Literal["csv", "ics"]
MEDIA_TYPES: dict[ExportFormat, str] = {"csv": "text/csv; charset=utf-8", "ics": "text/calendar; charset=utf-8"}
COLUMNS = (
    "id",
    "userId",
    "organizationId",
    "organizationName",
    "type",
    "category",
    "from",
    "to",
    "breakSeconds",
    "netSeconds",
    "breaks",
    "comment",
    "approval",
    "creationType",
    "stoppedBy",
)
# The characters with which a spreadsheet starts a formula, full-width ones too, and the invisible ones it ignores.
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf"})
_MAX_LINE_OCTETS = 75
# A calendar must have a component (RFC 5545, 3.6): one without events has the time zone of all its instants.
_NO_EVENTS = "".join(
    f"{line}\r\n"
    for line in (
        "BEGIN:VTIMEZONE",
        "TZID:Etc/UTC",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0000",
        "END:STANDARD",
        "END:VTIMEZONE",
    )
)
_ICALENDAR_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def format_entry(entry: TimeEntry, file_format: ExportFormat, now: datetime) -> dict[str, Any]:
    """Return an entry as a piece of a file, for `format_file`."""
    return {"text": _format_row(_list_cells(entry)) if file_format == "csv" else _format_event(entry, now)}


def format_file(pieces: Iterable[dict[str, Any]], file_format: ExportFormat) -> str:
    """Join the pieces of `format_entry` to a file."""
    text = "".join(piece["text"] for piece in pieces)
    if file_format == "csv":
        return _format_row(COLUMNS) + text
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Fencepost//Time entries//EN",
            (text or _NO_EVENTS) + "END:VCALENDAR",
            "",
        )
    )


def escape_cell(text: str) -> str:
    """Return a cell that a spreadsheet shows instead of calculating it.

    >>> escape_cell("=1+1"), escape_cell("1+1"), escape_cell(" @SUM(A1)")
    ("'=1+1", '1+1', "' @SUM(A1)")
    """
    visible = (c for c in text if not c.isspace() and category(c) not in _INVISIBLE_CATEGORIES)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or next(visible, "") in _FORMULA_STARTS else text


def fold_line(line: str) -> str:
    """Fold a line of iCalendar so that no part is longer than 75 octets; a character is never split.

    >>> fold_line("SUMMARY:" + "ä" * 40).splitlines()[1]
    ' äääääää'
    """
    parts, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _MAX_LINE_OCTETS:
            parts.append("")
            size = 1  # the blank with which a line continues
        parts[-1] += character
        size += octets
    return "\r\n ".join(parts) + "\r\n"


def _format_row(cells: Iterable[str | int | None]) -> str:
    row = io.StringIO()
    csv.writer(row, quoting=csv.QUOTE_NONNUMERIC).writerow(cells)
    return row.getvalue()


def _list_cells(entry: TimeEntry) -> list[str | int | None]:
    breaks = [(break_.start, break_.end) for break_ in entry.breaks if break_.end is not None]
    break_s = _count_seconds(sum((end - start for start, end in breaks), timedelta()))
    cells: list[str | int | None] = [
        entry.id,
        entry.user_id,
        entry.organization_id,
        entry.organization_name,
        entry.time_type,
        entry.category,
        entry.start.isoformat(),
        entry.end.isoformat(),
        break_s,
        _count_seconds(entry.end - entry.start) - break_s,
        " ".join(f"{start.isoformat()}/{end.isoformat()}" for start, end in breaks),
        entry.comment,
        entry.approval,
        entry.creation_type,
        entry.stopped_by,
    ]
    return ["" if cell is None else escape_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _format_event(entry: TimeEntry, now: datetime) -> str:
    """Return an entry as a VEVENT. When the entry changes, its UID stays and its SEQUENCE grows."""
    summary = f"{entry.user_id}: {entry.time_type}"
    if entry.organization_name:
        summary += f", {entry.organization_name}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{entry.id}@fencepost",
        f"DTSTAMP:{_format_utc(now)}",
        f"SEQUENCE:{entry.version}",
        f"DTSTART:{_format_utc(entry.start)}",
        f"DTEND:{_format_utc(entry.end)}",
        f"SUMMARY:{_escape_text(summary)}",
        *([f"DESCRIPTION:{_escape_text(entry.comment)}"] if entry.comment else []),
        f"CATEGORIES:{_escape_text(entry.category)}",
        "END:VEVENT",
    ]
    return "".join(map(fold_line, lines))


def _escape_text(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_ICALENDAR_ESCAPES)


def _format_utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _count_seconds(length: timedelta) -> int:
    return round(length.total_seconds())
