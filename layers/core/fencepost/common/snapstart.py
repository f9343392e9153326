"""SnapStart: a container starts from a snapshot of an initialized function."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def prime_snapstart(build: Callable[[], Any]) -> None:
    """Register `build` to run before the snapshot is taken. Without SnapStart, do nothing.

    Then exempt all objects from garbage collection. They stay for good, and a collection among them would delay some
    request by tens of milliseconds.
    """
    try:
        from snapshot_restore_py import register_before_snapshot
    except ImportError:
        return

    def build_and_freeze() -> None:
        build()
        gc.freeze()

    register_before_snapshot(build_and_freeze)
