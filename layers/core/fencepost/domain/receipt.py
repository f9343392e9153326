"""What is kept of an action that was sent under a key of its own, so that it is done once and always answered so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class DoneBefore(Exception):
    """Another call has done the same meanwhile, or was refused it: its receipt is there. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`answer` is what the caller was told, as JSON; `digest` tells what was asked from anything else.

    An answer that `waits_for` a refusal may be another one once an exception is granted for that. `instead_of` is
    what the receipt waited for that this one replaces, None where there may be none.
    """

    user_id: str
    key: str
    digest: str
    answer: str
    kept_until: datetime
    waits_for: str | None = None
    instead_of: str | None = None
