"""What the tests of the geometry share."""

import secrets

import pytest
from hypothesis import settings

# The machine may be busy: how long an example takes says nothing about the layer.
settings.register_profile("geo", deadline=None)
settings.load_profile("geo")


@pytest.fixture
def fresh_seed() -> int:
    """A seed that no run has had before, to be told in the message of a failure."""
    return secrets.randbits(32)
