"""A client of the zone API, and zones to send."""

from __future__ import annotations

import json
from base64 import b64encode
from posixpath import normpath
from typing import Any

from fencepost import container
from tests.functional.app import Answer, App, event

ZONE = {
    "label": "Zone name",
    "address": "zone address",
    "radius": 100,
    "center": {"lat": 56.827001, "lng": 60.594296},
}
LINE = [
    {"lat": 37.818844, "lng": -122.366278, "node": True},
    {"lat": 37.819267, "lng": -122.365248, "node": False},
    {"lat": 37.819861, "lng": -122.36564, "node": False},
    {"lat": 37.819429, "lng": -122.366669, "node": True},
]
SQUARE = [{"lat": lat, "lng": lng, "node": True} for lat, lng in ((1.0, 1.0), (1.0, 1.01), (1.01, 1.01), (1.01, 1.0))]
SAUSAGE = {"type": "sausage", "label": "Route", "radius": 150}
POLYGON = {"type": "polygon", "label": "Yard"}
FORM = "application/x-www-form-urlencoded"


class ZoneClient:
    """A program that calls the zone API with an API key."""

    def __init__(self, app: App, roles: str = "admin", tenant: str = "demo") -> None:
        self.app = app
        self.hash = container.tenant_service().issue_key(tenant, "ada", roles.split(","))

    def __call__(self, path: str, /, **parameters: Any) -> Answer:
        """Call as the examples of the reference do: JSON that contains the hash."""
        return self.post(path, json.dumps({"hash": self.hash, **parameters}))

    def post(
        self, path: str, body: str, headers: dict[str, str] | None = None, query: dict[str, str] | None = None
    ) -> Answer:
        return self.send("POST", path, {"Content-Type": "application/json", **(headers or {})}, query, body)

    def get(self, path: str, query: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        return self.send("GET", path, headers or {}, query, None)

    def send(
        self, method: str, path: str, headers: dict[str, str], query: dict[str, str] | None, body: str | None
    ) -> Answer:
        sent = event("api/zone_list")
        sent |= {"httpMethod": method, "resource": normpath(f"/v1/zone/{path}"), "headers": headers, "body": body}
        sent["queryStringParameters"] = query
        sent["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()} if query else None
        answer = Answer(self.app.invoke("zones", sent))
        self.app._check_contract("zones", sent, answer)
        return answer

    def post_bytes(self, path: str, body: bytes, media_type: str, key: str | None = None) -> Answer:
        """Send a body in base64, as API Gateway passes on media types that the template declares as binary."""
        sent = event("api/zone_list") | {"resource": normpath(f"/v1/zone/{path}"), "isBase64Encoded": True}
        sent["headers"] = {"Content-Type": media_type} | ({} if key is None else {"Idempotency-Key": key})
        sent["body"] = b64encode(body).decode()
        answer = Answer(self.app.invoke("zones", sent))
        self.app._check_contract("zones", sent, answer)
        return answer

    def create(self, zone: dict[str, Any], points: list[dict[str, Any]] | None = None) -> int:
        answer = self("create", zone=zone, **({} if points is None else {"points": points}))
        assert answer.status == 200, answer
        number: int = answer.body["id"]
        return number

    def read(self, number: int) -> dict[str, Any]:
        answer = self("read", zone_id=number)
        assert answer.status == 200, answer
        value: dict[str, Any] = answer.body["value"]
        return value

    def listed(self, **how: Any) -> list[dict[str, Any]]:
        answer = self("list", **how)
        assert answer.status == 200, answer
        zones: list[dict[str, Any]] = answer.body["list"]
        return zones


def refused(answer: Answer) -> tuple[int, int]:
    assert answer.body["success"] is False, answer
    return answer.status, answer.body["status"]["code"]


def wrong(answer: Answer) -> list[str]:
    """Return the invalid parameters that an error 7 names."""
    assert refused(answer) == (400, 7), answer
    return [error["parameter"] for error in answer.body["errors"]]
