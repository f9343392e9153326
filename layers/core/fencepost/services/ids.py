"""Where ids come from; handed in, so that a test can say which come next."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

NewId = Callable[[], str]


def new_id() -> str:
    return str(uuid4())
