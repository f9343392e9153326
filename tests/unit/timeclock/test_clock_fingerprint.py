"""The fingerprints of clock actions, as they are stored: these values must never change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fencepost.timeclock.clock_schemas import ClockIn, to_clock_request
from fencepost.timeclock.commands import ClockRequest, compute_fingerprint, compute_legacy_fingerprint, is_replay

START_WITH_EVERYTHING = {
    "action": "start",
    "dateTime": "2026-05-04T08:00:00+05:30",
    "timeType": "work",
    "comment": "Yard",
    "organizationId": "site",
    "entryScreen": {"targetTable": "time_guis", "targetId": "gate"},
    "location": {
        "latitude": 60.17,
        "longitude": 24.94,
        "accuracy": 12.5,
        "capturedAt": "2026-05-04T07:59:58+05:30",
    },
}
# Each body, its fingerprint, and the one of version 1: taken from the code that still hashed a `repr`.
STORED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"action": "start", "dateTime": "2026-05-04T08:00:00Z"},
        "2:67ae5f8a49eda4c09c0ddf8087881154610a788262f9a7325b1a2b380da851bd",
        "0418a6e4d88ae157ac90d924bb6ef9a4c0249716075acd4061f058da173c089b",
    ),
    (
        {"action": "break", "dateTime": "2026-05-04T10:00:00.250+02:00"},
        "2:b267bc9fca68e2027018c4a89edb07d0478230e0623f53459a98731da7c5bc87",
        "abc60bbd0f57405da999246f75b059a8ecf3d5efba770bef16cf72763ce0fbf3",
    ),
    (
        {
            "action": "update",
            "dateTime": "2026-05-04T10:00:00-05:00",
            "timeType": "travel",
            "comment": 'it\'s "new"\nзона €',  # noqa: RUF001 - Cyrillic
        },
        "2:f0f17aa96f27303118d0fefd2a5f3164702474a6612940b9da63d8e0fb1e232d",
        "023e5fe1d216e20d957872cd2e62d1574d353e50c025835911723347bc77be93",
    ),
    (
        START_WITH_EVERYTHING,
        "2:e718f705725be3ec028c6b7d76f512ba10b1b451ad1d3de4ef79463246a02966",
        "99de5ab1dd6f2dd41590cc62eef88df314c9aa5b2a2049444ea849cccdeec8d3",
    ),
    (
        {
            "action": "stop",
            "dateTime": "2026-05-04T16:00:00+02:00",
            "location": {"latitude": -0.00001, "longitude": 0.0, "accuracy": 5.0},
        },
        "2:5948bcf379f18d86bc7f30973c810d7a60ffdaa78dc8b9ea88a0df1a1f3ca200",
        "6ba83488eefc4b568b1a9ec8db48480bf86c865a94eeabdc28fbf34e73a2cc54",
    ),
]
OTHER_VALUES: list[dict[str, Any]] = [
    {"action": "break"},
    {"dateTime": "2026-05-04T08:00:01+05:30"},
    {"dateTime": "2026-05-04T02:30:00Z"},
    {"timeType": "travel"},
    {"comment": "yard"},
    {"organizationId": "yard"},
    {"entryScreen": {"targetTable": "expense_guis", "targetId": "gate"}},
    {"entryScreen": {"targetTable": "time_guis", "targetId": "door"}},
    {"entryScreen": None},
    {"location": None},
    {"location": {"latitude": 60.18, "longitude": 24.94}},
]


def parse(body: dict[str, Any]) -> ClockRequest:
    return to_clock_request(ClockIn.model_validate(body))


@pytest.mark.parametrize(("body", "fingerprint", "legacy"), STORED)
def test_fingerprint_is_the_one_that_is_stored(body: dict[str, Any], fingerprint: str, legacy: str) -> None:
    request = parse(body)
    assert compute_fingerprint(request) == fingerprint
    assert compute_legacy_fingerprint(request) == legacy


@pytest.mark.parametrize("values", OTHER_VALUES)
def test_request_with_another_value_is_another_request(values: dict[str, Any]) -> None:
    request, other = parse(START_WITH_EVERYTHING), parse(START_WITH_EVERYTHING | values)
    assert not is_replay(other, compute_fingerprint(request))
    assert not is_replay(other, compute_legacy_fingerprint(request))


@pytest.mark.parametrize("body", [body for body, _, _ in STORED])
def test_retried_request_is_a_replay_of_either_version(body: dict[str, Any]) -> None:
    assert is_replay(parse(body), compute_fingerprint(parse(body)))
    assert is_replay(parse(body), compute_legacy_fingerprint(parse(body)))


def test_request_for_now_is_a_replay_of_none() -> None:
    request = parse({"action": "start"})
    assert (compute_fingerprint(request), compute_legacy_fingerprint(request)) == ("", "")
    assert not is_replay(request, "")


def test_request_with_a_key_has_the_key_as_its_fingerprint() -> None:
    request = replace(parse({"action": "start"}), key="a key")
    assert (compute_fingerprint(request), compute_legacy_fingerprint(request)) == ("a key", "a key")
    assert is_replay(request, "a key")
