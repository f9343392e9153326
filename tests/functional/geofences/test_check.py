"""Checks: one position and many, how sure they are, what is near, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fencepost import container
from fencepost.common.ids import new_id
from fencepost.dynamodb import keys
from fencepost.geofences.model import Geofence
from fencepost.geofences.spatial_index.entry import pack_entry, to_attribute
from geo.cells import cover
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.functional.app import Answer, App


def check(app: App, lat: float, lon: float, query: dict[str, str] | None = None, **body: Any) -> Answer:
    return app.request("location", "check", query=query, latitude=lat, longitude=lon, **body)


def states(answer: Answer) -> dict[str, str]:
    assert answer.status == 200, answer
    return {match["geofenceName"]: match["state"] for match in answer.body["matches"]}


@pytest.mark.parametrize(("accuracy", "state"), [(None, "inside"), (0, "inside"), (99, "inside"), (101, "uncertain")])
def test_a_match_is_uncertain_where_the_boundary_is_nearer_than_the_accuracy(
    app: App, accuracy: float | None, state: str
) -> None:
    app.create_circle("Yard", 10, 10, radiusMeters=100)
    assert states(check(app, 10, 10, accuracy=accuracy)) == {"Yard": state}


def test_what_is_near_is_told_with_its_distance_where_it_is_asked_for(app: App) -> None:
    app.create_circle("Here", 10, 10, radiusMeters=100)
    app.create_circle("Near", 10.01, 10, radiusMeters=100)  # 1,006 m to its boundary
    app.create_circle("Far", 10.03, 10, radiusMeters=100)
    app.request(
        "geofences",
        "create_corridor",
        name="Road",
        type="corridor",
        radiusMeters=10,
        points=[{"lat": 10.005, "lng": 9}, {"lat": 10.005, "lng": 11}],
    )
    app.create_circle("Off", 10, 10.001, status="inactive")
    assert states(check(app, 10, 10)) == {"Here": "inside"}
    near = check(app, 10, 10, {"include": "outside", "within": "1500"})
    assert states(near) == {"Here": "inside", "Near": "outside", "Road": "outside"}
    edge = {match["geofenceName"]: match["edgeDistance"] for match in near.body["matches"]}
    assert (edge["Near"], edge["Road"]) == (pytest.approx(1005.9, abs=1), pytest.approx(543, abs=1))
    assert states(check(app, 10, 10, {"include": "outside", "within": "1000"})) == {
        "Here": "inside",
        "Road": "outside",
    }


@pytest.mark.parametrize(("lat", "lon"), [(0.0001, 179.9999), (-60, -180), (80, 0.0)])
def test_what_is_near_is_found_across_seams_and_borders_of_cells(app: App, lat: float, lon: float) -> None:
    for n, (north, east) in enumerate([(0.004, 0), (-0.004, 0), (0, 0.004), (0, -0.004)]):
        wrapped = (lon + east + 180) % 360 - 180
        app.create_circle(f"{n}", lat + north, wrapped, radiusMeters=10)
    assert len(states(check(app, lat, lon, {"include": "outside", "within": "1000"}))) == 4


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"include": "outside"}, "within"),
        ({"within": "10"}, "include"),
        ({"include": "outside", "within": "2001"}, "within"),
        ({"include": "outside", "within": "0"}, "within"),
        ({"include": "outside", "within": "nan"}, "within"),
        ({"include": "outside", "within": "x"}, "within"),
        ({"include": "all", "within": "5"}, "include"),
        ({"consistent": "yes"}, "consistent"),
        ({"order": "x"}, "order"),
    ],
)
def test_a_query_that_is_none_is_refused_by_its_name(app: App, query: dict[str, str], field: str) -> None:
    answer = check(app, 10, 10, query)
    assert (answer.status, answer.wrong_fields) == (400, [field])


def test_looking_far_around_at_a_pole_is_refused_and_looking_near_is_not(app: App) -> None:
    answer = check(app, 89.9999, 10, {"include": "outside", "within": "2000"})
    assert (answer.status, answer.wrong_fields) == (400, ["within"])
    app.create_circle("Pole", 89.9, 10, radiusMeters=50)
    assert states(check(app, 89.9001, 10, {"include": "outside", "within": "20"})) == {"Pole": "inside"}


def test_a_batch_answers_each_position_in_order(app: App) -> None:
    app.create_circle("A", 10, 10, radiusMeters=100)
    app.create_circle("B", 20, 20, radiusMeters=100)
    positions = [
        {"latitude": 20, "longitude": 20, "customerId": "b"},
        {"latitude": 0, "longitude": 0},
        {"latitude": 10, "longitude": 10, "accuracy": 500},
    ]
    results = app.request("location", "check_batch", positions=positions).body["results"]
    names = [[(m["geofenceName"], m["state"]) for m in result["matches"]] for result in results]
    assert names == [[("B", "inside")], [], [("A", "uncertain")]]
    assert [result["customerId"] for result in results] == ["b", None, None]


def test_a_thousand_positions_over_a_city_read_each_cell_once(app: App) -> None:
    for n in range(20):
        app.create_circle(f"Site {n}", 52.4 + n / 200, 13.3 + n / 200, radiusMeters=300)
    positions = [{"latitude": 52.4 + (k % 40) / 400, "longitude": 13.3 + (k // 40) / 250} for k in range(1000)]
    app.calls.clear()
    results = app.request("location", "check_batch", positions=positions).body["results"]
    assert len(results) == 1000
    # 108 cells, most of them of 1.2 km: two reads of at most a hundred keys, half a unit each.
    assert app.calls == {"BatchGetItem": 2}
    singles = [len(check(app, lat=p["latitude"], lon=p["longitude"]).body["matches"]) for p in positions[::97]]
    assert [len(result["matches"]) for result in results[::97]] == singles


@pytest.mark.parametrize(
    ("positions", "field"),
    [
        ([], "positions"),
        ([{"latitude": 1, "longitude": 1}] * 1001, "positions"),
        ([{"latitude": 1, "longitude": 1}, {"latitude": 91, "longitude": 1}], "positions[1].latitude"),
        ([{"latitude": 1, "longitude": 1, "accuracy": -1}], "positions[0].accuracy"),
        ([{"latitude": "1", "longitude": 1}], "positions[0].latitude"),
        ("x", "positions"),
        ([7], "positions[0]"),
    ],
)
def test_a_batch_that_is_none_is_refused_by_the_field(app: App, positions: Any, field: str) -> None:
    answer = app.request("location", "check_batch", positions=positions)
    assert (answer.status, answer.wrong_fields) == (400, [field])


def test_an_answer_that_is_larger_than_a_function_may_return_is_refused(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.create_circle("A", 10, 10)
    positions = [{"latitude": 10, "longitude": 10}] * 4
    assert app.request("location", "check_batch", positions=positions).status == 200
    monkeypatch.setattr("fencepost.http.app.MAX_RESPONSE_BYTES", 800)
    answer = app.request("location", "check_batch", positions=positions)
    assert (answer.status, answer.body["code"]) == (400, "ANSWER_TOO_LARGE")


@pytest.mark.parametrize("limit", ["MAX_COMPARED", "MAX_NEAR", "MAX_CELLS_READ"])
def test_positions_among_too_many_geofences_are_refused(
    app: App, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"fencepost.geofences.spatial_index.index.{limit}", 15)
    app.create_circle("A", 10, 10)
    position = {"latitude": 10, "longitude": 10}
    assert app.request("location", "check_batch", positions=[position]).status == 200
    spread = [{"latitude": 10, "longitude": 10 * n} for n in range(8)]
    answer = app.request("location", "check_batch", positions=[position] * 16 + spread)
    assert (answer.status, answer.body["code"]) == (400, "CROWDED")


def test_ten_thousand_geofences_on_one_spot_are_told_whole(app: App) -> None:
    """Written into the index as ten thousand creates leave it: the engine would take half an hour for those."""
    spot = Position(lon=10.005, lat=50.005)
    (cell,) = cover(Circle(center=spot, radius_m=50))
    now, shards, of_a_shard = datetime.now(UTC), 13, 800
    for shard in range(shards):
        bucket: dict[str, Any] = dict(keys.cell_key("demo", cell, shard))
        if shard == 0:
            bucket["shards"] = {"N": str(shards)}
        for number in range(shard * of_a_shard, min(10_000, (shard + 1) * of_a_shard)):
            geofence = Geofence(
                id=new_id(),
                tenant_id="demo",
                name=f"Site {number}",
                shape=Circle(center=spot, radius_m=50 + number / 1_000),
                created_at=now,
                updated_at=now,
            )
            bucket[to_attribute(geofence.id)] = {"B": pack_entry(geofence)}
        container.table()._client.put_item(TableName="fencepost", Item=bucket)
    app.calls.clear()
    answer = check(app, spot.lat, spot.lon)
    assert len({match["geofenceName"] for match in answer.body["matches"]}) == 10_000
    assert app.calls == {"BatchGetItem": 2}  # the second for the shards, met for the first time
    app.calls.clear()
    check(app, spot.lat, spot.lon)
    assert app.calls == {"BatchGetItem": 1}


def test_a_consistent_check_reads_strongly(app: App) -> None:
    seen: list[bool] = []
    events = container.table()._client.meta.events
    events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda params, **_: seen.append(params["RequestItems"]["fencepost"]["ConsistentRead"]),
    )
    check(app, 10, 10, {"consistent": "true"})
    check(app, 10, 10)
    assert seen == [True, False]


@pytest.mark.parametrize("within", ["0.0005", "1_000", " 100", "\uff11", "nan", "2000.1", ""])
def test_a_distance_that_is_none_is_refused_by_its_name(app: App, within: str) -> None:
    answer = check(app, 10, 10, {"include": "outside", "within": within})
    assert (answer.status, answer.wrong_fields) == (400, ["within"])
