"""AWS clients, all with the same patience: they give up before the function is stopped."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config

# Two attempts of three seconds, and jitter, are below the ten seconds of the functions that answer requests.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


def client(service: str) -> Any:
    """A low-level client. Straight from botocore: boto3 adds 50 ms to a cold start and nothing that is used."""
    return botocore.session.get_session().create_client(service, config=_PATIENCE)
