from __future__ import annotations

import pytest

_MAX_ID_CHARACTERS = 200


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """A short name for a case of a megabyte: names go to and from the workers, and to the reader of a failure."""
    if isinstance(val, str | bytes) and len(val) > _MAX_ID_CHARACTERS:
        return f"{argname} of {len(val)}, {val[:20]!r}"
    return None
