"""Opaque cursors: the position in a list at which its next page begins.

The tenant and the path select the list, never the cursor, so a forged cursor can only skip items of the caller's own
list. The digest reveals a damaged cursor and one of another list.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import Field

from fencepost.common.errors import ValidationFailed
from fencepost.http.fields import RequestModel, WholeNumberText

_DIGEST_BYTES = 8
_MAX_KEY_BYTES = 1_000
# A function may return 6 MB.
MAX_PAGE_BYTES = 4 * 2**20

_T = TypeVar("_T")


class PageQuery(RequestModel):
    """A page of a list: at most `limit` items, from where `cursor` points."""

    limit: Annotated[int, Field(ge=1, le=1000), WholeNumberText] = 100
    cursor: str | None = None


def take_while_fits(items: Iterable[_T], serialize: Callable[[_T], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first items, serialized, as many as fit in one response; at least one.

    >>> take_while_fits([1, 2], lambda n: {"n": n})
    [{'n': 1}, {'n': 2}]
    """
    taken: list[dict[str, Any]] = []
    size_bytes = 0
    for item in items:
        one = serialize(item)
        size_bytes += len(json.dumps(one, ensure_ascii=False).encode())
        if taken and size_bytes > MAX_PAGE_BYTES:
            break
        taken.append(one)
    return taken


def encode_time_cursor(list_name: str, at: datetime, item_id: str) -> str:
    """Return the cursor of the page after the item with this instant and id."""
    return encode_cursor(list_name, f"{at.isoformat()}|{item_id}")


def decode_time_cursor(list_name: str, cursor: str | None) -> tuple[datetime, str] | None:
    """Return the instant and the id that `encode_time_cursor` was given, None without a cursor.

    Raises:
        ValidationFailed: It is not a cursor of this list.

    >>> at, item_id = datetime(2026, 5, 4, tzinfo=UTC), "5cd906a3-941c-463b-9cc9-8f49dbcc25aa"
    >>> decode_time_cursor("t", encode_time_cursor("t", at, item_id)) == (at, item_id)
    True
    """
    if cursor is None:
        return None
    try:
        at, item_id = decode_cursor(list_name, cursor).split("|")
        return datetime.fromisoformat(at).astimezone(UTC), str(UUID(item_id))
    except (ValueError, OverflowError):
        raise build_cursor_error() from None


def encode_number_cursor(list_name: str, number: int) -> str:
    """Return the cursor of the page after the item with this number."""
    return encode_cursor(list_name, str(number))


def decode_number_cursor(list_name: str, cursor: str | None) -> int | None:
    """Return the number that `encode_number_cursor` was given, None without a cursor.

    Raises:
        ValidationFailed: It is not a cursor of this list.

    >>> decode_number_cursor("t/versions", encode_number_cursor("t/versions", 7))
    7
    """
    if cursor is None:
        return None
    number = decode_cursor(list_name, cursor)
    if not (number.isascii() and number.isdecimal()) or not 1 < int(number[:12]) == int(number):
        raise build_cursor_error()
    return int(number)


def encode_pair_cursor(list_name: str, pair: tuple[str, str]) -> str:
    """Return the cursor of the page after the item with this pair of texts."""
    return encode_cursor(list_name, json.dumps(pair, ensure_ascii=False))


def decode_pair_cursor(list_name: str, cursor: str) -> tuple[str, str]:
    """Return the pair that `encode_pair_cursor` was given.

    Raises:
        ValidationFailed: It is not a cursor of this list.

    >>> decode_pair_cursor("t/users", encode_pair_cursor("t/users", ("ada#1", "1")))
    ('ada#1', '1')
    """
    try:
        pair = json.loads(decode_cursor(list_name, cursor))
        is_pair = isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) and part for part in pair)
        is_key = is_pair and all(len(part.encode()) <= _MAX_KEY_BYTES for part in pair)
    except (ValueError, RecursionError):
        raise build_cursor_error() from None
    if not is_key:
        raise build_cursor_error()
    return pair[0], pair[1]


def encode_cursor(list_name: str, position: str) -> str:
    """Return the cursor of a position in a list."""
    plain = position.encode()
    return urlsafe_b64encode(_compute_digest(list_name, plain) + plain).rstrip(b"=").decode()


def decode_cursor(list_name: str, cursor: str) -> str:
    """Return the position that `encode_cursor` was given.

    Raises:
        ValidationFailed: It is not a cursor of this list.
    """
    try:
        data = b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        digest, position = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if digest != _compute_digest(list_name, position):
            raise ValueError
        return position.decode()
    except (ValueError, binascii.Error):
        raise build_cursor_error() from None


def build_cursor_error() -> ValidationFailed:
    """Return the error for a text that is not a cursor of the list."""
    return ValidationFailed.field("cursor", "is not a cursor of this list; start again without it")


def _compute_digest(list_name: str, position: bytes) -> bytes:
    return sha256(list_name.encode() + b"|" + position).digest()[:_DIGEST_BYTES]
