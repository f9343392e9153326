"""A new user of the demo tenant, for whom the approver acts, on 4 May 2026 in Berlin."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.service import Service

DAY = "2026-05-04T"
SPAN = {"from": f"{DAY}00:00:00+02:00", "to": "2026-05-05T00:00:00+02:00"}
OFFICE: dict[str, Any] = {"latitude": 30.2672, "longitude": -97.7431, "radiusMeters": 100}
INSIDE = {"latitude": 30.2680, "longitude": -97.7431}  # 88.7 m from the centre
FAR = {"latitude": 30.2700, "longitude": -97.7431}


def at(text: str) -> str:
    """Return the instant of a local time, such as 09:00, on that day. A full instant is returned unchanged."""
    return text if "T" in text else f"{DAY}{text}:00+02:00"


class Person:
    def __init__(self, service: Service, tenant: str = "demo") -> None:
        self.service = service
        self.tenant = tenant
        self.id = f"person-{uuid4()}"
        assert self.call("PUT", f"/directory/users/{self.id}", {"name": self.id}, role="admin").status_code == 200

    def call(
        self, method: str, path: str, body: Any = None, *, role: str = "approver", **more: Any
    ) -> httpx.Response:
        return self.service.call(method, path, body, role=role, tenant=self.tenant, **more)

    def clock(self, action: str, when: str | None = None, **body: Any) -> httpx.Response:
        fields = {"action": action, "userId": self.id, **({"dateTime": at(when)} if when else {}), **body}
        return self.call("POST", "/clock", fields)

    def clock_shift(self, start: str, stop: str, *breaks: str) -> httpx.Response:
        """Start, take breaks, stop, and return the answer to the stop."""
        self.clock("start", start)
        for when in breaks:
            self.clock("break", when)
        return self.clock("stop", stop)

    def read_clock(self) -> httpx.Response:
        return self.call("GET", "/clock", params={"userId": self.id})

    def save_entry(self, start: str, end: str) -> httpx.Response:
        return self.call("POST", "/times", {"items": [{"userId": self.id, "from": at(start), "to": at(end)}]})

    def list_entries(self, **query: str) -> list[dict[str, Any]]:
        answer = self.call("GET", "/times", params={**SPAN, "userId": self.id, **query})
        assert answer.status_code == 200, answer.text
        return [item["data"] for item in answer.json()["items"]]

    def create_fence(self, **more: Any) -> str:
        """Create a geofence around the office, assigned to this person, and return its id."""
        assignments = [{"targetTable": "users", "targetId": self.id}]
        body = {"name": f"Office {uuid4().hex[:12]}", "assignments": assignments, **OFFICE, **more}
        answer = self.call("POST", "/geofences", body, role="admin")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def item(answer: httpx.Response) -> dict[str, Any]:
    first: dict[str, Any] = answer.json()["items"][0]
    return first


def data(answer: httpx.Response) -> dict[str, Any]:
    fields: dict[str, Any] = item(answer)["data"]
    return fields


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert answer.json()["valid"] is False
    return answer.status_code, item(answer)["code"]


def have_no_overlap(entries: list[dict[str, Any]]) -> bool:
    spans = sorted((datetime.fromisoformat(entry["from"]), datetime.fromisoformat(entry["to"])) for entry in entries)
    return all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
