"""How long an answer takes, with those who are compared asked in turn about the same positions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import fmean, median
from time import perf_counter_ns
from typing import Any, NamedTuple, TypeVar

from geo.wgs84 import Position

Ask = Callable[[Position], Callable[[], Any]]
"""Makes ready for a position, and gives what then answers it: only that is timed."""

Field = TypeVar("Field", bound=Hashable)


class Timing(NamedTuple):
    """Over all positions, where that of each is the median of its passes: what else a machine does is left out."""

    p50_us: float
    p99_us: float
    mean_us: float

    def times(self, other: Timing, figure: str) -> float:
        """How many times as long as another."""
        ratio: float = getattr(self, figure) / getattr(other, figure)
        return ratio


def timed(
    fields: Mapping[Field, tuple[Sequence[Position], Mapping[str, Ask]]], passes: int
) -> dict[Field, dict[str, Timing]]:
    """Several passes over the fields in turn, after one that warms up."""
    taken = [{field: one_pass(*asked) for field, asked in fields.items()} for _ in range(passes + 1)][1:]
    return {
        field: {name: timing(one[field][name] for one in taken) for name in asked}
        for field, (_, asked) in fields.items()
    }


def one_pass(positions: Sequence[Position], asked: Mapping[str, Ask]) -> dict[str, list[float]]:
    """Microseconds at each position, which is asked of all before the next one is, in an order that turns round."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    orders = [list(asked.items()), list(asked.items())[::-1]]
    for nth, position in enumerate(positions):
        for name, ask in orders[nth % 2]:
            answer = ask(position)
            before = perf_counter_ns()
            answer()
            took[name].append((perf_counter_ns() - before) / 1_000)
    return took


def timing(passes: Iterable[Sequence[float]]) -> Timing:
    """
    >>> timing([[1, 5], [2, 5], [9, 5]])
    Timing(p50_us=5, p99_us=5, mean_us=3.5)
    """
    figures = [median(of_one) for of_one in zip(*passes, strict=True)]
    return Timing(percentile(figures, 50), percentile(figures, 99), fmean(figures))


def percentile(figures: Sequence[float], of_100: float) -> float:
    """The figure below which so many of a hundred are.

    >>> percentile([3, 1, 2], 50), percentile([3, 1, 2], 99)
    (2, 3)
    """
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of_100 / 100))]
