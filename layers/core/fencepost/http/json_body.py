"""A request body from bytes to plain values, refusing what JSON parsers let through."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Any

from fencepost.common import strict_json
from fencepost.common.errors import ValidationFailed
from fencepost.http.problems import BodyTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 2**20


def parsed(event: Mapping[str, Any], content_type: str, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object of an API Gateway event.

    Raises Invalid for what is no JSON object, for duplicate names, NaN, Infinity, huge numbers, deep nesting and
    broken text; BodyTooLarge; UnsupportedMediaType.
    """
    media_type = content_type.partition(";")[0].strip().casefold()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"The body is '{media_type}'; send application/json.")
    return loads(raw(event), max_bytes)


def loads(sent: bytes, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """
    >>> loads(b'{"latitude": 30.2672}')
    {'latitude': 30.2672}
    """
    if len(sent) > max_bytes:
        raise BodyTooLarge(f"The body has {len(sent):,} bytes; the limit is {max_bytes:,}.")
    value = strict_json.loads(sent)
    if not isinstance(value, dict):
        raise ValidationFailed.field("body", "must be a JSON object")
    return value


def raw(event: Mapping[str, Any]) -> bytes:
    """The bytes of a body, none where there is no body. Raises Invalid."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return b64decode(body, validate=True)
    except Base64Error:
        raise ValidationFailed.field("body", "is not valid base64") from None
