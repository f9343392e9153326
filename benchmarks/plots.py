"""Draw the plots of the report as reproducible SVG."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.checks import OURS, TREE
from benchmarks.cold_starts import AWS_CLIENT
from benchmarks.costs import Cost
from benchmarks.postgis import GEOGRAPHY, GEOMETRY, IN_SERVER, PostgisComparison
from benchmarks.results import MixResults, Results

_INK, _GREY = "#1b6ca8", "#8a8f98"
_COLORS = {OURS: _INK, TREE: "#d97706", GEOGRAPHY: "#15803d", GEOMETRY: "#7c3aed"}


def draw_plots(results: Results, costs: dict[str, Cost], folder: Path) -> None:
    mpl.rcParams |= {
        "svg.hashsalt": "fencepost",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    folder.mkdir(exist_ok=True)
    for name, figure in {
        "checks": _plot_checks(results),
        "cold-starts": _plot_cold_starts(results),
        "dollars": _plot_costs(costs),
    }.items():
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _plot_checks(results: Results) -> Figure:
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, mix_results in ((left, results.time_clock), (right, results.mixed)):
        _plot_mix(axes, mix_results)
    left.set_ylabel("microseconds a check")
    right.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _plot_mix(axes: mpl.axes.Axes, results: MixResults) -> None:
    sizes = list(results.checks.timings)
    for name in (OURS, TREE):
        timings = [results.checks.timings[size][name] for size in sizes]
        axes.plot(sizes, [one.p50_us for one in timings], color=_COLORS[name], marker="o", label=f"{name}, p50")
        axes.plot(
            sizes, [one.p99_us for one in timings], color=_COLORS[name], ls=":", marker=".", label=f"{name}, p99"
        )
    if isinstance(results.postgis, PostgisComparison):
        for name in (GEOGRAPHY, GEOMETRY):
            p50_us = results.postgis.timings[name + IN_SERVER].p50_us
            axes.plot(
                sizes[-1:], [p50_us], color=_COLORS[name], marker="D", ls="", label=f"{name}, p50 in the server"
            )
    axes.set(xscale="log", yscale="log", xlabel="geofences", title=results.mix.name)
    axes.set_xticks(sizes, labels=[f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(axis="y", color="#e5e7eb", which="both", lw=0.5)


def _plot_cold_starts(results: Results) -> Figure:
    cold = sorted(results.cold.items(), key=lambda one: min(one[1].ready_ms), reverse=True)
    names = [name for name, _ in cold]
    imports, ready = [min(one.import_ms) for _, one in cold], [min(one.ready_ms) for _, one in cold]
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, ready, color="#a8cbe6", label="ready: AWS clients and stores made")
    axes.barh(names, imports, color=_INK, label="app.py imported")
    axes.axvline(
        min(results.cold[AWS_CLIENT].ready_ms) * 1.6, color="#d97706", lw=1, ls="--", label="1.6 times the client"
    )
    axes.set_xlabel("milliseconds, the least of the rounds")
    axes.legend(fontsize=7, frameon=False)
    return figure


def _plot_costs(costs: dict[str, Cost]) -> Figure:
    figure = Figure(figsize=(8, 2.4), layout="constrained")
    axes = figure.subplots()
    names, left = list(costs), [0.0] * len(costs)
    for part, color in (("api", _GREY), ("calls", "#a8cbe6"), ("compute", _INK), ("reads", "#d97706")):
        dollars = [getattr(one, part) for one in costs.values()]
        label = {"api": "API Gateway", "calls": "Lambda, calls", "compute": "Lambda, time", "reads": "DynamoDB"}[part]
        axes.barh(names, dollars, left=left, color=color, label=label)
        left = [a + b for a, b in zip(left, dollars, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("dollars a million positions")
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
