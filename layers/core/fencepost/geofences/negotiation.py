"""The dialect of a request about geofences: the canonical one, or the timekeeping one.

Functions that only report errors import this module, and not the schemas of both dialects.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fencepost.http.dialect import PROBLEM_DIALECT, Dialect
from fencepost.http.problems import render_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.common.errors import FencepostError
    from fencepost.http.request import AnyRequest

TIMEKEEPING_JSON = "application/vnd.fencepost.timekeeping+json"


def negotiate(request: AnyRequest) -> Dialect:
    """Return the dialect of a request: timekeeping if it accepts that media type, or its body names `pname`."""
    accepts = TIMEKEEPING_JSON in request.headers.get("accept", "").casefold()
    return TIMEKEEPING_DIALECT if accepts or has_timekeeping_names(_read_fields(request)) else PROBLEM_DIALECT


def has_timekeeping_names(fields: Mapping[str, Any]) -> bool:
    """Return whether the fields of a geofence have the names of the timekeeping dialect."""
    return "pname" in fields


def _render_error(error: FencepostError, request_id: str) -> dict[str, Any]:
    """Return a problem that repeats its cause under `error`.

    A resource that does not exist is reported as forbidden, so that nobody learns what exists.
    """
    problem = render_problem(error, request_id)
    if problem["status"] == 404:
        detail = "It does not exist, or you may not see it."
        problem |= {"type": "urn:fencepost:problem:forbidden", "title": "Forbidden", "status": 403}
        problem |= {"code": "FORBIDDEN", "detail": detail}
    return problem | {"error": {"code": problem["code"], "message": problem["detail"]}}


def _read_fields(request: AnyRequest) -> Mapping[str, Any]:
    """Return the fields of the body, none if it cannot be parsed: the route reports that error."""
    body = request.event.get("body")
    if not body or request.event.get("isBase64Encoded"):
        return {}
    if request.fields:
        return request.fields
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


TIMEKEEPING_DIALECT = Dialect(
    render_error=_render_error, status_of=lambda error: 403 if error.status == 404 else int(error.status)
)
