"""What the functions log: in one group, which forgets, and without telling where anybody was."""

from __future__ import annotations

from tests.e2e.service import Service, eventually


def test_all_functions_log_to_a_group_that_forgets(service: Service) -> None:
    """The request is told by its id; of the position, sent with digits that are nowhere else, nothing is."""
    logs = service.engine.client("logs")
    latitude = 30.2671357
    answer = service.call("POST", "/geofences/check", {"latitude": latitude, "longitude": -97.7431})
    assert answer.status_code == 200, answer.text
    (group,) = (group for group in logs.describe_log_groups()["logGroups"] if "retentionInDays" in group)
    assert group["retentionInDays"] == 30

    def logged(pattern: str) -> list[str]:
        found = logs.filter_log_events(logGroupName=group["logGroupName"], filterPattern=f'"{pattern}"')
        return [event["message"] for event in found["events"]]

    eventually(lambda: logged(answer.headers["X-Request-Id"]) or None, "what was logged")
    assert logged(str(latitude)) == []
