"""The results of one run."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import shapely

from benchmarks.checks import Checks
from benchmarks.cold_starts import ColdStart
from benchmarks.crowded_spot import CrowdedSpot
from benchmarks.mixes import Mix
from benchmarks.postgis import PostgisComparison
from benchmarks.request_cpu import RequestCpu


@dataclass(frozen=True, kw_only=True)
class MixResults:
    """The results of one mix. `postgis` is a reason where there is no comparison."""

    mix: Mix
    cells_per_geofence: Mapping[int, float]
    checks: Checks
    requests: RequestCpu
    postgis: PostgisComparison | str


@dataclass(frozen=True, kw_only=True)
class Results:
    seed: str
    sizes: list[int]
    positions: int
    passes: int
    machine: str
    versions: str
    minutes: float
    cold: Mapping[str, ColdStart]
    crowded_spot: CrowdedSpot
    time_clock: MixResults
    mixed: MixResults


def describe_machine() -> str:
    """Return the processor, memory and operating system, but no name of the machine."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = f"{next(names, 'a processor')} ({platform.machine()})"
    return f"{os.cpu_count()} cores of {processor}, {gigabytes:.0f} GiB, {platform.system()}"


def describe_versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("shapely", "numpy", "botocore"))
    return f"Python {platform.python_version()}, {packages}, GEOS {shapely.geos_version_string}"
