"""The response to a request, and the headers that make a request conditional on an ETag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fencepost.common.errors import ValidationFailed
from fencepost.http.request import AnyRequest

JSON = "application/json"
_VERSION_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,14})"')


@dataclass(frozen=True)
class Response:
    """The response of a handler. `body` is None if there is none, and a text or bytes if it is not JSON."""

    status: int
    body: Mapping[str, Any] | str | bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


def parse_expected_version(request: AnyRequest) -> int | None:
    """Return the version that If-Match names, None where any version will do.

    Raises:
        ValidationFailed: The header is not one ETag of this API.
    """
    tag = request.headers.get("if-match", "*").strip()
    if tag == "*":
        return None
    version = _VERSION_TAG.fullmatch(tag)
    if version is None:
        raise ValidationFailed.field("If-Match", 'must be one ETag of this resource, such as "3"')
    return int(version[1])


def matches_etag(request: AnyRequest, etag: str) -> bool:
    """Return whether If-None-Match names this ETag, or any: the caller has the response (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in tags or tags == ["*"]
