"""A form that brings a file along (multipart/form-data, RFC 7578). Imported when the first one comes."""

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


def parsed(raw: bytes, content_type: str) -> tuple[list[tuple[str, str]], dict[str, Any] | None]:
    """The fields in their order, and the file, as `UploadedFile` has it; None where no part is one.

    A file without a name and without content is what a browser sends for want of one. Raises Invalid.

    >>> body = b'--x\\r\\nContent-Disposition: form-data; name="dry_run"\\r\\n\\r\\ntrue\\r\\n--x--'
    >>> parsed(body, "multipart/form-data; boundary=x")
    ([('dry_run', 'true')], None)
    """
    fields: list[tuple[str, str]] = []
    file: dict[str, Any] | None = None
    for name, file_name, content in _parts(raw, content_type):
        if name != FILE:
            fields.append((name, _text(name, content)))
        elif file is not None:
            raise ValidationFailed.field(FILE, "is given twice")
        elif file_name or content:
            file = {"name": file_name, "content": b64encode(content).decode()}
    return fields, file


def _parts(raw: bytes, content_type: str) -> Iterator[tuple[str, str, bytes]]:
    """Name, file name and content of each part."""
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


def _text(name: str, content: bytes) -> str:
    if len(content) > _MAX_FIELD_BYTES:
        raise ValidationFailed.field(name or "body", f"has more than {_MAX_FIELD_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeError:
        raise ValidationFailed.field(name or "body", "is not valid UTF-8 text") from None
