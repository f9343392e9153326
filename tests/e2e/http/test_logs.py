"""The logs of all functions: one group with a retention period, and no positions."""

from __future__ import annotations

from tests.e2e.service import Service, wait_for


def test_all_functions_log_to_one_group_without_positions(service: Service) -> None:
    """The request is found by its id. Its position, with digits that occur nowhere else, is not found."""
    logs = service.engine.client("logs")
    latitude = 30.2671357
    answer = service.call("POST", "/geofences/check", {"latitude": latitude, "longitude": -97.7431})
    assert answer.status_code == 200, answer.text
    (group,) = (group for group in logs.describe_log_groups()["logGroups"] if "retentionInDays" in group)
    assert group["retentionInDays"] == 30

    def find_messages(pattern: str) -> list[str]:
        page = logs.filter_log_events(logGroupName=group["logGroupName"], filterPattern=f'"{pattern}"')
        return [event["message"] for event in page["events"]]

    wait_for(lambda: find_messages(answer.headers["X-Request-Id"]) or None, "the log of the request")
    assert find_messages(str(latitude)) == []
