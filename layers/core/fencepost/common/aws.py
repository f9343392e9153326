"""AWS clients, all with the same patience: they give up before the function is stopped."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

# Two attempts of three seconds, and jitter, are below the ten seconds of the functions that answer requests.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


def client(service: str) -> Any:
    """A low-level client. Straight from botocore: boto3 adds 50 ms to a cold start and nothing that is used."""
    with _nothing_collected():
        return botocore.session.get_session().create_client(service, config=_PATIENCE)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """What is read of a service stays for good: to look for garbage in it takes a fifth of the time that it takes."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
