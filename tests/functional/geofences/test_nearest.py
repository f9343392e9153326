"""The nearest geofences: which they are, their fields, when the token changes, and what a search costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import cos, floor, pi, radians, sin
from random import Random
from typing import Any

import pytest

from fencepost import container
from fencepost.geofences.items import parse_geofence_item
from tests.functional.app import SESSION, Answer, App

POND = {
    "type": "Polygon",
    "coordinates": [
        [[10.0, 50.0], [10.02, 50.0], [10.02, 50.02], [10.0, 50.02], [10.0, 50.0]],
        [[10.008, 50.008], [10.012, 50.008], [10.012, 50.012], [10.008, 50.012], [10.008, 50.008]],
    ],
}


def nearest(app: App, lat: float, lon: float, /, *, headers: dict[str, str] | None = None, **query: str) -> Answer:
    query = {"latitude": f"{lat:.9f}", "longitude": f"{lon:.9f}", **query}
    return app.request("geofences", "nearest", query=query, headers=headers)


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [geofence["geofenceName"] for geofence in answer.body["data"]]


def another_container() -> None:
    """From here on nothing is remembered."""
    for build in (
        container.geofence_repository,
        container.spatial_index,
        container.geofence_service,
        container.nearest_service,
        container.import_service,
    ):
        build.cache_clear()


def ring(lat: float, lon: float, radius_deg: float, vertices: int) -> list[dict[str, float]]:
    turns = [2 * pi * k / vertices for k in range(vertices)]
    return [{"lat": lat + radius_deg * sin(t), "lng": lon + radius_deg * cos(t)} for t in turns]


def fill(app: App, seed: str, count: int, lat: float, lon: float, spread_deg: float) -> None:
    """Geofences of every kind around a place, some of them inactive or over."""
    random = Random(seed)
    for n in range(count):
        y = max(-89.9, min(89.9, lat + random.gauss(0, spread_deg)))
        x = (lon + random.gauss(0, spread_deg) + 180) % 360 - 180
        size = random.choice((0.0005, 0.003, 0.02, 0.3))
        more: dict[str, Any] = random.choice(
            ({},) * 8 + ({"status": "inactive"}, {"expiresAt": "2020-01-01T00:00:00Z"})
        )
        kind = random.choice(("circle", "circle", "polygon", "corridor"))
        body: dict[str, Any] = {"latitude": y, "longitude": x, "radiusMeters": size * 100_000}
        if kind != "circle" and abs(x) < 179 and abs(y) < 89:
            points = ring(y, x, size, random.choice((3, 8, 100)))
            body = {"type": kind, "points": points if kind == "polygon" else points[:-1]}
            body |= {} if kind == "polygon" else {"radiusMeters": size * 10_000}
        made = app.request("geofences", "create_circle", raw=json.dumps({"name": f"G {n}", **body, **more}))
        assert made.status == 201, made


def by_brute_force(app: App, lat: float, lon: float) -> list[tuple[float, str]]:
    """All geofences of the tenant that count, by a look at each: its distance and its id."""
    from geo.wgs84 import Position

    now = datetime.now(UTC)
    geofences = [parse_geofence_item(item) for item in app.items() if item["SK"]["S"] == "CURRENT"]
    here = Position(lon=lon, lat=lat)
    return sorted(
        (geofence.shape.edge_distance_m(here), geofence.id)
        for geofence in geofences
        if geofence.is_active and not (geofence.in_force.expires_at and geofence.in_force.expires_at <= now)
    )


def assert_agrees(app: App, lat: float, lon: float, limit: int) -> None:
    answer = nearest(app, lat, lon, limit=str(limit))
    expected = by_brute_force(app, round(lat, 9), round(lon, 9))
    found = [(geofence["edgeDistance"], geofence["geofenceId"]) for geofence in answer.body["data"]]
    assert [geofence_id for _, geofence_id in found] == [geofence_id for _, geofence_id in expected[:limit]]
    assert [m for m, _ in found] == pytest.approx([m for m, _ in expected[:limit]], abs=0.001)
    complete = answer.body["completeWithinMeters"]
    if len(expected) <= limit:
        assert complete is None
    else:
        assert max(0, floor(0.99 * expected[limit][0])) <= complete <= max(0.0, expected[limit][0])


@pytest.mark.parametrize(
    ("lat", "lon", "spread_deg"), [(52.5, 13.4, 0.02), (0.0, 180.0, 0.5), (89.0, 20.0, 3.0), (10.0, 45.0, 40.0)]
)
def test_the_nearest_are_those_that_a_look_at_every_geofence_finds(
    app: App, lat: float, lon: float, spread_deg: float
) -> None:
    fill(app, f"{lat} {lon}", 25, lat, lon, spread_deg)
    random = Random("asked")
    for _ in range(2):
        y = max(-90.0, min(90.0, lat + random.gauss(0, spread_deg)))
        x = (lon + random.gauss(0, spread_deg) + 180) % 360 - 180
        for limit in (1, 20, 100):
            assert_agrees(app, y, x, limit)


def test_three_geofences_on_the_globe_are_found_from_anywhere(app: App) -> None:
    app.create_circle("Nome", 64.5, -165.4)
    app.create_circle("Suva", -18.1, 178.4)
    app.create_circle("Oslo", 59.9, 10.7)
    for lat, lon in [
        (90, 0),
        (-90, 77),
        (0, 180),
        (0, -180),
        (-18, -179.9),
        (0, 0),
        (65, 179.9),
        (-64.5, 14.6),
        (45, -45),
    ]:
        another_container()
        assert_agrees(app, lat, lon, 20)
        assert_agrees(app, lat, lon, 1)


def test_a_crowded_cell_is_searched_in_all_its_shards(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.dynamodb.transaction.MAX_BUCKET_BYTES", 2048)
    for n in range(24):
        app.create_circle(f"S {n}", 1.001 + n / 1e5, 1.001, radiusMeters=5, action={"text": "x" * 300})
    another_container()
    assert names(nearest(app, 1.001, 1.001, limit="5")) == [f"S {n}" for n in range(5)]
    app.calls.clear()
    assert names(nearest(app, 1.001 + 23 / 1e5, 1.001, limit="3")) == ["S 23", "S 22", "S 21"]
    assert app.calls == {"BatchGetItem": 2}


def test_what_is_told_of_each(app: App) -> None:
    schedule = {"timeZone": "Europe/Vienna", "windows": [{"days": ["mon"], "from": "22:00", "to": "06:00"}]}
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    circle = app.create_circle(
        "Depot",
        50.1,
        10.01,
        radiusMeters=99.5,
        triggerOn="dwell",
        action={"n": 1},
        schedule=schedule,
        activeFrom=later,
    ).body
    pond = app.request("geofences", "create_polygon", name="Pond", type=None, geometry=POND, points=None).body
    near, far = nearest(app, 50.01, 10.01).body["data"]
    assert near == {
        "geofenceId": pond["id"],
        "geofenceName": "Pond",
        "version": 1,
        "distance": 0,
        "edgeDistance": pytest.approx(143.4, abs=0.1),  # in the hole
        "type": "polygon",
        "latitude": 50.01,
        "longitude": 10.01,
        "radiusMeters": None,
        "geometry": pond["geometry"],
        "enclosingRadiusMeters": 1324,
        "triggerOn": "enter",
        "action": {},
        "activeFrom": None,
        "expiresAt": None,
        "schedule": None,
    }
    assert {name: far[name] for name in ("geofenceName", "radiusMeters", "geometry", "enclosingRadiusMeters")} == {
        "geofenceName": "Depot",
        "radiusMeters": 99.5,
        "geometry": None,
        "enclosingRadiusMeters": 100,
    }
    same = ("latitude", "longitude", "triggerOn", "action", "activeFrom", "expiresAt", "schedule", "version")
    assert {name: far[name] for name in same} == {name: circle[name] for name in same}
    assert far["activeFrom"] == later
    assert far["distance"] - far["edgeDistance"] == pytest.approx(99.5, abs=0.5)


def test_changes_are_followed(app: App) -> None:
    a, b, c = (app.create_circle(name, 10, 10 + n / 100).body["id"] for n, name in enumerate("ABC"))
    assert names(nearest(app, 10, 10)) == ["A", "B", "C"]
    app.request("geofences", "update", path_id=a, latitude=-30, longitude=-100)
    assert names(nearest(app, 10, 10)) == ["B", "C", "A"]
    assert names(nearest(app, -30, -100))[0] == "A"
    app.request("geofences", "update", path_id=b, status="inactive")
    assert names(nearest(app, 10, 10)) == ["C", "A"]
    app.request("geofences", "delete", path_id=c)
    assert names(nearest(app, 10, 10)) == ["A"]
    app.request("geofences", "update", path_id=b, status="active")
    assert names(nearest(app, 10, 10)) == ["B", "A"]
    assert names(app.request("geofences", "nearest", tenant="other")) == []


def test_what_is_over_is_left_out_and_what_is_yet_to_come_is_told(app: App) -> None:
    now = datetime.now(UTC)
    app.create_circle("Over", 10, 10, expiresAt=(now - timedelta(seconds=1)).isoformat())
    app.create_circle("To come", 10, 10.01, activeFrom=(now + timedelta(days=1)).isoformat())
    app.create_circle("Ends", 10, 10.02, expiresAt=(now + timedelta(hours=1)).isoformat())
    assert names(nearest(app, 10, 10)) == ["To come", "Ends"]


def test_the_token_changes_when_the_list_or_one_in_it_does_and_at_no_other_time(app: App) -> None:
    a, b, c = (app.create_circle(name, 10, 10 + n / 100, radiusMeters=100).body["id"] for n, name in enumerate("ABC"))

    def token(lon: float = 10.0) -> str:
        answer = nearest(app, 10, lon, limit="2")
        assert answer.headers["ETag"] == f'"{answer.body["versionToken"]}"'
        return str(answer.body["versionToken"])

    first = token()
    assert token() == first
    assert token(10.0099) == first  # the same two in the other order
    assert token(10.02) != first
    app.request("geofences", "update", path_id=c, description="not in the list")
    assert token() == first
    app.request("geofences", "update", path_id=b, description="in the list")
    second = token()
    assert second != first
    app.request("geofences", "delete", path_id=a)
    assert token() not in (first, second)


def test_who_has_the_list_is_told_so_without_it(app: App) -> None:
    for n in range(3):
        app.create_circle(f"{n}", 10, 10 + n / 100, radiusMeters=100)
    whole = nearest(app, 10, 10, limit="2")
    assert whole.headers["Complete-Within-Meters"] == str(whole.body["completeWithinMeters"])
    for tag in (whole.headers["ETag"], "W/" + whole.headers["ETag"], '"other", ' + whole.headers["ETag"], "*"):
        same = nearest(app, 10, 10.001, limit="2", headers={"If-None-Match": tag})
        assert (same.status, same.body) == (304, {})
        assert same.headers["ETag"] == whole.headers["ETag"]
        assert int(same.headers["Complete-Within-Meters"]) == pytest.approx(
            whole.body["completeWithinMeters"] - 109, abs=2
        )
        assert "Content-Type" not in same.headers
    for tag in ('"other"', whole.body["versionToken"], ""):
        assert nearest(app, 10, 10, limit="2", headers={"If-None-Match": tag}).status == 200
    all_there_are = nearest(app, 10, 10)
    assert all_there_are.body["completeWithinMeters"] is None
    assert "Complete-Within-Meters" not in all_there_are.headers


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, ["latitude", "longitude"]),
        ({"latitude": "1"}, ["longitude"]),
        *(
            ({"latitude": text, "longitude": "1"}, ["latitude"])
            for text in (
                "",
                "nan",
                "NaN",
                "inf",
                "Infinity",
                "-Infinity",
                "90.0001",
                "1e999",
                "1e3",
                '"3"',
                "3 ",
                " 3",
                "x",
                "1,5",
                "0x1",
                "٣",
                "1_0",
            )
        ),
        ({"latitude": "1", "longitude": "180.5"}, ["longitude"]),
        *(
            ({"latitude": "1", "longitude": "1", "limit": text}, ["limit"])
            for text in ("0", "101", "1.5", "abc", "-1", "", "9" * 400)
        ),
        ({"latitude": "1", "longitude": "1", "radius": "5"}, ["radius"]),
        ({"latitude": "1", "longitude": "1", "consistent": "yes"}, ["consistent"]),
    ],
)
def test_a_query_that_is_none_is_refused_by_its_names(app: App, query: dict[str, str], fields: list[str]) -> None:
    answer = app.request("geofences", "nearest", query=query)
    assert (answer.status, answer.wrong_fields) == (400, fields)


@pytest.mark.parametrize("text", ["0", "-0.0", "-90", "1.5e-7", "0.123456789012345678"])
def test_a_latitude_as_phones_write_it_is_taken(app: App, text: str) -> None:
    assert app.request("geofences", "nearest", query={"latitude": text, "longitude": "0"}).status == 200


def test_every_role_that_may_check_may_ask_for_the_nearest(app: App) -> None:
    statuses = {
        role: app.request("geofences", "nearest", roles=role).status
        for role in ("admin", "editor", "viewer", "approver", "employee")
    }
    assert statuses == {"admin": 200, "editor": 200, "viewer": 200, "approver": 403, "employee": 200}


def test_shapes_that_are_too_large_together_are_told_as_far_as_an_answer_holds(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fencepost.http.pagination.MAX_PAGE_BYTES", 30_000)
    for n in range(5):
        app.request(
            "geofences", "create_polygon", name=f"{n}", type="polygon", points=ring(10, 10 + n / 10, 0.01, 300)
        )
    answer = nearest(app, 10, 10)
    assert names(answer) == ["0", "1"]
    assert answer.body["completeWithinMeters"] == pytest.approx(19 * 1096, rel=0.01)  # where the third begins
    monkeypatch.setattr("fencepost.http.pagination.MAX_PAGE_BYTES", 100)
    assert names(nearest(app, 10, 10)) == ["0"]


# --- what it costs ----------------------------------------------------------------------------------------------


def test_where_there_is_nothing_it_takes_one_read(app: App) -> None:
    app.calls.clear()
    assert names(nearest(app, 52.5, 13.4)) == []
    assert app.calls == {"BatchGetItem": 1}


def test_in_a_city_it_takes_at_most_three_reads(app: App) -> None:
    random = Random("city")
    for n in range(60):
        app.create_circle(
            f"{n}", 52.5 + random.uniform(-0.1, 0.1), 13.4 + random.uniform(-0.15, 0.15), radiusMeters=100
        )
    app.create_circle("Elsewhere", -33, 151)
    for _ in range(10):
        another_container()
        app.calls.clear()
        nearest(app, 52.5 + random.uniform(-0.1, 0.1), 13.4 + random.uniform(-0.1, 0.1))
        assert app.calls.keys() == {"BatchGetItem"}
        assert app.calls["BatchGetItem"] <= 3


def test_a_big_geofence_costs_a_read_the_first_time_and_only_where_it_may_be_near(app: App) -> None:
    app.request("geofences", "create_polygon", name="Near", type="polygon", points=ring(50, 8, 0.01, 500))
    app.request("geofences", "create_polygon", name="Far", type="polygon", points=ring(50, 8.4, 0.01, 500))
    app.create_circle("Here", 50, 8.02, radiusMeters=100)
    app.create_circle("There", 50, 8.03, radiusMeters=100)
    another_container()
    app.calls.clear()
    assert names(nearest(app, 50, 8.0, limit="2")) == ["Near", "Here"]
    assert app.calls["BatchGetItem"] == 3
    assert nearest(app, 50, 8.0, limit="2").body["completeWithinMeters"] == pytest.approx(2051, abs=2)
    assert len(container.spatial_index()._versions) == 1
    app.calls.clear()
    nearest(app, 50, 8.0, limit="2")
    assert app.calls["BatchGetItem"] == 2
    assert names(nearest(app, 50, 8.25, limit="20")) == ["Far", "There", "Here", "Near"]


def test_a_consistent_search_reads_strongly(app: App) -> None:
    seen: list[bool] = []
    container.table()._client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda params, **_: seen.append(params["RequestItems"]["fencepost"]["ConsistentRead"]),
    )
    nearest(app, 10, 10, consistent="true")
    nearest(app, 10, 10)
    assert seen == [True, False]


# --- the lists of occupied cells --------------------------------------------------------------------------------


def listed(app: App) -> dict[str, int]:
    """How many cells each list names."""
    return {
        item["PK"]["S"]: len(item.get("listed", {}).get("BS", ()))
        for item in app.items()
        if item["SK"]["S"] == "BELOW"
    }


@contextmanager
def transactions() -> Iterator[list[int]]:
    """The sizes of the transactions that are written, those too that fail."""
    sizes: list[int] = []

    def note(params: Any, **_: Any) -> None:
        sizes.append(len(params["TransactItems"]))

    events = container.table()._client.meta.events
    events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    yield sizes
    events.unregister("provide-client-params.dynamodb.TransactWriteItems", note)


def test_a_new_place_is_listed_in_the_transaction_of_the_geofence_and_a_known_one_costs_nothing(app: App) -> None:
    with transactions() as sizes:
        app.create_circle("A", 10.005, 10.005, radiusMeters=100)
        app.create_circle("B", 10.005, 10.005, radiusMeters=100)
        app.create_circle("C", 10.05, 10.05, radiusMeters=100)  # another cell of the same neighbourhood
        another_container()
        app.create_circle("D", 10.005, 10.005, radiusMeters=100)
    assert sizes == [10, 7, 8, 10]
    assert app.calls == {"TransactWriteItems": 4}
    assert sorted(listed(app).values()) == [1, 1, 2]


def test_a_change_in_place_writes_no_list(app: App) -> None:
    made = app.create_circle("A", 10.005, 10.005, radiusMeters=100).body["id"]
    another_container()
    app.calls.clear()
    with transactions() as sizes:
        app.request("geofences", "update", path_id=made, description="changed")
    assert sizes == [4]
    assert app.calls == {"GetItem": 1, "TransactWriteItems": 1}


def test_what_is_too_much_for_one_transaction_is_listed_before(app: App) -> None:
    """31 old cells, 12 new ones, 25 targets old and new, and five more: 98 actions, and nine lists."""
    for n in range(50):
        app.put("projects", f"p{n}")
    targets = [
        [{"targetTable": "projects", "targetId": f"p{n}"} for n in some] for some in (range(25), range(25, 50))
    ]
    long = [{"lat": 52.5, "lng": 13.0 + n * 0.011} for n in range(31)]
    made = app.request(
        "geofences",
        "create_corridor",
        name="Long",
        type="corridor",
        points=long,
        radiusMeters=1,
        assignments=targets[0],
    )
    cells = container.geofence_repository().get("demo", made.body["id"])
    assert cells is not None
    assert len(cells.cells) > 20
    elsewhere = [{"lat": 45.0, "lng": lon} for lon in (-0.027, 0.027)]  # where four cells of every level meet
    with transactions() as sizes:
        moved = app.request(
            "geofences", "update", path_id=made.body["id"], name="Far", points=elsewhere, assignments=targets[1]
        )
    assert moved.status == 200, moved
    assert sizes == [21, 98]
    assert names(nearest(app, 45, 0)) == ["Far"]
    assert all(difference.is_harmless for difference in container.index_maintenance().find_differences("demo"))


def test_an_import_lists_its_cells(app: App) -> None:
    marks = "".join(
        f"<Placemark><name>{n}</name>"
        f"<Point><coordinates>{n % 12 * 30 - 165},{n // 12 * 20 - 70}</coordinates></Point></Placemark>"
        for n in range(48)
    )
    with transactions() as sizes:
        report = app.import_file("uploads/demo/world.kml", f"<kml><Document>{marks}</Document></kml>".encode())
    assert report["counts"]["geofences"] == 48
    assert max(sizes) <= 100
    assert len(names(nearest(app, 0, 0, limit="100"))) == 48
    assert_agrees(app, 12, -77, 20)
    assert container.index_maintenance().find_differences("demo") == []


def test_a_batch_lists_its_cells(app: App) -> None:
    operations = [
        {"action": "create", "geofence": {"name": f"{n}", "latitude": n * 10 - 40.5, "longitude": n * 20}}
        for n in range(8)
    ]
    assert {
        result["status"] for result in app.request("geofences", "batch", operations=operations).body["results"]
    } == {201}
    assert len(names(nearest(app, 0, 0))) == 8


def test_a_cell_that_was_taken_off_the_lists_is_listed_again_by_who_knew_it(app: App) -> None:
    made = app.create_circle("A", 10.005, 10.005, radiusMeters=100).body["id"]
    app.request("geofences", "delete", path_id=made)
    upkeep = container.index_maintenance()
    while differences := upkeep.find_differences("demo"):
        upkeep.repair("demo", differences)
    assert not [
        item for item in app.items() if "#CELL#" in item["PK"]["S"] and item["PK"]["S"] != "T#demo#CELL#0.0.0"
    ]
    app.create_circle("B", 10.005, 10.005, radiusMeters=100)
    app.request("geofences", "delete", path_id=made)
    assert names(nearest(app, 50, 50)) == ["B"]
    assert container.index_maintenance().find_differences("demo") == []


def test_a_list_that_is_gone_is_made_again_by_who_knew_it(app: App) -> None:
    app.create_circle("A", 10.005, 10.005, radiusMeters=100)
    for item in app.items():
        if "#CELL#" in item["PK"]["S"]:
            SESSION.client("dynamodb").delete_item(TableName="fencepost", Key={"PK": item["PK"], "SK": item["SK"]})
    app.create_circle("B", 10.05, 10.05, radiusMeters=100)
    assert names(nearest(app, radians(1), 50)) == ["B"]
