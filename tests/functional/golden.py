"""Golden files of what is stored: items of the table as JSON, as releases have written them.

A release must read what any release before it has stored. So these files change only when something is added to
what is stored; a file that is missing is written, and the test fails once.
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
    names = {"type": event_type, "audit_action": event_type.removeprefix("clock.")}
    event: ExampleEvent = type("NamedEvent", (ExampleEvent,), names)(clock=None, **fields)
    return event


class Example(NamedTuple):
    """What is written, how it is read again, and what is read then."""

    write: Callable[[App], object]
    read: Callable[[App], object]
    expected: object


def check_writing(app: App, name: str, example: Example) -> None:
    """What an example writes is what its golden file says, byte for byte."""
    app.has_example_events = True
    before = app.items()
    example.write(app)
    written = sorted((_to_json(item) for item in app.items() if item not in before), key=json.dumps)
    check_text(f"{name}.json", json.dumps(written, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def check_reading(app: App, name: str, example: Example) -> None:
    """What is stored in the golden file of an example is read as what is expected."""
    app.has_example_events = True
    for item in json.loads((FOLDER / f"{name}.json").read_text()):
        app.table.put_item(TableName="fencepost", Item=_from_json(item))
    check_equal(example.read(app), example.expected)


def check_text(file_name: str, text: str) -> None:
    file = FOLDER / file_name
    is_there = file.exists()
    if not is_there:
        file.write_text(text)
    assert text == file.read_text()
    assert is_there, f"{file} was not there and has been written: look at it"


def check_equal(read: object, expected: object) -> None:
    assert read == expected
    assert _with_offsets(read) == _with_offsets(expected)


def _with_offsets(value: object) -> object:
    """A value with each instant as a text, for two instants are equal whatever their offsets."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_with_offsets(getattr(value, field.name)) for field in fields(value))]
    if isinstance(value, tuple | list):
        return [_with_offsets(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _with_offsets(one) for name, one in value.items()}
    return value


def _to_json(item: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: (kind, value) for name, typed in item.items() for kind, value in typed.items()}
    return {name: {kind: _TO_JSON.get(kind, _same)(value)} for name, (kind, value) in values.items()}


def _from_json(item: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: (kind, value) for name, typed in item.items() for kind, value in typed.items()}
    return {name: {kind: _FROM_JSON.get(kind, _same)(value)} for name, (kind, value) in values.items()}


def _same(value: Any) -> Any:
    return value


_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "B": lambda value: b64encode(value).decode(),
    "BS": lambda values: sorted(b64encode(value).decode() for value in values),
    "SS": sorted,
}
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "B": b64decode,
    "BS": lambda values: [b64decode(value) for value in values],
}
