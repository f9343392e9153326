"""Positions are redacted in time and a user is erased on request; the hours stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from fencepost import container
from fencepost.cli import tenants
from fencepost.privacy import service
from tests.functional.app import Answer, App, event
from tests.functional.reports.client import read_totals, set_up_tenant
from tests.functional.timeclock.client import (
    APPROVER,
    MAY,
    approve,
    clock,
    data,
    delete,
    put_entries,
    read_history,
    save_entry,
    span,
)

HERE = {"latitude": 30.267153, "longitude": -97.743057, "accuracy": 8}
MAY_4 = datetime(2026, 5, 4, tzinfo=UTC)


def clocked_here(app: App, start: str, end: str, **more: Any) -> str:
    """Return the id of an entry whose punches have positions."""
    assert clock(app, "start", start, location=HERE, **more).status == 200
    return str(data(clock(app, "stop", end, location=HERE))["id"])


def docs(app: App) -> str:
    """Return all stored documents of clocks and times, without the events, which are retained for two days."""
    return "\n".join(item["doc"]["S"] for item in app.items() if "doc" in item)


def test_positions_are_coarse_after_some_days_and_removed_after_more(app: App) -> None:
    set_up_tenant(positions={"coarsenAfterDays": 30, "removeAfterDays": 365})
    app.create_circle("Office", 30.2672, -97.7431, assignments=[{"targetTable": "users", "targetId": "emil"}])
    entry = clocked_here(app, "09:00", "10:00")
    removed = clocked_here(app, "10:00", "11:00")
    assert delete(app, removed).status == 200
    assert clock(app, "start", "12:00", location=HERE).status == 200
    assert clock(app, "cancel").status == 200
    job = container.privacy_service()
    assert job.redact_positions(MAY_4 + timedelta(days=29)) == 0
    assert "30.267153" in docs(app)
    in_june = MAY_4 + timedelta(days=31)
    assert [job.redact_positions(in_june) for _ in range(2)] == [3, 0]
    assert "30.267153" not in docs(app)
    assert docs(app).count("30.27") == 5
    # An edit retains the coarse positions, and a restored entry is not exact again.
    put_entries(app, {"id": entry, "comment": "Long day"})
    assert app.request("clock", "times_restore", path_id=removed).status == 200
    assert [job.redact_positions(MAY_4 + timedelta(days=366)) for _ in range(2)] == [3, 0]
    assert "30.27" not in docs(app)
    assert [total["netSeconds"] for total in read_totals(app, by="")] == [7_200]


def test_a_run_has_a_limit_and_the_next_run_continues(app: App) -> None:
    set_up_tenant(positions={"removeAfterDays": 1})
    for hour in (9, 10, 11):
        clocked_here(app, f"{hour:02}:00", f"{hour + 1:02}:00")
    job, now = container.privacy_service(), MAY_4 + timedelta(days=9)
    assert [job.redact_positions(now, limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_tenant_without_a_policy_retains_positions(app: App) -> None:
    clocked_here(app, "09:00", "10:00")
    job, now = container.privacy_service(), MAY_4 + timedelta(days=9_000)
    assert job.redact_positions(now) == 0
    set_up_tenant(positions={"removeAfterDays": 30})
    set_up_tenant(positions={})
    assert job.redact_positions(now) == 0
    assert app.invoke("privacy", event("schedule/every_hour")) == {"lessened": 0}


def test_an_entry_changed_at_the_same_moment_is_left_for_the_next_run(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_tenant(positions={"removeAfterDays": 1})
    entry = clocked_here(app, "09:00", "10:00")
    table, now = container.table(), MAY_4 + timedelta(days=9)
    batch_get = table.batch_get

    def overtaken(keys: Any, *, consistent: bool = False) -> Any:
        found = batch_get(keys, consistent=consistent)
        if consistent:
            monkeypatch.setattr(table, "batch_get", batch_get)
            put_entries(app, {"id": entry, "comment": "Long day"})
        return found

    monkeypatch.setattr(table, "batch_get", overtaken)
    assert [container.privacy_service().redact_positions(now) for _ in range(2)] == [0, 1]
    assert "30.267153" not in docs(app)
    assert "Long day" in docs(app)


def forget(app: App, user_id: str = "emil") -> Any:
    return app.request("directory", "directory_erase", path={"table": "users", "id": user_id})


def test_a_user_is_erased_and_the_hours_stay(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ERASED", 2)
    clocked_here(app, "09:00", "10:00", comment="Dentist later")
    removed = clocked_here(app, "10:00", "11:00", comment="Dentist again")
    assert delete(app, removed).status == 200
    assert clock(app, "start", "12:00", location=HERE, comment="Dentist still").status == 200
    assert clock(app, "cancel").status == 200
    by_hand = save_entry(app, "13:00", "14:00", comment="Dentist", reason="Was at the dentist's")
    put_entries(app, span("09:00", "10:00", userId="vera", comment="Dentist of vera"), **APPROVER)
    # Two of the four a call: the second one finds all done but the end.
    assert [answer.status for answer in (forget(app), forget(app))] == [503, 200]
    left = docs(app)
    assert "30.267153" not in left
    assert left.count("entist") == left.count("Dentist of vera")
    assert [total["netSeconds"] for total in read_totals(app, APPROVER, userId="emil", by="")] == [7_200]
    assert read_history(app, by_hand, **APPROVER)[0]["after"]["comment"] is None
    monkeypatch.setattr(service, "MAX_ERASED", 300)
    assert forget(app).status == 404


def test_an_erasure_reports_its_counts_also_for_a_user_deleted_before(app: App) -> None:
    clocked_here(app, "09:00", "10:00", comment="Dentist later")
    assert app.request("directory", "directory_delete", path={"table": "users", "id": "emil"}).status == 200
    answer = forget(app)
    assert answer.status == 200
    # Start and stop; the comment of the entry, which its trail repeats.
    assert answer.body == {"id": "emil", "deleted": True, "erased": {"positions": 2, "comments": 1, "reasons": 0}}
    assert forget(app).status == 404
    assert forget(app, "a#b").status == 404


def item_status(answer: Answer) -> int:
    """Return the status of the only item of a POST of times."""
    return int(answer.body["items"][0]["status"])


def test_writes_during_an_erasure_are_refused(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ERASED", 1)
    removed = save_entry(app, "09:00", "10:00", comment="Dentist")
    assert delete(app, removed).status == 200
    save_entry(app, "11:00", "12:00", comment="Dentist")
    assert forget(app).status == 503
    early = span("06:00", "07:00", userId="emil", comment="Dentist")
    assert item_status(app.request("clock", "times_put", items=[early], **APPROVER)) == 404
    answers = [
        app.request("clock", "times_restore", path_id=removed, **APPROVER),
        clock(app, "start", "13:00", comment="Dentist"),
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert forget(app).body["erased"]["comments"] == 2
    assert "Dentist" not in docs(app)


def test_a_user_with_nothing_to_erase_is_erased_in_several_calls(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ERASED", 1)
    put_entries(app, span("09:00", "10:00"), span("11:00", "12:00"))
    assert [forget(app).status for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("what", ["create", "change", "restore", "delete", "approve"])
def test_nothing_read_before_an_erasure_is_written_after_it(
    app: App, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    entry = save_entry(app, "09:00", "10:00", comment="Dentist")
    if what == "restore":
        assert delete(app, entry).status == 200
    app.run_before_next_write(monkeypatch, lambda: forget(app))
    later = span("11:00", "12:00", comment="Dentist again")
    changed = {"id": entry, "to": later["from"]}
    status = {
        "create": lambda: item_status(app.request("clock", "times_put", items=[later])),
        "change": lambda: item_status(app.request("clock", "times_put", items=[changed])),
        "restore": lambda: app.request("clock", "times_restore", path_id=entry).status,
        "delete": lambda: delete(app, entry).status,
        # It is still owed, so it is approved, as it is by now.
        "approve": lambda: approve(app, entry, **APPROVER).status,
    }[what]()
    assert status == (200 if what == "approve" else 404)
    assert "Dentist" not in docs(app)


def test_nothing_is_erased_while_the_user_cannot_be_deleted(app: App) -> None:
    clocked_here(app, "09:00", "10:00", comment="Dentist later")
    office = app.create_circle("Office", assignments=[{"targetTable": "users", "targetId": "emil"}])
    assert (forget(app).status, forget(app).body["code"]) == (409, "STILL_ASSIGNED")
    assert app.request("geofences", "delete", path_id=office.body["id"]).status == 200
    assert clock(app, "start", "12:00").status == 200
    assert (forget(app).status, forget(app).body["code"]) == (409, "CLOCK_RUNNING")
    assert "Dentist later" in docs(app)
    answer = app.request("directory", "directory_erase", path={"table": "projects", "id": "emil"})
    assert (answer.status, answer.wrong_fields) == (400, ["erase"])


def test_a_setup_with_impossible_days_is_refused() -> None:
    for positions in ({"coarsenAfterDays": 0}, {"coarsenAfterDays": 30, "removeAfterDays": 30}, {"after": 1}):
        with pytest.raises(ValidationError):
            tenants.Setup.model_validate({"tenants": [{"id": "demo", "name": "Demo", "positions": positions}]})


def test_no_event_and_no_export_contains_a_position(app: App) -> None:
    clocked_here(app, "09:00", "10:00")
    files = [app.request("reports", "times_export", query={**MAY, "format": kind}).text for kind in ("csv", "ics")]
    assert "30.26" not in json.dumps(app.events()) + "".join(files)


def test_entries_older_than_the_lists_are_added_to_them(app: App) -> None:
    set_up_tenant(positions={"removeAfterDays": 1})
    clocked_here(app, "09:00", "10:00")
    assert clock(app, "start", "12:00", location=HERE).status == 200
    assert clock(app, "cancel").status == 200
    for item in app.items():
        if "doc" in item:
            bare = {name: value for name, value in item.items() if name[:4] not in ("GSI2", "GSI4", "coun")}
            app.table.put_item(TableName="fencepost", Item=bare)
    assert (read_totals(app, APPROVER), read_totals(app)) == ([], [])
    assert [container.entry_list_maintenance().rebuild(tenant) for tenant in ("other", "demo", "demo")] == [0, 2, 0]
    assert [total["netSeconds"] for total in read_totals(app, APPROVER)] == [3_600]
    assert container.privacy_service().redact_positions(MAY_4 + timedelta(days=9)) == 2


def test_a_refusal_loses_its_distances_and_that_of_an_erased_user_its_verdict(app: App) -> None:
    set_up_tenant(positions={"coarsenAfterDays": 30})
    app.create_circle("Office", 40.0, -97.7431, assignments=[{"targetTable": "users", "targetId": "emil"}])
    assert clock(app, "start", "09:00", location=HERE).status == 403
    assert 'edge_distance_m":1' in docs(app)
    job, later = container.privacy_service(), datetime.now(UTC) + timedelta(days=31)
    assert [job.redact_positions(later) for _ in range(2)] == [1, 0]
    assert "m away" not in docs(app)
    assert "Office" in docs(app)
    geofence = app.request("geofences", "list").body["data"][0]["id"]
    assert app.request("geofences", "delete", path_id=geofence).status == 200
    assert forget(app).body["erased"] == {"positions": 1, "comments": 0, "reasons": 0}
    assert "Office" not in docs(app)
