"""The template: what SAM says of it, and what it must promise."""

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


def folder(function: dict[str, Any]) -> str:
    return str(function["CodeUri"]).removeprefix("functions/")


def test_sam_finds_nothing_to_complain_about() -> None:
    done = subprocess.run(
        [SAM, "validate", "--lint", "--template", ROOT / "template.yaml", "--region", "eu-central-1"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(ROOT / ".local"), "SAM_CLI_TELEMETRY": "0"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_of_functions_is_a_function_of_the_template() -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}
    assert folders == {folder(function) for function in FUNCTIONS.values()}


def test_the_routes_of_the_template_are_those_that_the_handlers_declare() -> None:
    for function in FUNCTIONS.values():
        events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "Api"]
        if not events:
            continue
        app = importlib.import_module(f"functions.{folder(function)}.app").app
        assert {(event["Method"], event["Path"]) for event in events} == set(app.routes)


def test_the_gateway_lets_everybody_in_only_where_the_function_asks_who_it_is() -> None:
    for function in FUNCTIONS.values():
        events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "Api"]
        for event in events:
            route = importlib.import_module(f"functions.{folder(function)}.app").app.routes[
                event["Method"], event["Path"]
            ]
            assert event.get("Auth", {}) == ({"Authorizer": "NONE"} if route.is_public else {})


def test_functions_run_as_the_design_says() -> None:
    settings = template()["Globals"]["Function"]
    assert (settings["Runtime"], settings["Architectures"]) == ("python3.13", ["arm64"])
    assert settings["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert settings["AutoPublishAlias"] == "live"


def test_what_functions_log_is_not_kept_for_ever() -> None:
    assert template()["Globals"]["Function"]["LoggingConfig"] == {"LogGroup": "Logs"}
    assert not any("LoggingConfig" in function for function in FUNCTIONS.values())
    assert RESOURCES["Logs"]["Properties"]["RetentionInDays"] == "LogRetentionDays"
    assert template()["Parameters"]["LogRetentionDays"]["Default"] <= 90


def test_environments_name_only_settings_that_exist() -> None:
    known = {field.name.upper() for field in fields(Settings)} | {"POWERTOOLS_LOG_LEVEL"}
    for function in FUNCTIONS.values():
        assert set(function.get("Environment", {}).get("Variables", {})) <= known


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_may_more_than_it_needs(name: str) -> None:
    for policy in FUNCTIONS[name]["Policies"]:
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert "dynamodb:Scan" not in actions
            assert not any(action.endswith(":*") for action in actions)
            assert statement["Resource"] != "*"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_whoever_takes_a_post_may_keep_its_answer_and_nobody_else(name: str) -> None:
    """A record is claimed, read in pieces, kept and forgotten: never searched for."""
    function = FUNCTIONS[name]
    takes_posts = any(
        event["Type"] == "Api" and event["Properties"]["Method"] == "POST"
        for event in function.get("Events", {}).values()
    )
    statements = [statement for policy in function["Policies"] for statement in policy["Statement"]]
    allowed = [s["Action"] for s in statements if "IdempotencyTable.Arn" in s["Resource"]]
    wanted = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    assert allowed == ([wanted] if takes_posts else [])
    told = function.get("Environment", {}).get("Variables", {}).get("IDEMPOTENCY_TABLE_NAME")
    assert told == ("IdempotencyTable" if takes_posts else None)


def test_what_is_kept_outlives_the_stack() -> None:
    for name in ("Table", "Bucket", "UserPool", *GROUPS):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"
    table = RESOURCES["Table"]["Properties"]
    assert table["DeletionProtectionEnabled"]
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert RESOURCES["UserPool"]["Properties"]["DeletionProtection"] == "ACTIVE"


def test_nobody_signs_up_and_no_user_says_who_he_is() -> None:
    pool, client = (RESOURCES[name]["Properties"] for name in ("UserPool", "UserPoolClient"))
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert {attribute["Name"]: attribute["Mutable"] for attribute in pool["Schema"]} == {
        "tenantId": False,
        "userId": False,
    }
    said = {"custom:tenantId", "custom:userId"}
    assert said <= set(client["ReadAttributes"]), "an ID token tells no more than its client may read"
    assert said.isdisjoint(client["WriteAttributes"])
    assert client["GenerateSecret"] is False


def test_the_groups_of_the_pool_are_the_roles() -> None:
    assert [RESOURCES[name]["Properties"]["GroupName"] for name in GROUPS] == list(ROLES)


def test_a_token_that_cannot_be_checked_now_is_not_answered_as_a_bad_one() -> None:
    responses = RESOURCES["Api"]["Properties"]["GatewayResponses"]
    for kind in ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"):
        assert responses[kind]["StatusCode"] == 503
        assert "Retry-After" in responses[kind]["ResponseParameters"]["Headers"]


def test_a_chunk_is_not_handed_out_twice_while_a_worker_may_still_have_it() -> None:
    timeout_s = FUNCTIONS["ImportWorkerFunction"]["Timeout"]
    assert RESOURCES["ImportQueue"]["Properties"]["VisibilityTimeout"] >= 6 * timeout_s
