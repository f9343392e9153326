"""Errors of files that should contain a table."""

from __future__ import annotations


class UnreadableTable(ValueError):
    """A file is not a table; the message completes the sentence "The file ..."."""
