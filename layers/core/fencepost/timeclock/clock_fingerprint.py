"""The fingerprint of a clock action: the same request has the same one, and is recognised when it is retried.

It is stored with the clock, and the id of a refusal is derived from it. So it is made of an explicit list of values
and never of a `repr`: renaming a class or a field must not make every retried action look new. Whoever changes the
list gives it a new version, and accepts the one before for a day.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fencepost.timeclock.commands import ClockRequest

_VERSION = "2"


def compute_fingerprint(request: ClockRequest) -> str:
    """Return the caller's key, or else a hash of the values of a request.

    Empty where neither a key nor an instant is given: two requests for "now" are two.
    """
    if request.key is not None:
        return request.key
    if request.at is None:
        return ""
    screen: list[Any] | None = None
    if request.screen is not None:
        screen = [request.screen.target_table, request.screen.target_id]
    location: list[Any] | None = None
    if request.fix is not None:
        fix = request.fix
        captured_at = fix.captured_at.isoformat() if fix.captured_at is not None else None
        location = [fix.position.lon, fix.position.lat, fix.accuracy_m, captured_at]
    values = [
        request.action,
        request.at.isoformat(),
        request.time_type,
        request.comment,
        request.organization_id,
        screen,
        location,
    ]
    return f"{_VERSION}:{sha256(json.dumps(values).encode()).hexdigest()}"


def is_replay(request: ClockRequest, last_request: str) -> bool:
    """Return whether `last_request` is the fingerprint of this request, in this version or the one before."""
    return last_request != "" and last_request in (compute_fingerprint(request), compute_legacy_fingerprint(request))


def compute_legacy_fingerprint(request: ClockRequest) -> str:
    """Return the fingerprint of version 1, the hash of a `repr`, as clocks and refusals from before have it.

    The names of classes and fields are literals here: they are those of the time when version 1 was written, whatever
    they are called now. Remove this function, and what calls it, once a release with version 2 has been deployed for
    a day: no client retries an action for longer.
    """
    if request.key is not None or request.at is None:
        return compute_fingerprint(request)
    screen = None
    if request.screen is not None:
        screen = f"Assignment(target_table={request.screen.target_table!r}, target_id={request.screen.target_id!r})"
    location = None
    if request.fix is not None:
        position = f"Position(lon={request.fix.position.lon!r}, lat={request.fix.position.lat!r})"
        accuracy_m, captured_at = request.fix.accuracy_m, request.fix.captured_at
        location = f"Fix(position={position}, accuracy_m={accuracy_m!r}, captured_at={captured_at!r})"
    texts = (request.time_type, request.comment, request.organization_id)
    text = f"({request.action!r}, {request.at!r}, {', '.join(map(repr, texts))}, {screen}, {location})"
    return sha256(text.encode()).hexdigest()
