"""What geofences refuse, through the handlers: what a tenant chose, what is listed, and how little is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from fencepost.cli import tenants
from fencepost.timeclock.commands import compute_legacy_fingerprint
from tests.functional.app import App, event
from tests.functional.timeclock.client import FAR, clock, code, create_fence, data


def set_up(modes: dict[str, str]) -> None:
    tenants.apply(tenants.Setup.model_validate({"tenants": [{"id": "demo", "name": "Demo", "geofenceModes": modes}]}))


def test_a_tenant_chooses_what_a_refusal_does_to_each_action(app: App) -> None:
    create_fence(app)
    set_up({"start": "flag", "break": "off", "stop": "block"})
    assert data(clock(app, "start", "09:00", location=FAR))["punches"][0]["flagged"] is True
    taken = data(clock(app, "break", "12:00", location=FAR))["punches"][1]
    assert (taken["flagged"], taken["geofenceVerdict"]) == (False, None)
    assert code(clock(app, "stop", "17:00", location=FAR)) == (403, "GEOFENCE_OUTSIDE")
    assert clock(app, "cancel").status == 200
    set_up({})
    assert clock(app, "start", "09:00", location=FAR).status == 403


@pytest.mark.parametrize("modes", [{"cancel": "flag"}, {"start": "warn"}, {"start": None}, "block"])
def test_unknown_modes_are_refused(modes: Any) -> None:
    with pytest.raises(ValidationError):
        set_up(modes)


def test_refusals_are_listed_newest_first_page_by_page_and_a_dry_run_is_none(app: App) -> None:
    create_fence(app)
    dry = app.request(
        "clock", "clock_start", query={"dryRun": "true"}, dateTime="2026-05-04T08:00:00Z", action="start"
    )
    assert data(dry)["refusalId"] is None
    refused = [data(clock(app, "start", f"09:{n:02}", location=FAR))["refusalId"] for n in range(3)]
    refusal_ids = [event["refusalId"] for event in app.events() if event["type"] == "clock.refused"]
    assert sorted(refusal_ids) == sorted(refused)
    app.calls.clear()
    first = app.request("clock", "clock_refusals", query={"limit": "2"})
    assert app.calls == {"Query": 1}
    rest = app.request("clock", "clock_refusals", query={"limit": "2", "cursor": first.body["nextCursor"]})
    assert [item["data"]["id"] for item in first.body["items"] + rest.body["items"]] == refused[::-1]
    assert rest.body["nextCursor"] is None
    assert first.body["items"][0]["data"]["geofenceVerdict"]["code"] == "GEOFENCE_OUTSIDE"


def test_a_refusal_stored_under_a_legacy_id_is_the_same_refusal_when_it_is_retried(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_fence(app)
    with monkeypatch.context() as before:
        before.setattr("fencepost.timeclock.clock_service.compute_fingerprint", compute_legacy_fingerprint)
        refused = data(clock(app, "start", "09:00", location=FAR))["refusalId"]
    assert data(clock(app, "start", "09:00", location=FAR))["refusalId"] == refused
    assert len(app.request("clock", "clock_refusals").body["items"]) == 1


def test_a_start_by_exception_costs_what_any_start_costs(app: App) -> None:
    create_fence(app)
    refusal = data(clock(app, "start", "09:00", location=FAR))["refusalId"]
    granted = app.request("clock", "clock_grant", path_id=refusal)
    assert (granted.status, data(granted)["exception"]["reason"]) == (200, "The gate is closed today")
    app.calls.clear()
    assert clock(app, "start", "09:00", location=FAR).status == 200
    assert app.calls == {"BatchGetItem": 1, "TransactWriteItems": 1}
    assert data(app.request("clock", "clock_refusals"))["state"] == "used"
    assert [event["validUntil"] for event in app.events() if event["type"] == "clock.exception_granted"]


def test_an_exception_does_not_outlive_its_user(app: App) -> None:
    create_fence(app)
    first, second = (data(clock(app, "start", f"09:0{n}", location=FAR))["refusalId"] for n in range(2))
    granted = app.request("clock", "clock_grant", path_id=first)
    whose = {"table": "users", "id": data(granted)["userId"]}
    assert app.request("directory", "directory_delete", path=whose, query={"cascade": "true"}).status == 200
    assert app.request("clock", "clock_grant", path_id=second).status == 404
    assert not any(item["SK"]["S"] == "EXCEPTIONS" for item in app.items())


def example() -> list[dict[str, Any]]:
    """The punches of the example, a day ago."""
    items: list[dict[str, Any]] = json.loads(event("api/clock_batch")["body"])["items"]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for hour, item in enumerate(items):
        item["dateTime"] = (yesterday + timedelta(hours=hour)).isoformat()
    return items


def test_a_batch_costs_a_read_more_than_its_punches_and_sent_again_only_that_read(app: App) -> None:
    app.calls.clear()
    first = app.request("clock", "clock_batch", items=example())
    assert [item["status"] for item in first.body["items"]] == [200, 200]
    assert app.calls == {"BatchGetItem": 3, "Query": 1, "TransactWriteItems": 2}
    app.calls.clear()
    # Another instant under the same key is another punch; the dates of the example move with the clock.
    again = app.request("clock", "clock_batch", items=example())
    assert {item["code"] for item in again.body["items"]} == {"IDEMPOTENCY_KEY_REUSED"}
    assert app.calls == {"BatchGetItem": 1}


def test_a_punch_that_was_not_reached_has_its_own_code_and_is_done_by_a_retry(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = example()
    monkeypatch.setattr("functions.clock.app.BATCH_S", -1.0)
    key = {"Idempotency-Key": "batch-1"}
    none = app.request("clock", "clock_batch", items=items, headers=key)
    assert (none.status, {item["code"] for item in none.body["items"]}) == (503, {"NOT_REACHED"})
    monkeypatch.setattr("functions.clock.app.BATCH_S", 5.0)
    done = app.request("clock", "clock_batch", items=items, headers=key)
    assert (done.status, [item["status"] for item in done.body["items"]]) == (200, [200, 200])


def test_a_punch_older_than_the_tenant_accepts_is_refused_alone(app: App) -> None:
    tenant = {"id": "demo", "name": "Demo", "workingTime": {"backMinutes": 60}}
    tenants.apply(tenants.Setup.model_validate({"tenants": [tenant]}))
    old, new = example()
    new |= {"action": "start", "dateTime": (datetime.now(UTC) - timedelta(minutes=30)).isoformat()}
    answer = app.request("clock", "clock_batch", items=[old, new])
    assert [item["status"] for item in answer.body["items"]] == [400, 200]
    assert answer.body["items"][0]["message"] == "dateTime: is more than 60 minutes ago"
