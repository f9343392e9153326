"""Check that concurrent histories of one user's clock and entries are linearizable.

`python -m tests.e2e.timeclock.histories [--count N --seed S]` runs them all on a separate engine.
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
from tests.e2e.service import Service, deploy_service, find_free_port
from tests.oracles.clock import ClockCall, Span, State, apply_call
from tests.oracles.linearizability import Call, find_linearization

PHONES, CALLS_PER_PHONE = 3, 3
_MIDNIGHT = datetime.fromisoformat(at("00:00"))
# Few instants, so that calls conflict.
_INSTANTS = range(9 * 60, 12 * 60, 20)
_ACTIONS = ("start", "start", "start", "break", "stop", "stop", "cancel", "save")


def record_history(service: Service, seed: str) -> list[Call[ClockCall]]:
    """Run calls from several phones of a user at once, and return them with a final read."""
    person, chance = Person(service), random.Random(seed)
    plans = [[_plan(chance, f"{phone}.{n}") for n in range(CALLS_PER_PHONE)] for phone in range(PHONES)]
    with ThreadPoolExecutor(PHONES) as phones:
        calls = [call for of_phone in phones.map(lambda plan: _run(person, plan), plans) for call in of_phone]
    sent_at = time.monotonic()
    running = person.read_clock()
    entries = frozenset(
        (entry["id"], _to_minute(entry["from"]), _to_minute(entry["to"])) for entry in person.list_entries()
    )
    clock_id = running.json()["items"][0]["data"]["id"] if running.status_code == 200 else None
    read = ClockCall(action="read", id=clock_id, entries=entries)
    return [*calls, Call(content=read, sent_at=sent_at, answered_at=time.monotonic())]


def is_linearizable(calls: Sequence[Call[ClockCall]]) -> bool:
    return find_linearization(calls, State(), apply_call) is not None


def _plan(chance: random.Random, name: str) -> tuple[str, int, int, str]:
    """Return an action, its minute, the end of a saved entry, and a name that makes the request unique."""
    first, second = sorted(chance.sample(_INSTANTS, 2))
    action = chance.choice(_ACTIONS)
    return action, first if action == "save" else chance.choice(_INSTANTS), second, name


def _run(person: Person, plan: Sequence[tuple[str, int, int, str]]) -> list[Call[ClockCall]]:
    calls = []
    for action, minute, end, name in plan:
        sent_at = time.monotonic()
        if action == "save":
            answer = person.save_entry(_to_instant(minute), _to_instant(end))
        else:
            answer = person.clock(action, _to_instant(minute), comment=name)
        answered_at = time.monotonic()
        content = _to_call(action, minute, end, answer)
        calls.append(Call(content=content, sent_at=sent_at, answered_at=answered_at))
    return calls


def _to_call(action: Any, minute: int, end: int, answer: httpx.Response) -> ClockCall:
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    item = answer.json()["items"][0]
    data = item["data"] or {}
    return ClockCall(
        action=action,
        at=minute,
        end=end,
        code=item.get("code"),
        id=data.get("id"),
        breaks=tuple(map(_to_span, data.get("breaks", ()))),
        removed=frozenset(data.get("removedEntryIds", ())),
    )


def _to_span(pause: dict[str, str]) -> Span:
    return _to_minute(pause["from"]), _to_minute(pause["to"]) if pause["to"] is not None else None


def _to_instant(minute: int) -> str:
    return (_MIDNIGHT + timedelta(minutes=minute)).isoformat()


def _to_minute(instant: str) -> int:
    return (datetime.fromisoformat(instant) - _MIDNIGHT) // timedelta(minutes=1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.timeclock.histories", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="number of histories")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="the same seed gives the same calls")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    failures = 0
    with tempfile.TemporaryDirectory() as folder, Engine(port=find_free_port(), data_dir=Path(folder)) as engine:
        service = deploy_service(engine)
        for n in range(options.count):
            calls = record_history(service, f"{options.seed}/{n}")
            if not is_linearizable(calls):
                failures += 1
                print(f"\n{options.seed}/{n} is not linearizable:", *calls, sep="\n  ")
        service.http.close()
    took_s = time.monotonic() - started
    print(f"clock    {options.count:9,} concurrent histories, {failures:,} not linearizable, in {took_s:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
