"""SnapStart: what is made before the snapshot of a function is there when a container starts from it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def prime_snapstart(build: Callable[[], Any]) -> None:
    """Have `build` called before the snapshot is taken; where there is no SnapStart, nothing happens.

    What is there by then stays for good. The collector leaves it alone: to look for garbage in all that was imported
    takes tens of milliseconds, and would be some caller's.
    """
    try:
        from snapshot_restore_py import register_before_snapshot
    except ImportError:
        return

    def made() -> None:
        build()
        gc.freeze()

    register_before_snapshot(made)
