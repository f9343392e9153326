"""Progress lines of `make run` with the time since the start."""

from __future__ import annotations

import time
from typing import Final

_START_S: Final = time.monotonic()


def print_progress(text: str) -> None:
    """Print one line of progress with the seconds since the program started."""
    print(f"[{time.monotonic() - _START_S:5.1f} s] {text}", flush=True)
