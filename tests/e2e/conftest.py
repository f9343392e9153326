"""One engine for all of these tests: the real template, deployed as `make run` deploys it, with its demo tenants."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from local import demo, layers
from local.deploy import LOCAL_PARAMETERS, deploy
from local.endpoint import Endpoint
from local.engine import HOST, Engine
from local.paths import TEMPLATE
from tests.e2e.service import ClocksOfAShift, ForgottenClock, Service


def pytest_itemcollected(item: pytest.Item) -> None:
    """One engine serves them all, so they run in one process."""
    item.add_marker(pytest.mark.xdist_group("e2e"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the schedule comes last: by then it has fired."""
    items.sort(key=lambda item: item.path.name == "test_schedule.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def deployed(engine: Engine) -> Service:
    deployment = deploy(engine, template=TEMPLATE, layers=layers.build_for_host(), parameters=LOCAL_PARAMETERS)
    endpoint = Endpoint.from_deployment(engine, deployment)
    return Service(engine, endpoint, demo.prepare(endpoint, engine.client("s3"), engine.data_dir / "demo-keys.json"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Engine(port=free_port(), data_dir=tmp_path_factory.mktemp("engine")) as engine:
        service = deployed(engine)
        yield service
        service.http.close()


@pytest.fixture(scope="session", autouse=True)
def forgotten_clock(service: Service) -> ForgottenClock:
    """Begun before all tests: the schedule fires once a minute, and the others need not wait for it."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=25)
    body = {"action": "start", "dateTime": start.isoformat()}
    answer = service.call("POST", "/clock", body, tenant="other", role="employee")
    assert answer.status_code == 200, answer.text
    return ForgottenClock(start=start)


@pytest.fixture(scope="session", autouse=True)
def clocks_of_a_shift(service: Service) -> ClocksOfAShift:
    """Two clocks that began two hours ago: the shift of one ended since, that of the other does in an hour."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)

    def started(ends: datetime) -> str:
        name = f"shift-{uuid4()}"
        forgotten = {"stopAt": "shift_end", "shiftEnd": f"{ends:%H:%M}", "remindMinutes": 120}
        model = {"name": name, "timeZone": "Etc/UTC", "workingTime": {"forgotten": forgotten}}
        assert service.call("PUT", f"/directory/projects/{name}", model).status_code == 200
        assert service.call("PUT", f"/directory/users/{name}", {"name": name}).status_code == 200
        start = {"action": "start", "dateTime": (now - timedelta(hours=2)).isoformat()}
        answer = service.call("POST", "/clock", {**start, "userId": name, "organizationId": name}, role="approver")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["items"][0]["data"]["id"])

    ended = now - timedelta(hours=1)
    return ClocksOfAShift(over=started(ended), ended=ended, on=started(now + timedelta(hours=1)))
