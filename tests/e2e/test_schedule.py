"""The schedule, which fires each minute, stops a clock that was left running."""

from __future__ import annotations

from datetime import timedelta

from tests.e2e.service import ForgottenClock, Service, eventually


def test_a_forgotten_clock_is_stopped_at_the_limit(service: Service, forgotten_clock: ForgottenClock) -> None:
    """Nothing but the schedule ends it. A break before the start cannot be: it tells whether the clock still runs."""
    early = {"action": "break", "dateTime": (forgotten_clock.start - timedelta(hours=1)).isoformat()}

    def is_stopped() -> bool | None:
        answer = service.call("POST", "/clock", early, tenant="other", role="employee")
        return True if answer.json()["items"][0]["code"] == "NO_RUNNING_CLOCK" else None

    assert eventually(is_stopped, "the schedule")
