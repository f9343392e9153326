"""Run all benchmarks, like `make bench`: `python -m benchmarks [--geofences N] [--seed S] [--without-postgis]`."""

from __future__ import annotations

import argparse
import pickle
import time
from typing import Any

from benchmarks import report
from benchmarks.building import build
from benchmarks.checks import check_all
from benchmarks.cold import cold_starts
from benchmarks.crowd import crowd
from benchmarks.mixes import GEOFENCES_A_TOWN, MIXED, TIME_CLOCK, Mix
from benchmarks.postgis import Compared, NotInstalled, compared
from benchmarks.requests import requests
from benchmarks.results import OfMix, Results, machine, versions
from local.paths import GENERATED
from local.progress import print_progress

_LAST_RUN = GENERATED / "benchmarks.pickle"


def main() -> None:
    options = _options()
    if not options.report_only:
        _LAST_RUN.write_bytes(pickle.dumps(_measured(options)))
    print_progress(f"wrote {report.write(pickle.loads(_LAST_RUN.read_bytes())).name}")  # noqa: S301 - our own


def _measured(options: argparse.Namespace) -> Results:
    started = time.monotonic()
    print_progress("cold starts")
    cold = cold_starts(options.cold_starts)
    print_progress("crowded spot")
    over_one_spot = crowd(options.seed)
    most = max(2, options.geofences // GEOFENCES_A_TOWN) * GEOFENCES_A_TOWN
    tenth = most // 10 // GEOFENCES_A_TOWN * GEOFENCES_A_TOWN
    sizes = sorted({GEOFENCES_A_TOWN, tenth, most} - {0})
    time_clock, mixed = (_of_mix(mix, sizes, options) for mix in (TIME_CLOCK, MIXED))
    return Results(
        seed=options.seed,
        sizes=sizes,
        positions=options.positions,
        passes=options.passes,
        machine=machine(),
        versions=versions(),
        minutes=(time.monotonic() - started) / 60,
        cold=cold,
        crowd=over_one_spot,
        time_clock=time_clock,
        mixed=mixed,
    )


def _of_mix(mix: Mix, sizes: list[int], options: argparse.Namespace) -> OfMix:
    print_progress(f"{mix.name}: building {sizes[-1]:,} geofences")
    built = build(mix, sizes, options.seed)
    print_progress(f"{mix.name}: requests")
    asked = requests(built[sizes[0]], options.seed)
    print_progress(f"{mix.name}: checks")
    checks = check_all(built, options.positions, options.passes, options.seed)
    print_progress(f"{mix.name}: PostGIS")
    return OfMix(
        mix=mix,
        cells_a_geofence={size: one.cells_a_geofence for size, one in built.items()},
        checks=checks,
        requests=asked,
        postgis=_postgis(built[sizes[-1]], options),
    )


def _postgis(built: Any, options: argparse.Namespace) -> Compared | str:
    if options.without_postgis:
        return "disabled by --without-postgis"
    try:
        return compared(built, min(options.positions, 1_000), options.passes, options.seed)
    except NotInstalled as why:
        return str(why)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--geofences", type=int, default=1_000_000, help="the largest set, a multiple of 1,000")
    parser.add_argument("--seed", default="fencepost")
    parser.add_argument("--positions", type=int, default=3_000, help="positions at which each set is checked")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--cold-starts", type=int, default=11, help="rounds over all functions")
    parser.add_argument("--without-postgis", action="store_true")
    parser.add_argument("--report-only", action="store_true", help="write the report of the last run again")
    return parser.parse_args()


if __name__ == "__main__":
    main()
