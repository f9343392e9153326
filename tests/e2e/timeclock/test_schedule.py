"""The schedule fires every minute, stops forgotten clocks and sends reminders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.e2e.service import ForgottenClock, Service, ShiftClocks, wait_for


def test_a_forgotten_clock_is_stopped_at_the_limit(service: Service, forgotten_clock: ForgottenClock) -> None:
    """Only the schedule stops it. A break before the start is refused and shows whether the clock still runs."""
    early = {"action": "break", "dateTime": (forgotten_clock.start - timedelta(hours=1)).isoformat()}

    def is_stopped() -> bool | None:
        answer = service.call("POST", "/clock", early, tenant="other", role="employee")
        return True if answer.json()["items"][0]["code"] == "NO_RUNNING_CLOCK" else None

    assert wait_for(is_stopped, "the schedule")


def wait_for_history(service: Service, clock_id: str, length: int) -> list[dict[str, Any]]:
    """Wait until a clock has this number of changes, and return them."""

    def read() -> list[dict[str, Any]] | None:
        items = service.call("GET", f"/times/{clock_id}/history", role="approver").json()["items"]
        return [item["data"] for item in items] if len(items) >= length else None

    return wait_for(read, "the schedule")


def test_a_clock_is_stopped_when_its_shift_has_ended(service: Service, shift_clocks: ShiftClocks) -> None:
    _, stop = wait_for_history(service, shift_clocks.ended_id, 2)
    assert (stop["action"], stop["actor"], stop["reason"]) == ("stopped", "system", "The shift had ended.")
    assert datetime.fromisoformat(stop["after"]["to"]) == shift_clocks.ended_at
    assert stop["after"]["creationType"] == "wtm"


def test_a_reminder_comes_before_the_end_of_a_shift(service: Service, shift_clocks: ShiftClocks) -> None:
    _, reminder = wait_for_history(service, shift_clocks.running_id, 2)
    assert (reminder["action"], reminder["actor"]) == ("reminded", "system")
    assert reminder["after"]["to"] is None
