"""Calls to the zone API with the hash of a demo user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.e2e.service import Service


def send(service: Service, method: str, path: str, **parts: Any) -> httpx.Response:
    return service.http.request(method, f"{service.endpoint.base_url}/zone/{path}", **parts)


def post(service: Service, path: str, **parameters: Any) -> dict[str, Any]:
    """Send a JSON body with the hash in it, as the examples of the reference do, and return the answer's body."""
    answer = send(service, "POST", path, json={"hash": find_key(service), **parameters})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is True
    return body


def find_key(service: Service, role: str = "admin", tenant: str = "demo") -> str:
    return str(service.tenants[tenant]["keys"][role])


@contextmanager
def temporary_zone(service: Service, label: str, **more: Any) -> Iterator[int]:
    """Create a zone, yield its id and delete it."""
    points = {"points": more.pop("points")} if "points" in more else {}
    number: int = post(service, "create", zone={"label": label, "address": "zone address", **more}, **points)["id"]
    yield number
    assert post(service, "delete", zone_id=number) == {"success": True}
