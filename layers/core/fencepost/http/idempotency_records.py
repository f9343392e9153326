"""The port to where it is kept which requests with an Idempotency-Key were made, and how each was answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from fencepost.http.idempotency_key import IdempotencyKey

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a key: what was key under it, and the answer, None while that is being worked on."""

    digest: str
    answer: Mapping[str, Any] | None


class IdempotencyRepository(Protocol):
    """A record belongs to one run, the call that works on the request, until the run ends or its time is over.

    What a run says of a record that is no longer its own changes nothing and raises.
    """

    def claim(self, key: IdempotencyKey, run: str, now: datetime, until: datetime) -> Record | None:
        """None where the request now is this run's, until that instant; else the record that is in its way."""

    def keep(self, key: IdempotencyKey, run: str, answer: Mapping[str, Any], now: datetime) -> None:
        """The answer, for all who send the request again."""

    def release(self, key: IdempotencyKey, run: str, now: datetime) -> None:
        """Nobody works on it any more, and what was done is not known: the same request may run, no other."""

    def forget(self, key: IdempotencyKey, run: str) -> None:
        """Nothing was done: the key is free."""


class Idempotency:
    """Where the API finds the records. The wiring sets it: routes declare no store, and the API knows none."""

    records: ClassVar[Callable[[], IdempotencyRepository]]
