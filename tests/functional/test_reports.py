"""Reports of time entries: totals, over HTTP on the table."""

from __future__ import annotations

from typing import Any

from fencepost import admin
from tests.functional.app import App
from tests.functional.test_clock import code
from tests.functional.test_times import APPROVER, MAY, approve, delete, invalid_entry, put, saved, span
from tests.functional.test_worked_cases import at


def setup(**tenant: Any) -> None:
    admin.apply(admin.Setup.model_validate({"tenants": [{"id": "demo", "name": "Demo", **tenant}]}))


def totals(app: App, who: dict[str, Any] | None = None, /, **query: str) -> list[dict[str, Any]]:
    """All totals, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = app.request("reports", "times_totals", query={**MAY, **query, **cursor}, **(who or {}))
        assert page.status == 200, page
        found += [item["data"] for item in page.body["items"]]
        if page.body["nextCursor"] is None:
            return found
        cursor = {"cursor": page.body["nextCursor"]}


def test_a_month_by_day_week_and_month(app: App) -> None:
    setup(timeZone="Europe/Berlin")
    saved(app, "09:00", "17:00", breaks=[span("12:00", "12:30")])
    saved(app, "18:00", "19:00", type="sick")
    put(app, {"from": "2026-05-08T23:00:00+02:00", "to": "2026-05-09T01:00:00+02:00"})
    assert totals(app, unit="week", by="category") == [
        {"period": "2026-W19", "category": "productive", "entries": 2, "netSeconds": 34_200, "breakSeconds": 1_800},
        {"period": "2026-W19", "category": "sick", "entries": 1, "netSeconds": 3_600, "breakSeconds": 0},
    ]
    days = totals(app, unit="day", by="", split="midnight")
    assert {total["period"]: total["netSeconds"] for total in days} == {
        "2026-05-04": 30_600,
        "2026-05-08": 3_600,
        "2026-05-09": 3_600,
    }
    assert [total["netSeconds"] for total in totals(app, unit="month", by="")] == [37_800]
    assert [total["netSeconds"] for total in totals(app, type="sick", by="")] == [3_600]
    # A total a page, and still the same.
    assert totals(app, by="category", limit="1") == totals(app, by="category")


def test_the_organizations_time_zone_tells_the_day_else_the_tenants(app: App) -> None:
    setup(timeZone="Asia/Tokyo")
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
    put(app, late | {"organizationId": "site"}, {"from": late["to"], "to": "2026-05-04T21:30:00Z"})
    app.calls.clear()
    found = totals(app, by="organization")
    assert [(total["period"], total["organizationId"]) for total in found] == [
        ("2026-05-04", "site"),
        ("2026-05-05", None),
    ]
    assert app.calls == {"Query": 1, "BatchGetItem": 1}


def test_invalid_and_removed_entries_count_in_nothing(app: App) -> None:
    invalid_entry(app)
    gone = saved(app, "15:00", "16:00")
    assert delete(app, gone).status == 200
    for who in ({}, APPROVER):
        assert [(total["entries"], total["netSeconds"]) for total in totals(app, who)] == [(1, 3_600)]


def test_employees_total_their_own_and_approvers_all(app: App) -> None:
    saved(app, "09:00", "10:00")
    put(app, span("09:00", "11:00", userId="vera"), **APPROVER)
    assert [total["userId"] for total in totals(app)] == ["emil"]
    assert [(total["userId"], total["netSeconds"]) for total in totals(app, APPROVER)] == [
        ("emil", 3_600),
        ("vera", 7_200),
    ]
    assert totals(app, {"user": "ada", "roles": "approver", "tenant": "other"}) == []
    assert code(app.request("reports", "times_totals", query={**MAY, "userId": "vera"})) == (403, "FORBIDDEN")


def test_a_changed_entry_counts_as_it_is_now(app: App) -> None:
    entry = saved(app, "09:00", "10:00")
    put(app, {"id": entry, "to": at("12:00"), "type": "travel"})
    assert approve(app, entry).status == 200
    assert [total["netSeconds"] for total in totals(app, APPROVER, approval="approved", by="")] == [10_800]
    assert totals(app, APPROVER, approval="not_approved_yet") == []


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
