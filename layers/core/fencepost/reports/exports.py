"""Time entries as files: CSV (RFC 4180) for spreadsheets and payroll, iCalendar (RFC 5545) for calendars."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from unicodedata import category

from pydantic import Field

from fencepost.http.fields import WholeNumberText
from fencepost.timeclock.entry_schemas import SpanQuery
from fencepost.timeclock.entry_service import MAX_EXPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.timeclock.model import TimeEntry

Format = Literal["csv", "ics"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "ics": "text/calendar; charset=utf-8"}
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
# What a spreadsheet takes for the beginning of a formula, in full width too, and behind what nobody sees.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_UNSEEN = frozenset({"Cc", "Cf"})
_LONGEST_LINE = 75
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
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


class ExportQuery(SpanQuery):
    format: Format
    limit: Annotated[int, Field(ge=1, le=1000), WholeNumberText] = 1000


class ExportIn(SpanQuery):
    """What is approved in the span; of one request all is marked as exported or nothing."""

    format: Format
    approval: Literal["approved"] = "approved"
    limit: Annotated[int, Field(ge=1, le=MAX_EXPORTED)] = MAX_EXPORTED


def piece_of(entry: TimeEntry, file_format: Format, now: datetime) -> dict[str, Any]:
    """What an entry is in a file; as `file_of` takes it."""
    return {"text": _row(_cells(entry)) if file_format == "csv" else _event(entry, now)}


def file_of(pieces: Iterable[dict[str, Any]], file_format: Format) -> str:
    text = "".join(piece["text"] for piece in pieces)
    if file_format == "csv":
        return _row(COLUMNS) + text
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Fencepost//Time entries//EN",
            (text or _NO_EVENTS) + "END:VCALENDAR",
            "",
        )
    )


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet shows and does not reckon.

    >>> safe_cell("=1+1"), safe_cell("1+1"), safe_cell(" @SUM(A1)")
    ("'=1+1", '1+1', "' @SUM(A1)")
    """
    first = next((c for c in text if not c.isspace() and category(c) not in _UNSEEN), "")
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or first in _FORMULA else text


def folded_line(line: str) -> str:
    """A line of iCalendar, broken so that none is longer than 75 octets, and never within a character.

    >>> folded_line("SUMMARY:" + "ä" * 40).split("\\r\\n ")[1]
    'äääääää\\r\\n'
    """
    parts, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LONGEST_LINE:
            parts.append("")
            size = 1  # the blank with which a line goes on
        parts[-1] += character
        size += octets
    return "\r\n ".join(parts) + "\r\n"


def _row(cells: Iterable[str | int | None]) -> str:
    row = io.StringIO()
    csv.writer(row, quoting=csv.QUOTE_NONNUMERIC).writerow(cells)
    return row.getvalue()


def _cells(entry: TimeEntry) -> list[str | int | None]:
    breaks = [(taken.start, taken.end) for taken in entry.breaks if taken.end is not None]
    break_s = _seconds(sum((end - start for start, end in breaks), timedelta()))
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
        _seconds(entry.end - entry.start) - break_s,
        " ".join(f"{start.isoformat()}/{end.isoformat()}" for start, end in breaks),
        entry.comment,
        entry.approval,
        entry.creation_type,
        entry.stopped_by,
    ]
    return ["" if cell is None else safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _event(entry: TimeEntry, now: datetime) -> str:
    """A VEVENT. Its UID stays when the entry is changed, and its SEQUENCE grows."""
    summary = f"{entry.user_id}: {entry.time_type}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{entry.id}@fencepost",
        f"DTSTAMP:{_utc(now)}",
        f"SEQUENCE:{entry.version}",
        f"DTSTART:{_utc(entry.start)}",
        f"DTEND:{_utc(entry.end)}",
        f"SUMMARY:{_escaped(summary + (f', {entry.organization_name}' if entry.organization_name else ''))}",
        *([f"DESCRIPTION:{_escaped(entry.comment)}"] if entry.comment else []),
        f"CATEGORIES:{_escaped(entry.category)}",
        "END:VEVENT",
    ]
    return "".join(map(folded_line, lines))


def _escaped(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_ESCAPED)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _seconds(length: timedelta) -> int:
    return round(length.total_seconds())
