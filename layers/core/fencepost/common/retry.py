"""Doing a thing again when somebody else has changed what it stands on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from fencepost.common.errors import ServiceBusy, VersionMismatch

_T = TypeVar("_T")
_ATTEMPTS = 12
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.3


def retry_on_conflict(attempt: Callable[[], _T], pause: Callable[[float], None] = time.sleep) -> _T:
    """The answer of `attempt`, which reads and writes; overtaken, it is made again on what is there now.

    Raises Busy when it is overtaken every time.
    """
    for number in range(_ATTEMPTS):
        try:
            return attempt()
        except VersionMismatch:
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**number)
            pause(random.uniform(0, longest))  # noqa: S311 - spreads retries, guards nothing
    raise ServiceBusy
