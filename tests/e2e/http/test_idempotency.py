"""Concurrent requests with one Idempotency-Key are processed once and get the same answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import httpx
import pytest

from fencepost.http.idempotency_key import IdempotencyKey
from fencepost.http.idempotency_records import IdempotencyRecord
from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository
from tests.e2e.service import Service


def test_of_twenty_parallel_creates_with_one_idempotency_key_one_is_processed(service: Service) -> None:
    key, body = str(uuid4()), {"name": f"Once {uuid4()}", "latitude": 5, "longitude": 6}

    def create(_: int) -> httpx.Response:
        return service.call("POST", "/geofences", body, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    first = [a for a in answers if a.status_code == 201 and "Idempotency-Replayed" not in a.headers]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 201:
            assert answer.json() == first[0].json()
        else:
            assert (answer.json()["code"], answer.headers["Retry-After"]) == ("IDEMPOTENCY_IN_PROGRESS", "1")
    replay = create(0)
    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (201, "true")
    assert (replay.json(), replay.headers["Location"]) == (first[0].json(), first[0].headers["Location"])
    listed = service.call("GET", "/geofences", params={"limit": 1000}).json()["data"]
    assert [geofence["id"] for geofence in listed if geofence["name"] == body["name"]] == [first[0].json()["id"]]
    other = service.call("POST", "/geofences", body | {"latitude": 7}, headers={"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_break_with_an_idempotency_key_is_not_ended_by_its_retry(service: Service) -> None:
    def act(action: str, key: str) -> httpx.Response:
        return service.call("POST", "/clock", {"action": action}, role="admin", headers={"Idempotency-Key": key})

    start_key, break_key = str(uuid4()), str(uuid4())
    assert act("start", start_key).status_code == 200
    try:
        first, again = act("break", break_key), act("break", break_key)
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        reused = act("stop", break_key)
        assert (reused.status_code, reused.json()["items"][0]["code"]) == (400, "IDEMPOTENCY_KEY_REUSED")
    finally:
        service.call("POST", "/clock", {"action": "cancel"}, role="admin")


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_of_calls_that_claim_a_key_in_the_same_moment_one_gets_it(service: Service, is_abandoned: bool) -> None:
    """Test the repository: over HTTP the engine may call a function for one request after the other."""
    client = service.engine.client("dynamodb")
    (table,) = (name for name in client.list_tables()["TableNames"] if "Idempotency" in name)
    repository, callers = DynamoDBIdempotencyRepository(client, table), 20
    now = datetime.now(UTC)
    start = Barrier(callers)

    def claim(key: IdempotencyKey) -> IdempotencyRecord | None:
        start.wait()
        return repository.claim(key, str(uuid4()), now, now + timedelta(seconds=10))

    with ThreadPoolExecutor(callers) as pool:
        for _ in range(20):
            key = IdempotencyKey(tenant_id="demo", identity=str(uuid4()), digest="d")
            if is_abandoned:
                assert repository.claim(key, str(uuid4()), now, now) is None
            answers = list(pool.map(claim, [key] * callers))
            assert answers.count(None) == 1
            assert {(record.digest, record.response) for record in answers if record is not None} == {("d", None)}
