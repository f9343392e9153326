"""What is written to a file is what its readers read, whatever people have written into it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fencepost.reports.exports import COLUMNS, escape_cell, fold_line, format_entry, format_file
from fencepost.timeclock.model import Break, TimeEntry

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
ENTRY = TimeEntry(
    id="7c1f0e5a-3a53-4b3e-9d0b-0f6a1c2d3e4f",
    user_id="emil",
    start=datetime.fromisoformat("2026-05-04T09:00:00+02:00"),
    end=datetime.fromisoformat("2026-05-04T17:00:00+02:00"),
    time_type="work",
    organization_id="site",
    organization_name="Site; north, gate",
    breaks=(
        Break(
            id="1",
            start=datetime.fromisoformat("2026-05-04T12:00:00+02:00"),
            end=datetime.fromisoformat("2026-05-04T12:30:00+02:00"),
        ),
    ),
    version=3,
)
# What a caller may send: no control characters, and no half of a character.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), max_size=300)


def rows(*entries: TimeEntry) -> list[dict[str, str]]:
    text = format_file([format_entry(entry, "csv", NOW) for entry in entries], "csv")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def events(*entries: TimeEntry) -> list[dict[str, str]]:
    """As a reader of RFC 5545 reads them: unfolded, and each value unescaped."""
    text = format_file([format_entry(entry, "ics", NOW) for entry in entries], "ics")
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    found: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and name not in found[-1]:
            found[-1][name] = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
    return found


def test_a_row_has_the_columns_that_the_docs_tell() -> None:
    (row,) = rows(ENTRY)
    assert tuple(row) == COLUMNS
    assert (row["from"], row["to"]) == ("2026-05-04T09:00:00+02:00", "2026-05-04T17:00:00+02:00")
    assert (row["breakSeconds"], row["netSeconds"]) == ("1800", "27000")
    assert row["breaks"] == "2026-05-04T12:00:00+02:00/2026-05-04T12:30:00+02:00"
    assert (row["category"], row["organizationName"], row["comment"]) == ("productive", "Site; north, gate", "")


def test_a_file_of_nothing_has_its_head() -> None:
    assert format_file([], "csv") == ",".join(f'"{column}"' for column in COLUMNS) + "\r\n"
    assert events() == []
    calendar = format_file([], "ics")
    assert calendar.count("BEGIN:VTIMEZONE\r\nTZID:Etc/UTC\r\n") == 1
    assert calendar.count("BEGIN:") == calendar.count("END:") == 3
    assert "VTIMEZONE" not in format_file([format_entry(ENTRY, "ics", NOW)], "ics")


@given(TEXTS)
def test_a_cell_holds_what_was_written_and_begins_no_formula(comment: str) -> None:
    (row,) = rows(replace(ENTRY, comment=comment, organization_name=comment))
    assert row["comment"] == row["organizationName"] == escape_cell(comment)
    assert escape_cell(comment).removeprefix("'") == comment.removeprefix("'")
    assert not re.match(r"\s*[=+@-]|[\t\r\n]", row["comment"])


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u3000=", "\uff1d", "\ufeff=", "\u200b+", " \u2060 -", "\x00@"],
)
def test_what_a_spreadsheet_would_reckon_is_text(start: str) -> None:
    assert escape_cell(f'{start}HYPERLINK("https://example.org")').startswith("'")


@example("one\r\ntwo\rthree\nfour")
@given(TEXTS)
def test_a_calendar_reads_what_was_written(comment: str) -> None:
    (event,) = events(replace(ENTRY, comment=comment, organization_name=comment))
    written = comment.replace("\r\n", "\n").replace("\r", "\n")
    assert event.get("DESCRIPTION", "") == written
    assert event["SUMMARY"] == ("emil: work" + (f", {written}" if written else ""))


def test_an_entry_keeps_its_uid_and_its_sequence_grows() -> None:
    first, changed = events(ENTRY, replace(ENTRY, version=4))
    assert first["UID"] == changed["UID"] == f"{ENTRY.id}@fencepost"
    assert (first["SEQUENCE"], changed["SEQUENCE"]) == ("3", "4")
    assert (first["DTSTART"], first["DTEND"]) == ("20260504T070000Z", "20260504T150000Z")


@example("SUMMARY:" + "ä" * 200)
@example("x" * 400)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=400))
def test_a_folded_line_unfolds_to_itself(line: str) -> None:
    folded = fold_line(line)
    assert folded.removesuffix("\r\n").replace("\r\n ", "") == line
    assert all(len(part.encode()) <= 75 for part in folded.split("\r\n"))
