"""The port to the records of requests with an Idempotency-Key and their responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from fencepost.http.idempotency_key import IdempotencyKey

RETENTION = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """The stored state of a key: the digest of its request, and the response, None while a call processes it."""

    digest: str
    response: Mapping[str, Any] | None


class IdempotencyRepository(Protocol):
    """The records. One belongs to a run, the call that processes the request, until the run ends or its time is over.

    A write of a run to a record that no longer belongs to it changes nothing and raises.
    """

    def claim(self, key: IdempotencyKey, run: str, now: datetime, until: datetime) -> IdempotencyRecord | None:
        """Reserve the key for this run until an instant, or return the record that already has it."""

    def save(self, key: IdempotencyKey, run: str, response: Mapping[str, Any], now: datetime) -> None:
        """Save the response for all who retry the request."""

    def release(self, key: IdempotencyKey, run: str, now: datetime) -> None:
        """End the run with an unknown outcome: the same request may run again, no other may under this key."""

    def delete(self, key: IdempotencyKey, run: str) -> None:
        """Free the key, because nothing was done."""


class IdempotencyConfig:
    """The accessor of the repository. The container sets it, so that routes need not declare one."""

    repository: ClassVar[Callable[[], IdempotencyRepository]]
