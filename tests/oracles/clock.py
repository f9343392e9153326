"""A sequential model of the clock and the entries of one user, where a new entry removes overlapping ones.

It shares no code with the service: instants are minutes, and a state is a value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Clock:
    id: str
    start: int
    breaks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    clock: Clock | None = None
    entries: frozenset[tuple[str, int, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCall:
    """A call and its answer. On success `code` is None, and `id`, `breaks` and `removed` are from the answer.

    The answer to a read has the `entries`, and the `id` of the running clock.
    """

    action: Literal["start", "break", "stop", "cancel", "save", "read"]
    at: int = 0
    end: int = 0
    code: str | None = None
    id: str | None = None
    breaks: tuple[Span, ...] = ()
    removed: frozenset[str] = frozenset()
    entries: frozenset[tuple[str, int, int]] = frozenset()


def apply_call(state: State, call: ClockCall) -> State | None:
    """Return the state after a call, or None if the model gives another answer.

    >>> running = apply_call(State(), ClockCall(action="start", at=540, id="a"))
    >>> running
    State(clock=Clock(id='a', start=540, breaks=()), entries=frozenset())
    >>> apply_call(running, ClockCall(action="start", at=550, id="b")) is None
    True
    """
    return state if call.code == "BUSY" else _ACTIONS[call.action](state, call)


def _read(state: State, call: ClockCall) -> State | None:
    clock_id = state.clock.id if state.clock else None
    return state if (call.entries, call.id) == (state.entries, clock_id) else None


def _save(state: State, call: ClockCall) -> State | None:
    assert call.id is not None
    return _add_entry(state, call.id, call.at, call.end, call.removed)


def _start(state: State, call: ClockCall) -> State | None:
    assert call.id is not None
    if state.clock is None:
        return replace(state, clock=Clock(call.id, call.at)) if call.code is None else None
    return state if (call.code, call.id) == ("CLOCK_ALREADY_RUNNING", state.clock.id) else None


def _break(state: State, call: ClockCall) -> State | None:
    clock = state.clock
    breaks = _toggle_break(clock, call.at) if clock is not None else None
    if clock is None or breaks is None:
        return _refuse(state, call)
    is_right = call.code is None and breaks == call.breaks
    return replace(state, clock=replace(clock, breaks=breaks)) if is_right else None


def _stop(state: State, call: ClockCall) -> State | None:
    clock = state.clock
    breaks = _stop_breaks(clock, call.at) if clock is not None else None
    if clock is None or breaks is None:
        return _refuse(state, call)
    if call.code is not None or (call.id, call.breaks) != (clock.id, breaks):
        return None
    return _add_entry(replace(state, clock=None), clock.id, clock.start, call.at, call.removed)


def _cancel(state: State, call: ClockCall) -> State | None:
    if state.clock is None:
        return _refuse(state, call)
    return replace(state, clock=None) if (call.code, call.id) == (None, state.clock.id) else None


def _refuse(state: State, call: ClockCall) -> State | None:
    """Return the unchanged state if the call was refused with the right code."""
    return state if call.code == ("NO_RUNNING_CLOCK" if state.clock is None else "WRONG_ORDER") else None


def _toggle_break(clock: Clock, at: int) -> tuple[Span, ...] | None:
    """Return the breaks after a break action, or None if it is too early."""
    if clock.breaks and clock.breaks[-1][1] is None:
        return _end_break(clock.breaks, at)
    last = clock.breaks[-1][1] if clock.breaks else None
    return (*clock.breaks, (at, None)) if at >= (clock.start if last is None else last) else None


def _stop_breaks(clock: Clock, at: int) -> tuple[Span, ...] | None:
    """Return the breaks after a stop, or None if it is too early."""
    if at <= clock.start:
        return None
    if not clock.breaks:
        return ()
    breaks = _end_break(clock.breaks, at) if clock.breaks[-1][1] is None else clock.breaks
    return breaks if breaks is not None and all(end is not None and end <= at for _, end in breaks) else None


def _end_break(breaks: tuple[Span, ...], at: int) -> tuple[Span, ...] | None:
    start = breaks[-1][0]
    if at < start:
        return None
    return (*breaks[:-1], (start, at)) if at > start else breaks[:-1]


def _add_entry(state: State, entry_id: str, start: int, end: int, removed: frozenset[str]) -> State | None:
    overlapping = {entry for entry in state.entries if entry[1] < end and start < entry[2]}
    if {entry[0] for entry in overlapping} != removed:
        return None
    return replace(state, entries=(state.entries - overlapping) | {(entry_id, start, end)})


_ACTIONS = {"read": _read, "save": _save, "start": _start, "break": _break, "stop": _stop, "cancel": _cancel}
