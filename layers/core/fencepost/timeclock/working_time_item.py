"""The working-time model as it is kept with a tenant or a project: one text."""

from __future__ import annotations

from functools import lru_cache

from pydantic import TypeAdapter

from fencepost.timeclock.working_time import WorkingTime


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[WorkingTime]:
    """Made when the first tenant with a model is met, not at import."""
    return TypeAdapter(WorkingTime)


@lru_cache(maxsize=64)
def working_time_of(text: str) -> WorkingTime:
    return _adapter().validate_json(text)


def working_time_text(model: WorkingTime) -> str:
    """
    >>> working_time_text(WorkingTime(longest_minutes=600))
    '{"longest_minutes":600}'
    """
    return _adapter().dump_json(model, exclude_defaults=True).decode()
