"""Authentication with API keys, which are stored as hashes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fencepost import container
from fencepost.cli import api_keys
from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.directory.model import Entity
from tests.functional.app import App, event

Capture = pytest.CaptureFixture[str]


def authorize(app: App, header: str) -> Any:
    request = event("api/authorize")
    request["headers"]["authorization"] = header
    return app.invoke("authorizer", request)


def test_a_key_authenticates_its_user_for_the_whole_api(app: App) -> None:
    key = container.tenant_service().issue_key("demo", "vera", ["viewer", "employee"])
    answer = authorize(app, f"Bearer {key}")
    assert answer["context"] == {"tenantId": "demo", "userId": "vera", "roles": "employee,viewer"}
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"].split(":")[-1]) == ("Allow", "fencepost/api/*")


def test_a_user_may_have_two_keys_while_one_replaces_the_other(app: App) -> None:
    keys = [container.tenant_service().issue_key("demo", "vera", ["viewer"]) for _ in range(2)]
    assert all(authorize(app, f"bearer {key}")["context"]["userId"] == "vera" for key in keys)


def is_refused(app: App, key: str) -> bool:
    try:
        authorize(app, f"Bearer {key}")
    except PermissionError:
        return True
    return False


def test_a_third_key_revokes_the_first(app: App) -> None:
    tenants = container.tenant_service()
    first, *live = (tenants.issue_key("demo", "vera", [role]) for role in ("viewer", "editor", "admin"))
    others = tenants.issue_key("demo", "ada", ["viewer"])
    assert is_refused(app, first)
    assert [authorize(app, f"Bearer {key}")["context"]["roles"] for key in (*live, others)] == [
        "editor",
        "admin",
        "viewer",
    ]


def test_only_two_of_several_concurrently_issued_keys_stay_valid(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key is issued between the read and the write of the first."""
    tenants = container.tenant_service()
    old = [tenants.issue_key("demo", "vera", ["viewer"]) for _ in range(2)]
    read = tenants.repository.list_key_ids
    between: list[str] = []

    def issue_another_first(tenant_id: str, user_id: str) -> tuple[str, ...]:
        found = read(tenant_id, user_id)
        monkeypatch.setattr(tenants.repository, "list_key_ids", read)
        between.append(tenants.issue_key("demo", "vera", ["editor"]))
        return found

    monkeypatch.setattr(tenants.repository, "list_key_ids", issue_another_first)
    late = tenants.issue_key("demo", "vera", ["admin"])
    assert [is_refused(app, key) for key in (*old, *between, late)] == [True, True, False, False]
    assert [key.principal.roles for key in tenants.list_keys("demo", "vera")] == [{"editor"}, {"admin"}]


def test_a_revoked_key_is_refused(app: App, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    leaked, other = (container.tenant_service().issue_key("demo", "vera", [role]) for role in ("admin", "viewer"))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["api_keys", *arguments])
        status = api_keys.main()
        output = capsys.readouterr()
        return status, output.out + output.err

    ids = [key.split("_")[1] for key in (leaked, other)]
    assert run("list", "demo", "vera") == (0, f"{ids[0]} admin\n{ids[1]} viewer\n")
    assert run("revoke", leaked) == (0, "revoked a key of vera of demo\n")
    assert is_refused(app, leaked)
    assert not is_refused(app, other)
    assert run("revoke", leaked) == (1, "There is no such API key.\n")
    assert run("list", "demo", "vera") == (0, f"{ids[1]} viewer\n")
    assert run("revoke", ids[1]) == (0, "revoked a key of vera of demo\n")
    assert run("list", "demo", "vera") == (0, "")
    assert run("list", "demo", "nobody") == (1, "There is no such user.\n")


def test_the_keys_of_a_deleted_user_are_refused(app: App) -> None:
    keys = [container.tenant_service().issue_key("demo", "vera", ["approver"]) for _ in range(2)]
    others = container.tenant_service().issue_key("other", "vera", ["approver"])
    assert app.request("directory", "directory_delete", path={"table": "users", "id": "vera"}).status == 200
    assert all(is_refused(app, key) for key in keys)
    assert not is_refused(app, others)
    app.put("users", "vera")
    assert all(is_refused(app, key) for key in keys), "nor do they work for another vera"


def test_a_key_that_is_issued_while_its_user_is_deleted_is_deleted_too(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = container.directory_service().repository
    delete = repository.delete
    between: list[str] = []

    def issue_a_key_first(*args: Any, **how: Any) -> None:
        monkeypatch.setattr(repository, "delete", delete)
        between.append(container.tenant_service().issue_key("demo", "vera", ["approver"]))
        delete(*args, **how)

    monkeypatch.setattr(repository, "delete", issue_a_key_first)
    assert app.request("directory", "directory_delete", path={"table": "users", "id": "vera"}).status == 200
    assert all(is_refused(app, key) for key in between)


def test_a_key_is_issued_only_to_a_user_of_the_directory(app: App) -> None:
    with pytest.raises(NotFound, match="no such user"):
        container.tenant_service().issue_key("demo", "nobody", ["viewer"])


def test_anything_else_is_refused(app: App) -> None:
    key = container.tenant_service().issue_key("demo", "vera", ["viewer"])
    other = container.tenant_service().issue_key("demo", "vera", ["admin"])
    mixed = key[:20] + other[20:]
    tokens = ("", "x", f"{key}x", key[:-1], mixed)
    for header in ("", "Bearer", key, f"Basic {key}", *(f"Bearer {token}" for token in tokens)):
        with pytest.raises(PermissionError, match=r"^Unauthorized$"):
            authorize(app, header)


def test_a_key_is_not_stored_in_clear_text(app: App) -> None:
    key = container.tenant_service().issue_key("demo", "vera", ["viewer"])
    assert key.split("_", 2)[2] not in json.dumps(app.items(), default=str)


def test_an_unknown_role_and_a_malformed_id_are_refused(app: App) -> None:
    tenants = container.tenant_service()
    for wrong in (
        lambda: tenants.issue_key("demo", "vera", ["owner"]),
        lambda: tenants.put_tenant("a#b", "A"),
        lambda: container.directory_service().put("demo", [Entity(table="users", id="", name="B")], [""]),
    ):
        with pytest.raises(ValidationFailed):
            wrong()


def test_renaming_a_user_retains_the_assigned_geofences(app: App) -> None:
    body: dict[str, Any] = {
        "assignments": [{"targetTable": "users", "targetId": "emil"}],
        "latitude": 1,
        "longitude": 1,
        "name": "X",
    }
    assert app.request("geofences", "create_circle", **body).status == 201
    container.directory_service().put("demo", [Entity(table="users", id="emil", name="Emil the Second")], [""])
    assert app.request("clock", "clock_start", location=None, action="start").status == 403
