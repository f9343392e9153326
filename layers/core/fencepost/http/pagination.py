"""Opaque cursors: where a list goes on, in a form that says nothing and is checked when it comes back.

What a page is read from comes from the caller's tenant and the address, never from a cursor: a forged one could
only skip within one's own list. The digest is there so that a damaged one, or one of another list, is told.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from fencepost.common.errors import ValidationFailed

_CHECK_LENGTH = 8
_LONGEST_KEY = 1_000
# A function may answer 6 MB.
MAX_PAGE_BYTES = 4 * 2**20

_T = TypeVar("_T")


def fitting(items: Iterable[_T], tell: Callable[[_T], dict[str, Any]]) -> list[dict[str, Any]]:
    """So many items, told, as one answer holds, from the first on; at least one.

    >>> fitting([1, 2], lambda n: {"n": n})
    [{'n': 1}, {'n': 2}]
    """
    told: list[dict[str, Any]] = []
    size = 0
    for item in items:
        one = tell(item)
        size += len(json.dumps(one, ensure_ascii=False).encode())
        if told and size > MAX_PAGE_BYTES:
            break
        told.append(one)
    return told


def cursor(tenant_id: str, created_at: datetime, geofence_id: str) -> str:
    """The cursor of the page after this geofence."""
    return sealed(tenant_id, f"{created_at.isoformat()}|{geofence_id}")


def after(tenant_id: str, text: str) -> tuple[datetime, str]:
    """What `cursor` was made from. Raises Invalid for anything that it did not make for this tenant.

    >>> at, name = datetime(2026, 5, 4, tzinfo=UTC), "5cd906a3-941c-463b-9cc9-8f49dbcc25aa"
    >>> after("t", cursor("t", at, name)) == (at, name)
    True
    """
    try:
        created_at, geofence_id = opened(tenant_id, text).split("|")
        return datetime.fromisoformat(created_at).astimezone(UTC), str(UUID(geofence_id))
    except (ValueError, OverflowError):
        raise no_cursor() from None


def number_cursor(list_name: str, number: int) -> str:
    return sealed(list_name, str(number))


def number_after(list_name: str, text: str) -> int:
    """What `number_cursor` was made from. Raises Invalid.

    >>> number_after("t/versions", number_cursor("t/versions", 7))
    7
    """
    number = opened(list_name, text)
    if not (number.isascii() and number.isdecimal()) or not 1 < int(number[:12]) == int(number):
        raise no_cursor()
    return int(number)


def pair_cursor(list_name: str, pair: tuple[str, str]) -> str:
    return sealed(list_name, json.dumps(pair, ensure_ascii=False))


def pair_after(list_name: str, text: str) -> tuple[str, str]:
    """What `pair_cursor` was made from. Raises Invalid.

    >>> pair_after("t/users", pair_cursor("t/users", ("ada#1", "1")))
    ('ada#1', '1')
    """
    try:
        pair = json.loads(opened(list_name, text))
        is_pair = isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) and part for part in pair)
        is_key = is_pair and all(len(part.encode()) <= _LONGEST_KEY for part in pair)
    except (ValueError, RecursionError):
        raise no_cursor() from None
    if not is_key:
        raise no_cursor()
    return pair[0], pair[1]


def sealed(list_name: str, where: str) -> str:
    """A place in a list, as a cursor of that list."""
    plain = where.encode()
    return urlsafe_b64encode(_check(list_name, plain) + plain).rstrip(b"=").decode()


def opened(list_name: str, text: str) -> str:
    """What was sealed for this list. Raises Invalid for anything else."""
    try:
        data = b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        check, where = data[:_CHECK_LENGTH], data[_CHECK_LENGTH:]
        if check != _check(list_name, where):
            raise ValueError
        return where.decode()
    except (ValueError, binascii.Error):
        raise no_cursor() from None


def no_cursor() -> ValidationFailed:
    return ValidationFailed.field("cursor", "is not a cursor of this list; start again without it")


def _check(list_name: str, where: bytes) -> bytes:
    return sha256(list_name.encode() + b"|" + where).digest()[:_CHECK_LENGTH]
