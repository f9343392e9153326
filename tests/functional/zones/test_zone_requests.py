"""How a request of the zone API is authenticated, and which requests are invalid."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.functional.app import Answer, App, event
from tests.functional.zones.client import FORM, LINE, POLYGON, SAUSAGE, SQUARE, ZONE, ZoneClient, refused, wrong


# --- who asks, and how ----------------------------------------------------------------------------------------
def test_hash_is_accepted_in_json_form_query_and_header(zones: ZoneClient) -> None:
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


def test_forms_and_queries_encode_lists_and_objects_as_json(app: App, zones: ZoneClient) -> None:
    app.create_circle("Tagged", tags=["cold"])
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


def test_unknown_hash_is_error_4(app: App, zones: ZoneClient) -> None:
    for bad in ("", "22eac1c27af4be7b9d04da2ce1af111b", zones.hash[:-1] + "?", zones.hash[:-1]):
        assert refused(zones.post("list", json.dumps({"hash": bad}))) == (400, 4)
    assert refused(zones.post("list", "{}")) == (400, 4)
    assert refused(zones.get("list", {})) == (400, 4)
    assert refused(zones.get("list", {}, {"Authorization": f"Basic {zones.hash}"})) == (400, 4)


def test_two_different_hashes_are_error_7(zones: ZoneClient) -> None:
    other = ZoneClient(zones.app).hash
    assert wrong(zones.post("list", json.dumps({"hash": zones.hash}), query={"hash": other})) == ["hash"]
    assert wrong(zones.post("list", json.dumps({"hash": zones.hash}), {"Authorization": f"NVX {other}"})) == ["hash"]
    assert wrong(zones.get("list", {"hash": zones.hash}, {"Authorization": f"NVX {other}"})) == ["hash"]
    assert wrong(zones.post("list", json.dumps({"hash": 7}))) == ["hash"]


def test_missing_permission_is_error_13_before_any_read(app: App, zones: ZoneClient) -> None:
    number = zones.create(ZONE)
    viewer, editor = ZoneClient(app, "viewer"), ZoneClient(app, "editor")
    assert viewer.read(number)["label"] == "Zone name"
    assert refused(viewer("create", zone=ZONE)) == refused(viewer("delete", zone_id=1)) == (400, 13)
    assert refused(editor("delete", zone_id=number)) == (400, 13)
    assert refused(ZoneClient(app, "approver")("list")) == (400, 13)
    assert refused(ZoneClient(app, "approver")("search_location", nonsense=1)) == (400, 13)


def test_zone_of_another_tenant_does_not_exist(app: App, zones: ZoneClient) -> None:
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


def test_principal_of_the_gateway_is_ignored(app: App, zones: ZoneClient) -> None:
    sent = event("api/zone_list")
    sent["requestContext"]["authorizer"] = {"tenantId": "demo", "userId": "ada", "roles": "admin"}
    assert refused(Answer(app.invoke("zones", sent))) == (400, 4)


def test_api_key_is_read_once_a_minute(app: App, zones: ZoneClient) -> None:
    zones.listed()
    app.calls.clear()
    zones.listed()
    assert app.calls == {"Query": 1}


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
def test_invalid_parameter_is_error_7_with_its_name(
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
def test_body_that_is_not_a_valid_json_object_is_error_7(zones: ZoneClient, raw: str) -> None:
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
def test_invalid_form_is_error_7_with_the_parameter(zones: ZoneClient, form: str, parameter: str) -> None:
    headers = {"Content-Type": FORM, "Authorization": f"NVX {zones.hash}"}
    assert wrong(zones.post("read", form, headers)) == [parameter]


def test_body_may_have_its_full_length(zones: ZoneClient) -> None:
    """Written again, its numbers are longer than they were."""
    points = ",".join(['{"lat":1e0,"lng":1e-9}'] * 40_000)
    zone = '{"type":"polygon","label":"' + "\u00fc" * 90 + '"}'
    raw = f'{{"hash":"{zones.hash}","zone":{zone},"points":[{points}]}}'
    assert len(raw) < 2**20
    assert refused(zones.post("create", raw)) == (400, 284)


def test_parameter_that_is_sent_twice_must_be_equal(zones: ZoneClient) -> None:
    number = zones.create(ZONE)
    body = json.dumps({"hash": zones.hash, "zone_id": number})
    assert zones.post("read", body, query={"zone_id": str(number)}).status == 200
    assert wrong(zones.post("read", body, query={"zone_id": "5"})) == ["zone_id"]


def test_get_has_all_parameters_in_its_query(zones: ZoneClient) -> None:
    query = {"hash": zones.hash}
    assert wrong(zones.send("GET", "list", {"Content-Type": "application/json"}, query, '{"limit": 1}')) == ["body"]
    assert zones.send("GET", "list", {"Content-Type": "application/json"}, query, "").status == 200


def test_parameter_that_the_query_repeats_is_error_7(app: App, zones: ZoneClient) -> None:
    sent = event("api/zone_list_by_get")
    sent["queryStringParameters"] = {"hash": zones.hash, "limit": "2"}
    sent["multiValueQueryStringParameters"] = {"hash": [zones.hash], "limit": ["1", "2"]}
    assert wrong(Answer(app.invoke("zones", sent))) == ["limit"]


def test_other_media_type_is_error_7(zones: ZoneClient) -> None:
    assert wrong(zones.post("list", "<list/>", {"Content-Type": "text/xml"})) == ["Content-Type"]
