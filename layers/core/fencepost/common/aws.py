"""AWS clients, whose timeouts and retries end before Lambda stops the function."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

# Two attempts of three seconds, and jitter, are below the ten seconds of the functions that handle requests.
_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


def create_client(service: str) -> Any:
    """Return a low-level client of botocore. boto3 would add 50 ms to a cold start."""
    with _pause_garbage_collection():
        return botocore.session.get_session().create_client(service, config=_CONFIG)


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Pause the collector while a client is created: it would take a fifth of the time and free nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
