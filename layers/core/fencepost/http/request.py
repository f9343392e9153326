"""A request of an authenticated principal, and the conditions in its headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fencepost.common.errors import ValidationFailed
from fencepost.common.principal import Principal
from fencepost.http import json_body

_VERSION_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,14})"')


_KEY = "idempotency-key"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of a known caller. Header names are in lower case."""

    principal: Principal
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    event: Mapping[str, Any]

    def json(self, max_bytes: int = json_body.MAX_BODY_BYTES) -> dict[str, Any]:
        """The body as plain values. Raises Invalid, BodyTooLarge, UnsupportedMediaType."""
        return json_body.parsed(self.event, self.headers.get("content-type", ""), max_bytes)


def version_expected(request: Request) -> int | None:
    """The version that If-Match names. Raises Invalid where it is no version tag of ours."""
    tag = request.headers.get("if-match", "*").strip()
    if tag == "*":
        return None
    version = _VERSION_TAG.fullmatch(tag)
    if version is None:
        raise ValidationFailed.field("If-Match", 'must be one ETag of this resource, such as "3"')
    return int(version[1])


def is_what_they_have(request: Request, tag: str) -> bool:
    """Whether If-None-Match names this ETag, or any: the caller has what would be answered (RFC 9110, 13.1.2)."""
    tags = [said.strip().removeprefix("W/") for said in request.headers.get("if-none-match", "").split(",")]
    return tag in tags or tags == ["*"]
