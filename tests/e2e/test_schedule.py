"""The schedule, which fires each minute, stops clocks that were left running and reminds of others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.e2e.service import ClocksOfAShift, ForgottenClock, Service, eventually


def test_a_forgotten_clock_is_stopped_at_the_limit(service: Service, forgotten_clock: ForgottenClock) -> None:
    """Nothing but the schedule ends it. A break before the start cannot be: it tells whether the clock still runs."""
    early = {"action": "break", "dateTime": (forgotten_clock.start - timedelta(hours=1)).isoformat()}

    def is_stopped() -> bool | None:
        answer = service.call("POST", "/clock", early, tenant="other", role="employee")
        return True if answer.json()["items"][0]["code"] == "NO_RUNNING_CLOCK" else None

    assert eventually(is_stopped, "the schedule")


def trail(service: Service, clock_id: str, length: int) -> list[dict[str, Any]]:
    """The changes of a clock, as soon as there are so many."""

    def read() -> list[dict[str, Any]] | None:
        items = service.call("GET", f"/times/{clock_id}/history", role="approver").json()["items"]
        return [item["data"] for item in items] if len(items) >= length else None

    return eventually(read, "the schedule")


def test_a_clock_is_stopped_when_its_shift_has_ended(service: Service, clocks_of_a_shift: ClocksOfAShift) -> None:
    _, stop = trail(service, clocks_of_a_shift.over, 2)
    assert (stop["action"], stop["actor"], stop["reason"]) == ("stopped", "system", "The shift had ended.")
    assert datetime.fromisoformat(stop["after"]["to"]) == clocks_of_a_shift.ended
    assert stop["after"]["creationType"] == "wtm"


def test_a_reminder_comes_before_the_end_of_a_shift(service: Service, clocks_of_a_shift: ClocksOfAShift) -> None:
    _, reminder = trail(service, clocks_of_a_shift.on, 2)
    assert (reminder["action"], reminder["actor"]) == ("reminded", "system")
    assert reminder["after"]["to"] is None
