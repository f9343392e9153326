from __future__ import annotations

import pytest

_MAX_ID_CHARACTERS = 200


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    # Names of cases travel between the workers and are part of each failure: a value of a megabyte gets a short one.
    if isinstance(val, str | bytes) and len(val) > _MAX_ID_CHARACTERS:
        return f"{argname} of {len(val)}, {val[:20]!r}"
    return None
