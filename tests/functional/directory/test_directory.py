"""The directory over HTTP: members, assignments, deletions."""

from __future__ import annotations

from typing import Any

import pytest

from fencepost import container
from fencepost.http import pagination
from tests.functional.app import Answer, App
from tests.functional.directory.client import put, read


def delete(app: App, table: str, entity_id: str, *, cascade: bool = False) -> Answer:
    query = {"cascade": "true"} if cascade else {}
    return app.request("directory", "directory_delete", path={"table": table, "id": entity_id}, query=query)


def names(app: App, table: str, **query: str) -> list[str]:
    answer = app.request("directory", "directory_list", path={"table": table}, query=query)
    return [entity["name"] for entity in answer.body["data"]]


def fence_for(app: App, table: str, entity_id: str, name: str = "Yard", **more: Any) -> str:
    assigned = [{"targetTable": table, "targetId": entity_id}]
    answer = app.request(
        "geofences", "create_circle", name=name, latitude=1, longitude=1, assignments=assigned, **more
    )
    assert answer.status == 201, answer
    return str(answer.body["id"])


@pytest.mark.parametrize("table", ["users", "groups", "projects", "time_guis", "expense_guis", "travel_entry_guis"])
def test_an_entity_is_put_read_renamed_listed_and_deleted(app: App, table: str) -> None:
    assert put(app, table, "x-1", name="First").status == 200
    assert put(app, table, "x-1", name="Second").body["name"] == "Second"
    assert read(app, table, "x-1").body["name"] == "Second"
    assert "Second" in names(app, table)
    assert delete(app, table, "x-1").body == {"id": "x-1", "deleted": True}
    assert read(app, table, "x-1").status == 404
    assert "Second" not in names(app, table)


def test_a_list_is_by_name_and_paged(app: App) -> None:
    for name in ("gamma", "Alpha", "beta", "Alpha"):
        put(app, "projects", f"p-{len(names(app, 'projects'))}", name=name)
    path = {"table": "projects"}
    first = app.request("directory", "directory_list", path=path, query={"limit": "3"}).body
    rest = app.request(
        "directory", "directory_list", path=path, query={"limit": "3", "cursor": first["nextCursor"]}
    ).body
    assert [e["name"] for e in first["data"] + rest["data"]] == ["Alpha", "Alpha", "beta", "gamma"]
    assert rest["nextCursor"] is None
    other = app.request(
        "directory", "directory_list", path=path, tenant="other", query={"cursor": first["nextCursor"]}
    )
    assert (other.status, other.wrong_fields) == (400, ["cursor"])


def test_a_hundred_entities_are_put_at_once_and_a_wrong_one_prevents_all(app: App) -> None:
    items = [{"id": f"u-{n:03}", "name": f"User {n:03}"} for n in range(100)]
    path = {"table": "users"}
    app.calls.clear()
    assert app.request("directory", "directory_put_many", path=path, items=items).status == 200
    assert app.calls == {"TransactWriteItems": 1}
    assert len(names(app, "users", limit="1000")) == 103
    wrong = [{"id": "fine", "name": "Fine"}, {"id": "a#b", "name": "Wrong"}]
    answer = app.request("directory", "directory_put_many", path=path, items=wrong)
    assert (answer.status, answer.wrong_fields) == (400, ["items[1].id"])
    assert read(app, "users", "fine").status == 404
    assert app.request("directory", "directory_put_many", path=path, items=[*items, wrong[0]]).status == 400


def test_memberships_show_on_the_group_and_on_the_user(app: App) -> None:
    put(app, "groups", "night", name="Night", members=["ada", "vera"])
    assert read(app, "groups", "night").body["members"] == ["ada", "vera"]
    assert read(app, "users", "ada").body["groups"] == ["night"]
    put(app, "groups", "night", name="Night shift")
    assert read(app, "groups", "night").body["members"] == ["ada", "vera"]
    put(app, "groups", "night", name="Night", members=["vera", "emil"])
    assert [read(app, "users", u).body["groups"] for u in ("ada", "vera", "emil")] == [[], ["night"], ["night"]]
    put(app, "groups", "night", name="Night", members=[])
    assert read(app, "users", "vera").body["groups"] == []


def test_a_large_group_is_changed_in_several_transactions(app: App) -> None:
    people = [f"u-{n:03}" for n in range(100)]
    app.request(
        "directory", "directory_put_many", path={"table": "users"}, items=[{"id": u, "name": u} for u in people]
    )
    assert put(app, "groups", "all", name="All", members=people).body["members"] == people
    assert delete(app, "groups", "all").status == 200
    assert read(app, "users", "u-050").body["groups"] == []


def test_a_member_that_is_not_there_is_named_and_nothing_is_written(app: App) -> None:
    answer = put(app, "groups", "night", name="Night", members=["ada", "nobody"])
    assert (answer.status, answer.wrong_fields) == (400, ["members"])
    assert "nobody" in answer.body["detail"]
    assert read(app, "groups", "night").status == 404
    assert put(app, "users", "ada", name="Ada", members=["vera"]).wrong_fields == ["members"]


def test_a_deleted_user_leaves_the_groups(app: App) -> None:
    put(app, "groups", "night", name="Night", members=["ada", "vera"])
    put(app, "groups", "day", name="Day", members=["vera"])
    assert delete(app, "users", "vera").status == 200
    assert read(app, "groups", "night").body["members"] == ["ada"]
    assert read(app, "groups", "day").body["members"] == []
    assert delete(app, "groups", "day").status == 200


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_an_entity_with_assigned_geofences_is_deleted_only_by_cascade(app: App, status: str) -> None:
    put(app, "projects", "bridge", name="Bridge")
    geofence_id = fence_for(app, "projects", "bridge", status=status)
    refused = delete(app, "projects", "bridge")
    assert (refused.status, refused.body["geofences"]) == (409, [{"id": geofence_id, "name": "Yard"}])
    assert delete(app, "projects", "bridge", cascade=True).status == 200
    geofence = app.request("geofences", "read", path_id=geofence_id).body
    assert (geofence["assignments"], geofence["version"]) == ([], 2)


def test_a_user_whose_clock_runs_is_not_deleted(app: App) -> None:
    app.request("clock", "clock_start", action="start")
    running = app.request("clock", "clock_start", action="start").body["items"][0]["data"]["userId"]
    answer = delete(app, "users", running)
    assert (answer.status, answer.body["code"]) == (409, "CLOCK_RUNNING")


def test_geofences_and_names_stay_through_a_rename_and_an_inactive_time(app: App) -> None:
    put(app, "projects", "bridge", name="Bridge")
    geofence_id = fence_for(app, "projects", "bridge")
    put(app, "projects", "bridge", name="Harbour bridge")
    app.request("geofences", "update", path_id=geofence_id, status="inactive")
    app.request("geofences", "update", path_id=geofence_id, status="active", radiusMeters=5)
    app.request("geofences", "delete", path_id=geofence_id)
    assert delete(app, "projects", "bridge").status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 3}, "name"),
        ({"name": "X", "members": "ada"}, "members"),
        ({"name": "X", "colour": 1}, "colour"),
        ({"name": "X", "id": "another"}, "id"),
    ],
)
def test_an_error_names_the_wrong_field(app: App, body: dict[str, Any], field: str) -> None:
    answer = put(app, "groups", "g", **(body or {"members": []}))
    assert (answer.status, field in answer.wrong_fields) == (400, True), answer


@pytest.mark.parametrize("entity_id", ["a#b", "../x", "x" * 65, " ", "\u00e9"])
def test_an_id_has_plain_characters_only(app: App, entity_id: str) -> None:
    assert put(app, "projects", entity_id, name="X").wrong_fields == ["id"]
    assert read(app, "projects", entity_id).status == 404


def test_a_table_that_is_not_there_is_not_found(app: App) -> None:
    assert read(app, "geofences", "x").status == 404
    assert put(app, "NAME", "x", name="X").status == 404


def test_tenants_do_not_see_each_others_directories(app: App) -> None:
    put(app, "projects", "bridge", name="Bridge")
    assert read(app, "projects", "bridge", tenant="other").body == read(app, "projects", "none", tenant="other").body
    assert app.request("directory", "directory_list", path={"table": "projects"}, tenant="other").body["data"] == []


@pytest.mark.parametrize(
    ("roles", "reads", "writes"),
    [
        ("admin", True, True),
        ("editor", True, False),
        ("approver", True, False),
        ("viewer", False, False),
        ("employee", False, False),
    ],
)
def test_roles_permit_what_the_table_of_roles_lists(app: App, roles: str, reads: bool, writes: bool) -> None:
    app.calls.clear()
    assert (app.request("directory", "directory_list", roles=roles).status == 200) is reads
    assert (app.request("directory", "directory_put", roles=roles).status == 200) is writes
    if not reads:
        assert not app.calls


def test_an_entity_whose_geofences_require_whole_metres_can_be_deleted(app: App) -> None:
    """The table returns a whole number as an integer; the index entry must be removed byte for byte all the same."""
    put(app, "projects", "bridge", name="Bridge")
    geofence_id = fence_for(app, "projects", "bridge", minAccuracy=10)
    for accuracy in (11, 12.5, 13):
        app.request("geofences", "update", path_id=geofence_id, minAccuracy=accuracy)
    app.request("geofences", "delete", path_id=geofence_id)
    assert delete(app, "projects", "bridge").status == 200


def test_a_cascade_that_cannot_complete_removes_no_assignment(app: App) -> None:
    app.request("clock", "clock_start", user="emil", roles="employee", action="start")
    geofence_id = fence_for(app, "users", "emil")
    assert delete(app, "users", "emil", cascade=True).body["code"] == "CLOCK_RUNNING"
    assert len(app.request("geofences", "read", path_id=geofence_id).body["assignments"]) == 1


def test_a_user_has_at_most_fifty_groups_and_a_refused_put_writes_nothing(app: App) -> None:
    items = [{"id": f"g-{n}", "name": f"G {n}", "members": ["ada"]} for n in range(50)]
    path = {"table": "groups"}
    assert app.request("directory", "directory_put_many", path=path, items=items).status == 200
    more = [{"id": "x-1", "name": "X"}, {"id": "x-2", "name": "X", "members": ["vera", "ada"]}]
    answer = app.request("directory", "directory_put_many", path=path, items=more)
    assert (answer.status, answer.wrong_fields) == (400, ["items[1].members"])
    assert "ada" in answer.body["detail"]
    assert read(app, "groups", "x-1").status == 404
    assert read(app, "users", "vera").body["groups"] == []


def test_a_response_can_be_sent_back(app: App) -> None:
    put(app, "groups", "night", name="Night", members=["ada"])
    for table, entity_id in (("groups", "night"), ("users", "ada")):
        body = read(app, table, entity_id).body
        assert put(app, table, entity_id, **body).body == body


@pytest.mark.parametrize(
    "where", ["1", "[]", '["a"]', "[1,2]", "[null,null]", '["",""]', "xx", '["a","b","c"]', r'["\ud800","a"]']
)
def test_a_cursor_that_holds_something_else_is_refused(app: App, where: str) -> None:
    """A cursor can be forged by anybody who reads the source, so its content is validated."""
    cursor = {"cursor": pagination.encode_cursor("demo/users", where)}
    answer = app.request("directory", "directory_list", path={"table": "users"}, query=cursor)
    assert (answer.status, answer.wrong_fields) == (400, ["cursor"])


def test_an_organization_has_its_own_time_zone_until_it_is_removed(app: App) -> None:
    container.tenant_service().put_tenant("demo", "Demo", time_zone="Europe/Berlin")

    def time_zones() -> list[str]:
        clock_context = container.clock_service().clocks.load_context("demo", "emil", "site", None)
        entry_context = container.entry_service().contexts.load_entry_context("demo", "emil", "site")
        assert clock_context is not None
        assert entry_context is not None
        return [clock_context.settings.time_zone, entry_context.settings.time_zone]

    assert put(app, "projects", "site", name="Site", timeZone="America/New_York").status == 200
    assert put(app, "projects", "site", name="Renamed").body["timeZone"] == "America/New_York"
    app.calls.clear()
    assert time_zones() == ["America/New_York", "America/New_York"]
    assert app.calls == {"BatchGetItem": 2}
    assert "timeZone" not in put(app, "projects", "site", name="Site", timeZone=None).body
    assert time_zones() == ["Europe/Berlin", "Europe/Berlin"]


def test_a_time_zone_must_exist_and_belongs_to_a_project(app: App) -> None:
    for table, time_zone in (("projects", "Europe/Nowhere"), ("projects", 1), ("users", "Europe/Berlin")):
        answer = put(app, table, "x-1", name="X", timeZone=time_zone)
        assert (answer.status, answer.wrong_fields) == (400, ["timeZone"])
