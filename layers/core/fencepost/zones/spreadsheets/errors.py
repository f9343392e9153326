"""Errors of files that contain a table."""

from __future__ import annotations

MAX_CELL = 2_000


class UnreadableTable(ValueError):
    """A file that is no table, and why."""
