"""Retry of an operation whose data another call changed."""

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
    """Call `attempt`, which reads and writes, again for as long as another call changes its data in between.

    Raises:
        ServiceBusy: Each attempt raised VersionMismatch.
    """
    for number in range(_ATTEMPTS):
        try:
            return attempt()
        except VersionMismatch:
            longest_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**number)
            pause(random.uniform(0, longest_s))  # noqa: S311 - spreads retries, guards nothing
    raise ServiceBusy
