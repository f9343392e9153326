"""The URLs that a browser may be redirected to. A redirect to any URL would help phishing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

# Browsers read a backslash as a slash and ignore spaces and control characters; other programs do not.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def parse_origin(url: str) -> str | None:
    r"""Return the scheme, host and port of an URL (RFC 6454), or None where programs may disagree about them.

    >>> parse_origin("https://Maps.example.com/zones?x=1"), parse_origin("http://localhost:8080")
    ('https://maps.example.com', 'http://localhost:8080')
    >>> hostile = "//evil.example", "https://a.example@evil.example", "https:\\\\evil.example"
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
    """Return whether an URL has one of these origins and no fragment, which would swallow an added query.

    >>> is_allowed("https://a.example/done", {"https://a.example"}), is_allowed("https://b.example", {"https://a.example"})
    (True, False)
    """
    return parse_origin(url) in origins and "#" not in url
