"""The search for a linearization, tested with histories whose result is known."""

from __future__ import annotations

import pytest

from tests.oracles.clock import ClockCall, State, apply_call
from tests.oracles.linearizability import Call, find_linearization


def call(sent_at: float, answered_at: float, **fields: object) -> Call[ClockCall]:
    content = ClockCall(**fields)  # type: ignore[arg-type]  # each test has the right types
    return Call(content=content, sent_at=sent_at, answered_at=answered_at)


START = {"action": "start", "at": 540, "id": "a"}
TOO_LATE = {"action": "start", "at": 550, "id": "a", "code": "CLOCK_ALREADY_RUNNING"}
STOP = {"action": "stop", "at": 600, "id": "a"}
SAVE = {"action": "save", "at": 560, "end": 580, "id": "s"}
READ_STOP = {"action": "read", "entries": frozenset({("a", 540, 600)})}
READ_BOTH = {"action": "read", "entries": frozenset({("a", 540, 600), ("s", 560, 580)})}


@pytest.mark.parametrize(
    "calls",
    [
        [call(0, 1, **START), call(2, 3, **STOP), call(4, 5, **READ_STOP)],
        # The second was answered first, but sent before the first was answered.
        [call(0, 9, **START), call(1, 2, **TOO_LATE)],
        # A save that a concurrent stop has removed.
        [
            call(0, 1, **START),
            call(2, 9, **STOP, removed=frozenset("s")),
            call(3, 4, **SAVE),
            call(10, 11, **READ_STOP),
        ],
        [call(0, 1, action="break", at=550, code="NO_RUNNING_CLOCK"), call(0, 1, **START)],
        [call(0, 1, **START), call(2, 3, action="stop", at=540, code="WRONG_ORDER")],
    ],
)
def test_a_linearizable_history_is_accepted(calls: list[Call[ClockCall]]) -> None:
    assert find_linearization(calls, State(), apply_call) is not None


@pytest.mark.parametrize(
    "calls",
    [
        # Two starts that both succeeded.
        [call(0, 9, **START), call(0, 9, action="start", at=550, id="b")],
        # Refused because of a clock that was started later.
        [call(0, 1, **TOO_LATE), call(2, 3, **START)],
        # A lost update: stop and save overlap, and neither saw the other.
        [call(0, 1, **START), call(2, 9, **STOP), call(3, 8, **SAVE), call(10, 11, **READ_BOTH)],
        # Stopped twice.
        [call(0, 1, **START), call(2, 9, **STOP), call(2, 9, **STOP)],
        # A break that another call has ended is answered as open.
        [
            call(0, 1, **START),
            call(2, 3, action="break", at=550, breaks=((550, None),)),
            call(4, 5, action="break", at=560, breaks=((550, 560),)),
            call(6, 7, action="break", at=570, breaks=((550, None),)),
        ],
        # A break of one clock that overwrites the next clock.
        [
            call(0, 1, **START),
            call(2, 9, action="break", at=550, breaks=((550, None),)),
            call(3, 4, action="cancel", id="a"),
            call(5, 6, action="start", at=560, id="b"),
            call(10, 11, action="read", id="a"),
        ],
        # A start that succeeded and left no clock.
        [call(0, 1, **START), call(2, 3, action="read")],
    ],
)
def test_any_other_history_is_rejected(calls: list[Call[ClockCall]]) -> None:
    assert find_linearization(calls, State(), apply_call) is None
