"""Fixtures of the tests of the zone API."""

from __future__ import annotations

import pytest

from tests.functional.app import App
from tests.functional.zones.client import ZoneClient


@pytest.fixture
def zones(app: App) -> ZoneClient:
    return ZoneClient(app)
