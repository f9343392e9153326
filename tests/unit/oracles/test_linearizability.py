"""The judge of histories is judged by histories of which it is known whether they could have happened."""

from __future__ import annotations

import pytest

from tests.oracles.clock import Asked, State, step
from tests.oracles.linearizability import Call, linearization


def call(made: float, answered: float, **asked: object) -> Call[Asked]:
    return Call(what=Asked(**asked), made=made, answered=answered)  # type: ignore[arg-type]  # told by each test


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
        # The second was answered first, but made while the first was under way.
        [call(0, 9, **START), call(1, 2, **TOO_LATE)],
        # A save that the stop has removed, at whatever moment within its call.
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
def test_a_history_that_can_be_put_in_turn(calls: list[Call[Asked]]) -> None:
    assert linearization(calls, State(), step) is not None


@pytest.mark.parametrize(
    "calls",
    [
        # Two starts that were both done.
        [call(0, 9, **START), call(0, 9, action="start", at=550, id="b")],
        # Refused because of a clock that had not been asked for yet.
        [call(0, 1, **TOO_LATE), call(2, 3, **START)],
        # A lost update: stop and save overlap, and neither saw the other.
        [call(0, 1, **START), call(2, 9, **STOP), call(3, 8, **SAVE), call(10, 11, **READ_BOTH)],
        # Stopped twice.
        [call(0, 1, **START), call(2, 9, **STOP), call(2, 9, **STOP)],
        # A break that another call has closed is told as open.
        [
            call(0, 1, **START),
            call(2, 3, action="break", at=550, breaks=((550, None),)),
            call(4, 5, action="break", at=560, breaks=((550, 560),)),
            call(6, 7, action="break", at=570, breaks=((550, None),)),
        ],
        # A break that was decided on one clock and written over the next.
        [
            call(0, 1, **START),
            call(2, 9, action="break", at=550, breaks=((550, None),)),
            call(3, 4, action="cancel", id="a"),
            call(5, 6, action="start", at=560, id="b"),
            call(10, 11, action="read", id="a"),
        ],
        # Done, and not there.
        [call(0, 1, **START), call(2, 3, action="read")],
    ],
)
def test_a_history_that_cannot(calls: list[Call[Asked]]) -> None:
    assert linearization(calls, State(), step) is None
