"""Calls to the clock and to the time entries of the user emil, on 4 May 2026 in Berlin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fencepost import container
from fencepost.timeclock.overlaps import OverlapPolicy
from tests.functional.app import Answer, App

DAY = "2026-05-04T"
MAY = {"from": "2026-05-01T00:00:00+02:00", "to": "2026-06-01T00:00:00+02:00"}
APPROVER: dict[str, Any] = {"user": "ada", "roles": "approver"}

OFFICE: dict[str, Any] = {"name": "Office", "latitude": 30.2672, "longitude": -97.7431, "radiusMeters": 100}
INSIDE = {"latitude": 30.2680, "longitude": -97.7431}  # 88.7 m from the centre
FAR = {"latitude": 30.2700, "longitude": -97.7431}


def at(text: str) -> str:
    """Return the instant of a local time, such as 09:00, on that day."""
    return f"{DAY}{text}:00+02:00"


def data(answer: Answer) -> dict[str, Any]:
    """Return the data of the first item."""
    fields: dict[str, Any] = answer.body["items"][0]["data"]
    return fields


def code(answer: Answer) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert answer.body["valid"] is False
    return answer.status, answer.body["items"][0]["code"]


def clock(app: App, action: str, at: str | None = None, **body: Any) -> Answer:
    """Send an action, at a local time of the day or now."""
    caller: dict[str, Any] = {name: body.pop(name) for name in ("user", "roles", "tenant") if name in body}
    when: dict[str, Any] = {"dateTime": f"{DAY}{at}:00+02:00"} if at else {}
    return app.request("clock", "clock_cancel", action=action, **when, **body, **caller)


def clock_shift(app: App, start: str, stop: str, *breaks: str, **caller: str) -> Answer:
    """Start, take breaks, stop, and return the answer to the stop."""
    clock(app, "start", start, **caller)
    for when in breaks:
        clock(app, "break", when, **caller)
    return clock(app, "stop", stop, **caller)


def set_policy(app: App, policy: OverlapPolicy) -> None:
    """Set how the tenant resolves overlaps."""
    container.tenant_service().put_tenant("demo", "Demo", overlaps=policy)


def create_fence(app: App, **more: Any) -> str:
    """Create a geofence around the office, assigned to emil, and return its id."""
    assignments: dict[str, Any] = {"assignments": [{"targetTable": "users", "targetId": "emil"}]}
    answer = app.request("geofences", "create_circle", **(OFFICE | assignments | more))
    assert answer.status == 201, answer
    return str(answer.body["id"])


def span(start: str, end: str, **more: Any) -> dict[str, Any]:
    """Return an entry for a request, between two local times of the day."""
    return {"from": at(start), "to": at(end), **more}


def put_entries(app: App, *items: Any, **caller: Any) -> Answer:
    answer = app.request("clock", "times_put", items=list(items), **caller)
    assert answer.status == 200, answer
    return answer


def save_entry(app: App, start: str, end: str, **more: Any) -> str:
    """Save an entry by hand and return its id."""
    answer = put_entries(app, span(start, end, **more))
    assert answer.body["valid"], answer
    return str(data(answer)["id"])


def save_invalid_entry(app: App) -> tuple[str, str]:
    """Return the ids of an approved entry from 13 to 14, and of an invalid one from 10 to 14."""
    approved = save_entry(app, "13:00", "14:00")
    assert approve(app, approved).status == 200
    return approved, str(data(clock_shift(app, "10:00", "14:00"))["id"])


def list_hours(app: App, *, caller: Mapping[str, Any] | None = None, **query: str) -> list[str]:
    """Return the hours of entries, such as 09-17, from all pages."""
    query = {{"start": "from", "end": "to"}.get(name, name): value for name, value in query.items()}
    hours: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = app.request("clock", "times_list", query={**MAY, **query, **cursor}, **(caller or {}))
        assert page.status == 200, page
        hours += [f"{item['data']['from'][11:13]}-{item['data']['to'][11:13]}" for item in page.body["items"]]
        if page.body["nextCursor"] is None:
            return hours
        cursor = {"cursor": page.body["nextCursor"]}


def delete(app: App, *ids: str, **caller: Any) -> Answer:
    return app.request("clock", "times_delete", query={"id": ",".join(ids)}, **caller)


def approve(app: App, *ids: str, **body: Any) -> Answer:
    return app.request("clock", "times_approve", ids=list(ids), **body)


def read_history(app: App, entry_id: str, **caller: Any) -> list[dict[str, Any]]:
    answer = app.request("clock", "times_history", path_id=entry_id, **caller)
    assert answer.status == 200, answer
    return [item["data"] for item in answer.body["items"]]
