"""The template: it passes SAM's checks and keeps the promises of the design."""

from __future__ import annotations

import importlib
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from fencepost.common.principal import ROLES
from fencepost.common.settings import Settings
from tests.functional.app import template

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".local" / "venvs" / "sam" / "bin" / "sam"
RESOURCES: dict[str, Any] = template()["Resources"]
FUNCTIONS = {
    name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"].endswith("::Function")
}
GROUPS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Cognito::UserPoolGroup"]


def get_folder(function: dict[str, Any]) -> str:
    return str(function["CodeUri"]).removeprefix("functions/")


def test_sam_finds_no_errors() -> None:
    process = subprocess.run(
        [SAM, "validate", "--lint", "--template", ROOT / "template.yaml", "--region", "eu-central-1"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(ROOT / ".local"), "SAM_CLI_TELEMETRY": "0"},
    )
    assert process.returncode == 0, process.stdout + process.stderr


def test_every_folder_in_functions_is_a_function_of_the_template() -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}
    assert folders == {get_folder(function) for function in FUNCTIONS.values()}


def test_the_template_has_the_routes_that_the_handlers_declare() -> None:
    for function in FUNCTIONS.values():
        events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "Api"]
        if not events:
            continue
        app = importlib.import_module(f"functions.{get_folder(function)}.app").app
        assert {(event["Method"], event["Path"]) for event in events} == set(app.routes)


def test_the_gateway_authorizes_all_routes_except_those_that_authenticate_by_themselves() -> None:
    for function in FUNCTIONS.values():
        events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "Api"]
        for event in events:
            route = importlib.import_module(f"functions.{get_folder(function)}.app").app.routes[
                event["Method"], event["Path"]
            ]
            assert event.get("Auth", {}) == ({"Authorizer": "NONE"} if route.is_public else {})


def test_functions_have_the_runtime_of_the_design() -> None:
    settings = template()["Globals"]["Function"]
    assert (settings["Runtime"], settings["Architectures"]) == ("python3.13", ["arm64"])
    assert settings["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert settings["AutoPublishAlias"] == "live"


def test_logs_have_a_retention_period() -> None:
    assert template()["Globals"]["Function"]["LoggingConfig"] == {"LogGroup": "Logs"}
    assert not any("LoggingConfig" in function for function in FUNCTIONS.values())
    assert RESOURCES["Logs"]["Properties"]["RetentionInDays"] == "LogRetentionDays"
    assert template()["Parameters"]["LogRetentionDays"]["Default"] <= 90


def test_environment_variables_are_known_settings() -> None:
    known = {field.name.upper() for field in fields(Settings)} | {"POWERTOOLS_LOG_LEVEL"}
    for function in FUNCTIONS.values():
        assert set(function.get("Environment", {}).get("Variables", {})) <= known


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_policy_allows_scans_or_wildcards(name: str) -> None:
    for policy in FUNCTIONS[name]["Policies"]:
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert "dynamodb:Scan" not in actions
            assert not any(action.endswith(":*") for action in actions)
            assert statement["Resource"] != "*"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_only_functions_with_post_routes_access_the_idempotency_table(name: str) -> None:
    """Records are read, written and deleted, but never queried."""
    function = FUNCTIONS[name]
    has_post_routes = any(
        event["Type"] == "Api" and event["Properties"]["Method"] == "POST"
        for event in function.get("Events", {}).values()
    )
    statements = [statement for policy in function["Policies"] for statement in policy["Statement"]]
    allowed = [s["Action"] for s in statements if "IdempotencyTable.Arn" in s["Resource"]]
    actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    assert allowed == ([actions] if has_post_routes else [])
    variable = function.get("Environment", {}).get("Variables", {}).get("IDEMPOTENCY_TABLE_NAME")
    assert variable == ("IdempotencyTable" if has_post_routes else None)


def test_stored_data_outlives_the_stack() -> None:
    for name in ("Table", "Bucket", "UserPool", *GROUPS):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"
    table = RESOURCES["Table"]["Properties"]
    assert table["DeletionProtectionEnabled"]
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert RESOURCES["UserPool"]["Properties"]["DeletionProtection"] == "ACTIVE"


def test_users_cannot_sign_up_or_change_their_tenant() -> None:
    pool, client = (RESOURCES[name]["Properties"] for name in ("UserPool", "UserPoolClient"))
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert {attribute["Name"]: attribute["Mutable"] for attribute in pool["Schema"]} == {
        "tenantId": False,
        "userId": False,
    }
    claims = {"custom:tenantId", "custom:userId"}
    assert claims <= set(client["ReadAttributes"]), "an ID token has only the claims that its client may read"
    assert claims.isdisjoint(client["WriteAttributes"])
    assert client["GenerateSecret"] is False


def test_the_groups_of_the_pool_are_the_roles() -> None:
    assert [RESOURCES[name]["Properties"]["GroupName"] for name in GROUPS] == list(ROLES)


def test_a_failure_of_the_authorizer_is_a_503_and_not_a_401() -> None:
    responses = RESOURCES["Api"]["Properties"]["GatewayResponses"]
    for kind in ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"):
        assert responses[kind]["StatusCode"] == 503
        assert "Retry-After" in responses[kind]["ResponseParameters"]["Headers"]


def test_a_chunk_stays_invisible_while_a_worker_may_still_process_it() -> None:
    timeout_s = FUNCTIONS["ImportWorkerFunction"]["Timeout"]
    assert RESOURCES["ImportQueue"]["Properties"]["VisibilityTimeout"] >= 6 * timeout_s
