"""Golden files of stored items as JSON, as releases have written them.

A release must read what any earlier release has stored. So these files change only when an attribute is added. A
missing file is written, and the test fails once.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, NamedTuple

from fencepost.timeclock.events import ClockEvent
from tests.functional.app import ROOT, App

FOLDER = ROOT / "tests" / "golden" / "stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleEvent(ClockEvent):
    """An event with any payload. The golden files are older than the event classes."""

    payload: Mapping[str, Any]

    def data(self) -> Any:
        return self.payload


def example_event(event_type: str, **fields: Any) -> ExampleEvent:
    """Return an event of a class that has this type."""
    names = {"type": event_type, "audit_action": event_type.removeprefix("clock.")}
    event: ExampleEvent = type("NamedEvent", (ExampleEvent,), names)(clock=None, **fields)
    return event


class Example(NamedTuple):
    """A write, the read of what it stores, and the value that the read must return."""

    write: Callable[[App], object]
    read: Callable[[App], object]
    expected: object


def check_writing(app: App, name: str, example: Example) -> None:
    """Check that an example writes its golden file, byte for byte."""
    app.has_example_events = True
    before = app.items()
    example.write(app)
    written = sorted((_to_json(item) for item in app.items() if item not in before), key=json.dumps)
    check_text(f"{name}.json", json.dumps(written, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def check_reading(app: App, name: str, example: Example) -> None:
    """Check that an example reads the expected value from its golden file."""
    app.has_example_events = True
    for item in json.loads((FOLDER / f"{name}.json").read_text()):
        app.table.put_item(TableName="fencepost", Item=_from_json(item))
    check_equal(example.read(app), example.expected)


def check_text(file_name: str, text: str) -> None:
    file = FOLDER / file_name
    is_new = not file.exists()
    if is_new:
        file.write_text(text)
    assert text == file.read_text()
    assert not is_new, f"{file} was missing and has been written: review it"


def check_equal(read: object, expected: object) -> None:
    assert read == expected
    assert _format_instants(read) == _format_instants(expected)


def _format_instants(value: object) -> object:
    """Replace each instant by its text, because equal instants may have different offsets."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_format_instants(getattr(value, field.name)) for field in fields(value))]
    if isinstance(value, tuple | list):
        return [_format_instants(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _format_instants(one) for name, one in value.items()}
    return value


def _to_json(item: Mapping[str, Any]) -> dict[str, Any]:
    return _convert(item, _TO_JSON)


def _from_json(item: Mapping[str, Any]) -> dict[str, Any]:
    return _convert(item, _FROM_JSON)


def _convert(item: Mapping[str, Any], converters: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Convert the attributes of an item whose type has a converter."""
    return {
        name: {kind: converters[kind](value) if kind in converters else value for kind, value in typed.items()}
        for name, typed in item.items()
    }


_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "B": lambda value: b64encode(value).decode(),
    "BS": lambda values: sorted(b64encode(value).decode() for value in values),
    "SS": sorted,
}
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "B": b64decode,
    "BS": lambda values: [b64decode(value) for value in values],
}
