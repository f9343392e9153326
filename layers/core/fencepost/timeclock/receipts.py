"""What is kept of an action that was sent under a key of its own, so that it is done once and always answered so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class AlreadyProcessed(Exception):
    """Another call has done the same meanwhile, or was refused it: its receipt is there. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`answer` is what the caller was told, as JSON; `digest` tells what was asked from anything else."""

    user_id: str
    key: str
    digest: str
    answer: str
    kept_until: datetime
