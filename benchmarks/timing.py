"""Time several methods in turn at the same positions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import fmean, median
from time import perf_counter_ns
from typing import Any, NamedTuple, TypeVar

from geo.wgs84 import Position

Prepare = Callable[[Position], Callable[[], Any]]
"""Prepare for a position and return the call to time."""

Key = TypeVar("Key", bound=Hashable)


class Timing(NamedTuple):
    """Figures over all positions. The time at a position is the median of its passes, which ignores other load."""

    p50_us: float
    p99_us: float
    mean_us: float

    def ratio_to(self, other: Timing, figure: str) -> float:
        """Return the ratio of a figure to that of another."""
        ratio: float = getattr(self, figure) / getattr(other, figure)
        return ratio


def measure(
    sets: Mapping[Key, tuple[Sequence[Position], Mapping[str, Prepare]]], passes: int
) -> dict[Key, dict[str, Timing]]:
    """Measure the methods of each set at its positions, in several passes over all sets after a warm-up pass."""
    measured = [{key: measure_pass(*one) for key, one in sets.items()} for _ in range(passes + 1)][1:]
    return {
        key: {name: summarize(times_us[key][name] for times_us in measured) for name in methods}
        for key, (_, methods) in sets.items()
    }


def measure_pass(positions: Sequence[Position], methods: Mapping[str, Prepare]) -> dict[str, list[float]]:
    """Return the microseconds of each method at each position. The order of the methods alternates."""
    times_us: dict[str, list[float]] = {name: [] for name in methods}
    orders = [list(methods.items()), list(methods.items())[::-1]]
    for nth, position in enumerate(positions):
        for name, prepare in orders[nth % 2]:
            call = prepare(position)
            start_ns = perf_counter_ns()
            call()
            times_us[name].append((perf_counter_ns() - start_ns) / 1_000)
    return times_us


def summarize(passes: Iterable[Sequence[float]]) -> Timing:
    """Summarize the passes, each with a time for every position.

    >>> summarize([[1, 5], [2, 5], [9, 5]])
    Timing(p50_us=5, p99_us=5, mean_us=3.5)
    """
    figures = [median(times) for times in zip(*passes, strict=True)]
    return Timing(compute_percentile(figures, 50), compute_percentile(figures, 99), fmean(figures))


def compute_percentile(figures: Sequence[float], percent: float) -> float:
    """Return the figure below which this percentage of the figures lies.

    >>> compute_percentile([3, 1, 2], 50), compute_percentile([3, 1, 2], 99)
    (2, 3)
    """
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
