"""Write docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import ge
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar, build_bars
from benchmarks.checks import BATCH, OURS, TREE, TREE_PREPARED
from benchmarks.cold_starts import AWS_CLIENT
from benchmarks.costs import MB_PER_VCPU, PRICES, Cost, estimate_cost, read_memory_mb
from benchmarks.crowded_spot import FEW, MANY
from benchmarks.plots import draw_plots
from benchmarks.postgis import GEOGRAPHY, GEOMETRY, IN_SERVER, PostgisComparison
from benchmarks.results import Results
from benchmarks.timing import Timing
from local.paths import ROOT

DOCS = ROOT / "docs"
_WAIT_MS = 5


def write_report(results: Results) -> Path:
    costs = _estimate_costs(results)
    draw_plots(results, costs, DOCS / "benchmarks")
    file = DOCS / "benchmarks.md"
    parts = (
        _format_bars(results),
        _format_checks(results),
        _format_postgis(results),
        _format_reads(results),
        _format_crowded_spot(results),
        _format_cold_starts(results),
        _format_requests(results),
        _format_costs(results, costs),
        _format_method(results),
    )
    file.write_text("\n\n".join(parts) + "\n")
    return file


def _format_bars(results: Results) -> str:
    targets = build_bars(results)
    reached = sum(bar.is_reached is True for bar in targets)
    rows = (
        (
            bar.label,
            f"at {'least' if bar.compare is ge else 'most'} {bar.limit:,g}",
            ", ".join(f"{name} {figure:,.2f}".strip().removesuffix(".00") for name, figure in bar.figures.items()),
            _format_verdict(bar),
        )
        for bar in targets
    )
    return _format_section(
        "# Benchmarks",
        """`make bench` writes this page. It measures everything in one run and on the same geofences. Ratios apply to
        other machines, microseconds do not.""",
        f"{results.machine}. {results.versions}.",
        f"**{reached} of {len(targets)} bars are reached.**",
        _format_table(("what", "bar", "measured", ""), rows),
    )


def _format_verdict(bar: Bar) -> str:
    if bar.is_reached is None:
        return "not measured"
    if bar.is_reached:
        return "reached"
    is_partly_missed = len(bar.missed_by) < len(bar.figures)
    return f"**missed** by the {' and the '.join(bar.missed_by)}" if is_partly_missed else "**missed**"


def _format_checks(results: Results) -> str:
    rows = [
        (
            *((one.mix.name, f"{size:,}") if name == OURS else ("", "")),
            name,
            *(f"{figure:,.1f}" for figure in timings[name]),
            *_format_ratios(timings[OURS], timings[name], name),
        )
        for one in (results.time_clock, results.mixed)
        for size, timings in one.checks.timings.items()
        for name in (OURS, TREE, TREE_PREPARED)
    ]
    return _format_section(
        "## Check in process",
        """The time is from the table's response to the matches of a position, with names and distances. The items of
        the response are new objects, as the table's client creates them. The STRtree has the same shapes as polygons
        and returns only their indices: it is the limit.""",
        "![Microseconds of a check by the number of geofences](benchmarks/checks.svg)",
        _format_table(
            ("mix", "geofences", "", "p50 µs", "p99 µs", "mean µs", "ratio of Fencepost, p50", "mean"), rows
        ),
        _format_agreement(results),
    )


def _format_agreement(results: Results) -> str:
    pairs = [one for mix in (results.time_clock, results.mixed) for one in mix.checks.agreements.values()]
    ours, tree = sum(one.ours for one in pairs), sum(one.tree for one in pairs)
    return f"""In the counted responses, Fencepost found {ours:,} matches and the STRtree {tree:,}. A circle of 64
    sides is a little smaller than the circle, and a plane is not the ellipsoid."""


def _format_postgis(results: Results) -> str:
    both = (results.time_clock, results.mixed)
    comparisons = [(one.mix.name, one.postgis) for one in both if isinstance(one.postgis, PostgisComparison)]
    rows = [
        (
            mix if name == OURS else "",
            name if name == OURS or IN_SERVER in name else f"{name}, with its socket",
            *(f"{figure:,.1f}" for figure in one.timings[name]),
            *_format_ratios(one.timings[name], one.timings[OURS], name),
        )
        for mix, one in comparisons
        for name in (OURS, GEOGRAPHY + IN_SERVER, GEOMETRY + IN_SERVER, GEOGRAPHY, GEOMETRY)
    ]
    head = ("mix", "", "p50 µs", "p99 µs", "mean µs", "ratio to Fencepost, p50", "mean")
    remarks = [f"- {one.mix.name}: not compared: {one.postgis}." for one in both if isinstance(one.postgis, str)]
    remarks += [f"- {mix}: matches found: {_format_counts(one.matches)}; {one.version}." for mix, one in comparisons]
    return _format_section(
        f"## Comparison with PostGIS, at {results.sizes[-1]:,}",
        """The time in the server is the time of the statement in a loop of PL/pgSQL, with a cached plan. The time
        with its socket is the time of a prepared statement from psycopg. PostGIS returns only ids.""",
        _format_table(head, rows) if rows else "",
        "\n".join(remarks),
    )


def _format_reads(results: Results) -> str:
    both = (results.time_clock, results.mixed)
    rows = (
        (
            one.mix.name,
            f"{size:,}",
            f"{one.cells_per_geofence[size]:.2f}",
            f"{reads.candidates:.1f}",
            f"{reads.units:.2f} / {reads.units_p50:g} / {reads.units_p99:g}",
            f"{reads.bytes:,.0f} / {reads.bytes_p50:,.0f} / {reads.bytes_p99:,.0f}",
            f"{reads.batch_units:.3f} / {reads.batch_units_worst:.3f}",
            f"{reads.batch_bytes:,.0f}",
        )
        for one in both
        for size, reads in one.checks.reads.items()
    )
    head = ["mix", "geofences", "cells a geofence", "candidates a check", "read units: mean / p50 / p99"]
    head += ["bytes: mean / p50 / p99", f"units a position, batch of {BATCH:,}: mean / worst", "bytes a position"]
    largest = ((one.mix.name, one.checks.reads[results.sizes[-1]]) for one in both)
    first = [
        f"- {mix}: {reads.first_share:.0%} of the checks by a new container read a big geometry for the first time."
        f" Such a check reads {reads.first_units:.1f} units and {reads.first_bytes:,.0f} bytes, once."
        for mix, reads in largest
        if reads.first_share
    ]
    return _format_section(
        "## Reads of a check",
        _format_table(head, rows),
        """Reads are eventually consistent. An empty cell costs half a unit, like a cell of 4 KB, so a check of five
        cells takes at least 2.5 units. Candidates are the entries of the cells that are read. A batch lies in one
        town of 20 by 20 km.""",
        "\n".join(first),
    )


def _format_crowded_spot(results: Results) -> str:
    spot = results.crowded_spot
    rows = ((f"{count:,}", f"{us:.2f}", f"{spot.check_us[count]:.2f}") for count, us in spot.response_us.items())
    return _format_section(
        "## Crowded spot",
        _format_table(
            ("geofences over the spot", "µs of CPU for each, with the response", "of that the check, in process"),
            rows,
        ),
        f"""With {MANY:,} geofences, each costs {spot.ratio:.2f} times as much as with {FEW:,}. One container
        checks two spots in turn, with {FEW:,} geofences over one and {MANY:,} over the other, and returns all of
        them. The time is from the event to the response, with the AWS client that reads the table, in the fastest
        of the passes. {spot.matches:,} matches are a response of {spot.response_bytes:,} bytes; the limit is 6 MB.
        Ten thousand geofences do not fit in the processor's nearest caches, so the check alone is not cheaper for
        each of them.""",
    )


def _format_cold_starts(results: Results) -> str:
    client = results.cold[AWS_CLIENT]
    rows = (
        (
            name,
            f"{median(cold.import_ms):.0f}",
            f"{median(cold.ready_ms):.0f}",
            f"{min(cold.ready_ms):.0f}",
            *(
                ("", "")
                if cold is client
                else (f"{cold.ratio_to(client, summarize):.2f}" for summarize in (median, min))
            ),
        )
        for name, cold in results.cold.items()
    )
    return _format_section(
        "## Cold starts",
        f"""A fresh Python runs with only the built layers, in {len(client.ready_ms)} rounds over all functions. A
        function is ready when it has created everything that its SnapStart snapshot includes. The AWS client alone is
        botocore and one DynamoDB client. The bar is compared with the minimum of the rounds, because the machine is
        shared.""",
        "![Milliseconds until a function is ready](benchmarks/cold-starts.svg)",
        _format_table(
            ("", "imported, ms", "ready, ms", "ready, minimum ms", "to the client", "of the minimum"), rows
        ),
    )


def _format_requests(results: Results) -> str:
    both = (results.time_clock, results.mixed)
    lines = {
        "AWS client, BatchGetItem of the 5 cells of a check": [one.requests.client_5_ms for one in both],
        "AWS client, BatchGetItem of 100 cells": [one.requests.client_100_ms for one in both],
        "the handler, a check, its client included": [one.requests.check_ms for one in both],
        f"the handler, a batch of {BATCH:,} over a town": [one.requests.batch_ms for one in both],
    }
    rows = ((label, *(f"{figure:,.2f}" for figure in figures)) for label, figures in lines.items())
    return _format_section(
        "## CPU of a request",
        _format_table(("milliseconds of CPU, mean", *(one.mix.name for one in both)), rows),
        "The table is behind HTTP on loopback, so without TLS. It has a town of 1,000 geofences.",
    )


def _estimate_costs(results: Results) -> dict[str, Cost]:
    """Estimate the costs with mixed sizes."""
    reads = results.mixed.checks.reads[results.sizes[-1]]
    cpu_ms, batch_ms = results.mixed.requests.check_ms, results.mixed.requests.batch_ms
    stretched_ms = cpu_ms * MB_PER_VCPU / read_memory_mb()  # on the function's share of a vCPU
    return {
        "check, CPU alone": estimate_cost(billed_ms=cpu_ms, units=reads.units),
        f"check, and {_WAIT_MS} ms of waiting": estimate_cost(billed_ms=cpu_ms + _WAIT_MS, units=reads.units),
        "the same on its share of a vCPU": estimate_cost(billed_ms=stretched_ms + _WAIT_MS, units=reads.units),
        f"batches of {BATCH:,}, and {_WAIT_MS} ms": estimate_cost(
            billed_ms=batch_ms + _WAIT_MS, units=reads.batch_units, positions_per_call=BATCH
        ),
    }


def _format_costs(results: Results, costs: dict[str, Cost]) -> str:
    rows = (
        (label, *(f"{part:.3f}" for part in (one.api, one.calls, one.compute, one.reads)), f"**{one.total:.2f}**")
        for label, one in costs.items()
    )
    memory_mb = read_memory_mb()
    return _format_section(
        "## Cost of a million positions",
        f"""Mixed sizes, {results.sizes[-1]:,} geofences. **This is an estimate**: the CPU above, rounded up to a
        millisecond, at {memory_mb:,} MB on arm64, and list prices ({PRICES}). Verify the prices before you rely on
        them.""",
        "![Dollars a million positions](benchmarks/dollars.svg)",
        _format_table(("", "API Gateway", "Lambda, calls", "Lambda, time", "DynamoDB", "total"), rows),
        f"""Lambda gives {memory_mb:,} MB {memory_mb / MB_PER_VCPU:.2f} of a vCPU. The third line includes this. Not
        included: the authorizer, whose result is cached for a minute, logs, and data out.""",
    )


def _format_method(results: Results) -> str:
    mixes = [f"  - {one.mix.name}: {one.mix.description}" for one in (results.time_clock, results.mixed)]
    points = (
        f"""Two mixes, seed `{results.seed}`, are in towns of 1,000 geofences over 20 by 20 km. More geofences are
        more towns, and the smaller sets are part of the larger.""",
        f"""{results.positions:,} positions in the towns are checked in {results.passes} passes after a warm-up pass.
        Big geofences have been read once and are cached, as in a warm container. The time at a position is the median
        of its passes, which excludes other work of the machine. Percentiles and means are over positions.""",
        """One process runs all methods at each position, in a rotating order. The sizes alternate from pass to
        pass. The garbage collector runs, with the built objects frozen (`gc.freeze`): a function has no million
        geofences to scan.""",
        """STRtree: circles are polygons of 64 sides, corridors are buffered in a plane. Its own query is
        `tree.query(Point(lon, lat), predicate="intersects")`, with a new point each time. The other method queries
        the tree for boxes, then calls `intersects_xy` on the prepared polygons. It is faster for large polygons.""",
        """PostGIS runs in a separate server. geography: centre or line with its radius, or the polygon; a slightly
        larger box with a GiST index, then ST_DWithin or ST_Covers on the spheroid. geometry: the STRtree's polygons
        with a GiST index, and ST_Intersects. Nothing is compressed, everything is in shared buffers. Each has its own
        passes, which alternate with Fencepost's, because a process that waits for another's response is slow at its
        own work.""",
        "Read units are computed item by item by the rules of DynamoDB's developer guide; no DynamoDB was called.",
        f"{results.minutes:.0f} minutes in total, on a machine that other programs may have used at the same time.",
    )
    first, *others = [f"- {_join_lines(point)}" for point in points]
    return _format_section("## Method", "\n".join((first, *mixes, *others)))


def _format_ratios(one: Timing, other: Timing, name: str) -> tuple[str, str]:
    """Format the ratios of p50 and of the mean."""
    if name == OURS:
        return "", ""
    return f"{one.ratio_to(other, 'p50_us'):.2f}", f"{one.ratio_to(other, 'mean_us'):.2f}"


def _format_counts(matches: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in matches.items())


def _format_section(*parts: str) -> str:
    return "\n\n".join(part if "\n|" in part or "\n-" in part else _join_lines(part) for part in parts if part)


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def _format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
