"""The sample events of `events/`, built from tables. `make events` writes the files.

Each file works with `sam local invoke` and feeds a test. To add one, add a row to `api.py` or `triggers.py`.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.events.api import API_EVENTS
from tests.events.triggers import TRIGGER_EVENTS

FOLDER = Path(__file__).parents[2] / "events"
EVENTS = {f"api/{name}": event for name, event in API_EVENTS.items()} | TRIGGER_EVENTS


def build_event(name: str) -> dict[str, Any]:
    """Return a new copy of an event, such as `api/check`, that a test may change."""
    return copy.deepcopy(EVENTS[name])


def format_files() -> dict[str, str]:
    """Return the text that each file must have, by its path in `events/`."""
    return {f"{name}.json": json.dumps(event, indent=2) + "\n" for name, event in EVENTS.items()}


def read_files() -> dict[str, str]:
    """Return the text of each file in `events/`, by its path."""
    return {file.relative_to(FOLDER).as_posix(): file.read_text() for file in FOLDER.glob("*/*.json")}
