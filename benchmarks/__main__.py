"""Run all benchmarks, like `make bench`: `python -m benchmarks [--geofences N] [--seed S] [--without-postgis]`."""

from __future__ import annotations

import argparse
import pickle
import time

from benchmarks import report
from benchmarks.checks import measure_checks
from benchmarks.cold_starts import measure_cold_starts
from benchmarks.crowded_spot import measure_crowded_spot
from benchmarks.geofence_sets import GeofenceSet, build_sets
from benchmarks.mixes import GEOFENCES_PER_TOWN, MIXED, TIME_CLOCK, Mix
from benchmarks.postgis import NotInstalled, PostgisComparison, compare_postgis
from benchmarks.request_cpu import measure_requests
from benchmarks.results import MixResults, Results, describe_machine, describe_versions
from local.paths import GENERATED
from local.progress import print_progress

_LAST_RUN = GENERATED / "benchmarks.pickle"


def main() -> None:
    options = _parse_options()
    if not options.report_only:
        _LAST_RUN.write_bytes(pickle.dumps(_measure(options)))
    print_progress(f"wrote {report.write_report(pickle.loads(_LAST_RUN.read_bytes())).name}")  # noqa: S301 - a file of this program


def _measure(options: argparse.Namespace) -> Results:
    started = time.monotonic()
    print_progress("cold starts")
    cold = measure_cold_starts(options.cold_starts)
    print_progress("crowded spot")
    crowded_spot = measure_crowded_spot(options.seed)
    largest = max(2, options.geofences // GEOFENCES_PER_TOWN) * GEOFENCES_PER_TOWN
    tenth = largest // 10 // GEOFENCES_PER_TOWN * GEOFENCES_PER_TOWN
    sizes = sorted({GEOFENCES_PER_TOWN, tenth, largest} - {0})
    time_clock, mixed = (_measure_mix(mix, sizes, options) for mix in (TIME_CLOCK, MIXED))
    return Results(
        seed=options.seed,
        sizes=sizes,
        positions=options.positions,
        passes=options.passes,
        machine=describe_machine(),
        versions=describe_versions(),
        minutes=(time.monotonic() - started) / 60,
        cold=cold,
        crowded_spot=crowded_spot,
        time_clock=time_clock,
        mixed=mixed,
    )


def _measure_mix(mix: Mix, sizes: list[int], options: argparse.Namespace) -> MixResults:
    print_progress(f"{mix.name}: building {sizes[-1]:,} geofences")
    geofence_sets = build_sets(mix, sizes, options.seed)
    print_progress(f"{mix.name}: requests")
    requests = measure_requests(geofence_sets[sizes[0]], options.seed)
    print_progress(f"{mix.name}: checks")
    checks = measure_checks(geofence_sets, options.positions, options.passes, options.seed)
    print_progress(f"{mix.name}: PostGIS")
    return MixResults(
        mix=mix,
        cells_per_geofence={size: it.cells_per_geofence for size, it in geofence_sets.items()},
        checks=checks,
        requests=requests,
        postgis=_compare_postgis(geofence_sets[sizes[-1]], options),
    )


def _compare_postgis(geofence_set: GeofenceSet, options: argparse.Namespace) -> PostgisComparison | str:
    if options.without_postgis:
        return "disabled by --without-postgis"
    try:
        return compare_postgis(geofence_set, min(options.positions, 1_000), options.passes, options.seed)
    except NotInstalled as error:
        return str(error)


def _parse_options() -> argparse.Namespace:
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
