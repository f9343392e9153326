"""Deploys the template to a running engine, and gives its API an address that never changes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from local import templates
from local.engine import HOST, Engine

STACK: Final = "fencepost"
STAGE: Final = "api"
ON_LOOPBACK: Final = {"TlsOnly": "false"}
_ARTIFACTS: Final = "fencepost-artifacts"
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NEVER_STOOD: Final = ("CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK", "DELETE")
_DEPLOYS_WITHIN_S: Final = 120.0


class DeploymentFailed(Exception):
    """The engine refused the stack. The text names each resource that failed, and why."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A stack in place: its outputs, and the address of its API with the stage, without a version."""

    outputs: Mapping[str, str]
    api_url: str


def deploy(
    engine: Engine,
    *,
    template: Path,
    layers: Mapping[str, Path],
    parameters: Mapping[str, str] | None = None,
    stack: str = STACK,
) -> Deployment:
    """Creates the stack or brings it up to date; deploying what is already there changes nothing.

    Raises DeploymentFailed.
    """
    address = _upload_template(engine.client("s3"), engine, template, layers)
    formation = engine.client("cloudformation")
    _remove_what_never_stood(formation, stack)
    if _create_or_update(formation, stack, address, parameters or {}):
        _wait(formation, stack)
    api_id = _physical_id(formation, stack, "AWS::ApiGateway::RestApi")
    gateway = engine.client("apigateway")
    _apply_gateway_responses(gateway, api_id, _processed_template(formation, stack))
    _map_address(gateway, api_id)
    return Deployment(outputs=_outputs(formation, stack), api_url=f"{engine.url}/{STAGE}")


def _upload_template(s3: Any, engine: Engine, template: Path, layers: Mapping[str, Path]) -> str:
    """Stores the template with all it names, and tells where (a template soon outgrows the inline limit)."""
    s3.create_bucket(Bucket=_ARTIFACTS)

    def upload(key: str, content: bytes) -> str:
        s3.put_object(Bucket=_ARTIFACTS, Key=key, Body=content)
        return f"s3://{_ARTIFACTS}/{key}"

    packaged = templates.load(template.read_text())
    templates.package(packaged, folder=template.parent, layers=layers, upload=upload)
    upload("template.json", json.dumps(packaged).encode())
    return f"{engine.url}/{_ARTIFACTS}/template.json"


def _remove_what_never_stood(formation: Any, stack: str) -> None:
    """Clears away a stack whose creation failed or was interrupted: such a one can only be deleted."""
    if (_status(formation, stack) or "").startswith(_NEVER_STOOD):
        formation.delete_stack(StackName=stack)
        _wait_while_in_progress(formation, stack)


def _create_or_update(formation: Any, stack: str, address: str, parameters: Mapping[str, str]) -> bool:
    """Whether there is anything to wait for."""
    arguments = {
        "StackName": stack,
        "TemplateURL": address,
        "Capabilities": _CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }
    try:
        if _status(formation, stack) is None:
            formation.create_stack(**arguments)
        else:
            formation.update_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):  # the API has no code for it
            return False
        raise DeploymentFailed(str(error)) from error
    return True


def _wait(formation: Any, stack: str) -> None:
    status = _wait_while_in_progress(formation, stack)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentFailed(f"The stack is {status}.\n{_failures(formation, stack)}")


def _wait_while_in_progress(formation: Any, stack: str) -> str:
    deadline = time.monotonic() + _DEPLOYS_WITHIN_S
    while (status := _status(formation, stack) or "gone").endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"The stack is still {status} after {_DEPLOYS_WITHIN_S:.0f} s.")
        time.sleep(0.1)
    return status


def _status(formation: Any, stack: str) -> str | None:
    try:
        return str(formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):  # the API has no code for it
            return None
        raise


def _failures(formation: Any, stack: str) -> str:
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("FAILED")]
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed)


def _physical_id(formation: Any, stack: str, resource_type: str) -> str:
    resources = formation.describe_stack_resources(StackName=stack)["StackResources"]
    of_type = (each["PhysicalResourceId"] for each in resources if each["ResourceType"] == resource_type)
    return str(next(of_type))


def _outputs(formation: Any, stack: str) -> dict[str, str]:
    described = formation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _processed_template(formation: Any, stack: str) -> dict[str, Any]:
    body = formation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    processed: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
    return processed


def _apply_gateway_responses(gateway: Any, api_id: str, processed: Mapping[str, Any]) -> None:
    """Honours the gateway responses in an API's definition: AWS does so by itself, the engine does not.

    They take effect with the next deployment of the stage, which carries their digest as its description:
    what is in effect already is left alone.
    """
    api = next(each for each in processed["Resources"].values() if each["Type"] == "AWS::ApiGateway::RestApi")
    responses = api["Properties"]["Body"].get("x-amazon-apigateway-gateway-responses", {})
    digest = hashlib.sha256(json.dumps(responses, sort_keys=True).encode()).hexdigest()
    current = gateway.get_stage(restApiId=api_id, stageName=STAGE)["deploymentId"]
    if gateway.get_deployment(restApiId=api_id, deploymentId=current).get("description") == digest:
        return
    for kind, response in responses.items():
        settings = {name: str(value) if name == "statusCode" else value for name, value in response.items()}
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **settings)
    gateway.create_deployment(restApiId=api_id, stageName=STAGE, description=digest)


def _map_address(gateway: Any, api_id: str) -> None:
    """Serves the API below `/api` of the engine's own address, whatever id its last deployment gave it."""
    names = {item["domainName"] for item in gateway.get_domain_names().get("items", [])}
    if HOST not in names:
        gateway.create_domain_name(domainName=HOST)
    for mapping in gateway.get_base_path_mappings(domainName=HOST).get("items", []):
        if mapping["restApiId"] == api_id:
            return
        gateway.delete_base_path_mapping(domainName=HOST, basePath=mapping["basePath"])
    gateway.create_base_path_mapping(domainName=HOST, basePath=STAGE, restApiId=api_id, stage=STAGE)
