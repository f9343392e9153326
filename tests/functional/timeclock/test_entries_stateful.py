"""Any sequence of actions by two users, with replays: one clock each, no overlap, nothing lost but by a rule, and
totals that are the sum of what is there.

Everything goes through the handlers, and what is believed is what lies in the table.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import datetime
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from moto import mock_aws

from fencepost import container
from fencepost.timeclock.overlaps import OverlapPolicy
from fencepost.timeclock.working_time import AllowedWindow, AutomaticBreaks, Rounding, Threshold, WorkingTime
from tests.functional.app import Answer, App
from tests.functional.timeclock.client import DAY, MAY, set_policy

# Few instants, so that entries meet.
TIMES = [f"{DAY}{hour:02}:{minute}:00+02:00" for hour in range(8, 13) for minute in ("00", "30")]
USERS = st.sampled_from(["emil", "vera"])
BY_RULE = {"overwritten", "deleted"}
HOURS = Rounding(direction="down", minutes=60), Rounding(direction="up", minutes=60)
MODELS = [
    WorkingTime(),
    WorkingTime(
        round_start=HOURS[0],
        round_end=HOURS[1],
        automatic_breaks=AutomaticBreaks(thresholds=(Threshold(over_minutes=60, break_minutes=45),)),
        longest_minutes=150,
    ),
    WorkingTime(round_end=HOURS[0], window=AllowedWindow(start_minute=9 * 60, end_minute=11 * 60)),
    WorkingTime(window=AllowedWindow(start_minute=9 * 60, end_minute=11 * 60, outside="refuse")),
]


def _seconds(span: dict[str, Any]) -> int:
    start, end = (datetime.fromisoformat(span[name]) for name in ("start", "end"))
    return round((end - start).total_seconds())


class Punching(RuleBasedStateMachine):
    entries = Bundle("entries")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.aws = mock_aws()
        self.aws.start()
        self.app = App(self.patch)
        self.last: dict[str, dict[str, Any]] = {}
        self.approved: dict[str, tuple[str, str]] = {}
        self.known: set[str] = set()

    def teardown(self) -> None:
        try:
            self._check_totals()
        finally:
            self.aws.stop()
            self.patch.undo()

    @initialize(name=st.sampled_from(get_args(OverlapPolicy)), model=st.sampled_from(MODELS))
    def choose_the_rules(self, name: Any, model: WorkingTime) -> None:
        set_policy(self.app, name)
        container.tenant_service().put_tenant("demo", "Demo", time_zone="Europe/Berlin", working_time=model)

    @rule(
        target=entries,
        user=USERS,
        action=st.sampled_from(["start", "start", "break", "stop", "stop", "update", "cancel"]),
        at=st.sampled_from(TIMES),
    )
    def act(self, user: str, action: str, at: str) -> Any:
        body = {"action": action, "dateTime": at} | ({"timeType": "travel"} if action == "update" else {})
        self.last[user] = body
        answer = self._sent("clock_start", user, **body)
        is_entry = action == "stop" and answer.body["items"][0]["data"] is not None
        return self._ids(answer) if is_entry else multiple()

    @rule(user=USERS)
    def send_again(self, user: str) -> None:
        """A start or a break that was done is not done again."""
        if user not in self.last:
            return
        before = self._clock(user)
        done_last = before is not None and before["punches"][-1]["action"] == self.last[user]["action"]
        at = datetime.fromisoformat(self.last[user]["dateTime"])
        is_it = done_last and before is not None and datetime.fromisoformat(before["punches"][-1]["at"]) == at
        self._sent("clock_start", user, **self.last[user])
        if is_it and self.last[user]["action"] in ("start", "break"):
            assert self._clock(user) == before

    @rule(target=entries, user=USERS, span=st.lists(st.sampled_from(TIMES), min_size=2, max_size=2, unique=True))
    def save(self, user: str, span: list[str]) -> Any:
        start, end = sorted(span)
        answer = self._sent("times_put", user, items=[{"from": start, "to": end}])
        return self._ids(answer) if answer.body["valid"] else multiple()

    @rule(entry_id=entries, user=USERS, end=st.sampled_from(TIMES))
    def change(self, entry_id: str, user: str, end: str) -> None:
        self._sent("times_put", user, items=[{"id": entry_id, "to": end}])

    @rule(entry_id=entries, user=USERS)
    def delete(self, entry_id: str, user: str) -> None:
        self._sent("times_delete", user, query={"id": entry_id})

    @rule(entry_id=entries)
    def approve(self, entry_id: str) -> None:
        answer = self._sent("times_approve", "ada", ids=[entry_id])
        if answer.status == 200:
            entry = answer.body["items"][0]["data"]
            self.approved[entry_id] = (entry["from"], entry["to"])

    @rule(entry_id=entries)
    def reopen(self, entry_id: str) -> None:
        if self._sent("times_reopen", "ada", ids=[entry_id]).status == 200:
            self.approved.pop(entry_id, None)

    @rule(entry_id=consumes(entries), name=st.sampled_from(["times_resubmit", "times_restore"]), target=entries)
    def bring_back(self, entry_id: str, name: str) -> str:
        self._sent(name, "ada", path_id=entry_id)
        return entry_id

    @invariant()
    def all_is_well(self) -> None:
        items = self.app.items()
        clocks = [item["PK"]["S"] for item in items if item["SK"]["S"] == "CLOCK"]
        assert len(clocks) == len(set(clocks))
        self._check_overlaps(items)
        self._check_nothing_is_lost(items)

    def _check_overlaps(self, items: list[dict[str, Any]]) -> None:
        spans: dict[str, list[tuple[datetime, datetime]]] = {}
        for item in items:
            if item["SK"]["S"].startswith("TIME#"):
                doc = json.loads(item["doc"]["S"])
                span = datetime.fromisoformat(doc["start"]), datetime.fromisoformat(doc["end"])
                spans.setdefault(doc["user_id"], []).append(span)
                if doc["id"] in self.approved:
                    approved = tuple(map(datetime.fromisoformat, self.approved[doc["id"]]))
                    assert (doc["approval"], approved) == ("approved", span)
        for one in spans.values():
            in_order = sorted(one)
            assert all(first[1] <= second[0] for first, second in itertools.pairwise(in_order))

    def _check_nothing_is_lost(self, items: list[dict[str, Any]]) -> None:
        """Each id is in its place, and what its trail says last is what is there."""
        there = {(item["PK"]["S"], item["SK"]["S"]): item for item in items}
        places = {pk.rpartition("#")[2]: item for (pk, sk), item in there.items() if sk == "PLACE"}
        entries = [item for (_, sk), item in there.items() if sk.startswith(("TIME#", "INVALID#"))]
        standing = {i for i, place in places.items() if "sort" in place}
        assert {json.loads(item["doc"]["S"])["id"] for item in entries} == standing
        assert self.known | set(self.approved) <= set(places)
        assert set(self.approved) <= {i for i in standing if places[i]["kind"]["S"] == "valid"}
        for entry_id, place in places.items():
            trail = [
                json.loads(item["doc"]["S"])
                for (pk, sk), item in sorted(there.items())
                if pk == f"T#demo#TIME#{entry_id}" and sk.startswith("CHANGE#")
            ]
            assert [change["number"] for change in trail] == list(range(1, len(trail) + 1))
            if place["kind"]["S"] == "removed":
                assert trail[-1]["action"] in BY_RULE
                assert "doc" in place
            if "sort" in place:
                stored = json.loads(there[f"T#demo#USER#{place['userId']['S']}", place["sort"]["S"]]["doc"]["S"])
                after = trail[-1]["after"]
                assert {name: stored[name] for name in after} == after

    def _check_totals(self) -> None:
        net_s: Counter[str] = Counter()
        for item in self.app.items():
            if item["SK"]["S"].startswith("TIME#"):
                doc = json.loads(item["doc"]["S"])
                net_s[doc["user_id"]] += _seconds(doc) - sum(map(_seconds, doc["breaks"]))
        for grouped in ({"unit": "day", "by": "user"}, {"unit": "week", "by": "user,category", "split": "midnight"}):
            answer = self.app.request(
                "reports", "times_totals", user="ada", roles="approver", query={**MAY, **grouped}
            )
            totals_s: Counter[str] = Counter()
            for total in (one["data"] for one in answer.body["items"]):
                totals_s[total["userId"]] += total["netSeconds"]
            assert +totals_s == +net_s

    def _sent(self, name: str, user: str, **how: Any) -> Answer:
        roles = "approver" if user == "ada" else "employee"
        answer = self.app.request("clock", name, user=user, roles=roles, **how)
        assert answer.status < 500, answer
        return answer

    def _ids(self, answer: Answer) -> Any:
        data = answer.body["items"][0]["data"]
        ids = [data["id"], *(left["id"] for left in data["trimmedEntries"])]
        self.known.update(ids)
        return multiple(*ids)

    def _clock(self, user: str) -> dict[str, Any] | None:
        found = [item for item in self.app.items() if item["PK"]["S"] == f"T#demo#USER#{user}"]
        return next((json.loads(item["doc"]["S"]) for item in found if item["SK"]["S"] == "CLOCK"), None)


Punching.TestCase.settings = settings(
    max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_sequence_of_actions = Punching.TestCase
