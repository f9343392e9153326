"""What the figures have to reach."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.checks import OURS, TREE
from benchmarks.cold import AWS_CLIENT
from benchmarks.crowd import MANY, MAX_ANSWER_BYTES
from benchmarks.postgis import GEOGRAPHY, IN_SERVER, Compared
from benchmarks.results import OfMix, Results

_FIGURES = {"p50_us": "p50", "mean_us": "mean"}


class Bar(NamedTuple):
    what: str
    bar: str
    measured: str
    is_reached: bool | None
    """None where it could not be measured."""


def bars(results: Results) -> list[Bar]:
    most, fewer = results.sizes[-1], results.sizes[-2]
    mixed, cold, crowd = results.mixed, results.cold, results.crowd
    found: list[Bar] = []
    check = f"check, mixed sizes, {most:,}"
    for figure in _FIGURES:
        found.append(
            _at_most(f"{check}, to STRtree's own query: {_FIGURES[figure]}", 2.5, _to_tree(mixed, most, figure))
        )
    for figure in _FIGURES:
        what = f"{check}, of PostGIS geography in the server to it: {_FIGURES[figure]}"
        found.append(_faster_than_postgis(what, 3, mixed.postgis, figure))
    for figure in _FIGURES:
        grown = mixed.checks.timings[most][OURS].times(mixed.checks.timings[fewer][OURS], figure)
        found.append(_at_most(f"{check}, to that at {fewer:,}: {_FIGURES[figure]}", 1.15, grown))
    for figure in _FIGURES:
        what = f"check, time clock, {most:,}, to STRtree's own query: {_FIGURES[figure]}"
        found.append(_at_most(what, 2.0, _to_tree(results.time_clock, most, figure)))
    for of_mix in (results.time_clock, mixed):
        reading = of_mix.checks.readings[most]
        found += [
            _units(f"read units a check, {of_mix.mix.name}, mean", 2.5, reading.units),
            _units(
                f"read units a position in a batch, {of_mix.mix.name}, worst city", 0.6, reading.batch_units_worst
            ),
        ]
    whole = crowd.matches == MANY and crowd.answer_bytes < MAX_ANSWER_BYTES
    return [
        *found,
        _at_most(
            "cold start of the location function to the AWS client's",
            1.6,
            cold["location"].times(cold[AWS_CLIENT], min),
        ),
        Bar(
            f"{MANY:,} geofences over one spot: answered whole",
            f"{MANY:,}, below 6 MB",
            f"{crowd.matches:,}, {crowd.answer_bytes / 1e6:.1f} MB",
            whole,
        ),
        _at_most("the same: cost of each to that with 1,000", 1.0, crowd.times),
    ]


def _to_tree(of_mix: OfMix, size: int, figure: str) -> float:
    timings = of_mix.checks.timings[size]
    return timings[OURS].times(timings[TREE], figure)


def _at_most(what: str, limit: float, measured: float) -> Bar:
    return Bar(what, f"at most {limit:g} times", f"{measured:.2f} times", round(measured, 2) <= limit)


def _units(what: str, limit: float, measured: float) -> Bar:
    return Bar(what, f"at most {limit:g}", f"{measured:.2f}", round(measured, 2) <= limit)


def _faster_than_postgis(what: str, least: float, compared: Compared | str, figure: str) -> Bar:
    if isinstance(compared, str):
        return Bar(what, f"at least {least:g} times", "not measured", None)
    measured = compared.timings[GEOGRAPHY + IN_SERVER].times(compared.timings[OURS], figure)
    return Bar(what, f"at least {least:g} times", f"{measured:.2f} times", round(measured, 2) >= least)
