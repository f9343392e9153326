"""A form with a file (multipart/form-data, RFC 7578). Imported when the first one arrives."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from fencepost.common.errors import ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "file"
_MAX_PARTS = 20
_MAX_FIELD_BYTES = 2**16


def parse_form(raw: bytes, content_type: str) -> tuple[list[tuple[str, str]], dict[str, Any] | None]:
    r"""Return the fields in their order, and the file as `UploadedFile` expects it, None where there is none.

    A browser sends a file without a name and without content where the user chose none.

    Raises:
        ValidationFailed: The body is not such a form, has two files, or has a field that is not text or too long.

    >>> body = b'--x\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\ntrue\r\n--x--'
    >>> parse_form(body, "multipart/form-data; boundary=x")
    ([('dry_run', 'true')], None)
    """
    fields: list[tuple[str, str]] = []
    file: dict[str, Any] | None = None
    for name, file_name, content in _iterate_parts(raw, content_type):
        if name != FILE:
            fields.append((name, _decode_field(name, content)))
        elif file is not None:
            raise ValidationFailed.field(FILE, "is given twice")
        elif file_name or content:
            file = {"name": file_name, "content": b64encode(content).decode()}
    return fields, file


def _iterate_parts(raw: bytes, content_type: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the file name and the content of each part."""
    name = file_name = ""
    content = bytearray()
    try:
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        with PushMultipartParser(boundary, max_segment_count=_MAX_PARTS) as parser:
            for event in parser.parse(raw):
                if isinstance(event, MultipartSegment):
                    name, file_name, content = event.name or "", event.filename or "", bytearray()
                elif event is not None:
                    content += event
                else:
                    yield name, file_name, bytes(content)
    except (MultipartError, UnicodeError) as error:
        raise ValidationFailed.field(
            "body", f"is not a form of several parts (multipart/form-data): {error}"
        ) from None


def _decode_field(name: str, content: bytes) -> str:
    if len(content) > _MAX_FIELD_BYTES:
        raise ValidationFailed.field(name or "body", f"has more than {_MAX_FIELD_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeError:
        raise ValidationFailed.field(name or "body", "is not valid UTF-8 text") from None
