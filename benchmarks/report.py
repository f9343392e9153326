"""docs/benchmarks.md, written whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.bars import bars
from benchmarks.checks import BATCH, OURS, TREE, TREE_PREPARED
from benchmarks.cold import AWS_CLIENT
from benchmarks.crowd import FEW, MANY
from benchmarks.dollars import MB_A_VCPU, PRICES, Dollars, a_million, memory_mb
from benchmarks.plots import draw
from benchmarks.postgis import GEOGRAPHY, GEOMETRY, IN_SERVER, Compared
from benchmarks.results import OfMix, Results
from local.places import ROOT

DOCS = ROOT / "docs"
_WAITING_MS = 5


def write(results: Results) -> Path:
    costs = _costs(results)
    draw(results, costs, DOCS / "benchmarks")
    file = DOCS / "benchmarks.md"
    parts = (
        _bars(results),
        _checks(results),
        _postgis(results),
        _reads(results),
        _crowd(results),
        _cold(results),
        _requests(results),
        _dollars(results, costs),
        _how(results),
    )
    file.write_text("\n\n".join(parts) + "\n")
    return file


def _bars(results: Results) -> str:
    words = {True: "reached", False: "**missed**", None: "not measured"}
    found = bars(results)
    reached = sum(bar.is_reached is True for bar in found)
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`, which measures all of it in one run and on the same geofences. Ratios hold on other"
        " machines, microseconds do not.\n\n"
        f"{results.machine}. {results.versions}.\n\n"
        f"**{reached} of {len(found)} bars are reached.**\n\n"
        + _table(
            ("what", "bar", "measured", ""),
            ((bar.what, bar.bar, bar.measured, words[bar.is_reached]) for bar in found),
        )
    )


def _checks(results: Results) -> str:
    rows = []
    for of_mix in (results.time_clock, results.mixed):
        for size, timings in of_mix.checks.timings.items():
            for name in (OURS, TREE, TREE_PREPARED):
                ours = timings[OURS]
                rows.append(
                    (
                        of_mix.mix.name if name == OURS else "",
                        f"{size:,}" if name == OURS else "",
                        name,
                        *(f"{figure:,.1f}" for figure in timings[name]),
                        *(_times(ours.times(timings[name], figure), name) for figure in ("p50_us", "mean_us")),
                    )
                )
    return (
        "## A check in process\n\n"
        "From a position to its matches with names and distances, the table's items in memory. The STRtree, which has"
        " the same shapes as polygons, answers with their indices: it is the limit.\n\n"
        "![Microseconds of a check by the number of geofences](benchmarks/checks.svg)\n\n"
        + _table(("mix", "geofences", "", "p50 µs", "p99 µs", "mean µs", "Fencepost to it, p50", "mean"), rows)
        + f"\n\n{_agreement(results)}"
    )


def _agreement(results: Results) -> str:
    pairs = [one for mix in (results.time_clock, results.mixed) for one in mix.checks.agreements.values()]
    ours, tree = sum(one.ours for one in pairs), sum(one.tree for one in pairs)
    return (
        f"Where the answers were counted, Fencepost found {ours:,} matches and the STRtree {tree:,}; a circle of 64"
        " sides is a little smaller than the circle, and a plane is not the ellipsoid."
    )


def _postgis(results: Results) -> str:
    rows, remarks = [], []
    for of_mix in (results.time_clock, results.mixed):
        compared = of_mix.postgis
        if not isinstance(compared, Compared):
            remarks.append(f"{of_mix.mix.name}: not compared, {compared}.")
            continue
        for name in (OURS, GEOGRAPHY + IN_SERVER, GEOMETRY + IN_SERVER, GEOGRAPHY, GEOMETRY):
            timings = compared.timings[name]
            shown = name if name == OURS or IN_SERVER in name else f"{name}, with its socket"
            rows.append(
                (
                    of_mix.mix.name if name == OURS else "",
                    shown,
                    *(f"{figure:,.1f}" for figure in timings),
                    *(
                        _times(timings.times(compared.timings[OURS], figure), name)
                        for figure in ("p50_us", "mean_us")
                    ),
                )
            )
        found = ", ".join(f"{name} {count:,}" for name, count in compared.matches.items())
        remarks.append(f"{compared.version}; {of_mix.mix.name}, matches found: {found}.")
    table = _table(("mix", "", "p50 µs", "p99 µs", "mean µs", "it to Fencepost, p50", "mean"), rows) if rows else ""
    return "\n\n".join(
        part
        for part in (
            f"## Against PostGIS, at {results.sizes[-1]:,}",
            "Alone on the machine and without a network: the time in the server is that of the statement in a loop of"
            " PL/pgSQL, with its plan kept; with its socket, that of a prepared statement from psycopg. It answers"
            " with ids only.",
            table,
            "\n".join(f"- {remark}" for remark in remarks),
        )
        if part
    )


def _reads(results: Results) -> str:
    rows = []
    for of_mix in (results.time_clock, results.mixed):
        for size, reading in of_mix.checks.readings.items():
            rows.append(
                (
                    of_mix.mix.name,
                    f"{size:,}",
                    f"{of_mix.cells_a_geofence[size]:.2f}",
                    f"{reading.candidates:.1f}",
                    f"{reading.units:.2f} / {reading.units_p50:g} / {reading.units_p99:g}",
                    f"{reading.bytes:,.0f} / {reading.bytes_p50:,.0f} / {reading.bytes_p99:,.0f}",
                    f"{reading.batch_units:.3f} / {reading.batch_units_worst:.3f}",
                    f"{reading.batch_bytes:,.0f}",
                )
            )
    first = [
        f"{of_mix.mix.name}, {size:,}: {reading.first_share:.0%} of the checks by a container that has just begun meet"
        f" a big geometry, and read {reading.first_units:.1f} units and {reading.first_bytes:,.0f} bytes, once."
        for of_mix in (results.time_clock, results.mixed)
        for size, reading in list(of_mix.checks.readings.items())[-1:]
        if reading.first_share
    ]
    return (
        "## What a check reads\n\n"
        + _table(
            (
                "mix",
                "geofences",
                "cells a geofence",
                "candidates a check",
                "read units: mean / p50 / p99",
                "bytes: mean / p50 / p99",
                f"units a position, batch of {BATCH:,}: mean / worst",
                "bytes a position",
            ),
            rows,
        )
        + "\n\nEventually consistent. An empty cell costs half a unit as one of 4 KB does, so five cells are 2.5 at the"
        " least. Candidates are the entries in the cells that are read. A batch lies in one town of 20 by 20 km.\n\n"
        + "\n".join(f"- {line}" for line in first)
    ).rstrip()


def _crowd(results: Results) -> str:
    crowd = results.crowd
    return (
        "## A crowd over one spot\n\n"
        + _table(
            ("geofences over the spot", "µs for each match, in process"),
            ((f"{FEW:,}", f"{crowd.few_us:.2f}"), (f"{MANY:,}", f"{crowd.many_us:.2f}")),
        )
        + (
            f"\n\n{crowd.times:.2f} times. The function tells {crowd.matches:,} matches in {crowd.answer_bytes:,} bytes;"
            " it may answer 6 MB."
        )
    )


def _cold(results: Results) -> str:
    client = results.cold[AWS_CLIENT]
    rows = (
        (
            name,
            f"{median(cold.import_ms):.0f}",
            f"{median(cold.ready_ms):.0f}",
            f"{min(cold.ready_ms):.0f}",
            "" if cold is client else f"{cold.times(client, median):.2f}",
            "" if cold is client else f"{cold.times(client, min):.2f}",
        )
        for name, cold in results.cold.items()
    )
    return (
        "## Cold starts\n\n"
        "A fresh Python with the built layers alone. Ready is when what SnapStart makes before its snapshot is made;"
        " the AWS client alone is botocore and one DynamoDB client. The bar is held against the least of the rounds.\n\n"
        "![Milliseconds until a function is ready](benchmarks/cold-starts.svg)\n\n"
        + _table(
            ("", "imported, ms", "ready, ms", "ready, least ms", "to the client, median", "of the least ones"), rows
        )
    )


def _requests(results: Results) -> str:
    both = (results.time_clock, results.mixed)
    lines = {
        "AWS client, BatchGetItem of the 5 cells of a check": [one.requests.client_5_ms for one in both],
        "AWS client, BatchGetItem of 100 cells": [one.requests.client_100_ms for one in both],
        "the handler, a check, its client included": [one.requests.check_ms for one in both],
        f"the handler, a batch of {BATCH:,} over a town": [one.requests.batch_ms for one in both],
    }
    rows = ((what, *(f"{figure:,.2f}" for figure in figures)) for what, figures in lines.items())
    return (
        "## CPU of a request\n\n"
        + _table(("milliseconds of CPU, mean", *(one.mix.name for one in both)), rows)
        + "\n\nFrom a table behind HTTP on loopback, so without TLS."
    )


def _costs(results: Results) -> dict[str, Dollars]:
    mixed = results.mixed
    reading = mixed.checks.readings[results.sizes[-1]]
    cpu, batch = mixed.requests.check_ms, mixed.requests.batch_ms
    stretched = MB_A_VCPU / memory_mb()
    return {
        "check, CPU alone": a_million(billed_ms=cpu, units_a_position=reading.units),
        f"check, with {_WAITING_MS} ms of waiting": a_million(
            billed_ms=cpu + _WAITING_MS, units_a_position=reading.units
        ),
        "the same on its share of a vCPU": a_million(
            billed_ms=cpu * stretched + _WAITING_MS, units_a_position=reading.units
        ),
        f"batches of {BATCH:,}, with {_WAITING_MS} ms": a_million(
            billed_ms=batch + _WAITING_MS, units_a_position=reading.batch_units, positions_a_call=BATCH
        ),
    }


def _dollars(results: Results, costs: dict[str, Dollars]) -> str:
    rows = (
        (what, *(f"{part:.3f}" for part in (one.api, one.calls, one.compute, one.reads)), f"**{one.total:.2f}**")
        for what, one in costs.items()
    )
    return (
        "## Dollars a million positions\n\n"
        f"Mixed sizes, {results.sizes[-1]:,} geofences. **An estimate**: the CPU above rounded up to a millisecond, at"
        f" {memory_mb():,} MB on arm64 and list prices ({PRICES}), which need checking before anyone relies on them.\n\n"
        "![Dollars a million positions](benchmarks/dollars.svg)\n\n"
        + _table(("", "API Gateway", "Lambda, calls", "Lambda, time", "DynamoDB", "together"), rows)
        + f"\n\nLambda gives {memory_mb():,} MB {memory_mb() / MB_A_VCPU:.2f} of a vCPU, which the third line counts in."
        " Not counted: the authorizer, whose answer is kept for a minute, logs, and data out."
    )


def _how(results: Results) -> str:
    return (
        "## How it was measured\n\n"
        f"- Two mixes, seed `{results.seed}`, in towns of 1,000 geofences over 20 by 20 km; more geofences are more"
        " towns, and the smaller sets are part of the larger.\n"
        + "".join(f"  - {one.mix.name}: {one.mix.says}\n" for one in (results.time_clock, results.mixed))
        + f"- {results.positions:,} positions in the towns, {results.passes} passes after one that warms up, so what is"
        " big has been read once and is kept, as a warm container keeps it. The time at a position is the median of its"
        " passes, so what else the machine does is left out; percentiles and means are over positions.\n"
        "- Position by position all are asked in one process, in an order that turns round; the passes over the sizes"
        " take turns. The collector runs, with all that was built frozen (`gc.freeze`), as a function has no million"
        " geofences to look through.\n"
        "- STRtree: circles are polygons of 64 sides, corridors buffered in a plane. Its own query is"
        ' `tree.query(Point(lon, lat), predicate="intersects")`, the point made each time. The other way asks the'
        " tree for boxes and then `intersects_xy` of polygons that are prepared, which is faster where polygons are"
        " large.\n"
        "- PostGIS: a server of its own. geography: centre or line with its radius, or the polygon; a box a little"
        " larger with a GiST index, then ST_DWithin or ST_Covers on the spheroid. geometry: the STRtree's polygons"
        " with a GiST index and ST_Intersects. Nothing compressed, all in shared buffers. Asked in a pass of its own"
        " each, taking turns with Fencepost's: a process that waits for another's answer is slow at its own work.\n"
        "- Read units by the rules of DynamoDB's developer guide, item by item; no DynamoDB was asked.\n"
        f"- {results.minutes:.0f} minutes in all, on a machine that others may have used at the same time."
    )


def _times(ratio: float, name: str) -> str:
    return "" if name == OURS else f"{ratio:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
