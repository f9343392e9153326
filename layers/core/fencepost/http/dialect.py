"""How an API reports errors: as problem details, or in the shape that its callers know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fencepost.common.errors import FencepostError
from fencepost.http.problems import PROBLEM_JSON, render_problem


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How an API reports errors. Without arguments: as problem details, RFC 9457.

    Attributes:
        render_error: Returns the body for an error and the id of its request.
        status_of: Returns the status of an error.
        error_schema: The model of that body; None stands for a problem.
    """

    render_error: Callable[[FencepostError, str], dict[str, Any]] = field(default=render_problem)
    status_of: Callable[[FencepostError], int] = field(default=lambda error: int(error.status))
    error_schema: type | None = None
    media_type: str = PROBLEM_JSON


PROBLEM_DIALECT = Dialect()


def override_statuses(statuses: Mapping[type[FencepostError], int]) -> Callable[[FencepostError], int]:
    """Return a `status_of` for a dialect in which some errors have a status of their own."""
    return lambda error: int(statuses.get(type(error)) or error.status)
