"""Reports of time entries: totals and exports, over HTTP on the table."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from fencepost.timeclock.audit import EntryWrite
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from tests.functional.app import Answer, App
from tests.functional.reports.client import read_totals, set_up_tenant
from tests.functional.timeclock.client import (
    APPROVER,
    MAY,
    approve,
    at,
    code,
    delete,
    put_entries,
    read_history,
    save_entry,
    save_invalid_entry,
    span,
)


def test_a_month_by_day_week_and_month(app: App) -> None:
    set_up_tenant(timeZone="Europe/Berlin")
    save_entry(app, "09:00", "17:00", breaks=[span("12:00", "12:30")])
    save_entry(app, "18:00", "19:00", type="sick")
    put_entries(app, {"from": "2026-05-08T23:00:00+02:00", "to": "2026-05-09T01:00:00+02:00"})
    assert read_totals(app, unit="week", by="category") == [
        {"period": "2026-W19", "category": "productive", "entries": 2, "netSeconds": 34_200, "breakSeconds": 1_800},
        {"period": "2026-W19", "category": "sick", "entries": 1, "netSeconds": 3_600, "breakSeconds": 0},
    ]
    days = read_totals(app, unit="day", by="", split="midnight")
    assert {total["period"]: total["netSeconds"] for total in days} == {
        "2026-05-04": 30_600,
        "2026-05-08": 3_600,
        "2026-05-09": 3_600,
    }
    assert [total["netSeconds"] for total in read_totals(app, unit="month", by="")] == [37_800]
    assert [total["netSeconds"] for total in read_totals(app, type="sick", by="")] == [3_600]
    # A total a page, and still the same.
    assert read_totals(app, by="category", limit="1") == read_totals(app, by="category")


def test_the_time_zone_of_the_organization_decides_the_day_else_that_of_the_tenant(app: App) -> None:
    set_up_tenant(timeZone="Asia/Tokyo")
    assert (
        app.request(
            "directory",
            "directory_put",
            path={"table": "projects", "id": "site"},
            name="Site",
            timeZone="Europe/Berlin",
        ).status
        == 200
    )
    late = {"from": "2026-05-04T20:00:00Z", "to": "2026-05-04T21:00:00Z"}
    put_entries(app, late | {"organizationId": "site"}, {"from": late["to"], "to": "2026-05-04T21:30:00Z"})
    app.calls.clear()
    found = read_totals(app, by="organization")
    assert [(total["period"], total["organizationId"]) for total in found] == [
        ("2026-05-04", "site"),
        ("2026-05-05", None),
    ]
    assert app.calls == {"Query": 1, "BatchGetItem": 1}


def test_invalid_and_removed_entries_count_in_nothing(app: App) -> None:
    save_invalid_entry(app)
    removed = save_entry(app, "15:00", "16:00")
    assert delete(app, removed).status == 200
    for who in ({}, APPROVER):
        assert [(total["entries"], total["netSeconds"]) for total in read_totals(app, who)] == [(1, 3_600)]


def test_employees_total_their_own_and_approvers_all(app: App) -> None:
    save_entry(app, "09:00", "10:00")
    put_entries(app, span("09:00", "11:00", userId="vera"), **APPROVER)
    assert [total["userId"] for total in read_totals(app)] == ["emil"]
    assert [(total["userId"], total["netSeconds"]) for total in read_totals(app, APPROVER)] == [
        ("emil", 3_600),
        ("vera", 7_200),
    ]
    assert read_totals(app, {"user": "ada", "roles": "approver", "tenant": "other"}) == []
    assert code(app.request("reports", "times_totals", query={**MAY, "userId": "vera"})) == (403, "FORBIDDEN")


def test_a_changed_entry_counts_as_it_is_now(app: App) -> None:
    entry = save_entry(app, "09:00", "10:00")
    put_entries(app, {"id": entry, "to": at("12:00"), "type": "travel"})
    assert approve(app, entry).status == 200
    assert [total["netSeconds"] for total in read_totals(app, APPROVER, approval="approved", by="")] == [10_800]
    assert read_totals(app, APPROVER, approval="not_approved_yet") == []


def test_a_wrong_question_is_told_by_its_field(app: App) -> None:
    wrong = [
        {"unit": "year"},
        {"by": "user,colour"},
        {"by": "user,user"},
        {"split": "noon"},
        {"to": MAY["from"]},
        {"to": "2027-06-01T00:00:00+02:00"},
        {"from": "2026-05-01"},
        {"limit": "0"},
        {"cursor": "AAAA"},
        {"invalid": "true"},
    ]
    for query in wrong:
        answer = app.request("reports", "times_totals", query={**MAY, **query})
        assert answer.status == 400, answer
        assert answer.body["items"][0]["message"].startswith(f"{next(iter(query))}: ")


def export(app: App, **query: str) -> tuple[list[dict[str, str]], str | None]:
    """Return the rows of a page, and the cursor of the next one."""
    answer = app.request("reports", "times_export", query={**MAY, "format": "csv", **query})
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline=""))), answer.headers.get("Next-Cursor")


def export_marked(app: App, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    request = {"format": "csv", **MAY, **body}
    answer = app.request("reports", "times_export_marked", headers=headers, **request)
    assert answer.status == 200, answer
    return answer


def test_entries_are_exported_page_by_page(app: App) -> None:
    put_entries(app, span("09:00", "10:00", comment="=1+1"), span("11:00", "12:00"), span("13:00", "14:00"))
    first, cursor = export(app, limit="2")
    assert [row["comment"] for row in first] == ["'=1+1", ""]
    assert cursor is not None
    rest, end = export(app, limit="2", cursor=cursor)
    assert ([row["from"] for row in rest], end) == ([at("13:00")], None)
    calendar = app.request("reports", "times_export", query={**MAY, "format": "ics"})
    assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert calendar.text.count("BEGIN:VEVENT") == 3


def test_what_is_approved_is_exported_once_and_is_final(app: App) -> None:
    ids = [save_entry(app, "09:00", "10:00"), save_entry(app, "11:00", "12:00"), save_entry(app, "13:00", "14:00")]
    assert approve(app, *ids[:2]).status == 200
    app.calls.clear()
    first = export_marked(app, {"Idempotency-Key": "payroll-5"}, limit=1)
    assert app.calls["Query"] + app.calls["TransactWriteItems"] == 2
    assert (ids[0] in first.text, ids[1] in first.text) == (True, False)
    again = export_marked(app, {"Idempotency-Key": "payroll-5"}, limit=1)
    assert (again.text, again.headers["Next-Cursor"]) == (first.text, first.headers["Next-Cursor"])
    rest = export_marked(app, cursor=first.headers["Next-Cursor"])
    assert [entry in rest.text for entry in ids] == [False, True, False]
    assert "Next-Cursor" not in rest.headers
    assert export_marked(app).text.count("\n") == 1
    assert {row["approval"] for row in export(app)[0]} == {"exported", "not_approved_yet"}
    assert code(delete(app, ids[0])) == (400, "ENTRY_FINAL")
    assert [change["action"] for change in read_history(app, ids[0])] == ["created", "approved", "exported"]
    assert len([event for event in app.events() if event["type"] == "entries.exported"]) == 2


def test_only_approvers_mark_entries_as_exported(app: App) -> None:
    body: dict[str, Any] = {"format": "csv", **MAY}
    refused = app.request("reports", "times_export_marked", **body, user="emil", roles="employee")
    assert code(refused) == (403, "FORBIDDEN")
    wrongs: list[dict[str, Any]] = [{"format": "xls"}, {"approval": "disapproved"}, {"limit": 46}]
    for wrong in wrongs:
        answer = app.request("reports", "times_export_marked", **body | wrong)
        assert answer.status == 400
        assert answer.body["items"][0]["message"].startswith(f"{next(iter(wrong))}: ")


def test_an_entry_is_in_only_one_of_two_concurrent_exports(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second export reads before the first has written, fails to write, and reads again."""
    entry = save_entry(app, "09:00", "10:00")
    assert approve(app, entry).status == 200
    save, files = DynamoDBEntryRepository.save, []

    def overtaken(store: DynamoDBEntryRepository, tenant_id: str, saving: EntryWrite) -> None:
        monkeypatch.setattr(DynamoDBEntryRepository, "save", save)
        files.append(export_marked(app).text)
        save(store, tenant_id, saving)

    monkeypatch.setattr(DynamoDBEntryRepository, "save", overtaken)
    files.append(export_marked(app).text)
    assert [entry in text for text in files] == [True, False]
