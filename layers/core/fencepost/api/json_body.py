"""A request body from bytes to plain values, refusing what JSON parsers let through."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from math import isinf
from typing import TYPE_CHECKING, Any, NoReturn

from fencepost.api.problems import BodyTooLarge, UnsupportedMediaType
from fencepost.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 2**20
MAX_DEPTH = 64


def parsed(event: Mapping[str, Any], content_type: str, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object of an API Gateway event.

    Raises Invalid for what is no JSON object, for duplicate names, NaN, Infinity, huge numbers, deep nesting and
    broken text; BodyTooLarge; UnsupportedMediaType.
    """
    media_type = content_type.partition(";")[0].strip().casefold()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"The body is '{media_type}'; send application/json.")
    return loads(_raw(event), max_bytes)


def loads(raw: bytes, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """
    >>> loads(b'{"latitude": 30.2672}')
    {'latitude': 30.2672}
    """
    if len(raw) > max_bytes:
        raise BodyTooLarge(f"The body has {len(raw):,} bytes; the limit is {max_bytes:,}.")
    try:
        text = raw.decode()
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except RecursionError:
        raise Invalid.field("body", "is nested too deeply") from None
    except UnicodeError:
        raise Invalid.field("body", "is not valid UTF-8 text") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid.field("body", f"is not JSON: {error.msg.lower()} at {where}") from None
    except ValueError:
        raise Invalid.field("body", "holds a number with too many digits") from None
    if not isinstance(value, dict):
        raise Invalid.field("body", "must be a JSON object")
    _check_depth(value)
    return value


def _raw(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return b64decode(body, validate=True)
    except Base64Error:
        raise Invalid.field("body", "is not valid base64") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise Invalid.field(name, "is given twice")
        values[name] = value
    return values


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise Invalid.field("body", f"holds the number {digits[:20]}, which is too large")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = (inner.values() if isinstance(inner, dict) else inner for inner in level)
        level = [inner for container in containers for inner in container if isinstance(inner, (dict, list))]
        if not level:
            return
    raise Invalid.field("body", f"is nested more than {MAX_DEPTH} deep")


def _no_constant(constant: str) -> NoReturn:
    raise Invalid.field("body", f"holds {constant}, which is not JSON")
