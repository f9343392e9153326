"""Many operations in one request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.app import App

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def test_each_operation_of_a_batch_has_its_own_result(app: App) -> None:
    depot = app.create_circle("Depot").body["id"]
    old = app.create_circle("Old").body["id"]
    operations: list[Any] = [
        {"action": "create", "geofence": {"name": "New", "latitude": 1, "longitude": 1}},
        {"action": "create", "geofence": {"name": "DEPOT", "latitude": 1, "longitude": 1}},
        {"action": "create", "geofence": {"name": "Bad", "latitude": 91, "longitude": 1}},
        {"action": "create", "id": depot, "geofence": {"name": "Bad", "latitude": 1, "longitude": 1}},
        {"action": "update", "id": depot, "geofence": {"radius": 7}},
        {"action": "update", "id": depot, "geofence": {"radius": 8}, "version": 1},
        {"action": "update", "id": NOWHERE, "geofence": {"radius": 8}},
        {"action": "update", "geofence": {"radius": 8}},
        {"action": "update", "id": depot},
        {"action": "delete", "id": old},
        {"action": "delete", "id": old},
        {"action": "paint"},
        5,
        {"action": "create", "geofence": {"pname": "No radius", "latitude": 1, "longitude": 1}},
    ]
    results = app.request("geofences", "batch", operations=operations).body["results"]
    assert [r["status"] for r in results] == [201, 409, 400, 400, 200, 412, 404, 400, 400, 200, 404, 400, 400, 400]
    assert [r["index"] for r in results] == list(range(14))
    assert results[2]["error"]["errors"][0]["field"] == "latitude"
    assert results[4]["geofence"]["radiusMeters"] == 7
    assert app.list_names() == ["New", "Depot"]


def test_an_editor_deletes_nothing_by_batch(app: App) -> None:
    depot = app.create_circle("Depot").body["id"]
    operations = [{"action": "delete", "id": depot}, {"action": "update", "id": depot, "geofence": {"radius": 9}}]
    results = app.request("geofences", "batch", roles="editor", operations=operations).body["results"]
    assert [r["status"] for r in results] == [403, 200]


@pytest.mark.parametrize("operations", [[], [{"action": "delete", "id": NOWHERE}] * 101, "x", None])
def test_a_batch_has_1_to_100_operations(app: App, operations: Any) -> None:
    assert app.request("geofences", "batch", operations=operations).status == 400


def test_what_was_done_is_told_even_where_the_answer_is_full(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.geofences.batch.MAX_PAGE_BYTES", 1_500)
    operations = [
        {"action": "create", "geofence": {"name": f"S {n}", "latitude": 1, "longitude": 1}} for n in range(6)
    ]
    results = app.request("geofences", "batch", operations=operations).body["results"]
    assert [(r["status"], "geofence" in r) for r in results] == [(201, True)] * 2 + [(201, False)] * 4
    assert len(app.list_names()) == 6
