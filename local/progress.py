"""Lines that say how far `make run` has come, and how long it took."""

from __future__ import annotations

import time
from typing import Final

_STARTED: Final = time.monotonic()


def say(text: str) -> None:
    """Prints one line of progress, with the seconds since the program started."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)
