"""Every version of a geofence, and what was in force when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fencepost import container
from fencepost.geofences.patch import GeofencePatch
from fencepost.http import pagination
from tests.builders import build_principal
from tests.functional.app import App

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def test_every_version_can_be_read_after_the_geofence_is_gone_too(app: App) -> None:
    first = app.create_circle("Depot", radiusMeters=100).body
    geofence_id = first["id"]
    second = app.request("geofences", "update", path_id=geofence_id, radiusMeters=200).body
    app.request("geofences", "delete", path_id=geofence_id)
    page = app.request("geofences", "list_versions", path_id=geofence_id, query={"limit": "1"}).body
    rest = app.request(
        "geofences", "list_versions", path_id=geofence_id, query={"limit": "1", "cursor": page["nextCursor"]}
    ).body
    assert [v["version"] for v in page["data"] + rest["data"]] == [2, 1]
    assert (page["data"][0]["deletedAt"] is None, rest["data"][0]["deletedAt"], rest["nextCursor"]) == (
        False,
        None,
        None,
    )
    one = app.request("geofences", "read_version", path_id=geofence_id, path={"version": "1"}).body
    assert one == {**first, "deletedAt": None}
    for at, radius_m in ((first["updatedAt"], 100), (second["updatedAt"], 200)):
        then = app.request("geofences", "read", path_id=geofence_id, query={"asOf": at})
        assert (then.status, then.body["radiusMeters"]) == (200, radius_m), then
    deleted_at = page["data"][0]["deletedAt"]
    assert app.request("geofences", "read", path_id=geofence_id, query={"asOf": deleted_at}).status == 404
    before = "2020-01-01T00:00:00Z"
    assert app.request("geofences", "read", path_id=geofence_id, query={"asOf": before}).status == 404


def test_the_version_that_a_verdict_names_is_the_one_that_was_looked_at(app: App) -> None:
    ada = [{"targetTable": "users", "targetId": "ada"}]
    geofence_id = app.create_circle("Depot", assignments=ada).body["id"]
    verdict = app.request("geofences", "validate", userId="ada", location={"latitude": 10, "longitude": 10}).body
    app.request("geofences", "update", path_id=geofence_id, latitude=50)
    (finding,) = verdict["geofences"]
    then = app.request("geofences", "read_version", path_id=geofence_id, path={"version": str(finding["version"])})
    assert (then.body["latitude"], then.body["version"]) == (10, 1)


@pytest.mark.parametrize("version", ["0", "2", "x", "-1", "1.0", "9" * 20, "\u0661"])
def test_a_version_that_is_none_is_not_found(app: App, version: str) -> None:
    geofence_id = app.create_circle("Depot").body["id"]
    assert app.request("geofences", "read_version", path_id=geofence_id, path={"version": version}).status == 404


def test_versions_of_another_tenant_do_not_exist(app: App) -> None:
    geofence_id = app.create_circle("Depot").body["id"]
    for name in ("list_versions", "read_version"):
        foreign = app.request("geofences", name, path_id=geofence_id, tenant="other")
        absent = app.request("geofences", name, path_id=NOWHERE, tenant="other")
        assert (foreign.status, foreign.body) == (404, absent.body)


@pytest.mark.parametrize("where", ["1", "0", "-5", "x", "9" * 30, "\u0665"])
def test_a_cursor_that_holds_something_else_is_refused(app: App, where: str) -> None:
    geofence_id = app.create_circle("Depot").body["id"]
    cursor = {"cursor": pagination.encode_cursor(f"demo/{geofence_id}/versions", where)}
    assert app.request("geofences", "list_versions", path_id=geofence_id, query=cursor).wrong_fields == ["cursor"]


def test_versions_follow_each_other_in_time_whoever_waited_for_whom(app: App) -> None:
    """Twenty at once: each took its time before it waited for the others."""
    geofence_id = app.create_circle("Depot").body["id"]
    who = build_principal("ada", "admin")
    late, early = datetime(2100, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    for now in (late, early, early):
        container.geofence_service().update(
            who, geofence_id, GeofencePatch(values={"description": "later"}), None, now
        )
    versions = app.request("geofences", "list_versions", path_id=geofence_id).body["data"]
    instants = [version["updatedAt"] for version in versions]
    assert instants == sorted(instants, reverse=True)
    assert len(set(instants)) == 4
    for version in versions:
        then = app.request("geofences", "read", path_id=geofence_id, query={"asOf": version["updatedAt"]})
        assert then.body["version"] == version["version"]
