"""Batches of offline punches, refusals and their exceptions, over HTTP."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.person import FAR, INSIDE, Person, at, code, data, item

MORNING = (datetime.now(UTC) - timedelta(days=2)).replace(hour=8, minute=0, second=0, microsecond=0)


def make_punch(person: Person, sequence: int, action: str, hour: float, **more: Any) -> dict[str, Any]:
    """Return an offline punch of two days ago."""
    when = (MORNING + timedelta(hours=hour)).isoformat()
    fields = {"key": str(uuid4()), "userId": person.id, "sequence": sequence}
    return {**fields, "action": action, "dateTime": when, **more}


def send_batch(person: Person, *items: Any, **more: Any) -> httpx.Response:
    return person.call("POST", "/clock/batch", {"items": list(items)}, **more)


def list_statuses(answer: httpx.Response) -> list[tuple[int, str | None]]:
    return [(item["status"], item.get("code")) for item in answer.json()["items"]]


def list_entries(person: Person) -> list[dict[str, Any]]:
    span = {"from": MORNING.isoformat(), "to": (MORNING + timedelta(days=1)).isoformat()}
    return [
        item["data"] for item in person.call("GET", "/times", params=span | {"userId": person.id}).json()["items"]
    ]


def make_day(person: Person, **location: Any) -> list[dict[str, Any]]:
    return [
        make_punch(person, 1, "start", 0, **location),
        make_punch(person, 2, "break", 4),
        make_punch(person, 3, "break", 4.5),
        make_punch(person, 4, "stop", 8),
    ]


def test_offline_punches_are_processed_by_sequence_in_whatever_order_they_arrive(person: Person) -> None:
    day = make_day(person)
    answer = send_batch(person, *reversed(day))
    assert (answer.status_code, list_statuses(answer)) == (200, [(200, None)] * 4)
    assert [item["sequence"] for item in answer.json()["items"]] == [4, 3, 2, 1]
    assert [item["data"]["punches"][0]["action"] for item in answer.json()["items"]] == [
        "stop",
        "break",
        "break",
        "start",
    ]
    (entry,) = list_entries(person)
    assert (len(entry["breaks"]), [punch["late"] for punch in entry["punches"]]) == (1, [True] * 4)


def test_a_retry_of_a_batch_or_of_a_part_changes_nothing_and_gets_the_same_answer(person: Person) -> None:
    day = [
        *make_day(person),
        make_punch(person, 5, "stop", 9),
        make_punch(person, 6, "start", 10),
        make_punch(person, 7, "cancel", 11),
    ]
    first = send_batch(person, *day)
    assert list_statuses(first) == [*[(200, None)] * 4, (404, "NO_RUNNING_CLOCK"), (200, None), (200, None)]
    answers = {item["key"]: item for item in first.json()["items"]}
    before = list_entries(person)
    assert person.clock("start").status_code == 200
    shuffled = random.Random(6)
    for _ in range(5):
        part = shuffled.sample(day, shuffled.randint(1, len(day)))
        again = send_batch(person, *part)
        assert [answers[one["key"]] for one in part] == again.json()["items"]
    assert list_entries(person) == before
    assert person.read_clock().status_code == 200


def test_each_punch_of_two_phones_that_send_and_retry_at_once_is_processed_once(person: Person) -> None:
    phones = [[make_punch(person, 1, "start", n), make_punch(person, 2, "stop", n + 0.5)] for n in (0, 1)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: send_batch(person, *phones[n % 2]), range(12)))
    for phone in (0, 1):
        assert all(answer.json() == answers[phone].json() for answer in answers[phone::2])
    processed = [item for answer in answers[:2] for item in answer.json()["items"] if item["status"] == 200]
    stops = {item["data"]["id"] for item in processed if item["data"]["to"] is not None}
    assert {entry["id"] for entry in list_entries(person)} == stops
    assert len(stops) in (1, 2)
    assert person.read_clock().status_code == 404


def test_a_refused_row_does_not_stop_the_other_rows(person: Person) -> None:
    duplicate = str(uuid4())
    rows: list[Any] = [
        make_punch(person, 1, "start", 0),
        "no object",
        make_punch(person, 2, "lunch", 1),
        make_punch(person, 3, "break", 1) | {"dateTime": "2026-05-04T09:00:00"},
        make_punch(person, 4, "break", 1) | {"key": "with a blank"},
        make_punch(person, 5, "break", 1) | {"key": duplicate},
        make_punch(person, 6, "break", 2) | {"key": duplicate},
        make_punch(person, 7, "break", 1),
        make_punch(person, 7, "break", 2),
        make_punch(person, -1, "break", 2),
        make_punch(person, 8, "start", 1) | {"dateTime": "2020-01-01T00:00:00Z"},
        make_punch(person, 9, "start", 1) | {"userId": "nobody"},
        make_punch(person, 10, "break", 1, location={"latitude": 90.1, "longitude": 0}),
        make_punch(person, 11, "stop", 8),
    ]
    answer = send_batch(person, *rows)
    assert [status for status, _ in list_statuses(answer)] == [200, *[400] * 10, 404, 400, 200], answer.text
    fields = [item["message"].partition(":")[0] for item in answer.json()["items"]]
    assert fields[1:11] == [
        "item",
        "action",
        "dateTime",
        "key",
        "key",
        "key",
        "sequence",
        "sequence",
        "sequence",
        "dateTime",
    ]
    assert send_batch(person, *rows).json() == answer.json()
    (entry,) = list_entries(person)
    assert entry["breaks"] == []


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [{}] * 51}, {"items": "x"}, {"items": [], "more": 1}])
def test_an_invalid_batch_is_refused_as_a_whole(person: Person, body: Any) -> None:
    assert code(person.call("POST", "/clock/batch", body)) == (400, "INVALID")


def test_a_batch_of_invalid_rows_is_answered_row_by_row(person: Person) -> None:
    answer = send_batch(person, None, {}, make_punch(person, 1, "lunch", 0))
    assert (answer.status_code, list_statuses(answer)) == (200, [(400, "INVALID")] * 3)


def test_a_key_belongs_to_one_punch(person: Person) -> None:
    start = make_punch(person, 1, "start", 0)
    assert list_statuses(send_batch(person, start)) == [(200, None)]
    assert list_statuses(send_batch(person, start | {"action": "stop"})) == [(400, "IDEMPOTENCY_KEY_REUSED")]
    assert list_statuses(send_batch(person, start | {"sequence": 5})) == [(200, None)]
    assert person.read_clock().status_code == 200


def test_punches_after_a_refused_start_say_so_and_succeed_with_new_keys_after_an_exception(person: Person) -> None:
    person.create_fence()
    day = make_day(person, location=FAR)
    blocked = send_batch(person, *day)
    assert list_statuses(blocked) == [(403, "GEOFENCE_OUTSIDE"), *[(404, "NO_RUNNING_CLOCK")] * 3]
    message = blocked.json()["items"][3]["message"]
    assert message == "No clock is running: the start with the sequence 1 was refused, GEOFENCE_OUTSIDE."
    assert send_batch(person, *day).json() == blocked.json()
    refusal = data(blocked)["refusalId"]
    assert person.call("POST", f"/clock/refusals/{refusal}/grant", {"reason": "Gate closed"}).status_code == 200
    assert send_batch(person, *day).json() == blocked.json()
    with_new_keys = [punch | {"key": str(uuid4())} for punch in day]
    assert list_statuses(send_batch(person, *with_new_keys)) == [(200, None)] * 4
    (entry,) = list_entries(person)
    exception = entry["punches"][0]["exception"]
    assert (exception["refusalId"], exception["grantedBy"]) == (refusal, person.service.find_user_id("approver"))
    assert entry["punches"][0]["geofenceVerdict"]["code"] == "GEOFENCE_OUTSIDE"


def test_an_exception_allows_one_action_at_that_instant_or_later(person: Person) -> None:
    person.create_fence()
    blocked = person.clock("start", "09:00", location=FAR)
    assert code(blocked) == (403, "GEOFENCE_OUTSIDE")
    refusal = data(blocked)["refusalId"]
    assert data(person.clock("start", "09:00", location=FAR))["refusalId"] == refusal
    granted = person.call("POST", f"/clock/refusals/{refusal}/grant", {"minutes": 5})
    assert (granted.status_code, data(granted)["state"]) == (200, "granted")
    assert person.clock("start", "08:59", location=FAR).status_code == 403
    started = person.clock("start", "09:10")
    assert (started.status_code, data(started)["punches"][0]["exception"]["refusalId"]) == (200, refusal)
    assert person.clock("cancel").status_code == 200
    assert person.clock("start", "09:20").status_code == 403
    assert code(person.call("POST", f"/clock/refusals/{refusal}/grant", {})) == (400, "REFUSAL_USED")
    listed = person.call("GET", "/clock/refusals", params={"limit": "100"}).json()["items"]
    states = {one["data"]["id"]: one["data"]["state"] for one in listed if one["data"]["userId"] == person.id}
    assert (states[refusal], sorted(states.values())) == ("used", ["refused", "refused", "used"])
    history = person.call("GET", f"/times/{data(started)['id']}/history").json()["items"]
    assert history[0]["data"]["reason"] == f"An exception that {person.service.find_user_id('approver')} granted."


def test_of_concurrent_starts_with_an_exception_one_succeeds(person: Person) -> None:
    person.create_fence()
    refusal = data(person.clock("start", "09:00"))["refusalId"]
    assert person.call("POST", f"/clock/refusals/{refusal}/grant", {}).status_code == 200
    minutes = [f"09:{minute:02}" for minute in range(10)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda when: person.clock("start", when), minutes))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    person.clock("cancel")
    assert person.clock("start", "09:59").status_code == 403


def test_only_approvers_of_the_tenant_see_and_grant_refusals(person: Person) -> None:
    person.create_fence()
    refusal = data(person.clock("start", "09:00"))["refusalId"]
    grant = f"/clock/refusals/{refusal}/grant"
    assert person.call("POST", grant, {}, role="employee").status_code == 403
    assert person.call("GET", "/clock/refusals", role="employee").status_code == 403
    stranger = person.service.call("POST", grant, {}, role="approver", tenant="other")
    unknown = person.call("POST", f"/clock/refusals/{uuid4()}/grant", {})
    assert (stranger.status_code, stranger.json()) == (404, unknown.json())
    assert unknown.status_code == 404
    other = person.service.call("GET", "/clock/refusals", role="approver", tenant="other").json()["items"]
    assert refusal not in [one["data"]["id"] for one in other]


def test_a_punch_stores_its_evidence(person: Person) -> None:
    geofence = person.create_fence(minAccuracy=20)
    captured = "2026-05-04T08:59:58+02:00"
    location = {**INSIDE, "accuracy": 8, "capturedAt": captured}
    started = person.clock("start", "09:00", location=location)
    (punch,) = data(started)["punches"]
    assert (punch["dateTime"], punch["location"]) == (at("09:00"), location)
    assert datetime.fromisoformat(punch["receivedAt"]) > datetime.fromisoformat(punch["dateTime"])
    verdict = punch["geofenceVerdict"]
    (finding,) = verdict["geofences"]
    assert (verdict["code"], verdict["rule"]) == ("ALLOWED", "any_of_those_that_apply")
    assert (finding["geofenceId"], finding["version"], finding["accuracy"]) == (geofence, 1, "enough")
    assert finding["edgeDistance"] == pytest.approx(-11.3, abs=0.1)
    body = {"userId": person.id, "location": location, "dateTime": at("09:00")}
    validated = person.call("POST", "/geofences/validate", body).json()
    assert {name: validated[name] for name in verdict} == verdict
    person.clock("stop", "17:00")
    (entry,) = person.list_entries()
    assert entry["punches"][0] == punch
    assert item(started)["message"] == "Success"
