"""The clock and the entries of one user as a model that answers one call after the other, each entry overwriting.

It knows nothing of the code that it judges: instants are minutes, and a state is a value.
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
class Asked:
    """A call and its answer. `code` is None where it was done; `id`, `breaks` and `removed` are what was told then.

    A read is told `entries`, and the `id` of the clock that runs.
    """

    action: Literal["start", "break", "stop", "cancel", "save", "read"]
    at: int = 0
    end: int = 0
    code: str | None = None
    id: str | None = None
    breaks: tuple[Span, ...] = ()
    removed: frozenset[str] = frozenset()
    entries: frozenset[tuple[str, int, int]] = frozenset()


def step(state: State, asked: Asked) -> State | None:
    """The state after a call, None where it is not answered so.

    >>> started = step(State(), Asked(action="start", at=540, id="a"))
    >>> started
    State(clock=Clock(id='a', start=540, breaks=()), entries=frozenset())
    >>> step(started, Asked(action="start", at=550, id="b")) is None
    True
    """
    return state if asked.code == "BUSY" else _STEPS[asked.action](state, asked)


def _read(state: State, asked: Asked) -> State | None:
    told = (asked.entries, asked.id)
    return state if told == (state.entries, state.clock.id if state.clock else None) else None


def _save(state: State, asked: Asked) -> State | None:
    assert asked.id is not None
    return _saved(state, asked.id, asked.at, asked.end, asked.removed)


def _start(state: State, asked: Asked) -> State | None:
    assert asked.id is not None
    if state.clock is None:
        return replace(state, clock=Clock(asked.id, asked.at)) if asked.code is None else None
    return state if (asked.code, asked.id) == ("CLOCK_ALREADY_RUNNING", state.clock.id) else None


def _break(state: State, asked: Asked) -> State | None:
    clock = state.clock
    breaks = _toggled(clock, asked.at) if clock is not None else None
    if clock is None or breaks is None:
        return _refused(state, asked)
    done = asked.code is None and breaks == asked.breaks
    return replace(state, clock=replace(clock, breaks=breaks)) if done else None


def _stop(state: State, asked: Asked) -> State | None:
    clock = state.clock
    breaks = _closed(clock, asked.at) if clock is not None else None
    if clock is None or breaks is None:
        return _refused(state, asked)
    done = asked.code is None and (asked.id, asked.breaks) == (clock.id, breaks)
    return _saved(replace(state, clock=None), clock.id, clock.start, asked.at, asked.removed) if done else None


def _cancel(state: State, asked: Asked) -> State | None:
    if state.clock is None:
        return _refused(state, asked)
    return replace(state, clock=None) if (asked.code, asked.id) == (None, state.clock.id) else None


def _refused(state: State, asked: Asked) -> State | None:
    """The state as it was, where the refusal says what it has to."""
    return state if asked.code == ("NO_RUNNING_CLOCK" if state.clock is None else "WRONG_ORDER") else None


def _toggled(clock: Clock, at: int) -> tuple[Span, ...] | None:
    """None where it comes too early."""
    if clock.breaks and clock.breaks[-1][1] is None:
        return _ended(clock.breaks, at)
    last = clock.breaks[-1][1] if clock.breaks else None
    return (*clock.breaks, (at, None)) if at >= (clock.start if last is None else last) else None


def _closed(clock: Clock, at: int) -> tuple[Span, ...] | None:
    if at <= clock.start:
        return None
    if not clock.breaks:
        return ()
    breaks = _ended(clock.breaks, at) if clock.breaks[-1][1] is None else clock.breaks
    return breaks if breaks is not None and all(end is not None and end <= at for _, end in breaks) else None


def _ended(breaks: tuple[Span, ...], at: int) -> tuple[Span, ...] | None:
    begun = breaks[-1][0]
    if at < begun:
        return None
    return (*breaks[:-1], (begun, at)) if at > begun else breaks[:-1]


def _saved(state: State, entry_id: str, start: int, end: int, removed: frozenset[str]) -> State | None:
    in_the_way = {entry for entry in state.entries if entry[1] < end and start < entry[2]}
    if {entry[0] for entry in in_the_way} != removed:
        return None
    return replace(state, entries=(state.entries - in_the_way) | {(entry_id, start, end)})


_STEPS = {"read": _read, "save": _save, "start": _start, "break": _break, "stop": _stop, "cancel": _cancel}
