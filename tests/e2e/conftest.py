"""Fixtures of the end-to-end tests: one engine with the real template, deployed as `make run` deploys it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from local.engine import Engine
from tests.e2e.person import Person
from tests.e2e.service import ForgottenClock, Service, ShiftClocks, deploy_service, find_free_port


def pytest_itemcollected(item: pytest.Item) -> None:
    # One engine serves all tests, so one worker runs them.
    item.add_marker(pytest.mark.xdist_group("e2e"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The schedule fires once a minute. Tests that wait for it run last, when it has fired.
    items.sort(key=lambda item: item.path.name == "test_schedule.py")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Engine(port=find_free_port(), data_dir=tmp_path_factory.mktemp("engine")) as engine:
        service = deploy_service(engine)
        yield service
        service.http.close()


@pytest.fixture(scope="session", autouse=True)
def forgotten_clock(service: Service) -> ForgottenClock:
    """Start a clock before all tests that the schedule will stop."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=25)
    body = {"action": "start", "dateTime": start.isoformat()}
    answer = service.call("POST", "/clock", body, tenant="other", role="employee")
    assert answer.status_code == 200, answer.text
    return ForgottenClock(start=start)


@pytest.fixture(scope="session", autouse=True)
def shift_clocks(service: Service) -> ShiftClocks:
    """Start two clocks two hours ago: the shift of one ended an hour ago, the other's ends in an hour."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)

    def start_clock(shift_end: datetime) -> str:
        name = f"shift-{uuid4()}"
        forgotten = {"stopAt": "shift_end", "shiftEnd": f"{shift_end:%H:%M}", "remindMinutes": 120}
        model = {"name": name, "timeZone": "Etc/UTC", "workingTime": {"forgotten": forgotten}}
        assert service.call("PUT", f"/directory/projects/{name}", model).status_code == 200
        assert service.call("PUT", f"/directory/users/{name}", {"name": name}).status_code == 200
        start = {"action": "start", "dateTime": (now - timedelta(hours=2)).isoformat()}
        answer = service.call("POST", "/clock", {**start, "userId": name, "organizationId": name}, role="approver")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["items"][0]["data"]["id"])

    ended_at = now - timedelta(hours=1)
    return ShiftClocks(
        ended_id=start_clock(ended_at), ended_at=ended_at, running_id=start_clock(now + timedelta(hours=1))
    )


@pytest.fixture
def person(service: Service) -> Person:
    return Person(service)
