"""What the figures have to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, le
from typing import NamedTuple

from benchmarks.checks import OURS, TREE
from benchmarks.cold import AWS_CLIENT
from benchmarks.crowd import MANY, MAX_ANSWER_BYTES
from benchmarks.postgis import GEOGRAPHY, IN_SERVER, Compared
from benchmarks.results import Results
from benchmarks.timing import Timing


class Bar(NamedTuple):
    """`measured` are figures by name; the bar is reached where all of them do."""

    what: str
    limit: float
    measured: Mapping[str, float]
    reaches: Callable[[float, float], bool] = le

    @property
    def is_reached(self) -> bool | None:
        """None where nothing could be measured."""
        return all(map(self._is_reached_by, self.measured.values())) if self.measured else None

    @property
    def missed_by(self) -> list[str]:
        return [name for name, figure in self.measured.items() if not self._is_reached_by(figure)]

    def _is_reached_by(self, figure: float) -> bool:
        """As it is shown, to two decimals."""
        return self.reaches(round(figure, 2), self.limit)


def bars(results: Results) -> list[Bar]:
    most, fewer = results.sizes[-1], results.sizes[-2]
    clock, mixed = results.time_clock.checks, results.mixed.checks
    ours, cold, crowd = mixed.timings[most][OURS], results.cold, results.crowd
    check = f"check, mixed sizes, {most:,}"
    return [
        Bar(f"{check}: times STRtree's own query", 2.5, _times(ours, mixed.timings[most][TREE])),
        Bar(f"{check}: times faster than PostGIS geography", 3, _of_postgis(results.mixed.postgis), ge),
        Bar(f"{check}: times that at {fewer:,}", 1.15, _times(ours, mixed.timings[fewer][OURS])),
        Bar(
            f"check, time clock, {most:,}: times STRtree's own query",
            2,
            _times(clock.timings[most][OURS], clock.timings[most][TREE]),
        ),
        *(
            bar
            for name, reading in (("time clock", clock.readings[most]), ("mixed sizes", mixed.readings[most]))
            for bar in (
                Bar(f"read units a check, {name}", 2.5, {"mean": reading.units}),
                Bar(
                    f"read units a position, {name}, 1,000 over one city",
                    0.6,
                    {"mean": reading.batch_units, "worst": reading.batch_units_worst},
                ),
            )
        ),
        Bar(
            "cold start of the location function: times the AWS client's",
            1.6,
            {"": cold["location"].times(cold[AWS_CLIENT], min)},
        ),
        Bar(f"{MANY:,} geofences over one spot: returned", MANY, {"": crowd.matches}, ge),
        Bar("the same: megabytes of the response", MAX_ANSWER_BYTES / 1e6, {"": crowd.answer_bytes / 1e6}),
        Bar("the same: cost of each, times that with 1,000", 1, {"": crowd.times}),
    ]


def _times(ours: Timing, theirs: Timing) -> dict[str, float]:
    return {"p50": ours.times(theirs, "p50_us"), "mean": ours.times(theirs, "mean_us")}


def _of_postgis(compared: Compared | str) -> dict[str, float]:
    """By its time in the server, where it is quickest."""
    if isinstance(compared, str):
        return {}
    return _times(compared.timings[GEOGRAPHY + IN_SERVER], compared.timings[OURS])
