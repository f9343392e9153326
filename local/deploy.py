"""Deploy the template to a running engine and map its API to a fixed address."""

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
LOCAL_PARAMETERS: Final = {"TlsOnly": "false"}
_ARTIFACTS: Final = "fencepost-artifacts"
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NEVER_COMPLETED: Final = ("CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK", "DELETE")
_DEPLOY_TIMEOUT_S: Final = 120.0


class DeploymentFailed(Exception):
    """The engine refused the stack. The message names each failed resource with the reason."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployed stack. `api_url` includes the stage and no API version."""

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
    """Create or update the stack. Deploying an unchanged stack changes nothing.

    Raises:
        DeploymentFailed: The engine refused the stack, or a resource failed.
    """
    template_url = _upload_template(engine.client("s3"), engine, template, layers)
    formation = engine.client("cloudformation")
    # A stack whose creation failed or was interrupted can only be deleted.
    if (_read_status(formation, stack) or "").startswith(_NEVER_COMPLETED):
        formation.delete_stack(StackName=stack)
        _wait_while_in_progress(formation, stack)
    if _create_or_update(formation, stack, template_url, parameters or {}):
        status = _wait_while_in_progress(formation, stack)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise DeploymentFailed(f"The stack is {status}.\n{_describe_failures(formation, stack)}")
    resources = formation.describe_stack_resources(StackName=stack)["StackResources"]
    api_id = next(it["PhysicalResourceId"] for it in resources if it["ResourceType"] == "AWS::ApiGateway::RestApi")
    gateway = engine.client("apigateway")
    processed = formation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    _apply_gateway_responses(gateway, api_id, json.loads(processed) if isinstance(processed, str) else processed)
    _map_base_path(gateway, api_id)
    outputs = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return Deployment(
        outputs={output["OutputKey"]: output["OutputValue"] for output in outputs}, api_url=f"{engine.url}/{STAGE}"
    )


def _upload_template(s3: Any, engine: Engine, template: Path, layers: Mapping[str, Path]) -> str:
    """Upload the template and its artifacts, and return its URL: the template exceeds the limit for inline bodies."""
    s3.create_bucket(Bucket=_ARTIFACTS)

    def upload(key: str, content: bytes) -> str:
        s3.put_object(Bucket=_ARTIFACTS, Key=key, Body=content)
        return f"s3://{_ARTIFACTS}/{key}"

    packaged = templates.load(template.read_text())
    templates.package(packaged, folder=template.parent, layers=layers, upload=upload)
    upload("template.json", json.dumps(packaged).encode())
    return f"{engine.url}/{_ARTIFACTS}/template.json"


def _create_or_update(formation: Any, stack: str, template_url: str, parameters: Mapping[str, str]) -> bool:
    """Request the change and return whether there is one to wait for."""
    arguments = {
        "StackName": stack,
        "TemplateURL": template_url,
        "Capabilities": _CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }
    try:
        if _read_status(formation, stack) is None:
            formation.create_stack(**arguments)
        else:
            formation.update_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):  # the API has no code for it
            return False
        raise DeploymentFailed(str(error)) from error
    return True


def _wait_while_in_progress(formation: Any, stack: str) -> str:
    deadline = time.monotonic() + _DEPLOY_TIMEOUT_S
    while (status := _read_status(formation, stack) or "DELETED").endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"The stack is still {status} after {_DEPLOY_TIMEOUT_S:.0f} s.")
        time.sleep(0.1)
    return status


def _read_status(formation: Any, stack: str) -> str | None:
    try:
        return str(formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):  # the API has no code for it
            return None
        raise


def _describe_failures(formation: Any, stack: str) -> str:
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("FAILED")]
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed)


def _apply_gateway_responses(gateway: Any, api_id: str, processed: Mapping[str, Any]) -> None:
    """Apply the gateway responses of the API definition, which AWS applies and the engine ignores.

    They take effect with the next deployment of the stage. Its description is their digest, so a deployment with
    unchanged responses is skipped.
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


def _map_base_path(gateway: Any, api_id: str) -> None:
    """Serve the API below `/api` of the engine's address, whatever id the deployment gave it."""
    names = {item["domainName"] for item in gateway.get_domain_names().get("items", [])}
    if HOST not in names:
        gateway.create_domain_name(domainName=HOST)
    for mapping in gateway.get_base_path_mappings(domainName=HOST).get("items", []):
        if mapping["restApiId"] == api_id:
            return
        gateway.delete_base_path_mapping(domainName=HOST, basePath=mapping["basePath"])
    gateway.create_base_path_mapping(domainName=HOST, basePath=STAGE, restApiId=api_id, stage=STAGE)
