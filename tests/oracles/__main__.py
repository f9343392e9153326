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

from tests.oracles.atlas import AtlasFindings, NoAtlas, atlas_compared, real_polygons
from tests.oracles.comparison import Disagreement, Findings, compared
from tests.oracles.index import IndexFindings, index_compared
from tests.oracles.nearest import NearestFindings, nearest_compared
from tests.oracles.shapes import Parts

_PAIRS_AT_ONCE, _POSITIONS_AT_ONCE, _SEARCHES_AT_ONCE, _POLYGONS_AT_ONCE = 1_000, 50_000, 100, 50
_ATLAS = Path(".local/atlas")
_MOST_SHOWN = 3


def main() -> int:
    options = _options()
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    findings, looked_up, searched, atlas = Findings(), IndexFindings(), NearestFindings(), AtlasFindings()
    real = _real_polygons()
    with Pool(cpu_count()) as pool:
        for some in pool.imap_unordered(_compared, _shares(options.pairs, _PAIRS_AT_ONCE, options.seed)):
            findings.add(some)
        for found in pool.imap_unordered(_looked_up, _shares(options.positions, _POSITIONS_AT_ONCE, options.seed)):
            looked_up.add(found)
        for near in pool.imap_unordered(_searched, _shares(options.searches, _SEARCHES_AT_ONCE, options.seed)):
            searched.add(near)
        for judged in pool.imap_unordered(_judged, _some_of(real, options.seed)):
            atlas.add(judged)
    for kind in sorted(findings.pairs):
        _print_pairs(kind, findings, kind)
    if real:
        _print_pairs("Real", atlas.pairs)
        reasons = ", ".join(f"{count} {reason}" for reason, count in atlas.refused.most_common())
        print(f"Real     {atlas.polygons:9,} polygons accepted, {atlas.refused.total():,} refused: {reasons}")
    print(
        f"index    {looked_up.positions:9,} positions, {looked_up.geofences:,} geofences,"
        f" {looked_up.inside:,} pairs inside"
    )
    print(f"nearest  {searched.searches:9,} searches, {sum(searched.rounds):,} rounds of reads")
    disagreements = [
        *findings.disagreements,
        *atlas.pairs.disagreements,
        *looked_up.disagreements,
        *searched.disagreements,
    ]
    _show(disagreements)
    print(f"{len(disagreements):,} disagreements in {time.monotonic() - started:.0f} s with seed {options.seed}")
    return 1 if disagreements else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200_000, help="pairs of a shape and a position")
    parser.add_argument("--positions", type=int, default=1_000_000, help="positions looked up in the cell index")
    parser.add_argument("--searches", type=int, default=1_000, help="searches for the nearest geofences")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="the same seed gives the same comparison")
    return parser.parse_args()


def _shares(total: int, at_once: int, seed: str) -> Iterator[tuple[int, str]]:
    """The work in pieces, each with a seed of its own that does not depend on the number of cores."""
    for nth, start in enumerate(range(0, total, at_once)):
        yield min(at_once, total - start), f"{seed}/{nth}"


def _real_polygons() -> list[Parts]:
    try:
        return real_polygons(_ATLAS)
    except NoAtlas as why:
        print(f"real polygons are skipped: {why}", flush=True)
        return []


def _some_of(real: list[Parts], seed: str) -> Iterator[tuple[list[Parts], str]]:
    for start in range(0, len(real), _POLYGONS_AT_ONCE):
        yield real[start : start + _POLYGONS_AT_ONCE], f"{seed}/{start}"


def _compared(share: tuple[int, str]) -> Findings:
    return compared(*share)


def _looked_up(share: tuple[int, str]) -> IndexFindings:
    return index_compared(*share)


def _searched(share: tuple[int, str]) -> NearestFindings:
    return nearest_compared(*share)


def _judged(share: tuple[list[Parts], str]) -> AtlasFindings:
    return atlas_compared(*share)


def _print_pairs(label: str, findings: Findings, kind: str = "Polygon") -> None:
    print(
        f"{label:8} {findings.pairs[kind]:9,} pairs, {findings.near_pairs[kind]:9,} within 1 % of the boundary;"
        f" worst distance {findings.worst_m[kind] * 1000:9.4f} mm off,"
        f" worst wrong side {findings.worst_side_m[kind] * 1000:9.4f} mm from the boundary"
    )


def _show(disagreements: list[Disagreement]) -> None:
    """How many there are of each sort, and some of each."""
    sorts: dict[str, list[Disagreement]] = {}
    for disagreement in disagreements:
        sorts.setdefault(disagreement.what, []).append(disagreement)
    for sort, of_it in sorts.items():
        print(f"\n{len(of_it):,} x {sort}")
        for disagreement in of_it[:_MOST_SHOWN]:
            print(f"  {disagreement}")


if __name__ == "__main__":
    sys.exit(main())
