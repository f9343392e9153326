"""Concurrent histories of one user's clock and times, on an engine: is each as if its calls had come in turn?

`python -m tests.e2e.histories [--count N --seed S]` runs them all, on an engine of its own.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local.engine import Engine
from tests.e2e.person import Person, at
from tests.e2e.service import Service
from tests.oracles.clock import Asked, Span, State, step
from tests.oracles.linearizability import Call, linearization

PHONES, CALLS_A_PHONE = 3, 3
_MIDNIGHT = datetime.fromisoformat(at("00:00"))
# Few instants, so that calls meet.
_INSTANTS = range(9 * 60, 12 * 60, 20)
_ACTIONS = ("start", "start", "start", "break", "stop", "stop", "cancel", "save")


def history(service: Service, seed: str) -> list[Call[Asked]]:
    """What several phones of a user asked at once and were answered, and what was there in the end."""
    person, chance = Person(service), random.Random(seed)
    plans = [[_plan(chance, f"{phone}.{n}") for n in range(CALLS_A_PHONE)] for phone in range(PHONES)]
    with ThreadPoolExecutor(PHONES) as phones:
        calls = [call for some in phones.map(lambda plan: _carried_out(person, plan), plans) for call in some]
    made = time.monotonic()
    running = person.running()
    entries = frozenset((entry["id"], _minute(entry["from"]), _minute(entry["to"])) for entry in person.entries())
    clock_id = running.json()["items"][0]["data"]["id"] if running.status_code == 200 else None
    read = Asked(action="read", id=clock_id, entries=entries)
    return [*calls, Call(what=read, made=made, answered=time.monotonic())]


def is_linearizable(calls: Sequence[Call[Asked]]) -> bool:
    return linearization(calls, State(), step) is not None


def _plan(chance: random.Random, name: str) -> tuple[str, int, int, str]:
    """An action, its instant, the end of what is saved, and a name that makes it another request than any other."""
    first, second = sorted(chance.sample(_INSTANTS, 2))
    action = chance.choice(_ACTIONS)
    return action, first if action == "save" else chance.choice(_INSTANTS), second, name


def _carried_out(person: Person, plan: Sequence[tuple[str, int, int, str]]) -> list[Call[Asked]]:
    calls = []
    for action, minute, end, name in plan:
        made = time.monotonic()
        if action == "save":
            answer = person.save(_at(minute), _at(end))
        else:
            answer = person.clock(action, _at(minute), comment=name)
        answered = time.monotonic()
        calls.append(Call(what=_asked(action, minute, end, answer), made=made, answered=answered))
    return calls


def _asked(action: Any, minute: int, end: int, answer: httpx.Response) -> Asked:
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    item = answer.json()["items"][0]
    data = item["data"] or {}
    return Asked(
        action=action,
        at=minute,
        end=end,
        code=item.get("code"),
        id=data.get("id"),
        breaks=tuple(map(_span, data.get("breaks", ()))),
        removed=frozenset(data.get("removedEntryIds", ())),
    )


def _span(taken: dict[str, str]) -> Span:
    return _minute(taken["from"]), _minute(taken["to"]) if taken["to"] is not None else None


def _at(minute: int) -> str:
    return (_MIDNIGHT + timedelta(minutes=minute)).isoformat()


def _minute(told: str) -> int:
    return (datetime.fromisoformat(told) - _MIDNIGHT) // timedelta(minutes=1)


def main() -> int:
    from tests.e2e.conftest import deployed, free_port

    parser = argparse.ArgumentParser(prog="python -m tests.e2e.histories", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="number of histories")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="the same seed gives the same calls")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, Engine(port=free_port(), data_dir=Path(folder)) as engine:
        service = deployed(engine)
        for n in range(options.count):
            calls = history(service, f"{options.seed}/{n}")
            if not is_linearizable(calls):
                wrong += 1
                print(f"\n{options.seed}/{n} is not linearizable:", *calls, sep="\n  ")
        service.http.close()
    took_s = time.monotonic() - started
    print(f"clock    {options.count:9,} concurrent histories, {wrong:,} not linearizable, in {took_s:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
