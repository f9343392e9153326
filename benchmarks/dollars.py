"""What a million checks cost at list prices. Nothing here was billed: it is arithmetic on what was measured."""

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
MB_A_VCPU = 1_769
"""Lambda gives a function one vCPU at so much memory, and of it as much as it has memory."""


@dataclass(frozen=True, kw_only=True)
class Dollars:
    """Of a million positions."""

    api: float
    calls: float
    compute: float
    reads: float

    @property
    def total(self) -> float:
        return self.api + self.calls + self.compute + self.reads


def a_million(*, billed_ms: float, units: float, positions_a_call: int = 1) -> Dollars:
    calls = 1_000_000 / positions_a_call
    gb_seconds = memory_mb() / 1_024 * ceil(billed_ms) / 1_000
    return Dollars(
        api=calls * API_CALL,
        calls=calls * LAMBDA_CALL,
        compute=calls * gb_seconds * LAMBDA_GB_SECOND,
        reads=1_000_000 * units * READ_UNIT,
    )


def memory_mb() -> int:
    """What the template gives every function that asks for nothing else."""
    stated = re.search(r"^Globals:.*?MemorySize: (\d+)", TEMPLATE.read_text(), re.DOTALL | re.MULTILINE)
    assert stated is not None
    return int(stated[1])
