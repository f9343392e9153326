from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.functional.app import App


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Yield the application with two tenants and their users, and nothing else."""
    with mock_aws():
        app = App(monkeypatch)
        yield app
        app.check_events()
