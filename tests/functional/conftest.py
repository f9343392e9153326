from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.functional.app import App


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The application with nothing in it but two tenants and their users."""
    with mock_aws():
        app = App(monkeypatch)
        yield app
        app.check_events()
