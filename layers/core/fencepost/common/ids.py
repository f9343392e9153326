"""The ids that Fencepost creates. A service receives `new_id` as an argument, so that tests can choose the ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NewId = Callable[[], str]


def new_id() -> str:
    return str(uuid4())


def is_id(text: str) -> bool:
    """Return whether a text has the form of the ids that `new_id` creates."""
    return _ID.fullmatch(text) is not None
