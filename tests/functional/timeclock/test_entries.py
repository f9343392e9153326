"""Time entries by hand: saved, listed, deleted, approved, restored, and the trail of all that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from fencepost import container
from fencepost.cli import tenants
from fencepost.common.errors import ServiceBusy
from fencepost.timeclock.audit import EntryWrite
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from fencepost.timeclock.model import TimeEntry
from tests.functional.app import Answer, App, event
from tests.functional.timeclock.client import (
    APPROVER,
    DAY,
    MAY,
    approve,
    at,
    clock,
    clock_shift,
    code,
    data,
    delete,
    list_hours,
    put_entries,
    read_history,
    save_entry,
    save_invalid_entry,
    set_policy,
    span,
)

NOBODYS = "7c1f0e5a-3a53-4b3e-9d0b-0f6a1c2d3e4f"


def test_an_entry_is_saved_by_hand(app: App) -> None:
    app.put("projects", "site")
    body = span("09:00", "17:00", type="travel", comment="Fair", organizationName="site")
    answer = put_entries(app, body | {"breaks": [span("12:00", "12:30"), span("15:00", "15:00")]})
    entry = data(answer)
    assert (answer.body["valid"], answer.body["items"][0]["status"]) == (True, 200)
    assert (entry["from"], entry["to"], entry["userId"]) == (at("09:00"), at("17:00"), "emil")
    assert (entry["type"], entry["category"], entry["comment"]) == ("travel", "productive", "Fair")
    assert (entry["organizationId"], entry["organizationName"]) == ("site", "site")
    assert (entry["creationType"], entry["approval"]) == ("times", "not_approved_yet")
    assert [(taken["from"], taken["to"]) for taken in entry["breaks"]] == [(at("12:00"), at("12:30"))]
    assert list_hours(app) == ["09-17"]


def test_saving_by_hand_is_two_rounds_and_one_transaction(app: App) -> None:
    app.calls.clear()
    save_entry(app, "09:00", "17:00")
    assert app.calls == {"BatchGetItem": 1, "Query": 1, "TransactWriteItems": 1}


def test_each_of_several_has_a_result_of_its_own(app: App) -> None:
    answer = put_entries(app, span("09:00", "10:00"), span("12:00", "11:00"), "entry", span("10:00", "11:00"))
    assert [item["status"] for item in answer.body["items"]] == [200, 400, 400, 200]
    assert answer.body["valid"] is False
    assert answer.body["items"][1]["message"].startswith("to: ")
    assert answer.body["items"][2]["message"].startswith("items[2]: ")
    assert list_hours(app) == ["09-10", "10-11"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": at("09:00")}, "to"),
        ({"to": at("09:00")}, "from"),
        (span("09:00", "09:00"), "to"),
        ({"from": at("09:00"), "to": "2026-05-12T09:00:00+02:00"}, "to"),
        ({"from": "2026-05-04T09:00:00", "to": at("10:00")}, "from"),
        ({"from": 1_777_878_000, "to": at("10:00")}, "from"),
        ({"from": at("09:00"), "to": "9999-12-31T23:59:59-14:00"}, "to"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": at("10:00")}, "from"),
        ({"from": None, "to": at("10:00")}, "from"),
        (span("09:00", "17:00", type="lunch"), "type"),
        (span("09:00", "17:00", type=None), "type"),
        (span("09:00", "17:00", type=True), "type"),
        (span("09:00", "17:00", comment="x" * 2001), "comment"),
        (span("09:00", "17:00", comment="a\x00b"), "comment"),
        (span("09:00", "17:00", tenantId="other"), "tenantId"),
        (span("09:00", "17:00", approval="approved"), "approval"),
        (span("09:00", "17:00", breaks=[span("08:00", "10:00")]), "breaks[0]"),
        (span("09:00", "17:00", breaks=[span("12:00", "11:00")]), "breaks[0].to"),
        (span("09:00", "17:00", breaks=[span("11:00", "12:00"), span("11:30", "12:30")]), "breaks[1]"),
        (span("09:00", "17:00", breaks=[{"from": at("11:00")}]), "breaks[0].to"),
        (span("09:00", "17:00", breaks=[span("11:00", "12:00")] * 51), "breaks"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_field(app: App, body: dict[str, Any], field: str) -> None:
    before = app.items()
    answer = put_entries(app, body)
    assert answer.body["items"][0]["status"] == 400
    assert f"{field}: " in answer.body["items"][0]["message"]
    assert app.items() == before


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "{}",
        '{"items": []}',
        '{"items": {}}',
        '{"items": [{"from": NaN}]}',
        '{"items": [' + "[" * 5_000 + "]" * 5_000 + "]}",
        '{"items": [], "items": []}',
        json.dumps({"items": [{}] * 26}),
        json.dumps({"items": [{}], "more": 1}),
    ],
)
def test_an_invalid_body_is_refused_as_a_whole(app: App, raw: str) -> None:
    assert code(app.request("clock", "times_put", raw=raw)) == (400, "INVALID")


def test_an_entry_is_changed_by_the_fields_that_are_given(app: App) -> None:
    entry_id = save_entry(app, "09:00", "17:00", comment="Fair")
    answer = put_entries(app, {"id": entry_id, "to": at("18:00"), "reason": "It took longer"})
    changed = data(answer)
    assert (changed["from"], changed["to"], changed["comment"]) == (at("09:00"), at("18:00"), "Fair")
    assert changed["creationType"] is None
    assert data(put_entries(app, {"id": entry_id, "from": at("08:00"), "comment": None}))["comment"] is None
    assert list_hours(app) == ["08-18"]
    assert put_entries(app, {"id": entry_id, "userId": "vera"}).body["items"][0]["code"] == "INVALID"


def test_the_same_request_with_its_key_makes_its_entries_once(app: App) -> None:
    key = {"Idempotency-Key": "k1"}
    first = app.request("clock", "times_put", headers=key, items=[span("09:00", "10:00"), span("10:00", "11:00")])
    for record in container.dynamodb_client().scan(TableName="idempotency")["Items"]:
        container.dynamodb_client().delete_item(TableName="idempotency", Key={"id": record["id"]})
    again = app.request("clock", "times_put", headers=key, items=[span("09:00", "10:00"), span("10:00", "11:00")])
    assert again.body == first.body
    assert list_hours(app) == ["09-10", "10-11"]


def test_an_entry_by_hand_makes_room_by_the_tenants_policy(app: App) -> None:
    first = save_entry(app, "08:00", "12:00")
    answer = put_entries(app, span("10:00", "14:00"))
    assert (answer.body["items"][0]["status"], data(answer)["removedEntryIds"]) == (201, [first])
    set_policy(app, "trim")
    put_entries(app, span("12:00", "16:00"))
    assert list_hours(app) == ["10-12", "12-16"]
    set_policy(app, "refuse")
    refused = put_entries(app, span("15:00", "17:00")).body["items"][0]
    assert (refused["status"], refused["code"]) == (400, "ENTRY_OVERLAPS")
    assert list_hours(app) == ["10-12", "12-16"]


def test_a_month_of_a_user_is_one_query(app: App) -> None:
    clock_shift(app, "09:00", "10:00")
    save_entry(app, "10:00", "11:00")
    app.calls.clear()
    assert list_hours(app) == ["09-10", "10-11"]
    assert app.calls == {"Query": 1}


def test_a_list_has_what_begins_in_its_span(app: App) -> None:
    save_entry(app, "09:00", "12:00")
    save_entry(app, "12:00", "13:00")
    assert list_hours(app, start=at("09:00"), end=at("12:00")) == ["09-12"]
    assert list_hours(app, start=at("09:01"), end=at("12:01")) == ["12-13"]


def test_a_list_is_read_in_pages(app: App) -> None:
    for hour in range(8, 15):
        save_entry(app, f"{hour:02}:00", f"{hour + 1:02}:00", type="travel" if hour % 2 else "work")
    assert list_hours(app, limit="2") == [f"{hour:02}-{hour + 1:02}" for hour in range(8, 15)]
    assert list_hours(app, limit="2", type="travel") == ["09-10", "11-12", "13-14"]
    assert list_hours(app, caller=APPROVER, limit="3") == [f"{hour:02}-{hour + 1:02}" for hour in range(8, 15)]


def test_a_list_is_filtered(app: App) -> None:
    app.put("projects", "site")
    save_entry(app, "08:00", "09:00", organizationId="site")
    approve(app, save_entry(app, "09:00", "10:00", type="sick"))
    put_entries(app, span("10:00", "11:00"), user="vera")
    assert list_hours(app, organizationId="site") == ["08-09"]
    assert (
        list_hours(app, type="sick")
        == list_hours(app, category="sick")
        == list_hours(app, approval="approved")
        == ["09-10"]
    )
    assert list_hours(app, caller=APPROVER) == ["08-09", "09-10", "10-11"]
    assert list_hours(app, caller=APPROVER, userId="vera") == ["10-11"]
    assert list_hours(app, caller={"user": "vera"}) == ["10-11"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": MAY["from"]}, "to"),
        ({"from": "2026-05-01", "to": MAY["to"]}, "from"),
        ({"from": MAY["to"], "to": MAY["from"]}, "to"),
        ({"from": "2025-05-01T00:00:00Z", "to": "2026-05-02T00:00:01Z"}, "to"),
        ({**MAY, "limit": "0"}, "limit"),
        ({**MAY, "limit": "x"}, "limit"),
        ({**MAY, "cursor": "x"}, "cursor"),
        ({**MAY, "category": "idle"}, "category"),
        ({**MAY, "approval": "yes"}, "approval"),
        ({**MAY, "invalid": "1"}, "invalid"),
        ({**MAY, "tenantId": "other"}, "tenantId"),
    ],
)
def test_an_invalid_query_is_refused_with_its_field(app: App, query: dict[str, str], field: str) -> None:
    answer = app.request("clock", "times_list", query=query)
    assert code(answer) == (400, "INVALID")
    assert f"{field}: " in answer.body["items"][0]["message"]


def test_a_cursor_of_another_tenant_is_refused(app: App) -> None:
    for hour in ("08", "09"):
        save_entry(app, f"{hour}:00", f"{hour}:30")
    cursor = app.request("clock", "times_list", query={**MAY, "limit": "1"}).body["nextCursor"]
    answer = app.request("clock", "times_list", tenant="other", query={**MAY, "cursor": cursor})
    assert code(answer) == (400, "INVALID")


def test_an_entry_that_the_caller_may_not_see_does_not_exist(app: App) -> None:
    entry_id = save_entry(app, "09:00", "10:00")
    strangers: list[dict[str, Any]] = [{"user": "vera"}, {"tenant": "other"}, {"tenant": "other", **APPROVER}]
    for who in strangers:
        absent = app.request("clock", "times_history", path_id=NOBODYS, **who)
        assert code(absent) == (404, "NOT_FOUND")
        seen = app.request("clock", "times_history", path_id=entry_id, **who)
        assert (seen.status, seen.body) == (404, absent.body)
        assert delete(app, entry_id, **who).body == absent.body
        assert app.request("clock", "times_resubmit", path_id=entry_id, **who).body == absent.body
        assert put_entries(app, {"id": entry_id, "type": "sick"}, **who).body["items"][0]["code"] == "NOT_FOUND"
        assert list_hours(app, caller=who) == []
    assert code(approve(app, entry_id, tenant="other", **APPROVER)) == (404, "NOT_FOUND")
    assert list_hours(app) == ["09-10"]


@pytest.mark.parametrize("entry_id", ["x", "../x", "a#b", NOBODYS.upper(), "\u00e4"])
def test_an_invalid_id_is_not_found(app: App, entry_id: str) -> None:
    for name in ("times_resubmit", "times_history", "times_restore"):
        assert app.request("clock", name, path_id=entry_id).status == 404
    assert code(delete(app, entry_id)) == (404, "NOT_FOUND")
    assert code(approve(app, entry_id)) == (404, "NOT_FOUND")


def test_entries_of_others_require_the_permission(app: App) -> None:
    def first(answer: Answer) -> tuple[int, str]:
        item = answer.body["items"][0]
        return item["status"], item.get("code", "")

    assert first(put_entries(app, span("09:00", "10:00", userId="vera"))) == (403, "FORBIDDEN")
    assert first(put_entries(app, span("09:00", "10:00", userId="nobody"))) == (404, "NOT_FOUND")
    assert first(put_entries(app, span("09:00", "10:00", userId="vera"), **APPROVER)) == (200, "")
    assert code(app.request("clock", "times_list", query={**MAY, "userId": "vera"})) == (403, "FORBIDDEN")
    assert code(app.request("clock", "times_list", query={**MAY, "removed": "true"})) == (403, "FORBIDDEN")
    emil: dict[str, Any] = {"user": "emil", "roles": "employee"}
    assert code(approve(app, NOBODYS, **emil)) == (403, "FORBIDDEN")
    assert code(app.request("clock", "times_restore", path_id=NOBODYS, **emil)) == (403, "FORBIDDEN")
    assert code(app.request("clock", "times_list", query=MAY, roles="viewer")) == (403, "FORBIDDEN")


def test_an_approved_entry_is_not_changed_until_it_is_reopened(app: App) -> None:
    entry_id = save_entry(app, "09:00", "10:00")
    answer = approve(app, entry_id)
    assert (answer.status, data(answer)["approval"]) == (200, "approved")
    assert approve(app, entry_id).status == 200
    assert code(delete(app, entry_id)) == (400, "ENTRY_FINAL")
    assert put_entries(app, {"id": entry_id, "type": "sick"}).body["items"][0]["code"] == "ENTRY_FINAL"
    assert put_entries(app, span("09:30", "11:00")).body["items"][0]["code"] == "ENTRY_OVERLAPS"
    reopened = app.request("clock", "times_reopen", ids=[entry_id], reason="An hour was missing")
    assert data(reopened)["approval"] == "not_approved_yet"
    assert put_entries(app, {"id": entry_id, "type": "sick"}).body["valid"]
    assert [change["action"] for change in read_history(app, entry_id)] == [
        "created",
        "approved",
        "reopened",
        "edited",
    ]


def test_a_disapproved_entry_can_be_changed_and_approved_again(app: App) -> None:
    entry_id = save_entry(app, "09:00", "10:00")
    assert data(approve(app, entry_id, approval="disapproved", reason="Which site?"))["approval"] == "disapproved"
    assert read_history(app, entry_id)[-1]["reason"] == "Which site?"
    assert data(put_entries(app, {"id": entry_id, "comment": "The east one"}))["approval"] == "not_approved_yet"


def test_several_are_approved_all_or_none(app: App) -> None:
    first, second = save_entry(app, "09:00", "10:00"), save_entry(app, "10:00", "11:00")
    assert code(approve(app, first, NOBODYS)) == (404, "NOT_FOUND")
    assert list_hours(app, approval="approved") == []
    app.calls.clear()
    assert approve(app, first, second, first).status == 200
    assert app.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}
    assert list_hours(app, approval="approved") == ["09-10", "10-11"]
    approvals = [event for event in app.events() if event["type"] == "entries.approved"]
    assert sorted(entry["entryId"] for entry in approvals[0]["entries"]) == sorted([first, second])


def test_thirty_are_deleted_in_one_transaction_and_more_are_refused(app: App) -> None:
    ids = [save_entry(app, f"10:{minute:02}", f"10:{minute + 1:02}") for minute in range(31)]
    assert code(delete(app, *ids)) == (400, "INVALID")
    app.calls.clear()
    assert delete(app, *ids[:30]).status == 200
    assert app.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}
    assert len(list_hours(app)) == 1


def test_a_running_clock_is_no_entry_yet(app: App) -> None:
    running = data(clock(app, "start", "09:00"))["id"]
    assert code(delete(app, running)) == (400, "ENTRY_STATE")
    assert code(approve(app, running)) == (400, "ENTRY_STATE")
    assert put_entries(app, {"id": running, "type": "sick"}).body["items"][0]["code"] == "ENTRY_STATE"
    clock(app, "cancel")
    assert code(delete(app, running)) == (400, "ENTRY_STATE")
    assert code(app.request("clock", "times_restore", path_id=running)) == (400, "ENTRY_STATE")
    assert [change["action"] for change in read_history(app, running)] == ["started", "cancelled"]


def test_an_invalid_entry_is_saved_once_nothing_is_in_its_way(app: App) -> None:
    safe, invalid = save_invalid_entry(app)
    assert (list_hours(app), list_hours(app, invalid="true")) == (["13-14"], ["10-14"])
    blocked = app.request("clock", "times_resubmit", path_id=invalid)
    assert code(blocked) == (400, "ENTRY_OVERLAPS")
    assert list_hours(app, invalid="true") == ["10-14"]
    app.request("clock", "times_reopen", ids=[safe])
    app.calls.clear()
    answer = app.request("clock", "times_resubmit", path_id=invalid)
    assert (answer.status, data(answer)["removedEntryIds"], data(answer)["invalidReason"]) == (201, [safe], None)
    assert app.calls == {"BatchGetItem": 3, "Query": 1, "TransactWriteItems": 1}
    assert (list_hours(app), list_hours(app, invalid="true")) == (["10-14"], [])
    assert code(app.request("clock", "times_resubmit", path_id=invalid)) == (400, "ENTRY_STATE")
    assert [change["action"] for change in read_history(app, invalid)] == ["started", "stopped", "resubmitted"]


def test_an_invalid_entry_can_be_made_to_fit(app: App) -> None:
    _, invalid = save_invalid_entry(app)
    assert put_entries(app, {"id": invalid, "to": at("13:00")}).body["valid"]
    assert (list_hours(app), list_hours(app, invalid="true")) == (["10-13", "13-14"], [])


def test_a_removed_entry_is_restored_where_no_other_entry_is(app: App) -> None:
    first = data(clock_shift(app, "08:00", "12:00"))["id"]
    second = data(clock_shift(app, "10:00", "14:00"))["id"]
    assert list_hours(app, caller=APPROVER, removed="true") == list_hours(
        app, caller=APPROVER, removed="true", userId="emil"
    )
    assert list_hours(app, caller=APPROVER, removed="true") == ["08-12"]
    assert code(app.request("clock", "times_restore", path_id=first)) == (400, "ENTRY_OVERLAPS")
    assert delete(app, second).status == 200
    answer = app.request("clock", "times_restore", path_id=first)
    assert (answer.status, len(data(answer)["punches"]), data(answer)["creationType"]) == (200, 2, "clock")
    assert (list_hours(app), list_hours(app, caller=APPROVER, removed="true")) == (["08-12"], ["10-14"])
    assert code(app.request("clock", "times_restore", path_id=first)) == (400, "ENTRY_STATE")
    trail = [(change["action"], change["number"]) for change in read_history(app, first)]
    assert trail == [("started", 1), ("stopped", 2), ("overwritten", 3), ("restored", 4)]


def test_a_removed_invalid_entry_comes_back_invalid(app: App) -> None:
    _, invalid = save_invalid_entry(app)
    assert delete(app, invalid).status == 200
    assert list_hours(app, invalid="true") == []
    assert app.request("clock", "times_restore", path_id=invalid).status == 200
    assert (list_hours(app), list_hours(app, invalid="true")) == (["13-14"], ["10-14"])


def test_the_trail_has_who_did_what_when_and_why(app: App) -> None:
    app.put("projects", "site")
    clock(app, "start", "09:00")
    clock(app, "break", "12:00")
    clock(app, "update", organizationId="site")
    entry_id = str(data(clock(app, "stop", "17:00"))["id"])
    put_entries(app, {"id": entry_id, "to": at("18:00"), "reason": "It took longer"}, **APPROVER)
    app.request("clock", "times_delete", query={"id": entry_id, "reason": "A slip"})
    app.calls.clear()
    trail = read_history(app, entry_id)
    assert app.calls == {"Query": 1}
    assert [change["action"] for change in trail] == [
        "started",
        "break_started",
        "updated",
        "stopped",
        "edited",
        "deleted",
    ]
    assert [change["number"] for change in trail] == [1, 2, 3, 4, 5, 6]
    started, _, updated, stopped, edited, deleted = trail
    assert (started["before"], started["after"]["to"]) == (None, None)
    assert (updated["before"]["organizationId"], updated["after"]["organizationId"]) == (None, "site")
    assert (stopped["after"]["to"], stopped["after"]["approval"]) == (at("17:00"), "not_approved_yet")
    assert (edited["actor"], edited["reason"]) == ("ada", "It took longer")
    assert (edited["before"]["to"], edited["after"]["to"]) == (at("17:00"), at("18:00"))
    assert edited["after"]["creationType"] is None
    assert (deleted["reason"], deleted["before"], deleted["after"]) == ("A slip", edited["after"], None)


def test_the_trail_of_an_overlapped_entry_names_the_new_one(app: App) -> None:
    set_policy(app, "trim")
    first = save_entry(app, "08:00", "18:00")
    answer = put_entries(app, span("10:00", "14:00"))
    split = data(answer)["trimmedEntries"][1]["id"]
    assert data(answer)["id"] in read_history(app, first)[-1]["reason"]
    assert [change["action"] for change in read_history(app, first)] == ["created", "trimmed"]
    assert [(change["action"], first in change["reason"]) for change in read_history(app, split)] == [("split", True)]


def test_a_clock_can_be_stopped_whatever_was_sent(app: App) -> None:
    clock(app, "start", "09:00")
    for raw in ("", "[]", "{", '{"action": "stop", "dateTime": NaN}', '{"action": "stop", "dateTime": 3}'):
        assert app.request("clock", "clock_stop", raw=raw).status == 400
    for when in (f"{DAY}09:00:00", "9999-12-31T23:59:59-14:00"):
        assert clock(app, "stop", dateTime=when).status == 400
        assert clock(app, "break", dateTime=when).status == 400
    assert clock(app, "stop", "17:00").status == 200


def test_an_item_that_cannot_be_saved_now_fails_the_whole_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(self: DynamoDBEntryRepository, tenant_id: str, write: EntryWrite) -> None:
        raise ServiceBusy

    monkeypatch.setattr(DynamoDBEntryRepository, "save", busy)
    answer = Answer(app.invoke("clock", event("api/times_put")))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


def test_a_tenants_setup_has_the_policy_for_overlaps(app: App) -> None:
    tenant = {"id": "demo", "name": "Demo", "overlaps": "refuse"}
    tenants.apply(tenants.Setup.model_validate({"tenants": [tenant]}))
    save_entry(app, "09:00", "10:00")
    assert put_entries(app, span("09:30", "11:00")).body["items"][0]["code"] == "ENTRY_OVERLAPS"
    with pytest.raises(ValidationError):
        tenants.Setup.model_validate({"tenants": [tenant | {"overlaps": "ignore"}]})


def test_a_stop_that_is_overtaken_by_a_save_by_hand_sees_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The save comes in between the stop's reading and its writing, at the worst moment there is."""
    clock(app, "start", "09:00")
    overlapped, by_hand = DynamoDBEntryRepository.find_overlapping, {"from": at("10:00"), "to": at("11:00")}
    saves: list[Answer] = []
    interrupted = False

    def overtaken(self: DynamoDBEntryRepository, tenant_id: str, entry: TimeEntry) -> list[TimeEntry]:
        nonlocal interrupted
        seen = overlapped(self, tenant_id, entry)
        if not interrupted:
            interrupted = True
            saves.append(app.request("clock", "times_put", items=[by_hand]))
        return seen

    monkeypatch.setattr(DynamoDBEntryRepository, "find_overlapping", overtaken)
    answer = clock(app, "stop", "17:00")
    assert (answer.status, data(answer)["removedEntryIds"]) == (201, [data(saves[0])["id"]])
    assert list_hours(app) == ["09-17"]
