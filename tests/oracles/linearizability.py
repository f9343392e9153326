"""Find out whether a history of concurrent calls is linearizable, with the search of Wing and Gong.

A history is linearizable if its calls have an order with two properties. Each call comes after those that were
answered before it was sent. Each answer is the one that a sequential model gives in that order.

Sources: J. Wing and C. Gong, Testing and Verifying Concurrent Objects, 1993; the cache of visited states is from
G. Lowe, Testing for Linearizability, 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[C]):
    """A call with its answer, and the instants of both on one clock."""

    content: C
    sent_at: float
    answered_at: float


def find_linearization(calls: Sequence[Call[C]], start: S, apply: Callable[[S, C], S | None]) -> list[Call[C]] | None:
    """Return an order in which the calls could have happened, or None.

    `apply` returns the state after a call, or None if the call has another answer in this state.

    >>> def register(value: int, call: tuple[str, int]) -> int | None:
    ...     return call[1] if call[0] == "write" or call[1] == value else None
    >>> write = Call(content=("write", 1), sent_at=0, answered_at=3)
    >>> read = Call(content=("read", 0), sent_at=1, answered_at=2)
    >>> find_linearization([write, read], 0, register) == [read, write]
    True
    >>> late = Call(content=("read", 0), sent_at=4, answered_at=5)
    >>> find_linearization([write, late], 0, register) is None
    True
    """
    visited: set[tuple[frozenset[int], S]] = set()

    def search(remaining: frozenset[int], state: S) -> list[int] | None:
        if not remaining:
            return []
        if (remaining, state) in visited:
            return None
        visited.add((remaining, state))
        first_answer = min(calls[n].answered_at for n in remaining)
        for n in sorted(remaining, key=lambda n: calls[n].sent_at):
            # A call that was sent after another was answered cannot come before it.
            if calls[n].sent_at > first_answer:
                break
            after = apply(state, calls[n].content)
            rest = search(remaining - {n}, after) if after is not None else None
            if rest is not None:
                return [n, *rest]
        return None

    order = search(frozenset(range(len(calls))), start)
    return [calls[n] for n in order] if order is not None else None
