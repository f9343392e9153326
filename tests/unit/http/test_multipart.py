"""Forms that bring a file along, and bodies that only say so."""

from __future__ import annotations

import pytest

from fencepost.common.errors import ValidationFailed
from fencepost.http.multipart import parse_form

TYPE = "multipart/form-data; boundary=x"


def part(about: str, content: bytes) -> bytes:
    return f"--x\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + content + b"\r\n"


FIELD = part('name="dry_run"', b"true")
FILE = part('name="file"; filename="a.kml"', b"\x00\xff\r\n--y")


def test_bytes_of_a_file_come_as_they_are_and_fields_as_text() -> None:
    fields, file = parse_form(FIELD + FILE + part('name="hash"', "\u00e9".encode()) + b"--x--\r\n", TYPE)
    assert fields == [("dry_run", "true"), ("hash", "\u00e9")]
    assert file == {"name": "a.kml", "content": "AP8NCi0teQ=="}


def test_what_a_browser_sends_for_want_of_a_file_is_none() -> None:
    assert parse_form(part('name="file"; filename=""', b"") + b"--x--", TYPE) == ([], None)


@pytest.mark.parametrize(
    ("body", "media_type", "field"),
    [
        (FIELD, TYPE, "body"),
        (b"", TYPE, "body"),
        (b"a=b", TYPE, "body"),
        (FIELD + b"--x--", "multipart/form-data", "body"),
        (FIELD + b"--x--", "multipart/form-data; boundary=y", "body"),
        (FIELD * 21 + b"--x--", TYPE, "body"),
        (FILE + FILE + b"--x--", TYPE, "file"),
        (part('name="filter"', b"\xff") + b"--x--", TYPE, "filter"),
        (part('name="filter"', b"a" * 70_000) + b"--x--", TYPE, "filter"),
        (b"--x\r\n" + b"A: b\r\n" * 50 + b"\r\n\r\n--x--", TYPE, "body"),
        (b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 10_000 + b"\r\n\r\n\r\n--x--", TYPE, "body"),
    ],
)
def test_what_is_no_such_form_is_refused(body: bytes, media_type: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_form(body, media_type)
    assert [error.field for error in refused.value.errors] == [field]
