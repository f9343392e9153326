"""Where ids come from; handed in, so that a test can say which come next."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NewId = Callable[[], str]


def new_id() -> str:
    return str(uuid4())


def is_id(text: str) -> bool:
    """Whether a text could be one of our ids at all."""
    return _ID.fullmatch(text) is not None
