"""Lists, filters and searches of the zone API, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest

from fencepost import container
from tests.functional.app import App
from tests.functional.zones.client import POLYGON, SQUARE, ZONE, ZoneClient, wrong


# --- list and search ------------------------------------------------------------------------------------------
def test_list_is_oldest_first_with_offset_and_limit(zones: ZoneClient) -> None:
    numbers = [zones.create({**ZONE, "label": f"Site {n}"}) for n in range(7)]
    assert [zone["id"] for zone in zones.listed()] == numbers
    for offset in range(9):
        for limit in (1, 3, 7, 20):
            page = zones.listed(offset=offset, limit=limit)
            assert [zone["id"] for zone in page] == numbers[offset : offset + limit]


def test_filter_and_tags_must_all_match(app: App, zones: ZoneClient) -> None:
    app.create_circle("Tagged", tags=["cold", "big", "new"])
    app.create_circle("Described", description="Behind the MILL")
    one = zones.create({**ZONE, "label": "Depot", "tags": [1, 2]})
    two = zones.create({**ZONE, "label": "Old depot", "address": "Mill road", "tags": [2]})

    def labels(**how: Any) -> list[str]:
        return [zone["label"] for zone in zones.listed(**how)]

    assert labels(tag_ids=[1]) == ["Tagged", "Depot"]
    assert labels(tag_ids=[2, 1, 2]) == ["Tagged", "Depot"]
    assert labels(tag_ids=[1, 2, 3]) == ["Tagged"]
    assert labels(tag_ids=[1, 4]) == []
    assert labels(tag_ids=[]) == labels(filter="") == ["Tagged", "Described", "Depot", "Old depot"]
    assert labels(filter="DEPOT") == ["Depot", "Old depot"]
    assert labels(filter="mill") == ["Described", "Old depot"]
    assert labels(filter="depot", tag_ids=[2], offset=1) == ["Old depot"]
    assert labels(filter="depot", limit=1) == ["Depot"]
    assert labels(filter="cold") == []
    zones("update", zone={"id": two, "tags": []})
    zones("delete", zone_id=one)
    assert labels(filter="depot") == ["Old depot"]
    assert labels(tag_ids=[2]) == ["Tagged"]


def test_page_reads_only_the_geofences_that_it_returns(app: App, zones: ZoneClient) -> None:
    for n in range(12):
        app.create_circle(f"Site {n}", description="even" if n % 2 == 0 else "odd")
    zones.listed()
    read: list[str] = []

    def watch(params: dict[str, Any], **_: Any) -> None:
        read.append(params.get("IndexName", "") + params.get("Select", ""))

    client = container.table()._client
    client.meta.events.register("before-parameter-build.dynamodb.Query", watch)
    pages: list[tuple[dict[str, Any], dict[str, int], list[str]]] = [
        ({"limit": 3}, {"Query": 1}, ["GSI1"]),
        ({"offset": 5, "limit": 3}, {"Query": 2}, ["GSI3COUNT", "GSI1"]),
        ({"filter": "odd", "offset": 2, "limit": 3}, {"Query": 1, "BatchGetItem": 1}, ["GSI3"]),
    ]
    for how, calls, queries in pages:
        app.calls.clear()
        read.clear()
        assert len(zones.listed(**how)) == 3
        assert (app.calls, read) == (calls, queries)


def test_list_that_exceeds_a_response_is_refused(zones: ZoneClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        zones.create({**ZONE, "label": f"Site {n}"})
    monkeypatch.setattr("fencepost.zones.service.MAX_LISTED", 3)
    assert len(zones.listed()) == 3
    monkeypatch.setattr("fencepost.zones.service.MAX_LISTED", 2)
    assert wrong(zones("list")) == ["limit"]
    assert wrong(zones("list", limit=3)) == ["limit"]
    assert len(zones.listed(limit=2)) == len(zones.listed(offset=1, limit=10**6)) == 2
    monkeypatch.setattr("functions.zones.app.MAX_RESPONSE_BYTES", 200)
    assert wrong(zones("list", limit=2)) == ["limit"]


def test_location_is_searched_in_one_round_trip(app: App, zones: ZoneClient) -> None:
    circle = zones.create({**ZONE, "center": {"lat": 1.005, "lng": 1.005}})
    zones.create(POLYGON, SQUARE)
    zones.create({**ZONE, "label": "Far"})
    app.calls.clear()
    found = zones("search_location", location={"lat": 1.005, "lng": 1.005}).body["list"]
    assert {zone["label"] for zone in found} == {"Zone name", "Yard"}
    assert circle in [zone["id"] for zone in found]
    assert app.calls == {"BatchGetItem": 1}


def test_number_that_an_old_index_entry_lacks_is_read_from_the_geofence(
    app: App, zones: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("fencepost.geofences.spatial_index.entry._NUMBERED", 0)
        before.setattr(
            "fencepost.geofences.spatial_index.entry._NUMBER", type("", (), {"pack": staticmethod(lambda _: b"")})
        )
        number = zones.create(ZONE)
    found = zones("search_location", location=ZONE["center"]).body["list"]
    assert found == [{"id": number, "label": "Zone name"}]


def test_update_read_and_delete_cost_one_read_of_the_number_more(app: App, zones: ZoneClient) -> None:
    app.calls.clear()
    number = zones.create(ZONE)
    assert app.calls == {"GetItem": 1, "TransactWriteItems": 1}  # the key of the caller, once a minute
    costs: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
        "update": (
            {"zone": {"id": number, "label": "New"}},
            {"BatchGetItem": 1, "GetItem": 1, "TransactWriteItems": 1},
        ),
        "read": ({"zone_id": number}, {"BatchGetItem": 1, "GetItem": 1}),
        "delete": ({"zone_id": number}, {"BatchGetItem": 1, "GetItem": 1, "TransactWriteItems": 1}),
    }
    for path, (parameters, calls) in costs.items():
        app.calls.clear()
        assert zones(path, **parameters).status == 200
        assert app.calls == calls, path
