"""The zone API: the words and numbers of its reference over the one domain."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from posixpath import normpath
from typing import Any
from urllib.parse import urlencode

import pytest

from fencepost import container
from fencepost.cli import tenants
from tests.functional.app import SESSION, Answer, App, event

ZONE = {
    "label": "Zone name",
    "address": "zone address",
    "radius": 100,
    "center": {"lat": 56.827001, "lng": 60.594296},
}
LINE = [
    {"lat": 37.818844, "lng": -122.366278, "node": True},
    {"lat": 37.819267, "lng": -122.365248, "node": False},
    {"lat": 37.819861, "lng": -122.36564, "node": False},
    {"lat": 37.819429, "lng": -122.366669, "node": True},
]
SQUARE = [{"lat": lat, "lng": lng, "node": True} for lat, lng in ((1.0, 1.0), (1.0, 1.01), (1.01, 1.01), (1.01, 1.0))]
SAUSAGE = {"type": "sausage", "label": "Route", "radius": 150}
POLYGON = {"type": "polygon", "label": "Yard"}
FORM = "application/x-www-form-urlencoded"


class ZoneClient:
    """The zone API as a program calls it that has a key."""

    def __init__(self, app: App, roles: str = "admin", tenant: str = "demo") -> None:
        self.app = app
        self.hash = container.tenant_service().issue_key(tenant, "ada", roles.split(","))

    def __call__(self, path: str, /, **parameters: Any) -> Answer:
        """As the reference's examples call: JSON, the hash in it."""
        return self.post(path, json.dumps({"hash": self.hash, **parameters}))

    def post(
        self, path: str, body: str, headers: dict[str, str] | None = None, query: dict[str, str] | None = None
    ) -> Answer:
        return self.send("POST", path, {"Content-Type": "application/json", **(headers or {})}, query, body)

    def get(self, path: str, query: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        return self.send("GET", path, headers or {}, query, None)

    def send(
        self, method: str, path: str, headers: dict[str, str], query: dict[str, str] | None, body: str | None
    ) -> Answer:
        sent = event("api/zone_list")
        sent |= {"httpMethod": method, "resource": normpath(f"/v1/zone/{path}"), "headers": headers, "body": body}
        sent["queryStringParameters"] = query
        sent["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()} if query else None
        answer = Answer(self.app.invoke("zones", sent))
        self.app._check_contract("zones", sent, answer)
        return answer

    def post_bytes(self, path: str, body: bytes, media_type: str, key: str | None = None) -> Answer:
        """As the gateway hands over what the template calls binary."""
        sent = event("api/zone_list") | {"resource": normpath(f"/v1/zone/{path}"), "isBase64Encoded": True}
        sent["headers"] = {"Content-Type": media_type} | ({} if key is None else {"Idempotency-Key": key})
        sent["body"] = b64encode(body).decode()
        answer = Answer(self.app.invoke("zones", sent))
        self.app._check_contract("zones", sent, answer)
        return answer

    def create(self, zone: dict[str, Any], points: list[dict[str, Any]] | None = None) -> int:
        answer = self("create", zone=zone, **({} if points is None else {"points": points}))
        assert answer.status == 200, answer
        number: int = answer.body["id"]
        return number

    def read(self, number: int) -> dict[str, Any]:
        answer = self("read", zone_id=number)
        assert answer.status == 200, answer
        value: dict[str, Any] = answer.body["value"]
        return value

    def listed(self, **how: Any) -> list[dict[str, Any]]:
        answer = self("list", **how)
        assert answer.status == 200, answer
        zones: list[dict[str, Any]] = answer.body["list"]
        return zones


@pytest.fixture
def zones(app: App) -> ZoneClient:
    return ZoneClient(app)


def refused(answer: Answer) -> tuple[int, int]:
    assert answer.body["success"] is False, answer
    return answer.status, answer.body["status"]["code"]


def wrong(answer: Answer) -> list[str]:
    """The parameters that are told to be wrong, of an answer that is a 7."""
    assert refused(answer) == (400, 7), answer
    return [error["parameter"] for error in answer.body["errors"]]


# --- the examples of the reference ----------------------------------------------------------------------------
def test_the_examples_of_the_reference_posted_as_they_stand_are_answered_with_its_fields(
    zones: ZoneClient,
) -> None:
    """All but the hash, and the ids that the examples made up."""

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
def test_a_zone_of_the_reference_comes_back_as_it_was_sent(
    app: App, zones: ZoneClient, zone: dict[str, Any], points: list[dict[str, Any]] | None
) -> None:
    app.circle("Tagged", tags=["first", "second"])
    number = zones.create({**zone, "tags": [2, 1]}, points)
    told = {"id": number, **zone, "tags": [2, 1]}
    assert zones.read(number) == told
    assert zones.listed()[1] == told
    assert zones.listed(with_points=True)[1] == (told if points is None else {**told, "points": points})
    if points is not None:
        assert zones("point/list", zone_id=number).body == {"success": True, "list": points}


# --- who asks, and how ----------------------------------------------------------------------------------------
def test_a_hash_is_taken_from_json_a_form_the_query_and_the_header(zones: ZoneClient) -> None:
    number, key = zones.create(ZONE), zones.hash
    answers = [
        zones("read", zone_id=number),
        zones.post("read", urlencode({"hash": key, "zone_id": number}), {"Content-Type": FORM}),
        zones.post("read", json.dumps({"zone_id": number}), {"Authorization": f"NVX {key}"}),
        zones.post("read", json.dumps({"zone_id": number}), {"authorization": f"nvx {key}"}),
        zones.post("read", json.dumps({"zone_id": number}), {"Authorization": f"Bearer {key}"}),
        zones.post("read", json.dumps({"zone_id": number}), query={"hash": key}),
        zones.post("read", json.dumps({"zone_id": number, "hash": key}), {"Content-Type": FORM}),
        zones.post("read", json.dumps({"hash": key}), query={"hash": key, "zone_id": str(number)}),
        zones.get("read", {"hash": key, "zone_id": str(number)}),
        zones.get("read", {"zone_id": str(number)}, {"Authorization": f"NVX {key}"}),
    ]
    assert [answer.body for answer in answers] == [answers[0].body] * len(answers)
    assert answers[0].body["value"]["id"] == number


def test_forms_and_queries_say_lists_and_objects_in_json(app: App, zones: ZoneClient) -> None:
    app.circle("Tagged", tags=["cold"])
    form = urlencode({"hash": zones.hash, "zone": json.dumps({**POLYGON, "tags": [1]}), "points": json.dumps(SQUARE)})
    number = zones.post("create", form, {"Content-Type": f"{FORM}; charset=utf-8"}).body["id"]
    query = {
        "hash": zones.hash,
        "tag_ids": "[1]",
        "filter": "YARD",
        "limit": "5",
        "offset": "0",
        "with_points": "true",
    }
    (listed,) = zones.get("list", query).body["list"]
    assert (listed["id"], listed["points"]) == (number, SQUARE)
    where = json.dumps({"lat": 1.005, "lng": 1.005})
    assert zones.get("search_location", {"hash": zones.hash, "location": where}).body["list"][0]["id"] == number
    sent = event("api/zone_list") | {"resource": "/v1/zone/read", "isBase64Encoded": True}
    sent["body"] = b64encode(json.dumps({"hash": zones.hash, "zone_id": number}).encode()).decode()
    assert Answer(app.invoke("zones", sent)).status == 200


def test_a_hash_that_is_nobodys_is_a_4(app: App, zones: ZoneClient) -> None:
    for bad in ("", "22eac1c27af4be7b9d04da2ce1af111b", zones.hash[:-1] + "?", zones.hash[:-1]):
        assert refused(zones.post("list", json.dumps({"hash": bad}))) == (400, 4)
    assert refused(zones.post("list", "{}")) == (400, 4)
    assert refused(zones.get("list", {})) == (400, 4)
    assert refused(zones.get("list", {}, {"Authorization": f"Basic {zones.hash}"})) == (400, 4)


def test_hashes_in_two_places_that_differ_are_a_7(zones: ZoneClient) -> None:
    other = ZoneClient(zones.app).hash
    assert wrong(zones.post("list", json.dumps({"hash": zones.hash}), query={"hash": other})) == ["hash"]
    assert wrong(zones.post("list", json.dumps({"hash": zones.hash}), {"Authorization": f"NVX {other}"})) == ["hash"]
    assert wrong(zones.get("list", {"hash": zones.hash}, {"Authorization": f"NVX {other}"})) == ["hash"]
    assert wrong(zones.post("list", json.dumps({"hash": 7}))) == ["hash"]


def test_a_right_that_is_missing_is_a_13_before_anything_is_looked_up(app: App, zones: ZoneClient) -> None:
    number = zones.create(ZONE)
    viewer, editor = ZoneClient(app, "viewer"), ZoneClient(app, "editor")
    assert viewer.read(number)["label"] == "Zone name"
    assert refused(viewer("create", zone=ZONE)) == refused(viewer("delete", zone_id=1)) == (400, 13)
    assert refused(editor("delete", zone_id=number)) == (400, 13)
    assert refused(ZoneClient(app, "approver")("list")) == (400, 13)
    assert refused(ZoneClient(app, "approver")("search_location", nonsense=1)) == (400, 13)


def test_a_zone_of_another_tenant_does_not_exist(app: App, zones: ZoneClient) -> None:
    number = zones.create(ZONE)
    stranger = ZoneClient(app, tenant="other")
    for path, more in (("read", {}), ("delete", {}), ("point/list", {}), ("point/update", {"points": SQUARE})):
        foreign = stranger(path, zone_id=number, **more)
        assert refused(foreign) == (400, 201)
    assert refused(stranger("update", zone={"id": number, "label": "Mine"})) == (400, 201)
    assert refused(stranger("update", zone={"label": "Zone name"})) == (400, 201)
    assert stranger.listed() == []
    assert stranger("read", zone_id=number).body == stranger("read", zone_id=number).body
    assert zones.read(number)["label"] == "Zone name"


def test_the_gateway_says_nothing_of_who_asks(app: App, zones: ZoneClient) -> None:
    sent = event("api/zone_list")
    sent["requestContext"]["authorizer"] = {"tenantId": "demo", "userId": "ada", "roles": "admin"}
    assert refused(Answer(app.invoke("zones", sent))) == (400, 4)


def test_a_key_is_looked_up_once_a_minute(app: App, zones: ZoneClient) -> None:
    zones.listed()
    app.calls.clear()
    zones.listed()
    assert app.calls == {"Query": 1}


# --- create, update, delete -----------------------------------------------------------------------------------
def test_what_is_written_here_is_the_same_geofence_elsewhere(app: App, zones: ZoneClient) -> None:
    app.circle("Tagged", tags=["cold"])
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


def test_what_was_made_elsewhere_reads_here_in_the_words_of_zones(app: App, zones: ZoneClient) -> None:
    made = app.circle("Depot", 10, 20).body
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


def test_a_shape_that_these_words_cannot_say_is_said_as_near_as_can_be_and_marked(
    app: App, zones: ZoneClient
) -> None:
    holed = app.request("geofences", "create_polygon").body
    small = [[[5, 5], [5.1, 5], [5.1, 5.1], [5, 5]]]
    large = [[[6, 5], [6.5, 5], [6.5, 5.5], [6, 5]]]
    geometry = {"type": "MultiPolygon", "coordinates": [small, large]}
    parts = app.request("geofences", "create_polygon", raw=json.dumps({"name": "Two", "geometry": geometry})).body
    thin = app.circle("Thin", radiusMeters=0.4).body
    ringed, two, dot = zones.listed(with_points=True)
    assert (ringed["approximate"], two["approximate"], dot["approximate"], dot["radius"]) == (True, True, True, 1)
    outer = holed["geometry"]["coordinates"][0][:-1]
    assert [[point["lng"], point["lat"]] for point in ringed["points"]] == outer
    assert {point["lng"] for point in two["points"]} == {6, 6.5}
    # What comes as it was told changes nothing that was not told.
    for zone, whole in ((ringed, holed), (two, parts), (dot, thin)):
        points = zone.pop("points", None)
        del zone["approximate"]
        assert zones("update", zone=zone).body == {"success": True}
        if points is not None:
            assert zones("point/update", zone_id=zone["id"], points=points).body == {"success": True}
        kept = app.request("geofences", "read", path_id=whole["id"]).body
        ours = {"version", "updatedAt"}
        assert {k: v for k, v in kept.items() if k not in ours} == {k: v for k, v in whole.items() if k not in ours}


def test_unnamed_parts_of_a_zone_keep_their_values(zones: ZoneClient) -> None:
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


def test_an_update_without_an_id_is_of_the_zone_of_that_label(zones: ZoneClient) -> None:
    number = zones.create({**ZONE, "radius": 5})
    assert zones("update", zone=ZONE).body == {"success": True}
    assert zones.read(number)["radius"] == 100
    assert refused(zones("update", zone={"label": "Nobody"})) == (400, 201)
    assert wrong(zones("update", zone={"radius": 5})) == ["zone.id"]


def test_a_type_cannot_change(zones: ZoneClient) -> None:
    circle, yard = zones.create(ZONE), zones.create(POLYGON, SQUARE)
    assert refused(zones("update", zone={"id": circle, "type": "polygon"})) == (409, 231)
    assert refused(zones("update", zone={"id": yard, "type": "sausage", "radius": 5})) == (409, 231)
    assert wrong(zones("update", zone={"id": yard, "radius": 5})) == ["zone.radius"]


def test_points_stand_apart_and_keep_their_nodes(app: App, zones: ZoneClient) -> None:
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
    # Other vertices, given in other words, know nothing of nodes.
    zones("point/update", zone_id=number, points=LINE)
    geofence_id = app.request("geofences", "list").body["data"][0]["id"]
    app.request("geofences", "update", path_id=geofence_id, points=[{"lat": 2, "lng": n} for n in (1, 2, 3, 4)])
    assert all(point["node"] for point in zones("point/list", zone_id=number).body["list"])


def test_a_circle_has_no_points(zones: ZoneClient) -> None:
    circle = zones.create(ZONE)
    assert refused(zones("create", zone=ZONE, points=SQUARE)) == (400, 230)
    assert refused(zones("create", zone=ZONE, points=[])) == (400, 230)
    assert refused(zones("point/list", zone_id=circle)) == (400, 230)
    assert refused(zones("point/update", zone_id=circle, points=SQUARE)) == (400, 230)


def test_too_few_points_are_a_284(zones: ZoneClient) -> None:
    assert refused(zones("create", zone=POLYGON)) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=SQUARE[:2])) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=[SQUARE[0]] * 3)) == (400, 284)
    assert refused(zones("create", zone=POLYGON, points=[*SQUARE[:2], SQUARE[0]])) == (400, 284)
    assert refused(zones("create", zone=SAUSAGE, points=LINE[:1])) == (400, 284)
    yard = zones.create(POLYGON, SQUARE[:3])
    assert refused(zones("point/update", zone_id=yard, points=SQUARE[:2])) == (400, 284)


def ring(count: int) -> list[dict[str, float]]:
    return [{"lat": 1 + k / 10_000, "lng": 1.0} for k in range(count - 1)] + [{"lat": 1.0, "lng": 2.0}]


def test_too_many_points_are_a_202_and_a_tenant_may_be_given_more(app: App, zones: ZoneClient) -> None:
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
    tenants.apply(tenants.Setup.model_validate({"tenants": [{"id": "demo", "name": "Renamed"}]}))  # unsaid, it stays
    zones.create({**POLYGON, "label": "Large"}, ring(150))
    setup = {"tenants": [{"id": "demo", "name": "Demo", "polygonPointLimit": 10_000}]}
    tenants.apply(tenants.Setup.model_validate(setup))
    zones("point/update", zone_id=yard, points=ring(10_000))
    assert len(zones("point/list", zone_id=yard).body["list"]) == 10_000
    assert refused(zones("point/update", zone_id=yard, points=ring(10_001))) == (400, 202)


def test_beyond_the_quota_there_is_a_268(zones: ZoneClient) -> None:
    container.tenant_service().limit_geofences("demo", 1)
    zones.create(ZONE)
    assert refused(zones("create", zone={**ZONE, "label": "More"})) == (402, 268)


def test_a_label_that_is_taken_is_told_as_that(zones: ZoneClient) -> None:
    zones.create(ZONE)
    assert wrong(zones("create", zone={**ZONE, "label": "ZONE name"})) == ["zone.label"]
    other = zones.create({**ZONE, "label": "Other"})
    assert wrong(zones("update", zone={"id": other, "label": "Zone name"})) == ["zone.label"]


def test_several_zones_are_deleted_together_or_not_at_all(app: App, zones: ZoneClient) -> None:
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


def test_what_holds_a_zone_is_told_with_the_203(app: App, zones: ZoneClient) -> None:
    held, free = zones.create(ZONE), zones.create({**ZONE, "label": "Free"})
    app.put("groups", "drivers")
    said = [("users", "vera"), ("users", "emil"), ("groups", "drivers")]
    geofence_id = next(g["id"] for g in app.request("geofences", "list").body["data"] if g["number"] == held)
    app.request(
        "geofences",
        "update",
        path_id=geofence_id,
        assignments=[{"targetTable": table, "targetId": i} for table, i in said],
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


def test_the_same_create_under_one_key_makes_one_zone(zones: ZoneClient) -> None:
    key = {"Idempotency-Key": "once"}
    body = json.dumps({"hash": zones.hash, "zone": ZONE})
    first = zones.post("create", body, key)
    again = zones.post("create", json.dumps({"zone": ZONE}), key | {"Authorization": f"NVX {zones.hash}"})
    assert (first.status, again.body, len(zones.listed())) == (200, first.body, 1)
    assert again.headers["Idempotency-Replayed"] == "true"
    kept = SESSION.client("dynamodb").scan(TableName="idempotency")["Items"]
    assert kept
    assert zones.hash not in str([*zones.app.items(), *kept])
    other = zones.post("create", json.dumps({"hash": zones.hash, "zone": SAUSAGE}), key)
    assert wrong(other) == ["Idempotency-Key"]


# --- list and search ------------------------------------------------------------------------------------------
def test_a_list_is_oldest_first_and_goes_by_offset_and_limit(zones: ZoneClient) -> None:
    numbers = [zones.create({**ZONE, "label": f"Site {n}"}) for n in range(7)]
    assert [zone["id"] for zone in zones.listed()] == numbers
    for offset in range(9):
        for limit in (1, 3, 7, 20):
            page = zones.listed(offset=offset, limit=limit)
            assert [zone["id"] for zone in page] == numbers[offset : offset + limit]


def test_a_filter_and_tags_let_through_what_has_them_all(app: App, zones: ZoneClient) -> None:
    app.circle("Tagged", tags=["cold", "big", "new"])
    app.circle("Described", description="Behind the MILL")
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


def test_a_page_reads_no_more_geofences_than_it_answers(app: App, zones: ZoneClient) -> None:
    for n in range(12):
        app.circle(f"Site {n}", description="even" if n % 2 == 0 else "odd")
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


def test_what_a_list_without_a_limit_cannot_hold_is_refused_and_not_cut(
    zones: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        zones.create({**ZONE, "label": f"Site {n}"})
    monkeypatch.setattr("fencepost.zones.service.MAX_LISTED", 3)
    assert len(zones.listed()) == 3
    monkeypatch.setattr("fencepost.zones.service.MAX_LISTED", 2)
    assert wrong(zones("list")) == ["limit"]
    assert wrong(zones("list", limit=3)) == ["limit"]
    assert len(zones.listed(limit=2)) == len(zones.listed(offset=1, limit=10**6)) == 2
    monkeypatch.setattr("functions.zones.app.MAX_ANSWER_BYTES", 200)
    assert wrong(zones("list", limit=2)) == ["limit"]


def test_a_location_is_searched_in_one_round_trip(app: App, zones: ZoneClient) -> None:
    circle = zones.create({**ZONE, "center": {"lat": 1.005, "lng": 1.005}})
    zones.create(POLYGON, SQUARE)
    zones.create({**ZONE, "label": "Far"})
    app.calls.clear()
    found = zones("search_location", location={"lat": 1.005, "lng": 1.005}).body["list"]
    assert {zone["label"] for zone in found} == {"Zone name", "Yard"}
    assert circle in [zone["id"] for zone in found]
    assert app.calls == {"BatchGetItem": 1}


def test_an_entry_of_the_index_that_is_older_than_its_number_is_asked_for(
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


def test_writes_cost_a_look_at_the_number_more_than_elsewhere(app: App, zones: ZoneClient) -> None:
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


# --- what no caller should send -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "parameters", "parameter"),
    [
        ("create", {}, "zone"),
        ("create", {"zone": []}, "zone"),
        ("create", {"zone": {**ZONE, "label": ""}}, "zone.label"),
        ("create", {"zone": {**ZONE, "label": " \u200b"}}, "zone.label"),
        ("create", {"zone": {**ZONE, "label": "x" * 101}}, "zone.label"),
        ("create", {"zone": {**ZONE, "label": 5}}, "zone.label"),
        ("create", {"zone": {name: v for name, v in ZONE.items() if name != "label"}}, "zone.label"),
        ("create", {"zone": {**ZONE, "label": "a\x00b"}}, "zone.label"),
        ("create", {"zone": {**ZONE, "address": "x" * 501}}, "zone.address"),
        ("create", {"zone": {**ZONE, "color": "#27A9E3"}}, "zone.color"),
        ("create", {"zone": {**ZONE, "color": "27A9E3\n"}}, "zone.color"),
        ("create", {"zone": {**ZONE, "radius": True}}, "zone.radius"),
        ("create", {"zone": {**ZONE, "radius": "100"}}, "zone.radius"),
        ("create", {"zone": {**ZONE, "radius": 0}}, "zone.radius"),
        ("create", {"zone": {**ZONE, "radius": 100_001}}, "zone.radius"),
        ("create", {"zone": {name: v for name, v in ZONE.items() if name != "radius"}}, "zone.radius"),
        ("create", {"zone": {name: v for name, v in ZONE.items() if name != "center"}}, "zone.center"),
        ("create", {"zone": {**ZONE, "center": {"lat": 0, "lng": -0.0}}}, "zone.center"),
        ("create", {"zone": {**ZONE, "center": {"lat": 1}}}, "zone.center.lng"),
        ("create", {"zone": {**ZONE, "center": {"lat": 90.0001, "lng": 1}}}, "zone.center.lat"),
        ("create", {"zone": {**ZONE, "center": {"lat": True, "lng": 1}}}, "zone.center.lat"),
        ("create", {"zone": {**ZONE, "center": "1,1"}}, "zone.center"),
        ("create", {"zone": {**ZONE, "type": "square"}}, "zone.type"),
        ("create", {"zone": {**ZONE, "id": 5}}, "zone.id"),
        ("create", {"zone": {**ZONE, "tags": [1]}}, "zone.tags[0]"),
        ("create", {"zone": {**ZONE, "tags": [True]}}, "zone.tags[0]"),
        ("create", {"zone": {**ZONE, "tags": [0]}}, "zone.tags[0]"),
        ("create", {"zone": {**ZONE, "tags": "1"}}, "zone.tags"),
        ("create", {"zone": {**ZONE, "tenantId": "other"}}, "zone.tenantId"),
        ("create", {"zone": ZONE, "tenant": 1}, "tenant"),
        ("create", {"zone": {**POLYGON, "radius": 5}, "points": SQUARE}, "zone.radius"),
        ("create", {"zone": {**POLYGON, "center": {"lat": 1, "lng": 1}}, "points": SQUARE}, "zone.center"),
        ("create", {"zone": {"type": "sausage", "label": "R"}, "points": LINE}, "zone.radius"),
        ("create", {"zone": POLYGON, "points": "all"}, "points"),
        ("create", {"zone": POLYGON, "points": [*SQUARE[:3], {"lat": 91, "lng": 1}]}, "points[3].lat"),
        ("create", {"zone": POLYGON, "points": [*SQUARE[:3], {"lat": 1, "lng": 1, "node": 1}]}, "points[3].node"),
        ("create", {"zone": POLYGON, "points": [SQUARE[k] for k in (0, 2, 1, 3)]}, "points"),
        ("create", {"zone": SAUSAGE, "points": [{"lat": 1, "lng": 1}, {"lat": 1, "lng": 100}]}, "points"),
        ("update", {"zone": {"id": "5"}}, "zone.id"),
        ("read", {}, "zone_id"),
        ("read", {"zone_id": "abc"}, "zone_id"),
        ("read", {"zone_id": True}, "zone_id"),
        ("read", {"zone_id": 1.5}, "zone_id"),
        ("read", {"zone_id": -1}, "zone_id"),
        ("read", {"zone_id": 10**4000}, "zone_id"),
        ("delete", {"zone_ids": [1, "x"]}, "zone_ids[1]"),
        ("delete", {"zone_ids": list(range(1, 502))}, "zone_ids"),
        ("list", {"limit": 0}, "limit"),
        ("list", {"limit": "5"}, "limit"),
        ("list", {"offset": -1}, "offset"),
        ("list", {"tag_ids": 5}, "tag_ids"),
        ("list", {"filter": "x" * 101}, "filter"),
        ("list", {"filter": 5}, "filter"),
        ("list", {"with_points": 1}, "with_points"),
        ("search_location", {}, "location"),
        ("search_location", {"location": {"lat": 1, "lng": 181}}, "location.lng"),
        ("search_location", {"location": {"lat": 1, "lng": 1, "address": "x"}}, "location.address"),
        ("point/update", {"zone_id": 5}, "points"),
        ("point/update", {"zone_id": 5, "points": [5]}, "points[0]"),
    ],
)
def test_a_parameter_that_is_wrong_is_a_7_with_its_name(
    app: App, zones: ZoneClient, path: str, parameters: dict[str, Any], parameter: str
) -> None:
    before = app.items()
    answer = zones(path, **parameters)
    assert parameter in wrong(answer), answer
    assert parameter in answer.body["status"]["description"]
    assert app.items() == before


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        "null",
        '{"zone": NaN}',
        '{"zone": 1e999}',
        '{"zone": Infinity}',
        '{"zone": ' + "9" * 5000 + "}",
        '{"zone_id": 1, "zone_id": 1}',
        '{"zone": {"label": "\\ud800"}}',
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"zone": ' + '{"a":' * 70 + "1" + "}" * 71,
        json.dumps({"zone": ZONE, "x": "x" * 2**20}),
    ],
)
def test_a_body_that_is_no_sound_json_object_is_a_7(zones: ZoneClient, raw: str) -> None:
    headers = {"Authorization": f"NVX {zones.hash}"}
    for path in ("create", "list", "search_location"):
        assert wrong(zones.post(path, raw, headers))
    if raw.startswith("{"):
        form = urlencode({"hash": zones.hash, "zone": raw})
        assert wrong(zones.post("create", form, {"Content-Type": FORM}))


@pytest.mark.parametrize(
    ("form", "parameter"),
    [
        ("zone_id=1&zone_id=2", "zone_id"),
        ("zone_id=", "zone_id"),
        ("zone_id=1e999", "zone_id"),
        ("zone_id=[1", "zone_id"),
        ("zone_id=NaN", "zone_id"),
        ("zone_id=%ff", "body"),
        ("zone_id=%EF%BC%95", "zone_id"),
        ("&".join(f"p{n}=1" for n in range(101)), "body"),
        ("zone_id=" + "9" * 5000, "zone_id"),
        ("zone_id=" + "[" * 50_000, "zone_id"),
        ("x" * (2**20 + 1), "body"),
    ],
)
def test_a_form_that_is_wrong_is_a_7_with_the_parameter(zones: ZoneClient, form: str, parameter: str) -> None:
    headers = {"Content-Type": FORM, "Authorization": f"NVX {zones.hash}"}
    assert wrong(zones.post("read", form, headers)) == [parameter]


def test_a_body_may_be_as_long_as_it_may_be(zones: ZoneClient) -> None:
    """It is written anew on the way, and longer."""
    points = ",".join(['{"lat":1e0,"lng":1e-9}'] * 40_000)
    zone = '{"type":"polygon","label":"' + "\u00fc" * 90 + '"}'
    raw = f'{{"hash":"{zones.hash}","zone":{zone},"points":[{points}]}}'
    assert len(raw) < 2**20
    assert refused(zones.post("create", raw)) == (400, 284)


def test_what_is_said_in_two_places_must_be_the_same(zones: ZoneClient) -> None:
    number = zones.create(ZONE)
    body = json.dumps({"hash": zones.hash, "zone_id": number})
    assert zones.post("read", body, query={"zone_id": str(number)}).status == 200
    assert wrong(zones.post("read", body, query={"zone_id": "5"})) == ["zone_id"]


def test_a_get_says_everything_in_its_query(zones: ZoneClient) -> None:
    query = {"hash": zones.hash}
    assert wrong(zones.send("GET", "list", {"Content-Type": "application/json"}, query, '{"limit": 1}')) == ["body"]
    assert zones.send("GET", "list", {"Content-Type": "application/json"}, query, "").status == 200


def test_a_parameter_that_the_query_repeats_is_a_7(app: App, zones: ZoneClient) -> None:
    sent = event("api/zone_list_by_get")
    sent["queryStringParameters"] = {"hash": zones.hash, "limit": "2"}
    sent["multiValueQueryStringParameters"] = {"hash": [zones.hash], "limit": ["1", "2"]}
    assert wrong(Answer(app.invoke("zones", sent))) == ["limit"]


def test_another_media_type_is_a_7(zones: ZoneClient) -> None:
    assert wrong(zones.post("list", "<list/>", {"Content-Type": "text/xml"})) == ["Content-Type"]


# --- one domain -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_calls_agrees_with_the_canonical_api_at_every_step(
    app: App, zones: ZoneClient, seed: int
) -> None:
    """Zones are made, changed and deleted in either vocabulary, and both tell the same after each step."""
    chance = random.Random(seed)
    app.circle("Tagged", tags=["a", "b", "c"])
    expected: dict[int, dict[str, Any]] = {zones.listed()[0]["id"]: zones.listed()[0]}
    for step in range(25):
        act = chance.choice(["create", "create", "update", "points", "elsewhere", "delete", "gone"])
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
            said = {"color": "#" + change["color"]} if "color" in change else {}
            said |= {"label": change["label"]} if "label" in change else {}
            said |= {"tags": ["abc"[n - 1] for n in change["tags"]]} if "tags" in change else {}
            answer = app.request("geofences", "update", path_id=_ids(app)[number], raw=json.dumps(said))
            assert answer.status == 200, answer
            expected[number] |= {name: change[name] for name in said}
        elif act == "delete":
            how = {"zone_id": number} if chance.random() < 0.5 else {"zone_ids": [number]}
            assert zones("delete", **how).body == {"success": True}
            del expected[number]
        elif act == "gone":
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
