"""All that one run has measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import shapely

from benchmarks.checks import Checks
from benchmarks.cold import Cold
from benchmarks.crowd import Crowd
from benchmarks.mixes import Mix
from benchmarks.postgis import Compared
from benchmarks.requests import Requests


@dataclass(frozen=True, kw_only=True)
class OfMix:
    """`postgis` says in words why it was not compared, where it was not."""

    mix: Mix
    cells_a_geofence: Mapping[int, float]
    checks: Checks
    requests: Requests
    postgis: Compared | str


@dataclass(frozen=True, kw_only=True)
class Results:
    seed: str
    sizes: list[int]
    positions: int
    passes: int
    machine: str
    versions: str
    minutes: float
    cold: Mapping[str, Cold]
    crowd: Crowd
    time_clock: OfMix
    mixed: OfMix


def machine() -> str:
    """Of what kind it is, and not which."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {_processor()} ({platform.machine()}), {gigabytes:.0f} GiB, {platform.system()}"
    )


def versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("shapely", "numpy", "botocore"))
    return f"Python {platform.python_version()}, {packages}, GEOS {shapely.geos_version_string}"


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "a processor")
