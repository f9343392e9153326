"""Opaque cursors: where a list goes on, in a form that says nothing and is checked when it comes back."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from fencepost.domain.errors import Invalid

_CHECK_LENGTH = 8


def cursor(tenant_id: str, created_at: datetime, geofence_id: str) -> str:
    """The cursor of the page after this geofence.

    The partition that a page is read from comes from the caller's tenant, never from here: a forged cursor could
    only skip within one's own list. The digest is there so that a damaged one is told.
    """
    where = f"{created_at.isoformat()}|{geofence_id}".encode()
    return urlsafe_b64encode(_check(tenant_id, where) + where).rstrip(b"=").decode()


def after(tenant_id: str, text: str) -> tuple[datetime, str]:
    """What `cursor` was made from. Raises Invalid for anything that it did not make for this tenant.

    >>> at, name = datetime(2026, 5, 4, tzinfo=UTC), "5cd906a3-941c-463b-9cc9-8f49dbcc25aa"
    >>> after("t", cursor("t", at, name)) == (at, name)
    True
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        check, where = data[:_CHECK_LENGTH], data[_CHECK_LENGTH:]
        if check != _check(tenant_id, where):
            raise ValueError
        created_at, geofence_id = where.decode().split("|")
        return datetime.fromisoformat(created_at).astimezone(UTC), str(UUID(geofence_id))
    except (ValueError, OverflowError, binascii.Error):
        raise Invalid.field("cursor", "is not a cursor of this list; start again without it") from None


def _check(tenant_id: str, where: bytes) -> bytes:
    return sha256(tenant_id.encode() + b"|" + where).digest()[:_CHECK_LENGTH]
