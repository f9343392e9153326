"""Estimate the cost of a million checks from measured figures and list prices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil

from local.paths import TEMPLATE

PRICES = "us-east-1, 2025, without the free tier"
API_CALL = 3.50 / 1e6
LAMBDA_CALL = 0.20 / 1e6
LAMBDA_GB_SECOND = 0.0000133334  # arm64
READ_UNIT = 0.125 / 1e6
MB_PER_VCPU = 1_769
"""The memory at which Lambda gives a function one vCPU. The share of a vCPU is proportional to memory."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Dollars for a million positions."""

    api: float
    calls: float
    compute: float
    reads: float

    @property
    def total(self) -> float:
        return self.api + self.calls + self.compute + self.reads


def estimate_cost(*, billed_ms: float, units: float, positions_per_call: int = 1) -> Cost:
    calls = 1_000_000 / positions_per_call
    gb_seconds = read_memory_mb() / 1_024 * ceil(billed_ms) / 1_000
    return Cost(
        api=calls * API_CALL,
        calls=calls * LAMBDA_CALL,
        compute=calls * gb_seconds * LAMBDA_GB_SECOND,
        reads=1_000_000 * units * READ_UNIT,
    )


def read_memory_mb() -> int:
    """Return the default memory of functions in the template."""
    match = re.search(r"^Globals:.*?MemorySize: (\d+)", TEMPLATE.read_text(), re.DOTALL | re.MULTILINE)
    assert match is not None
    return int(match[1])
