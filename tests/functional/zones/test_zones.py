"""Zones of the reference and of other dialects: create, read, update and delete."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from fencepost import container
from fencepost.cli import tenants
from tests.functional.app import SESSION, Answer, App, event
from tests.functional.zones.client import LINE, POLYGON, SAUSAGE, SQUARE, ZONE, ZoneClient, refused, wrong


# --- the examples of the reference ----------------------------------------------------------------------------
def test_examples_of_the_reference_get_the_responses_that_it_documents(
    zones: ZoneClient,
) -> None:
    """All but the hash, and the ids that the examples invent."""

    def example(name: str, **other: Any) -> Answer:
        sent = event(f"api/zone_{name}")
        if sent["httpMethod"] == "GET":
            return zones.get(sent["resource"][9:], sent["queryStringParameters"] | {"hash": zones.hash} | other)
        return zones.post(sent["resource"][9:], json.dumps(json.loads(sent["body"]) | {"hash": zones.hash} | other))

    created = example("create")
    assert (created.status, set(created.body), created.body["success"]) == (200, {"success", "id"}, True)
    number = created.body["id"]
    assert isinstance(number, int)
    assert example("update").body == {"success": True}
    listed = example("list").body
    assert example("list_by_get").body == listed
    circle = {"id": number, "type": "circle", "color": "27A9E3", "tags": [], **ZONE}
    assert listed == {"success": True, "list": [circle]}
    found = example("search_location").body
    assert found == {"success": True, "list": [{"id": number, "label": "Zone name"}]}
    assert refused(example("delete")) == refused(example("delete_by_get")) == (400, 201)
    assert example("delete", zone_id=number).body == {"success": True}
    other = zones.create(ZONE)
    assert example("delete_by_get", zone_id=str(other)).body == {"success": True}
    assert zones.listed() == []


@pytest.mark.parametrize(
    ("zone", "points"),
    [
        (
            {
                "type": "circle",
                "label": "Zone name",
                "address": "Karlsplatz, 2",
                "color": "27A9E3",
                "radius": 150,
                "center": {"lat": 48.200940, "lng": 16.369856},
            },
            None,
        ),
        ({"type": "polygon", "label": "Geofence name", "address": "Karlsplatz, 2", "color": "27A9E3"}, SQUARE),
        (
            {
                "type": "sausage",
                "label": "Geofence name",
                "address": "Karlsplatz, 2",
                "color": "27A9E3",
                "radius": 150,
            },
            LINE,
        ),
    ],
)
def test_zone_of_the_reference_is_returned_as_it_was_sent(
    app: App, zones: ZoneClient, zone: dict[str, Any], points: list[dict[str, Any]] | None
) -> None:
    app.create_circle("Tagged", tags=["first", "second"])
    number = zones.create({**zone, "tags": [2, 1]}, points)
    expected = {"id": number, **zone, "tags": [2, 1]}
    assert zones.read(number) == expected
    assert zones.listed()[1] == expected
    assert zones.listed(with_points=True)[1] == (expected if points is None else {**expected, "points": points})
    if points is not None:
        assert zones("point/list", zone_id=number).body == {"success": True, "list": points}


# --- create, update, delete -----------------------------------------------------------------------------------
def test_zone_is_the_same_geofence_in_the_canonical_dialect(app: App, zones: ZoneClient) -> None:
    app.create_circle("Tagged", tags=["cold"])
    number = zones.create({**SAUSAGE, "color": "ff0000", "tags": [1]}, LINE)
    elsewhere = app.request("geofences", "list").body["data"][0]
    assert (elsewhere["number"], elsewhere["name"], elsewhere["type"]) == (number, "Route", "corridor")
    assert (elsewhere["radiusMeters"], elsewhere["color"], elsewhere["tags"]) == (150, "#ff0000", ["cold"])
    assert elsewhere["geometry"]["coordinates"] == [[point["lng"], point["lat"]] for point in LINE]
    app.request("geofences", "update", path_id=elsewhere["id"], name="Other", radiusMeters=20, description="New")
    assert zones.read(number) == {
        "id": number,
        "type": "sausage",
        "label": "Other",
        "address": "",
        "color": "ff0000",
        "radius": 20,
        "tags": [1],
    }
    assert zones("point/list", zone_id=number).body["list"] == LINE


def test_geofence_of_another_dialect_is_read_as_a_zone(app: App, zones: ZoneClient) -> None:
    made = app.create_circle("Depot", 10, 20).body
    app.request("geofences", "create_corridor")
    depot, route = zones.listed(with_points=True)
    assert depot == {
        "id": made["number"],
        "type": "circle",
        "label": "Depot",
        "address": "",
        "color": "27A9E3",
        "radius": made["radiusMeters"],
        "center": {"lat": 10, "lng": 20},
        "tags": [],
    }
    assert (route["type"], all(point["node"] for point in route["points"])) == ("sausage", True)


def test_shape_that_a_zone_cannot_express_is_approximated_and_marked(app: App, zones: ZoneClient) -> None:
    holed = app.request("geofences", "create_polygon").body
    small = [[[5, 5], [5.1, 5], [5.1, 5.1], [5, 5]]]
    large = [[[6, 5], [6.5, 5], [6.5, 5.5], [6, 5]]]
    geometry = {"type": "MultiPolygon", "coordinates": [small, large]}
    parts = app.request("geofences", "create_polygon", raw=json.dumps({"name": "Two", "geometry": geometry})).body
    thin = app.create_circle("Thin", radiusMeters=0.4).body
    ringed, two, dot = zones.listed(with_points=True)
    assert (ringed["approximate"], two["approximate"], dot["approximate"], dot["radius"]) == (True, True, True, 1)
    outer = holed["geometry"]["coordinates"][0][:-1]
    assert [[point["lng"], point["lat"]] for point in ringed["points"]] == outer
    assert {point["lng"] for point in two["points"]} == {6, 6.5}
    # A zone that is sent back unchanged changes nothing, not even what the zone does not express.
    for zone, whole in ((ringed, holed), (two, parts), (dot, thin)):
        points = zone.pop("points", None)
        del zone["approximate"]
        assert zones("update", zone=zone).body == {"success": True}
        if points is not None:
            assert zones("point/update", zone_id=zone["id"], points=points).body == {"success": True}
        current = app.request("geofences", "read", path_id=whole["id"]).body
        ours = {"version", "updatedAt"}
        assert {k: v for k, v in current.items() if k not in ours} == {
            k: v for k, v in whole.items() if k not in ours
        }


def test_absent_fields_of_a_zone_keep_their_values(zones: ZoneClient) -> None:
    circle, route = zones.create({**ZONE, "color": "000000"}), zones.create(SAUSAGE, LINE)
    for number, change in (
        (circle, {"label": "New"}),
        (circle, {"radius": 7}),
        (circle, {"center": {"lat": 1.5, "lng": 2.5}}),
        (circle, {"address": ""}),
        (circle, {"color": "FFFFFF", "type": "circle"}),
        (route, {"radius": 99}),
        (route, {"label": "Way", "address": "There"}),
    ):
        before = zones.read(number)
        assert zones("update", zone={"id": number, **change}).body == {"success": True}
        assert zones.read(number) == {**before, **change}
    assert zones("point/list", zone_id=route).body["list"] == LINE


def test_update_without_an_id_changes_the_zone_with_that_label(zones: ZoneClient) -> None:
    number = zones.create({**ZONE, "radius": 5})
    assert zones("update", zone=ZONE).body == {"success": True}
    assert zones.read(number)["radius"] == 100
    assert refused(zones("update", zone={"label": "Nobody"})) == (400, 201)
    assert wrong(zones("update", zone={"radius": 5})) == ["zone.id"]


def test_type_cannot_change(zones: ZoneClient) -> None:
    circle, yard = zones.create(ZONE), zones.create(POLYGON, SQUARE)
    assert refused(zones("update", zone={"id": circle, "type": "polygon"})) == (409, 231)
    assert refused(zones("update", zone={"id": yard, "type": "sausage", "radius": 5})) == (409, 231)
    assert wrong(zones("update", zone={"id": yard, "radius": 5})) == ["zone.radius"]


def test_points_are_updated_apart_and_keep_their_nodes(app: App, zones: ZoneClient) -> None:
    number = zones.create(SAUSAGE, LINE)
    turned = [{**point, "node": not point["node"]} for point in LINE]
    assert zones("point/update", zone_id=number, points=turned).body == {"success": True}
    assert zones("point/list", zone_id=number).body["list"] == turned
    zones("update", zone={"id": number, "label": "Renamed", "radius": 30})
    assert zones("point/list", zone_id=number).body["list"] == turned
    shorter = LINE[1:]
    zones("point/update", zone_id=number, points=shorter)
    assert zones("point/list", zone_id=number).body["list"] == shorter
    plain = [{"lat": 1.0, "lng": 1.0}, {"lat": 1.0, "lng": 1.1}, {"lat": 1.0, "lng": 1.1}]
    zones("point/update", zone_id=number, points=plain)
    assert zones("point/list", zone_id=number).body["list"] == [{**point, "node": True} for point in plain[:2]]
    # Vertices that come in another dialect have no nodes.
    zones("point/update", zone_id=number, points=LINE)
    geofence_id = app.request("geofences", "list").body["data"][0]["id"]
    app.request("geofences", "update", path_id=geofence_id, points=[{"lat": 2, "lng": n} for n in (1, 2, 3, 4)])
    assert all(point["node"] for point in zones("point/list", zone_id=number).body["list"])


def test_circle_has_no_points(zones: ZoneClient) -> None:
    circle = zones.create(ZONE)
    assert refused(zones("create", zone=ZONE, points=SQUARE)) == (400, 230)
    assert refused(zones("create", zone=ZONE, points=[])) == (400, 230)
    assert refused(zones("point/list", zone_id=circle)) == (400, 230)
    assert refused(zones("point/update", zone_id=circle, points=SQUARE)) == (400, 230)


def test_too_few_points_are_error_284(zones: ZoneClient) -> None:
    assert refused(zones("create", zone=POLYGON)) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=SQUARE[:2])) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=[SQUARE[0]] * 3)) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=[*SQUARE[:2], SQUARE[0]])) == (400, 284)
    assert refused(zones("create", zone=SAUSAGE, points=LINE[:1])) == (400, 284)
    yard = zones.create(POLYGON, SQUARE[:3])
    assert refused(zones("point/update", zone_id=yard, points=SQUARE[:2])) == (400, 284)


def ring(count: int) -> list[dict[str, float]]:
    return [{"lat": 1 + k / 10_000, "lng": 1.0} for k in range(count - 1)] + [{"lat": 1.0, "lng": 2.0}]


def test_too_many_points_are_error_202_and_a_tenant_may_be_allowed_more(app: App, zones: ZoneClient) -> None:
    line = [{"lat": 1.0, "lng": k / 10_000} for k in range(1_025)]
    assert refused(zones("create", zone=SAUSAGE, points=line)) == (400, 202)
    zones.create(SAUSAGE, line[:-1])
    app.calls.clear()
    yard = zones.create(POLYGON, [*ring(100), ring(100)[0]])  # closed: the last is not counted
    assert app.calls == {"TransactWriteItems": 1}
    assert refused(zones("create", zone={**POLYGON, "label": "Large"}, points=ring(101))) == (400, 202)
    assert refused(zones("point/update", zone_id=yard, points=ring(101))) == (400, 202)
    container.tenant_service().put_tenant("demo", "Demo", polygon_point_limit=150)
    assert zones("point/update", zone_id=yard, points=ring(101)).body == {"success": True}
    assert refused(zones("create", zone={**POLYGON, "label": "Large"}, points=ring(151))) == (400, 202)
    tenants.apply(
        tenants.Setup.model_validate({"tenants": [{"id": "demo", "name": "Renamed"}]})
    )  # an absent limit does not change
    zones.create({**POLYGON, "label": "Large"}, ring(150))
    setup = {"tenants": [{"id": "demo", "name": "Demo", "polygonPointLimit": 10_000}]}
    tenants.apply(tenants.Setup.model_validate(setup))
    zones("point/update", zone_id=yard, points=ring(10_000))
    assert len(zones("point/list", zone_id=yard).body["list"]) == 10_000
    assert refused(zones("point/update", zone_id=yard, points=ring(10_001))) == (400, 202)


def test_exceeded_quota_is_error_268(zones: ZoneClient) -> None:
    container.tenant_service().limit_geofences("demo", 1)
    zones.create(ZONE)
    assert refused(zones("create", zone={**ZONE, "label": "More"})) == (402, 268)


def test_taken_label_is_an_error_of_the_parameter(zones: ZoneClient) -> None:
    zones.create(ZONE)
    assert wrong(zones("create", zone={**ZONE, "label": "ZONE name"})) == ["zone.label"]
    other = zones.create({**ZONE, "label": "Other"})
    assert wrong(zones("update", zone={"id": other, "label": "Zone name"})) == ["zone.label"]


def test_zones_are_deleted_together_or_not_at_all(app: App, zones: ZoneClient) -> None:
    one, two, three = (zones.create({**ZONE, "label": label}) for label in "abc")
    assert refused(zones("delete", zone_ids=[one, 5, two])) == (400, 201)
    assert len(zones.listed()) == 3
    assert zones("delete", zone_ids=[one, two, one]).body == {"success": True}
    assert [zone["id"] for zone in zones.listed()] == [three]
    assert refused(zones("delete", zone_id=one)) == (400, 201)
    assert wrong(zones("delete", zone_id=three, zone_ids=[three])) == ["zone_ids"]
    assert wrong(zones("delete")) == ["zone_id"]
    assert wrong(zones("delete", zone_ids=[])) == ["zone_ids"]
    assert [e["type"] for e in app.events()].count("geofence.deleted") == 2


def test_error_203_names_the_entities_that_reference_a_zone(app: App, zones: ZoneClient) -> None:
    held, free = zones.create(ZONE), zones.create({**ZONE, "label": "Free"})
    app.put("groups", "drivers")
    assignments = [("users", "vera"), ("users", "emil"), ("groups", "drivers")]
    geofence_id = next(g["id"] for g in app.request("geofences", "list").body["data"] if g["number"] == held)
    app.request(
        "geofences",
        "update",
        path_id=geofence_id,
        assignments=[{"targetTable": table, "targetId": i} for table, i in assignments],
    )
    for how in ({"zone_id": held}, {"zone_ids": [free, held]}):
        answer = zones("delete", **how)
        assert refused(answer) == (400, 203)
        assert answer.body["entities"] == [
            {"type": "users", "ids": ["vera", "emil"]},
            {"type": "groups", "ids": ["drivers"]},
        ]
    assert len(zones.listed()) == 2
    app.request("geofences", "update", path_id=geofence_id, assignments=[])
    assert zones("delete", zone_ids=[free, held]).body == {"success": True}


def test_create_that_is_repeated_with_its_key_creates_one_zone(zones: ZoneClient) -> None:
    key = {"Idempotency-Key": "once"}
    body = json.dumps({"hash": zones.hash, "zone": ZONE})
    first = zones.post("create", body, key)
    again = zones.post("create", json.dumps({"zone": ZONE}), key | {"Authorization": f"NVX {zones.hash}"})
    assert (first.status, again.body, len(zones.listed())) == (200, first.body, 1)
    assert again.headers["Idempotency-Replayed"] == "true"
    records = SESSION.client("dynamodb").scan(TableName="idempotency")["Items"]
    assert records
    assert zones.hash not in str([*zones.app.items(), *records])
    other = zones.post("create", json.dumps({"hash": zones.hash, "zone": SAUSAGE}), key)
    assert wrong(other) == ["Idempotency-Key"]


# --- one domain -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_calls_agrees_with_the_canonical_api_at_every_step(
    app: App, zones: ZoneClient, seed: int
) -> None:
    """Zones are created, changed and deleted in both dialects, and both return the same after each step."""
    chance = random.Random(seed)
    app.create_circle("Tagged", tags=["a", "b", "c"])
    expected: dict[int, dict[str, Any]] = {zones.listed()[0]["id"]: zones.listed()[0]}
    for step in range(25):
        act = chance.choice(["create", "create", "update", "points", "elsewhere", "delete", "delete elsewhere"])
        number = chance.choice([*expected]) if expected else None
        if act == "create":
            zone, points = _some_zone(chance, f"Zone {step}")
            made = zones.create(zone, points)
            expected[made] = {"id": made, **zone} | ({"points": points} if points else {})
        elif number is None:
            continue
        elif act == "update":
            change = _some_change(chance, expected[number], f"Changed {step}")
            assert zones("update", zone={"id": number, **change}).body == {"success": True}
            expected[number] |= change
        elif act == "points" and expected[number]["type"] != "circle":
            points = _some_points(chance)
            assert zones("point/update", zone_id=number, points=points).body == {"success": True}
            expected[number]["points"] = points
        elif act == "elsewhere":
            change = _some_change(chance, expected[number], f"Elsewhere {step}")
            body = {"color": "#" + change["color"]} if "color" in change else {}
            body |= {"label": change["label"]} if "label" in change else {}
            body |= {"tags": ["abc"[n - 1] for n in change["tags"]]} if "tags" in change else {}
            answer = app.request("geofences", "update", path_id=_ids(app)[number], raw=json.dumps(body))
            assert answer.status == 200, answer
            expected[number] |= {name: change[name] for name in body}
        elif act == "delete":
            how = {"zone_id": number} if chance.random() < 0.5 else {"zone_ids": [number]}
            assert zones("delete", **how).body == {"success": True}
            del expected[number]
        elif act == "delete elsewhere":
            app.request("geofences", "delete", path_id=_ids(app)[number])
            del expected[number]
        _agree(app, zones, expected, chance)


def _ids(app: App) -> dict[int, str]:
    return {g["number"]: g["id"] for g in app.request("geofences", "list", query={"limit": "1000"}).body["data"]}


def _agree(app: App, zones: ZoneClient, expected: dict[int, dict[str, Any]], chance: random.Random) -> None:
    listed = zones.listed(with_points=True)
    assert listed == list(expected.values())
    canonical = app.request("geofences", "list", query={"limit": "1000"}).body["data"][::-1]
    assert [_as_zone(geofence) for geofence in canonical] == [_without_nodes(zone) for zone in listed]
    if expected:
        number = chance.choice([*expected])
        assert zones.read(number) == {name: v for name, v in expected[number].items() if name != "points"}
        if expected[number]["type"] == "circle":
            where = expected[number]["center"]
            check = app.request("location", "check", latitude=where["lat"], longitude=where["lng"]).body["matches"]
            found = zones("search_location", location=where).body["list"]
            assert [zone["label"] for zone in found] == [match["geofenceName"] for match in check]
            assert number in [zone["id"] for zone in found]


def _as_zone(geofence: dict[str, Any]) -> dict[str, Any]:
    zone: dict[str, Any] = {
        "id": geofence["number"],
        "type": {"corridor": "sausage"}.get(geofence["type"], geofence["type"]),
        "label": geofence["name"],
        "address": geofence["address"] or "",
        "color": (geofence["color"] or "#27A9E3")[1:],
        "tags": [" abc".index(tag) for tag in geofence["tags"]],
    }
    if geofence["radiusMeters"] is not None:
        zone["radius"] = geofence["radiusMeters"]
    if geofence["geometry"] is None:
        return zone | {"center": {"lat": geofence["latitude"], "lng": geofence["longitude"]}}
    run = geofence["geometry"]["coordinates"]
    run = run[0][:-1] if geofence["type"] == "polygon" else run
    return zone | {"points": [{"lat": lat, "lng": lng} for lng, lat in run]}


def _without_nodes(zone: dict[str, Any]) -> dict[str, Any]:
    if "points" not in zone:
        return zone
    return zone | {"points": [{"lat": point["lat"], "lng": point["lng"]} for point in zone["points"]]}


def _some_zone(chance: random.Random, label: str) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    kind = chance.choice(["circle", "polygon", "sausage"])
    zone: dict[str, Any] = {"type": kind, "label": label, "address": "", "color": "27A9E3", "tags": []}
    if kind != "polygon":
        zone["radius"] = chance.randint(1, 5_000)
    if kind == "circle":
        zone["center"] = _some_place(chance)
    return zone | _some_change(chance, zone, label), None if kind == "circle" else _some_points(chance)


def _some_change(chance: random.Random, zone: dict[str, Any], label: str) -> dict[str, Any]:
    change: dict[str, Any] = {
        "label": label,
        "address": chance.choice(["", "There"]),
        "color": chance.choice(["000000", "ABCDEF"]),
        "tags": chance.sample([1, 2, 3], chance.randint(0, 3)),
    }
    if "radius" in zone:
        change["radius"] = chance.randint(1, 5_000)
    if "center" in zone:
        change["center"] = _some_place(chance)
    return {name: change[name] for name in chance.sample(sorted(change), chance.randint(1, len(change)))}


def _some_place(chance: random.Random) -> dict[str, float]:
    return {"lat": round(chance.uniform(1, 1.1), 6), "lng": round(chance.uniform(1, 1.1), 6)}


def _some_points(chance: random.Random) -> list[dict[str, Any]]:
    """Along a line that bends one way: a sausage, and a polygon that does not cross itself."""
    count = chance.randint(3, 8)
    return [{"lat": 1 + k * k / 1000, "lng": 1 + k / 100, "node": chance.random() < 0.5} for k in range(count)]
