"""Compare with oracles, on every core: `python -m tests.oracles [--pairs N --positions N --searches N --seed S]`.

npm fetches the real polygons, once. Without npm they are skipped.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool, cpu_count
from pathlib import Path

from tests.oracles.atlas import AtlasFindings, NoAtlas, compare_atlas, load_real_polygons
from tests.oracles.comparison import Disagreement, Findings, run_comparison
from tests.oracles.index import IndexFindings, compare_index
from tests.oracles.nearest import NearestFindings, compare_nearest
from tests.oracles.shapes import Parts

# The size of a piece of work for one process.
_PAIRS, _POSITIONS, _SEARCHES, _POLYGONS = 1_000, 50_000, 100, 50
_ATLAS = Path(".local/atlas")
_MAX_SHOWN = 3


def main() -> int:
    options = _parse_options()
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    shapes, index, nearest, atlas = Findings(), IndexFindings(), NearestFindings(), AtlasFindings()
    real = _load_real_polygons()
    with Pool(cpu_count()) as pool:
        for shape_findings in pool.imap_unordered(_run_comparison, _split(options.pairs, _PAIRS, options.seed)):
            shapes.add(shape_findings)
        for index_findings in pool.imap_unordered(
            _compare_index, _split(options.positions, _POSITIONS, options.seed)
        ):
            index.add(index_findings)
        pieces = _split(options.searches, _SEARCHES, options.seed)
        for nearest_findings in pool.imap_unordered(_compare_nearest, pieces):
            nearest.add(nearest_findings)
        for atlas_findings in pool.imap_unordered(_compare_atlas, _split_polygons(real, options.seed)):
            atlas.add(atlas_findings)
    for kind in sorted(shapes.pairs):
        _print_pairs(kind, shapes, kind)
    if real:
        _print_pairs("Real", atlas.pairs)
        reasons = ", ".join(f"{count} {reason}" for reason, count in atlas.refused.most_common())
        print(f"Real     {atlas.polygons:9,} polygons accepted, {atlas.refused.total():,} refused: {reasons}")
    print(f"index    {index.positions:9,} positions, {index.geofences:,} geofences, {index.inside:,} pairs inside")
    print(f"nearest  {nearest.searches:9,} searches, {sum(nearest.rounds):,} rounds of reads")
    disagreements = [
        *shapes.disagreements,
        *atlas.pairs.disagreements,
        *index.disagreements,
        *nearest.disagreements,
    ]
    _print_samples(disagreements)
    print(f"{len(disagreements):,} disagreements in {time.monotonic() - started:.0f} s with seed {options.seed}")
    return 1 if disagreements else 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200_000, help="pairs of a shape and a position")
    parser.add_argument("--positions", type=int, default=1_000_000, help="positions looked up in the cell index")
    parser.add_argument("--searches", type=int, default=1_000, help="searches for the nearest geofences")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="the same seed gives the same comparison")
    return parser.parse_args()


def _split(total: int, size: int, seed: str) -> Iterator[tuple[int, str]]:
    """Split the work into pieces, each with its own seed, which does not depend on the number of cores."""
    for nth, start in enumerate(range(0, total, size)):
        yield min(size, total - start), f"{seed}/{nth}"


def _load_real_polygons() -> list[Parts]:
    try:
        return load_real_polygons(_ATLAS)
    except NoAtlas as error:
        print(f"real polygons are skipped: {error}", flush=True)
        return []


def _split_polygons(real: list[Parts], seed: str) -> Iterator[tuple[list[Parts], str]]:
    for start in range(0, len(real), _POLYGONS):
        yield real[start : start + _POLYGONS], f"{seed}/{start}"


# A process pool passes one argument.
def _run_comparison(share: tuple[int, str]) -> Findings:
    return run_comparison(*share)


def _compare_index(share: tuple[int, str]) -> IndexFindings:
    return compare_index(*share)


def _compare_nearest(share: tuple[int, str]) -> NearestFindings:
    return compare_nearest(*share)


def _compare_atlas(share: tuple[list[Parts], str]) -> AtlasFindings:
    return compare_atlas(*share)


def _print_pairs(label: str, findings: Findings, kind: str = "Polygon") -> None:
    print(
        f"{label:8} {findings.pairs[kind]:9,} pairs, {findings.near_pairs[kind]:9,} within 1 % of the boundary;"
        f" worst distance {findings.worst_m[kind] * 1000:9.4f} mm off,"
        f" worst wrong side {findings.worst_side_m[kind] * 1000:9.4f} mm from the boundary"
    )


def _print_samples(disagreements: list[Disagreement]) -> None:
    """Print the number of disagreements of each kind, and some of them."""
    by_kind: dict[str, list[Disagreement]] = {}
    for disagreement in disagreements:
        by_kind.setdefault(disagreement.what, []).append(disagreement)
    for kind, of_kind in by_kind.items():
        print(f"\n{len(of_kind):,} x {kind}")
        for disagreement in of_kind[:_MAX_SHOWN]:
            print(f"  {disagreement}")


if __name__ == "__main__":
    sys.exit(main())
