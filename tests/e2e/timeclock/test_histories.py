"""A sample of the concurrent histories that `make verify` checks."""

from __future__ import annotations

from tests.e2e.service import Service
from tests.e2e.timeclock.histories import is_linearizable, record_history


def test_concurrent_histories_of_one_clock_are_linearizable(service: Service) -> None:
    for n in range(30):
        calls = record_history(service, f"a share/{n}")
        assert is_linearizable(calls), calls
