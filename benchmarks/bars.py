"""The targets that the figures must reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, le
from typing import NamedTuple

from benchmarks.checks import OURS, TREE
from benchmarks.cold_starts import AWS_CLIENT
from benchmarks.crowded_spot import MANY, MAX_RESPONSE_BYTES
from benchmarks.postgis import GEOGRAPHY, IN_SERVER
from benchmarks.results import Results
from benchmarks.timing import Timing


class Bar(NamedTuple):
    """A target. It is reached when all `figures` reach the limit."""

    label: str
    limit: float
    figures: Mapping[str, float]
    compare: Callable[[float, float], bool] = le

    @property
    def is_reached(self) -> bool | None:
        """Whether all figures reach the limit, or None without figures."""
        return all(map(self._reaches, self.figures.values())) if self.figures else None

    @property
    def missed_by(self) -> list[str]:
        return [name for name, figure in self.figures.items() if not self._reaches(figure)]

    def _reaches(self, figure: float) -> bool:
        # As the report shows it, with two decimals.
        return self.compare(round(figure, 2), self.limit)


def build_bars(results: Results) -> list[Bar]:
    largest, smaller = results.sizes[-1], results.sizes[-2]
    clock, mixed = results.time_clock.checks, results.mixed.checks
    ours, cold, spot = mixed.timings[largest][OURS], results.cold, results.crowded_spot
    postgis = results.mixed.postgis
    # PostGIS is compared by its time in the server, where it is fastest.
    postgis_ratios = (
        {} if isinstance(postgis, str) else _ratios(postgis.timings[GEOGRAPHY + IN_SERVER], postgis.timings[OURS])
    )
    check = f"check, mixed sizes, {largest:,}"
    return [
        Bar(f"{check}: times STRtree's own query", 2.5, _ratios(ours, mixed.timings[largest][TREE])),
        Bar(f"{check}: times faster than PostGIS geography", 3, postgis_ratios, ge),
        Bar(f"{check}: times that at {smaller:,}", 1.15, _ratios(ours, mixed.timings[smaller][OURS])),
        Bar(
            f"check, time clock, {largest:,}: times STRtree's own query",
            2,
            _ratios(clock.timings[largest][OURS], clock.timings[largest][TREE]),
        ),
        *(
            bar
            for name, reads in (("time clock", clock.reads[largest]), ("mixed sizes", mixed.reads[largest]))
            for bar in (
                Bar(f"read units a check, {name}", 2.5, {"mean": reads.units}),
                Bar(
                    f"read units a position, {name}, 1,000 over one city",
                    0.6,
                    {"mean": reads.batch_units, "worst": reads.batch_units_worst},
                ),
            )
        ),
        Bar(
            "cold start of the location function: times the AWS client's",
            1.6,
            {"": cold["location"].ratio_to(cold[AWS_CLIENT], min)},
        ),
        Bar(f"{MANY:,} geofences over one spot: returned", MANY, {"": spot.matches}, ge),
        Bar("the same: megabytes of the response", MAX_RESPONSE_BYTES / 1e6, {"": spot.response_bytes / 1e6}),
        Bar("the same: cost of each, times that with 1,000", 1, {"": spot.ratio}),
    ]


def _ratios(ours: Timing, theirs: Timing) -> dict[str, float]:
    return {"p50": ours.ratio_to(theirs, "p50_us"), "mean": ours.ratio_to(theirs, "mean_us")}
