"""Time entries over HTTP, on the deployed template with its policies, and with concurrent requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.person import SPAN, Person, data, have_no_overlap


def test_an_invalid_entry_is_resubmitted_after_the_approved_one_is_reopened(person: Person) -> None:
    safe = data(person.save_entry("13:00", "14:00"))["id"]
    assert person.call("POST", "/times/approve", {"ids": [safe]}).status_code == 200
    person.clock("start", "10:00")
    stopped = person.clock("stop", "14:00")
    assert (stopped.status_code, stopped.json()["items"][0]["code"]) == (400, "ENTRY_NOT_SAVED")
    (invalid,) = person.list_entries(invalid="true")
    assert person.call("POST", f"/times/{invalid['id']}/resubmit").status_code == 400
    assert person.call("POST", "/times/reopen", {"ids": [safe]}).status_code == 200
    assert person.call("POST", f"/times/{invalid['id']}/resubmit").status_code == 201
    assert [entry["id"] for entry in person.list_entries()] == [invalid["id"]]
    assert [entry["id"] for entry in person.list_entries(removed="true")] == [safe]
    assert person.call("DELETE", "/times", params={"id": invalid["id"]}).status_code == 200
    assert person.call("POST", f"/times/{safe}/restore").status_code == 200
    history = person.call("GET", f"/times/{safe}/history").json()["items"]
    assert [item["data"]["action"] for item in history] == [
        "created",
        "approved",
        "reopened",
        "overwritten",
        "restored",
    ]


def test_only_those_who_act_for_others_see_the_entries_of_all_users(person: Person) -> None:
    saved = data(person.save_entry("09:00", "10:00"))["id"]
    everybody = person.call("GET", "/times", params={**SPAN, "limit": "1000"}).json()["items"]
    assert saved in [item["data"]["id"] for item in everybody]
    own = person.service.call("GET", "/times", role="employee", params=SPAN)
    assert own.status_code == 200
    assert saved not in [item["data"]["id"] for item in own.json()["items"]]
    assert person.service.call("GET", f"/times/{saved}/history", role="employee").status_code == 404
    assert person.service.call("GET", f"/times/{saved}/history", tenant="other").status_code == 404


def test_a_dry_run_and_the_running_clock(person: Person) -> None:
    query = {"userId": person.id}
    assert person.call("GET", "/clock", params=query).status_code == 404
    body = {"action": "start", "userId": person.id}
    assert person.call("POST", "/clock", body, params={"dryRun": "true"}).json()["dryRun"] is True
    assert person.call("GET", "/clock", params=query).status_code == 404
    started = data(person.clock("start", "09:00"))
    assert data(person.call("POST", "/clock", {**body, "action": "update", "timeType": "travel"}))["type"] == "travel"
    assert data(person.call("GET", "/clock", params=query))["id"] == started["id"]


def test_a_stop_and_concurrent_saves_never_overlap(person: Person) -> None:
    for _ in range(5):
        person.clock("start", "09:00")
        with ThreadPoolExecutor(4) as pool:
            spans = ("08:30", "09:30"), ("09:15", "11:00")
            saves = [pool.submit(person.save_entry, start, end) for start, end in spans]
            stop = pool.submit(person.clock, "stop", "10:00")
            answers = [save.result() for save in saves]
        assert stop.result().status_code in (200, 201), stop.result().text
        assert [answer.json()["valid"] for answer in answers] == [True, True]
        assert have_no_overlap(person.list_entries())


def test_of_many_concurrent_saves_one_remains(person: Person) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: person.save_entry("09:00", "17:00"), range(6)))
    assert all(answer.json()["valid"] for answer in answers), [answer.text for answer in answers]
    (remaining,) = person.list_entries()
    ids = {data(answer)["id"] for answer in answers}
    assert {entry["id"] for entry in person.list_entries(removed="true")} == ids - {remaining["id"]}


def test_the_working_time_model_of_an_organization_adjusts_an_entry(person: Person) -> None:
    quarters = {"direction": "nearest", "minutes": 15}
    model = {"rounding": {"start": quarters, "end": quarters}, "automaticBreaks": "arbzg", "longestMinutes": 540}
    path, body = (
        f"/directory/projects/{person.id}",
        {"name": "Site", "timeZone": "Europe/Berlin", "workingTime": model},
    )
    assert person.service.call("PUT", path, body).status_code == 200
    start = {"action": "start", "userId": person.id, "organizationId": person.id}
    assert person.call("POST", "/clock", {**start, "dateTime": "2026-05-04T08:53:00+02:00"}).status_code == 200
    assert person.clock("stop", "19:00").status_code == 201
    (entry,) = person.list_entries()
    assert (entry["from"][11:16], entry["to"][11:16]) == ("09:00", "17:53")
    assert [change["rule"] for change in entry["adjustments"]] == ["limit", "rounding", "automatic_breaks"]
    assert entry["adjustments"][0]["before"]["to"] == "2026-05-04T19:00:00+02:00"
    assert [pause["automatic"] for pause in entry["breaks"]] == [True]
