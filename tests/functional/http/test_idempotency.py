"""The header Idempotency-Key: once is enough, whatever happens to the first call and its answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import cos, sin
from random import Random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from fencepost import container
from fencepost.common.errors import ServiceBusy
from fencepost.geofences.repository import DynamoDBGeofenceRepository
from fencepost.geofences.service import GeofenceService
from fencepost.http.idempotency_key import IdempotencyKey
from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository
from fencepost.timeclock.clock_repository import DynamoDBClockRepository
from tests.functional.app import Answer, App, event
from tests.functional.timeclock.client import approve

KEY = "5f0c6d1e-order-7"


class Killed(BaseException):
    """The function is stopped: nothing of it runs any more, no handler of errors either."""


def create(app: App, key: str | None = KEY, name: str = "create_circle", /, **more: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return app.request("geofences", name, headers=headers | more.pop("headers", {}), **more)


def clock(app: App, action: str, key: str | None = None, **body: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return app.request("clock", "clock_cancel", headers=headers, action=action, **body)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def clock_code(answer: Answer) -> tuple[int, str]:
    assert answer.body["valid"] is False
    return answer.status, answer.body["items"][0]["code"]


def is_replayed(answer: Answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


def records() -> list[dict[str, Any]]:
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName="idempotency")
    return [item for page in pages for item in page["Items"]]


def edit_record(**values: Any) -> None:
    """Change the one record that there is."""
    (record,) = records()
    boto3.client("dynamodb").put_item(TableName="idempotency", Item=record | values)


def deadline_has_passed() -> None:
    edit_record(until={"N": str(int(time.time() * 1000) - 1)})


def day_has_passed() -> None:
    edit_record(ttl={"N": str(int(time.time()))})


@contextmanager
def killed_after(monkeypatch: pytest.MonkeyPatch, store: type, method: str) -> Iterator[None]:
    """Calls write what they have to write, and are killed before they can answer."""
    write = getattr(store, method)

    def write_and_die(*args: Any, **more: Any) -> None:
        write(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(store, method, write_and_die)
        with pytest.raises(Killed):
            yield


def geofences(app: App) -> list[str]:
    return [item["id"]["S"] for item in app.items() if item["SK"]["S"] == "CURRENT"]


def test_retry_gets_the_first_response_and_writes_nothing(app: App) -> None:
    first = create(app)
    assert (first.status, is_replayed(first)) == (201, False)
    before = app.items()
    app.calls.clear()
    for _ in range(3):
        again = create(app)
        assert (again.status, again.body, is_replayed(again)) == (201, first.body, True)
        assert [again.headers[name] for name in ("Location", "ETag", "Content-Type")] == [
            first.headers[name] for name in ("Location", "ETag", "Content-Type")
        ]
    assert app.calls == {"PutItem": 3}  # each a claim that did not succeed
    assert app.items() == before


def test_replay_has_the_first_response_and_not_the_present_state(app: App) -> None:
    first = create(app)
    app.request("geofences", "update", path_id=first.body["id"], description="New")
    again = create(app)
    assert (again.body, again.headers["ETag"]) == (first.body, '"1"')


def test_replay_has_its_own_request_id(app: App) -> None:
    sent = event("api/create_circle")
    sent["headers"]["idempotency-key"] = KEY
    for request_id in ("first", "second"):
        sent["requestContext"]["requestId"] = request_id
        assert Answer(app.invoke("geofences", sent)).headers["X-Request-Id"] == request_id


def test_key_costs_two_round_trips_and_no_key_costs_none(app: App) -> None:
    create(app)
    assert app.calls == {"PutItem": 2, "TransactWriteItems": 1}
    app.calls.clear()
    create(app, None, name="Another", latitude=1, longitude=1)
    assert app.calls == {"TransactWriteItems": 1}


def test_request_without_a_key_imports_no_idempotency_module(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = ("fencepost.http.idempotency", "fencepost.http.idempotency_repository")
    for name in modules:
        monkeypatch.delitem(sys.modules, name, raising=False)
    create(app, None)
    clock(app, "start")
    assert not set(modules) & sys.modules.keys()


@pytest.mark.parametrize(
    "other",
    [
        {"raw": '{"name": "Other", "latitude": 1, "longitude": 1}'},
        {"headers": {"Accept": "application/vnd.fencepost.timekeeping+json"}},
        {"headers": {"Content-Type": "application/geo+json"}},
    ],
)
def test_key_belongs_to_its_first_request(app: App, other: dict[str, Any]) -> None:
    create(app)
    before = app.items()
    answer = create(app, **other)
    assert code(answer) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert answer.body["title"] == "Unprocessable Content"
    assert app.items() == before
    assert is_replayed(create(app))


def test_key_belongs_to_the_query_too(app: App) -> None:
    key = {"Idempotency-Key": KEY}
    assert app.request("location", "check", headers=key).status == 200
    other = app.request("location", "check", headers=key, query={"consistent": "true"})
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_spaces_and_case_of_a_header_do_not_make_another_request(app: App) -> None:
    create(app, headers={"Accept": "application/json; q=1", "Content-Type": "application/json"})
    again = create(app, f" {KEY} ", headers={"Accept": "Application/JSON;q=1", "Content-Type": "application/JSON"})
    assert is_replayed(again)


def test_retry_during_the_first_call_is_a_409_with_retry_after(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    make = GeofenceService.create
    meanwhile: list[Answer] = []

    def make_slowly(*args: Any, **more: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(GeofenceService, "create", make)
            meanwhile.append(create(app))
            meanwhile.append(create(app, name="Other", latitude=1, longitude=1))
        return make(*args, **more)

    monkeypatch.setattr(GeofenceService, "create", make_slowly)
    assert create(app).status == 201
    same, other = meanwhile
    assert (*code(same), same.headers["Retry-After"]) == (409, "IDEMPOTENCY_IN_PROGRESS", "1")
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(geofences(app)) == 1


def test_create_whose_response_was_lost_finds_its_geofence(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_after(monkeypatch, DynamoDBGeofenceRepository, "add"):
        create(app)
    (made,) = geofences(app)
    assert code(create(app)) == (409, "IDEMPOTENCY_IN_PROGRESS")
    app.request("geofences", "update", path_id=made, description="Changed since")
    deadline_has_passed()
    answer = create(app)
    assert (answer.status, answer.body["id"], answer.body["description"]) == (201, made, "Changed since")
    assert (answer.headers["ETag"], answer.headers["Location"]) == ('"2"', f"/api/v1/geofences/{made}")
    assert geofences(app) == [made]
    assert [event["type"] for event in app.events()].count("geofence.created") == 1
    assert is_replayed(create(app))


def test_create_that_died_before_its_write_is_done_by_the_retry(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBGeofenceRepository, "add", die)
        with pytest.raises(Killed):
            create(app)
    deadline_has_passed()
    assert create(app).status == 201
    assert len(geofences(app)) == 1


def test_result_of_a_call_that_died_is_not_returned_to_another_request(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, DynamoDBGeofenceRepository, "add"):
        create(app)
    deadline_has_passed()
    assert code(create(app, name="Other", latitude=1, longitude=1)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert create(app).status == 201


def test_geofence_that_was_created_and_deleted_since_is_created_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(monkeypatch, DynamoDBGeofenceRepository, "add"):
        create(app)
    app.request("geofences", "delete", path_id=geofences(app)[0])
    deadline_has_passed()
    assert (create(app).status, len(geofences(app))) == (201, 1)


def test_in_progress_ends_a_second_after_the_deadline_of_the_function(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context:
        aws_request_id = "x"

        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    from functions.geofences.app import handler

    sent = event("api/create_circle")
    sent["headers"]["Idempotency-Key"] = KEY
    before_s = time.time()
    with killed_after(monkeypatch, DynamoDBGeofenceRepository, "add"):
        handler(sent, Context())
    after_s = time.time()
    (record,) = records()
    assert int(before_s * 1000) + 6_000 <= int(record["until"]["N"]) <= after_s * 1000 + 6_000


def test_key_is_new_after_a_day_though_its_record_still_exists(app: App) -> None:
    before_s = time.time()
    first = create(app)
    after_s = time.time()
    (record,) = records()
    assert int(before_s) <= int(record["ttl"]["N"]) - 24 * 3600 <= after_s
    day_has_passed()
    other = create(app, name="Other", latitude=1, longitude=1)
    assert (other.status, is_replayed(other)) == (201, False)
    assert other.body["id"] != first.body["id"]
    assert is_replayed(create(app, name="Other", latitude=1, longitude=1))


def test_same_request_after_a_day_finds_what_it_created(app: App) -> None:
    first = create(app)
    day_has_passed()
    again = create(app)
    assert (again.status, again.body, is_replayed(again)) == (201, first.body, False)


def test_missing_permission_is_reported_before_anything_is_looked_up(app: App) -> None:
    create(app)
    app.calls.clear()
    for key in (KEY, "a key that nobody has used", ""):
        assert code(create(app, key, roles="viewer")) == (403, "FORBIDDEN")
    assert not app.calls


@pytest.mark.parametrize("value", ["", " ", "a b", "a\tb", "caf\u00e9", "\u0661", "x\x7f", "x" * 256])
def test_key_is_visible_ascii_or_a_400(app: App, value: str) -> None:
    answer = create(app, value)
    assert (answer.status, answer.wrong_fields) == (400, ["Idempotency-Key"])
    assert (geofences(app), records()) == ([], [])


@pytest.mark.parametrize("value", ["x", "x" * 255, '"quoted"', "!~#"])
def test_key_may_be_any_visible_ascii(app: App, value: str) -> None:
    assert [is_replayed(create(app, value)) for _ in range(2)] == [False, True]


def test_tenants_users_and_routes_share_no_keys(app: App) -> None:
    made = [create(app), create(app, tenant="other"), create(app, user="vera", name="V", latitude=1, longitude=1)]
    assert [(answer.status, is_replayed(answer)) for answer in made] == [(201, False)] * 3
    assert len({answer.body["id"] for answer in made}) == 3
    check = app.request("location", "check", headers={"Idempotency-Key": KEY})
    assert (check.status, is_replayed(check)) == (200, False)
    assert code(create(app, user="vera")) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_same_bytes_by_another_user_are_another_request(app: App) -> None:
    create(app)
    assert code(create(app, user="vera")) == (409, "NAME_TAKEN")


def test_only_posts_have_keys(app: App) -> None:
    geofence_id = create(app, None).body["id"]
    again = [app.request("geofences", "update", path_id=geofence_id, headers={"Idempotency-Key": KEY}) for _ in "ab"]
    assert [answer.body["version"] for answer in again] == [2, 3]
    assert records() == []


def test_refusal_is_not_stored_and_may_be_corrected_or_retried(app: App) -> None:
    create(app, None, name="Taken", latitude=1, longitude=1)
    taken = {"name": "taken", "latitude": 2, "longitude": 2}
    assert [code(create(app, **taken)) for _ in range(2)] == [(409, "NAME_TAKEN")] * 2
    assert create(app, raw="{nonsense").status == 400
    assert records() == []
    assert create(app, **(taken | {"name": "Free"})).status == 201


@pytest.mark.parametrize(("error", "status"), [(RuntimeError(), 500), (ServiceBusy(), 503)])
def test_failure_is_not_stored_and_only_the_same_request_may_run_again(
    app: App, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    sent = event("api/create_circle")
    sent["headers"]["Idempotency-Key"] = KEY
    with monkeypatch.context() as patch:
        patch.setattr(GeofenceService, "create", fail)
        assert Answer(app.invoke("geofences", sent)).status == status
    assert code(create(app, name="Other", latitude=1, longitude=1)) == (422, "IDEMPOTENCY_KEY_REUSED")
    again = create(app)
    assert (again.status, is_replayed(again)) == (201, False)


def test_long_response_is_packed_and_replayed_whole(app: App) -> None:
    points = [{"lat": 50 + 0.01 * sin(k / 1600), "lng": 8 + 0.01 * cos(k / 1600)} for k in range(10_000)]
    first, again = (create(app, KEY, "create_polygon", name="Big", type="polygon", points=points) for _ in "ab")
    assert len(str(first.body)) > 400_000
    assert (again.status, again.body, is_replayed(again)) == (201, first.body, True)
    assert len(records()) == 1


def test_response_that_exceeds_an_item_continues_in_further_items(app: App) -> None:
    """Random text does not pack: this is near the 6 MB that a function may answer."""
    answer = {"statusCode": 200, "headers": {}, "body": Random(1).randbytes(2_000_000).hex()}
    store, key = container.idempotency_repository(), IdempotencyKey(tenant_id="demo", identity="i", digest="d")
    now = datetime.now(UTC)
    assert store.claim(key, "run", now, now) is None
    store.save(key, "run", answer, now)
    record = store.claim(key, "later", now, now)
    assert record is not None
    assert record.response == answer
    assert len(records()) > 2


def test_replay_from_several_items_is_the_same(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.http.idempotency_repository._PIECE_BYTES", 100)
    first, again = (create(app) for _ in range(2))
    assert (again.body, is_replayed(again), len(records()) > 3) == (first.body, True, True)


def test_overtaken_call_leaves_the_record_to_its_successor(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    make = GeofenceService.create

    def make_too_slowly(*args: Any, **more: Any) -> Any:
        made = make(*args, **more)
        edit_record(run={"S": "successor"})
        return made

    monkeypatch.setattr(GeofenceService, "create", make_too_slowly)
    assert create(app).status == 201
    (record,) = records()
    assert (record["run"]["S"], "answer" in record) == ("successor", False)


def test_response_is_returned_though_it_cannot_be_stored(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ServiceBusy

    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBIdempotencyRepository, "save", fail)
        first = create(app)
    assert first.status == 201
    deadline_has_passed()
    assert create(app).body == first.body


def test_nothing_is_done_if_the_key_cannot_be_looked_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutItem")

    sent = event("api/create_circle")
    sent["headers"]["Idempotency-Key"] = KEY
    with monkeypatch.context() as patch:
        patch.setattr(container.dynamodb_client(), "put_item", throttled)
        answer = Answer(app.invoke("geofences", sent))
    assert (answer.status, answer.headers["Retry-After"], geofences(app)) == (503, "1", [])


def test_claim_that_the_client_repeats_is_one_claim(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    send = container.dynamodb_client().put_item

    def send_twice(**what: Any) -> Any:
        send(**what)
        return send(**what)

    monkeypatch.setattr(container.dynamodb_client(), "put_item", send_twice)
    assert create(app).status == 201
    monkeypatch.undo()
    assert is_replayed(create(app))


def test_retried_break_does_not_end_the_break(app: App) -> None:
    clock(app, "start", "k1")
    first, again = (clock(app, "break", "k2") for _ in range(2))
    assert (first.status, again.status, is_replayed(again)) == (200, 200, True)
    assert again.body == first.body
    (taken,) = again.body["items"][0]["data"]["breaks"]
    assert taken["to"] is None
    clock(app, "break", "k3")
    assert is_replayed(clock(app, "break", "k2"))


@pytest.mark.parametrize("action", ["start", "break"])
def test_clock_action_whose_response_was_lost_is_not_done_twice(
    app: App, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Without an instant nothing but the key tells that it is the same action."""
    if action == "break":
        clock(app, "start")
    with killed_after(monkeypatch, DynamoDBClockRepository, "save"):
        clock(app, action, KEY)
    before = app.items()
    assert clock_code(clock(app, action, KEY)) == (409, "IDEMPOTENCY_IN_PROGRESS")
    deadline_has_passed()
    assert clock(app, action, KEY).status == 200
    assert app.items() == before


def test_clock_reports_errors_of_keys_in_its_dialect(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_after(monkeypatch, DynamoDBClockRepository, "save"):
        clock(app, "start", KEY)
    waiting = clock(app, "start", KEY)
    assert (*clock_code(waiting), waiting.headers["Retry-After"]) == (409, "IDEMPOTENCY_IN_PROGRESS", "1")
    assert clock_code(clock(app, "break", KEY)) == (400, "IDEMPOTENCY_KEY_REUSED")
    wrong = clock(app, "start", "a b")
    assert clock_code(wrong) == (400, "INVALID")
    assert "Idempotency-Key" in wrong.body["items"][0]["message"]
    assert clock_code(clock(app, "start", KEY, roles="viewer")) == (403, "FORBIDDEN")


def test_refusal_of_the_clock_is_not_stored(app: App) -> None:
    assert clock_code(clock(app, "stop", KEY)) == (404, "NO_RUNNING_CLOCK")
    assert clock(app, "start", KEY).status == 200


def test_stop_whose_entry_could_not_be_saved_is_replayed(app: App) -> None:
    """The clock is stopped all the same: without the record the second stop would hear that no clock runs."""
    on_the_day = "2026-05-04T"
    for action, at in (("start", "13:00"), ("stop", "14:00")):
        made = clock(app, action, dateTime=f"{on_the_day}{at}:00Z")
    approve(app, made.body["items"][0]["data"]["id"])
    clock(app, "start", dateTime=f"{on_the_day}10:00:00Z")
    first, again = (clock(app, "stop", KEY, dateTime=f"{on_the_day}14:00:00Z") for _ in range(2))
    assert clock_code(first) == (400, "ENTRY_NOT_SAVED")
    assert (again.status, again.body, is_replayed(again)) == (400, first.body, True)
