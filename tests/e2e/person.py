"""A user of the demo's directory with no times yet, for whom the approver acts, on 4 May 2026 in Berlin."""

from __future__ import annotations

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
    """A local time of the day, such as 09:00; an instant in full stays as it is."""
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
        said = {"action": action, "userId": self.id, **({"dateTime": at(when)} if when else {}), **body}
        return self.call("POST", "/clock", said)

    def clocked(self, start: str, stop: str, *breaks: str) -> httpx.Response:
        """The answer to the stop."""
        self.clock("start", start)
        for when in breaks:
            self.clock("break", when)
        return self.clock("stop", stop)

    def running(self) -> httpx.Response:
        return self.call("GET", "/clock", params={"userId": self.id})

    def save(self, start: str, end: str) -> httpx.Response:
        return self.call("POST", "/times", {"items": [{"userId": self.id, "from": at(start), "to": at(end)}]})

    def entries(self, **query: str) -> list[dict[str, Any]]:
        answer = self.call("GET", "/times", params={**SPAN, "userId": self.id, **query})
        assert answer.status_code == 200, answer.text
        return [item["data"] for item in answer.json()["items"]]

    def fence(self, **more: Any) -> str:
        """A geofence around the office that applies to this person."""
        assigned = [{"targetTable": "users", "targetId": self.id}]
        body = {"name": f"Office {uuid4().hex[:12]}", "assignments": assigned, **OFFICE, **more}
        answer = self.call("POST", "/geofences", body, role="admin")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def item(answer: httpx.Response) -> dict[str, Any]:
    first: dict[str, Any] = answer.json()["items"][0]
    return first


def data(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = item(answer)["data"]
    return found


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["valid"] is False
    return answer.status_code, item(answer)["code"]
