"""SnapStart: what is made before the snapshot of a function is there when a container starts from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def before_snapshot(build: Callable[[], Any]) -> None:
    """Have `build` called before the snapshot is taken; where there is no SnapStart, nothing happens."""
    try:
        from snapshot_restore_py import register_before_snapshot
    except ImportError:
        return
    register_before_snapshot(build)
