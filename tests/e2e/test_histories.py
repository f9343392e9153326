"""A share of what `make verify` runs in full."""

from __future__ import annotations

from tests.e2e.histories import history, is_linearizable
from tests.e2e.service import Service


def test_concurrent_histories_of_one_clock_are_as_if_their_calls_had_come_in_turn(service: Service) -> None:
    for n in range(30):
        calls = history(service, f"a share/{n}")
        assert is_linearizable(calls), calls
