"""Whether a history of concurrent calls could have happened one after the other: Wing and Gong's search.

A history is linearizable if its calls can be put in one order in which each call comes after those that had been
answered before it was made, and each answer is the one that a model, asked in that order, gives (J. Wing and C. Gong,
Testing and Verifying Concurrent Objects, 1993; with the memory of G. Lowe, Testing for Linearizability, 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[C]):
    """What was asked and answered, and the instants of both, on one clock."""

    what: C
    made: float
    answered: float


def linearization(calls: Sequence[Call[C]], start: S, step: Callable[[S, C], S | None]) -> list[Call[C]] | None:
    """An order in which the calls could have happened, None where there is none.

    :param step: the state after a call, None where a call in this state is not answered so

    >>> def register(value: int, call: tuple[str, int]) -> int | None:
    ...     return call[1] if call[0] == "write" or call[1] == value else None
    >>> write = Call(what=("write", 1), made=0, answered=3)
    >>> old, new = Call(what=("read", 0), made=1, answered=2), Call(what=("read", 1), made=1, answered=2)
    >>> linearization([write, old], 0, register) == [old, write]
    True
    >>> late = Call(what=("read", 0), made=4, answered=5)
    >>> linearization([write, late], 0, register) is None
    True
    """
    seen: set[tuple[frozenset[int], S]] = set()

    def search(left: frozenset[int], state: S) -> list[int] | None:
        if not left:
            return []
        if (left, state) in seen:
            return None
        seen.add((left, state))
        first_answer = min(calls[n].answered for n in left)
        for n in sorted(left, key=lambda n: calls[n].made):
            # What was made after another was answered cannot come before that.
            if calls[n].made > first_answer:
                break
            after = step(state, calls[n].what)
            rest = search(left - {n}, after) if after is not None else None
            if rest is not None:
                return [n, *rest]
        return None

    order = search(frozenset(range(len(calls))), start)
    return [calls[n] for n in order] if order is not None else None
