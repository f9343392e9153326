"""Which vocabulary a request is in, and how a refusal is told in the timekeeping one.

Apart from the vocabularies themselves, for functions that only refuse in them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEKEEPING = "application/vnd.fencepost.timekeeping+json"


def is_timekeeping(headers: Mapping[str, str], said: Mapping[str, Any]) -> bool:
    """Whether a request is in the timekeeping vocabulary: it asks for its media type, or says `pname`."""
    accepted = headers.get("accept", "").casefold()
    return TIMEKEEPING in accepted or "pname" in said


def retold(event: Mapping[str, Any], status: int, problem: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A refusal as the timekeeping vocabulary tells it, where the request is in its words.

    The cause is under `error.message` too, and what does not exist is forbidden: nobody learns what there is.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if not is_timekeeping(headers, _said(event)):
        return status, problem
    if status == 404:
        detail = "It does not exist, or you may not see it."
        problem |= {"type": "urn:fencepost:problem:forbidden", "title": "Forbidden", "status": 403}
        problem |= {"code": "FORBIDDEN", "detail": detail}
    return problem["status"], problem | {"error": {"code": problem["code"], "message": problem["detail"]}}


def _said(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the body says, as far as it can be read: a body that cannot be is a refusal of its own."""
    try:
        said = json.loads(event.get("body") or "{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
