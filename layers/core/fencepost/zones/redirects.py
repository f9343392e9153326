"""Where a browser may be sent, which a tenant has allowed: a redirect to anywhere is a gift to those who phish."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

# Browsers read a backslash as a slash and pass over spaces and control characters; other programs do not.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def parse_origin(url: str) -> str | None:
    """Scheme, host and port of an address (RFC 6454), as far as all programs read the same ones there; else None.

    >>> parse_origin("https://Maps.example.com/zones?x=1"), parse_origin("http://localhost:8080")
    ('https://maps.example.com', 'http://localhost:8080')
    >>> hostile = "//evil.example", "https://a.example@evil.example", "https:\\\\\\\\evil.example"
    >>> [parse_origin(url) for url in hostile]
    [None, None, None]
    """
    try:
        parts = urlsplit(url) if _PLAIN.fullmatch(url) else None
    except ValueError:
        return None
    if parts is None or parts.scheme not in ("http", "https") or not _HOST_AND_PORT.fullmatch(parts.netloc.lower()):
        return None
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_allowed(url: str, origins: Collection[str]) -> bool:
    """Whether an address lies at one of these origins. A fragment would swallow what is added to the address.

    >>> is_allowed("https://a.example/done", {"https://a.example"}), is_allowed("https://b.example", {"https://a.example"})
    (True, False)
    """
    return parse_origin(url) in origins and "#" not in url
