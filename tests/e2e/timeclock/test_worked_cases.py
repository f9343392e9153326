"""The numbered cases of the clock's design over HTTP, in Berlin on 4 May 2026, each with its own user."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from local import demo
from tests.e2e.person import FAR, INSIDE, Person, at, code, data, have_no_overlap, item
from tests.e2e.service import Service


@pytest.fixture(scope="module")
def trimming(service: Service) -> Service:
    """Create a tenant that trims overlapping entries."""
    users = [{"id": f"trim-{role}", "name": role, "roles": [role]} for role in ("admin", "approver")]
    setup = {"tenants": [{"id": "trim", "name": "Trim", "overlaps": "trim", "users": users}]}
    keys = demo.set_up_tenants(service.endpoint, setup)["trim"]
    service.tenants["trim"] = {"keys": {user_id.removeprefix("trim-"): key for user_id, key in keys.items()}}
    return service


def count_hours(span: dict[str, str]) -> float:
    return (datetime.fromisoformat(span["to"]) - datetime.fromisoformat(span["from"])) / timedelta(hours=1)


def test_case_01_start_and_stop(person: Person) -> None:
    answer = person.clock_shift("09:00", "17:00")
    entry = data(answer)
    assert (answer.status_code, count_hours(entry)) == (200, 8)
    assert (entry["creationType"], entry["category"]) == ("clock", "productive")


def test_case_02_a_second_start(person: Person) -> None:
    first = data(person.clock("start", "09:00"))
    answer = person.clock("start", "10:00")
    assert code(answer) == (400, "CLOCK_ALREADY_RUNNING")
    assert data(person.read_clock()) == data(answer) == first


def test_case_03_a_start_sent_again(person: Person) -> None:
    first, again = (person.clock("start", "09:00") for _ in range(2))
    assert (again.status_code, data(again)) == (200, data(first))


def test_case_04_a_break_sent_twice(person: Person) -> None:
    person.clock("start", "09:00")
    assert [person.clock("break", "12:00").status_code for _ in range(2)] == [200, 200]
    (pause,) = data(person.read_clock())["breaks"]
    assert pause["to"] is None


def test_case_05_a_break_of_half_an_hour(person: Person) -> None:
    answer = person.clock_shift("09:00", "17:00", "12:00", "12:30")
    (pause,) = data(answer)["breaks"]
    assert (answer.status_code, count_hours(data(answer)) - count_hours(pause)) == (200, 7.5)


def test_case_06_a_break_that_is_open_at_the_stop(person: Person) -> None:
    answer = person.clock_shift("09:00", "17:00", "16:30")
    (pause,) = data(answer)["breaks"]
    assert (answer.status_code, pause["from"], pause["to"]) == (200, at("16:30"), at("17:00"))


@pytest.mark.parametrize("action", ["stop", "break", "update", "cancel"])
def test_case_07_while_idle(person: Person, action: str) -> None:
    assert code(person.clock(action, "10:00", timeType="work")) == (404, "NO_RUNNING_CLOCK")


def test_case_08_a_stop_at_the_start(person: Person) -> None:
    person.clock("start", "09:00")
    assert code(person.clock("stop", "09:00")) == (400, "WRONG_ORDER")
    assert person.read_clock().status_code == 200


def test_case_09_a_break_before_the_start(person: Person) -> None:
    person.clock("start", "09:00")
    assert code(person.clock("break", "08:00")) == (400, "WRONG_ORDER")


def test_case_10_no_offset(person: Person) -> None:
    answer = person.clock("start", "2026-05-04T09:00:00")
    assert code(answer) == (400, "INVALID")
    assert item(answer)["message"].startswith("dateTime:")


@pytest.mark.parametrize(("ahead", "status"), [(timedelta(seconds=60), 200), (timedelta(minutes=10), 400)])
def test_case_11_ahead_of_the_server(person: Person, ahead: timedelta, status: int) -> None:
    assert person.clock("start", (datetime.now(UTC) + ahead).isoformat()).status_code == status


def test_case_12_cancel_twice(person: Person) -> None:
    person.clock("start", "09:00")
    assert [person.clock("cancel").status_code for _ in range(2)] == [200, 404]
    assert (person.list_entries(), person.list_entries(invalid="true")) == ([], [])


def test_case_13_an_overlapping_entry(person: Person) -> None:
    first = data(person.clock_shift("08:00", "12:00"))["id"]
    answer = person.clock_shift("10:00", "14:00")
    assert (answer.status_code, data(answer)["removedEntryIds"]) == (201, [first])
    assert [entry["id"] for entry in person.list_entries()] == [data(answer)["id"]]


def test_case_13_an_overlapping_entry_is_trimmed(trimming: Service) -> None:
    person = Person(trimming, "trim")
    first = data(person.clock_shift("08:00", "12:00"))["id"]
    answer = person.clock_shift("10:00", "14:00")
    assert (answer.status_code, data(answer)["removedEntryIds"]) == (201, [])
    assert data(answer)["trimmedEntries"] == [{"id": first, "from": at("08:00"), "to": at("10:00")}]
    assert [entry["creationType"] for entry in person.list_entries()] == [None, "clock"]


def test_case_14_an_entry_that_surrounds_it(trimming: Service) -> None:
    person = Person(trimming, "trim")
    first = data(person.clock_shift("08:00", "18:00", "11:00", "11:30"))["id"]
    answer = person.clock_shift("10:00", "14:00")
    pieces = data(answer)["trimmedEntries"]
    assert answer.status_code == 201
    assert [(piece["from"], piece["to"]) for piece in pieces] == [
        (at("08:00"), at("10:00")),
        (at("14:00"), at("18:00")),
    ]
    assert [piece["id"] == first for piece in pieces] == [True, False]
    assert [entry["breaks"] for entry in person.list_entries()] == [[], [], []]


def test_case_15_entries_that_touch(person: Person) -> None:
    existing = data(person.clock_shift("12:00", "14:00"))["id"]
    answer = person.clock_shift("10:00", "12:00")
    assert (answer.status_code, data(answer)["removedEntryIds"]) == (200, [])
    assert [entry["id"] for entry in person.list_entries()] == [data(answer)["id"], existing]


def save_approved(person: Person, start: str, stop: str) -> str:
    entry_id = str(data(person.clock_shift(start, stop))["id"])
    assert person.call("POST", "/times/approve", {"ids": [entry_id]}).status_code == 200
    return entry_id


def test_case_16_an_overlapping_approved_entry(person: Person) -> None:
    still_open = data(person.clock_shift("10:00", "11:00"))["id"]
    safe = save_approved(person, "13:00", "14:00")
    answer = person.clock_shift("10:00", "14:00")
    assert code(answer) == (400, "ENTRY_NOT_SAVED")
    assert [entry["id"] for entry in person.list_entries()] == [still_open, safe]
    assert [entry["id"] for entry in person.list_entries(invalid="true")] == [data(answer)["id"]]
    assert person.clock("start", "15:00").status_code == 200


def test_case_17_deleting_entries(person: Person) -> None:
    good = data(person.clock_shift("08:00", "09:00"))["id"]
    safe = save_approved(person, "13:00", "14:00")
    invalid = data(person.clock_shift("10:00", "14:00"))["id"]
    ids = (invalid, safe, f"{good},{uuid4()}")
    answers = [person.call("DELETE", "/times", params={"id": each}) for each in ids]
    assert [answer.status_code for answer in answers] == [200, 400, 404]
    assert [entry["id"] for entry in person.list_entries()] == [good, safe]
    assert person.list_entries(invalid="true") == []


def test_case_18_a_clock_of_another_user(person: Person) -> None:
    start = {"action": "start", "dateTime": at("09:00")}
    stranger = person.service.find_user_id("employee", "other")
    assert person.call("POST", "/clock", start | {"userId": person.id}, role="employee").status_code == 403
    assert person.call("POST", "/clock", start | {"userId": stranger}, role="employee").status_code == 404
    assert person.clock("start", "09:00").status_code == 200


@pytest.mark.parametrize(("north", "status"), [(0.0008, 200), (0.0009, 200), (0.00091, 403)])
def test_case_19_at_the_edge_of_a_fence(person: Person, north: float, status: int) -> None:
    """The design computes on a sphere. On WGS84 its second position is 99.8 m away, and the third 100.9 m."""
    person.create_fence()
    answer = person.clock("start", "09:00", location={"latitude": 30.2672 + north, "longitude": -97.7431})
    assert (answer.status_code, item(answer).get("code")) == (status, "GEOFENCE_OUTSIDE" if status == 403 else None)


@pytest.mark.parametrize(("accuracy", "status"), [({"accuracy": 10}, 200), ({"accuracy": 11}, 403), ({}, 403)])
def test_case_20_the_accuracy_that_a_fence_requires(person: Person, accuracy: dict[str, int], status: int) -> None:
    person.create_fence(minAccuracy=10)
    assert person.clock("start", "09:00", location=INSIDE | accuracy).status_code == status


def test_case_21_a_priority_fence(person: Person) -> None:
    person.create_fence()
    priority = person.create_fence(latitude=48.2, longitude=16.37, isPriority=True)
    assert person.clock("start", "09:00", location=INSIDE).status_code == 403
    assert person.call("PUT", "/geofences", {"id": priority, "status": "inactive"}, role="admin").status_code == 200
    assert person.clock("start", "09:00", location=INSIDE).status_code == 200


def test_case_22_a_stop_outside(person: Person) -> None:
    person.create_fence()
    person.clock("start", "09:00", location=INSIDE)
    answer = person.clock("stop", "17:00", location=FAR)
    assert (answer.status_code, [punch["flagged"] for punch in data(answer)["punches"]]) == (200, [False, True])


def test_case_22_an_update_to_a_fenced_organization_without_a_location(person: Person) -> None:
    site = f"site-{uuid4()}"
    assert person.call("PUT", f"/directory/projects/{site}", {"name": site}, role="admin").status_code == 200
    person.create_fence(assignments=[{"targetTable": "projects", "targetId": site}])
    started = data(person.clock("start", "09:00"))
    assert code(person.clock("update", organizationId=site)) == (403, "GEOFENCE_LOCATION_MISSING")
    assert data(person.read_clock()) == started


def test_case_23_the_night_into_summer_time(person: Person) -> None:
    entry = data(person.clock_shift("2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00"))
    assert (count_hours(entry), entry["from"][:10]) == (7, "2026-03-28")


def test_case_24_the_night_out_of_summer_time(person: Person) -> None:
    breaks = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"
    entry = data(person.clock_shift("2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00", *breaks))
    assert (count_hours(entry), [count_hours(pause) for pause in entry["breaks"]]) == (9, [1])


def test_case_25_of_twenty_parallel_starts_one_succeeds(person: Person) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda minute: person.clock("start", f"09:{minute:02}"), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {item(answer).get("code") for answer in answers} == {None, "CLOCK_ALREADY_RUNNING"}
    assert len({data(answer)["id"] for answer in answers}) == 1


def test_case_25_a_stop_and_a_concurrent_save(person: Person) -> None:
    for _ in range(5):
        person.clock("start", "09:00")
        with ThreadPoolExecutor(2) as pool:
            stop, save = pool.submit(person.clock, "stop", "17:00"), pool.submit(person.save_entry, "10:00", "11:00")
        assert (stop.result().status_code in (200, 201), save.result().json()["valid"]) == (True, True)
        assert have_no_overlap(person.list_entries())
        assert len(person.list_entries()) == 1
