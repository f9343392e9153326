"""Geofences through the handlers: responses, stored items, and what each call costs."""

from __future__ import annotations

from collections import Counter
from math import cos, radians, sin
from typing import Any

import pytest

from fencepost import container
from tests.functional.app import Answer, App

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def create(app: App, event: str = "create_circle", /, **body: Any) -> Answer:
    answer = app.request("geofences", event, **body)
    assert answer.status == 201, answer
    return answer


def check(app: App, lat: float, lon: float, **caller: Any) -> list[str]:
    answer = app.request("location", "check", latitude=lat, longitude=lon, **caller)
    assert answer.status == 200, answer
    return [match["geofenceName"] for match in answer.body["matches"]]


def test_a_circle_is_answered_with_its_defaults_and_its_address(app: App) -> None:
    answer = create(app)
    assert answer.body["radiusMeters"] == 100
    assert (answer.body["triggerOn"], answer.body["cooldownMs"]) == ("enter", 86_400_000)
    assert (answer.body["status"], answer.body["isPriority"], answer.body["version"]) == ("active", False, 1)
    assert answer.headers["Location"] == f"/api/v1/geofences/{answer.body['id']}"
    assert answer.headers["ETag"] == '"1"'


def test_what_was_created_is_read_back_word_for_word(app: App) -> None:
    for name in ("create_circle", "create_polygon", "create_corridor"):
        created = create(app, name)
        read = app.request("geofences", "read", path_id=created.body["id"])
        assert (read.status, read.body) == (200, created.body)


def test_a_circle_without_a_radius_has_500_metres(app: App) -> None:
    assert create(app, name="Big", latitude=1, longitude=1).body["radiusMeters"] == 500


def test_creating_takes_one_transaction_and_no_read(app: App) -> None:
    create(app)
    assert app.calls == {"TransactWriteItems": 1}


def test_updating_takes_one_read_and_one_transaction(app: App) -> None:
    geofence_id = create(app).body["id"]
    app.calls.clear()
    assert app.request("geofences", "update", path_id=geofence_id).status == 200
    assert app.calls == {"GetItem": 1, "TransactWriteItems": 1}


def test_a_check_takes_one_batch_get(app: App) -> None:
    for name in ("create_circle", "create_polygon", "create_corridor"):
        create(app, name)
    app.calls.clear()
    assert check(app, 30.2672, -97.7431) == ["Downtown Office"]
    assert app.calls == {"BatchGetItem": 1}


def test_a_check_in_the_hole_of_a_polygon_finds_nothing(app: App) -> None:
    create(app, "create_polygon")
    assert check(app, 60.165, 24.935) == ["Yard with a pond"]
    assert check(app, 60.170, 24.940) == []
    assert check(app, 60.168, 24.940) == ["Yard with a pond"]  # the rim of the hole belongs to the yard


def test_a_corridor_reaches_its_half_width_from_the_line(app: App) -> None:
    create(app, "create_corridor")
    assert check(app, 37.8195, -122.3640) == ["Delivery route"]
    assert check(app, 37.8230, -122.3640) == []


def test_a_match_tells_how_far_the_centre_and_the_edge_are(app: App) -> None:
    create(app)
    answer = app.request("location", "check", latitude=30.2680, longitude=-97.7431, customerId="van 7")
    (match,) = answer.body["matches"]
    assert match["distance"] == 89
    assert match["edgeDistance"] == pytest.approx(88.691 - 100, abs=0.01)
    assert (match["action"], match["triggerOn"], match["radiusMeters"]) == ({}, "enter", 100)
    assert answer.body["customerId"] == "van 7"


def test_a_geofence_with_a_thousand_vertices_costs_a_second_read_only_the_first_time(app: App) -> None:
    points = [
        {"lat": 50 + 0.01 * sin(radians(k * 0.36)), "lng": 8 + 0.01 * cos(radians(k * 0.36))} for k in range(1000)
    ]
    create(app, "create_polygon", name="Round", type="polygon", points=points)
    app.calls.clear()
    assert check(app, 50, 8) == ["Round"]
    assert app.calls == {"BatchGetItem": 2}
    assert check(app, 50, 8) == ["Round"]
    assert app.calls == {"BatchGetItem": 3}


def test_a_long_action_is_answered_whole(app: App) -> None:
    action = {"message": "x" * 5000}
    create(app, name="Loud", latitude=10, longitude=10, action=action)
    answer = app.request("location", "check", latitude=10, longitude=10)
    assert answer.body["matches"][0]["action"] == action


def test_a_moved_geofence_is_found_where_it_went_and_not_where_it_was(app: App) -> None:
    geofence_id = create(app).body["id"]
    app.request("geofences", "update", path_id=geofence_id, latitude=48.2, longitude=16.37)
    assert check(app, 30.2672, -97.7431) == []
    assert check(app, 48.2, 16.37) == ["Downtown Office"]


def test_an_inactive_geofence_is_not_found_until_it_is_active_again(app: App) -> None:
    geofence_id = create(app).body["id"]
    app.request("geofences", "update", path_id=geofence_id, status="inactive")
    assert check(app, 30.2672, -97.7431) == []
    app.request("geofences", "update", path_id=geofence_id, active=True)
    assert check(app, 30.2672, -97.7431) == ["Downtown Office"]


def test_a_deleted_geofence_is_gone_and_its_name_is_free(app: App) -> None:
    geofence_id = create(app).body["id"]
    answer = app.request("geofences", "delete", path_id=geofence_id)
    assert (answer.status, answer.body) == (200, {"id": geofence_id, "deleted": True})
    assert app.request("geofences", "read", path_id=geofence_id).status == 404
    assert check(app, 30.2672, -97.7431) == []
    create(app)


def test_deleting_by_query_and_updating_by_body_do_the_same(app: App) -> None:
    geofence_id = create(app).body["id"]
    assert app.request("geofences", "update_by_body", id=geofence_id, radius=250).body["radiusMeters"] == 250
    assert app.request("geofences", "delete_by_query", query={"id": geofence_id}).status == 200
    assert app.request("geofences", "delete_by_query", query={}).wrong_fields == ["id"]
    assert app.request("geofences", "update_by_body", radius=250).wrong_fields == ["id"]


def test_an_update_keeps_what_it_does_not_name(app: App) -> None:
    before = create(app)
    after = app.request("geofences", "update", path_id=before.body["id"], description="New")
    changed = {name for name in after.body if after.body[name] != before.body[name]}
    assert changed == {"description", "version", "updatedAt"}


def test_an_answer_sent_back_as_an_update_changes_nothing_but_the_version(app: App) -> None:
    for name in ("create_circle", "create_polygon", "create_corridor"):
        before = create(app, name)
        sent = {field: value for field, value in before.body.items() if field != "tenantId"}
        after = app.request("geofences", "update", path_id=before.body["id"], **sent)
        assert after.status == 200, after
        changed = {field for field in after.body if after.body[field] != before.body[field]}
        assert changed == {"version", "updatedAt"}


@pytest.mark.parametrize("same", ["downtown office", "DOWNTOWN  Office", " Downtown\u00a0Office "])
def test_a_name_is_taken_whatever_its_case_and_spaces(app: App, same: str) -> None:
    create(app)
    answer = app.request("geofences", "create_circle", name=same, latitude=1, longitude=1)
    assert (answer.status, answer.body["code"]) == (409, "NAME_TAKEN")


def test_a_refused_create_leaves_nothing_behind(app: App) -> None:
    create(app)
    before = len(app.items())
    app.request("geofences", "create_circle", name="Downtown Office", latitude=1, longitude=1)
    app.request(
        "geofences",
        "create_circle",
        name="New",
        latitude=1,
        longitude=1,
        assignments=[{"targetTable": "users", "targetId": "nobody"}],
    )
    assert len(app.items()) == before
    assert check(app, 1, 1) == []


def test_renaming_frees_the_old_name_and_takes_the_new_one(app: App) -> None:
    first = create(app).body["id"]
    create(app, "create_corridor")
    taken = app.request("geofences", "update", path_id=first, name="Delivery Route")
    assert taken.status == 409
    assert app.request("geofences", "update", path_id=first, name="Uptown Office").status == 200
    create(app)


def test_a_version_that_was_overtaken_is_refused(app: App) -> None:
    geofence_id = create(app).body["id"]
    assert app.request("geofences", "patch", path_id=geofence_id).status == 200  # If-Match: "1"
    answer = app.request("geofences", "patch", path_id=geofence_id)
    assert (answer.status, answer.body["code"]) == (412, "VERSION_MISMATCH")
    stale_delete = app.request("geofences", "delete", path_id=geofence_id, headers={"If-Match": '"1"'})
    assert stale_delete.status == 412
    assert app.request("geofences", "delete", path_id=geofence_id, headers={"If-Match": '"2"'}).status == 200


def test_the_list_is_newest_first_and_paged_without_a_gap(app: App) -> None:
    names = [f"Site {n}" for n in range(7)]
    for n, name in enumerate(names):
        create(app, name=name, latitude=n + 1, longitude=1)
    seen: list[str] = []
    query = {"limit": "3"}
    while True:
        app.calls.clear()
        page = app.request("geofences", "list", query=query)
        assert app.calls == {"Query": 1}
        seen += [geofence["name"] for geofence in page.body["data"]]
        if page.body["nextCursor"] is None:
            break
        query = {"limit": "3", "cursor": page.body["nextCursor"]}
    assert seen == names[::-1]


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "a" * 100, "\u00e9", "===="])
def test_a_forged_cursor_is_refused(app: App, cursor: str) -> None:
    answer = app.request("geofences", "list", query={"cursor": cursor})
    assert (answer.status, answer.wrong_fields) == (400, ["cursor"])


def test_a_cursor_of_another_tenant_is_refused(app: App) -> None:
    for n in range(2):
        create(app, name=f"Site {n}", latitude=1, longitude=1)
    cursor = app.request("geofences", "list", query={"limit": "1"}).body["nextCursor"]
    assert app.request("geofences", "list", tenant="other", query={"cursor": cursor}).status == 400


def test_a_page_that_ends_at_the_size_of_a_query_goes_on(app: App) -> None:
    """A Query ends at 1 MB, long before its limit of items, where geofences have thousands of vertices."""
    points = [{"lat": 50 + 0.01 * sin(k / 1600), "lng": 8 + 0.01 * cos(k / 1600)} for k in range(10_000)]
    for n in range(8):
        create(app, "create_polygon", name=f"Big {n}", type="polygon", points=points)
    first = app.request("geofences", "list", query={"limit": "100"}).body
    assert first["nextCursor"] is not None
    rest = app.request("geofences", "list", query={"limit": "100", "cursor": first["nextCursor"]}).body
    assert len(first["data"]) + len(rest["data"]) == 8


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1.5", "9" * 5000])
def test_a_limit_out_of_range_is_refused(app: App, limit: str) -> None:
    assert app.request("geofences", "list", query={"limit": limit}).wrong_fields == ["limit"]


def test_tenants_do_not_see_each_other(app: App) -> None:
    geofence_id = create(app).body["id"]
    foreign = [
        app.request("geofences", name, tenant="other", path_id=geofence_id) for name in ("read", "update", "delete")
    ]
    absent = app.request("geofences", "read", tenant="other", path_id=NOWHERE)
    assert [(answer.status, answer.body) for answer in foreign] == [(404, absent.body)] * 3
    assert app.request("geofences", "list", tenant="other").body["data"] == []
    assert check(app, 30.2672, -97.7431, tenant="other") == []
    create_in_other = app.request(
        "geofences", "create_circle", tenant="other", name="Downtown Office", latitude=1, longitude=1
    )
    assert create_in_other.status == 201


def test_a_geofence_is_assigned_only_to_those_of_its_tenant(app: App) -> None:
    assignments = [{"targetTable": "users", "targetId": "ada"}, {"target_table": "users", "target_id": "nobody"}]
    answer = app.request("geofences", "create_circle", name="X", latitude=1, longitude=1, assignments=assignments)
    assert (answer.status, answer.wrong_fields) == (400, ["assignments[1]"])


@pytest.mark.parametrize(
    ("roles", "name", "allowed"),
    [
        ("viewer", "list", True),
        ("viewer", "create_circle", False),
        ("viewer", "delete", False),
        ("editor", "create_circle", True),
        ("editor", "delete", False),
        ("employee", "list", False),
        ("approver", "list", False),
        ("nobody", "list", False),
    ],
)
def test_a_role_may_what_the_table_of_roles_says(app: App, roles: str, name: str, allowed: bool) -> None:
    app.calls.clear()
    answer = app.request("geofences", name, roles=roles)
    assert (answer.status != 403) is allowed
    if not allowed:
        assert answer.body["code"] == "FORBIDDEN"
        assert not app.calls  # a missing permission is reported before anything is read


def test_a_missing_right_is_told_before_the_body_is_read(app: App) -> None:
    assert app.request("geofences", "create_circle", roles="viewer", raw="{nonsense").status == 403


@pytest.mark.parametrize("geofence_id", ["x", "a#b", "../demo", NOWHERE.upper(), "\u00e9", "1" * 3000, "CURRENT"])
def test_an_id_that_is_none_is_simply_not_found(app: App, geofence_id: str) -> None:
    answer = app.request("geofences", "read", path_id=geofence_id)
    absent = app.request("geofences", "read", path_id=NOWHERE)
    assert (answer.status, answer.body) == (404, absent.body)


def test_every_change_leaves_an_event_and_a_version(app: App) -> None:
    geofence_id = create(app).body["id"]
    app.request("geofences", "update", path_id=geofence_id)
    app.request("geofences", "delete", path_id=geofence_id)
    events = sorted((event["type"], event["version"]) for event in app.events())
    assert events == [("geofence.created", 1), ("geofence.deleted", 2), ("geofence.updated", 2)]
    versions = sorted(item["SK"]["S"] for item in app.items() if item["PK"]["S"] == f"T#demo#GEOFENCE#{geofence_id}")
    assert versions == ["VERSION#0000000001", "VERSION#0000000002"]


def test_a_crowded_cell_goes_on_in_further_shards_and_every_geofence_is_found(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 4 KB instead of 64 a bucket is full after 8 of these geofences."""
    monkeypatch.setattr("fencepost.dynamodb.transaction.MAX_BUCKET_BYTES", 4096)
    action = {"text": "x" * 400}
    made = [create(app, name=f"S {n}", latitude=1.001, longitude=1.001, action=action).body["id"] for n in range(30)]
    app.calls.clear()
    assert len(check(app, 1.001, 1.001)) == 30
    assert app.calls == {"BatchGetItem": 1}
    container.spatial_index.cache_clear()
    container.geofence_repository.cache_clear()
    container.geofence_service.cache_clear()  # another container, which does not know yet that the cell is crowded
    assert len(check(app, 1.001, 1.001)) == 30
    assert app.calls == {"BatchGetItem": 3}
    for geofence_id in made[::2]:
        assert app.request("geofences", "delete", path_id=geofence_id).status == 200
    app.request("geofences", "update", path_id=made[1], latitude=2, longitude=2)
    assert len(check(app, 1.001, 1.001)) == 14
    for bucket in (item for item in app.items() if "#CELL#" in item["PK"]["S"] and item["SK"]["S"] != "BELOW"):
        held = sum(len(name) + len(value["B"]) for name, value in bucket.items() if "B" in value)
        assert held == int(bucket["bytes"]["N"]) <= 4096


def test_a_geofence_that_grows_in_a_full_cell_moves_to_a_shard_with_room(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fencepost.dynamodb.transaction.MAX_BUCKET_BYTES", 1024)
    made = [create(app, name=f"S {n}", latitude=1.001, longitude=1.001).body["id"] for n in range(30)]
    for geofence_id in made[::3]:
        assert app.request("geofences", "update", path_id=geofence_id, action={"text": "x" * 300}).status == 200
    assert len(check(app, 1.001, 1.001)) == 30
    cells = [item for item in app.items() if "#CELL#" in item["PK"]["S"] and item["SK"]["S"] != "BELOW"]
    entered = Counter(item["PK"]["S"] for item in cells for value in item.values() if "B" in value)
    assert set(entered.values()) == {30}
