"""Lists of geofences, and what filters let through."""

from __future__ import annotations

import pytest

from tests.functional.app import App


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Delivery route", "Yard with a pond", "Old depot", "Fiji", "Depot"]),
        ({"status": "inactive"}, ["Old depot"]),
        ({"status": "active", "type": "circle"}, ["Fiji", "Depot"]),
        ({"type": "polygon"}, ["Yard with a pond"]),
        ({"type": "corridor"}, ["Delivery route"]),
        ({"tag": "cold"}, ["Old depot", "Depot"]),
        ({"tag": "COLD", "status": "active"}, ["Depot"]),
        ({"tag": "unknown"}, []),
        ({"filter": "DEPOT"}, ["Old depot", "Depot"]),
        ({"filter": "behind the mill"}, ["Fiji"]),
        ({"target": "users:vera"}, ["Old depot", "Fiji"]),
        ({"bbox": "9.9,9.9,10.1,10.1"}, ["Old depot", "Depot"]),
        ({"bbox": "170,-20,-170,-10"}, ["Fiji"]),
        ({"bbox": "-180,-90,180,90"}, ["Delivery route", "Yard with a pond", "Old depot", "Fiji", "Depot"]),
    ],
)
@pytest.mark.parametrize("limit", ["1", "100"])
def test_a_filter_lets_through_what_is_asked_for(
    app: App, query: dict[str, str], names: list[str], limit: str
) -> None:
    vera = [{"targetTable": "users", "targetId": "vera"}]
    app.create_circle("Depot", tags=["Cold", "big"])
    app.create_circle("Fiji", -17.8, 179.9999, description="Behind the Mill", assignments=vera)
    app.create_circle("Old depot", 10.05, 10.0, status="inactive", tags=["cold"], assignments=vera)
    app.request("geofences", "create_polygon")
    app.request("geofences", "create_corridor")
    assert app.list_names(**query, limit=limit) == names


def test_a_filtered_page_that_looked_at_enough_ends_and_goes_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.geofences.service._GEOFENCES_PER_QUERY", 2)
    monkeypatch.setattr("fencepost.geofences.service._QUERIES_PER_FILTERED_PAGE", 2)
    for n in range(11):
        app.create_circle(f"Site {n}", status="active" if n % 5 else "inactive")
    app.calls.clear()
    first = app.request("geofences", "list", query={"status": "inactive", "limit": "2"})
    assert ([g["name"] for g in first.body["data"]], app.calls) == (["Site 10"], {"Query": 2})
    assert app.list_names(status="inactive", limit="2") == ["Site 10", "Site 5", "Site 0"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "on"}, "status"),
        ({"type": "square"}, "type"),
        ({"tag": ""}, "tag"),
        ({"filter": " "}, "filter"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,nan,3,4"}, "bbox"),
        ({"bbox": "1,5,3,4"}, "bbox"),
        ({"bbox": "a,b,c,d"}, "bbox"),
        ({"target": "users"}, "target"),
        ({"target": "tables:x"}, "target"),
        ({"order": "name"}, "order"),
    ],
)
def test_a_filter_that_is_none_is_refused_by_its_name(app: App, query: dict[str, str], field: str) -> None:
    assert app.request("geofences", "list", query=query).wrong_fields == [field]
