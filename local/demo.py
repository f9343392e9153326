"""Prepare the demo: two tenants with five users each, an imported KML file, one check and one clock start.

The first run creates the data and later runs do not change it. The API keys are stored next to the engine's data,
because the table stores only their hashes.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from local.endpoint import Endpoint
from local.paths import BUILT_LAYERS, ENGINE_PYTHON
from local.progress import print_progress

ROLES: Final = ("admin", "editor", "viewer", "approver", "employee")
TENANTS: Final = ("demo", "other")
SAMPLE: Final = Path(__file__).with_name("sample.kml")
GATE: Final = {"latitude": 60.1675, "longitude": 24.9532}
_IMPORT_TIMEOUT_S: Final = 60


class DemoFailed(Exception):
    """A step of the demo failed."""


def prepare(endpoint: Endpoint, s3: Any, keys_file: Path) -> dict[str, Any]:
    """Create the demo tenants unless they exist, and return them in the form of `.local/endpoint.json`.

    Raises:
        DemoFailed: A step got an unexpected response.
    """
    if keys_file.exists():
        keys = json.loads(keys_file.read_text())
        _show_check(endpoint, keys["demo"][to_user_id("demo", "admin")])
    else:
        keys = _create_tenants(endpoint)
        admin_key = keys["demo"][to_user_id("demo", "admin")]
        _show_import(endpoint, s3)
        matches = _show_check(endpoint, admin_key).get("matches")
        if not matches:
            raise DemoFailed("the check did not find the imported geofence")
        _show_clock(endpoint, admin_key, matches[0]["geofenceId"])
        keys_file.write_text(json.dumps(keys))
    return {
        tenant: {
            "tenantId": tenant,
            "keys": {role: keys[tenant][to_user_id(tenant, role)] for role in ROLES},
            "users": {role: to_user_id(tenant, role) for role in ROLES},
        }
        for tenant in TENANTS
    }


def format_curl_command(endpoint: Endpoint, tenants: dict[str, Any]) -> str:
    """Return a command to copy into a terminal."""
    key = tenants["demo"]["keys"]["viewer"]
    return (
        f"curl -s {endpoint.base_url}/geofences/check -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(GATE)}'"
    )


def to_user_id(tenant: str, role: str) -> str:
    """Return the id of a demo user. Tenant and role are part of it, so no two tenants share an id."""
    return f"{tenant}-{role}"


def set_up_tenants(endpoint: Endpoint, setup: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Run the administration command against the local table and return the API keys by tenant and user.

    Raises:
        DemoFailed: The command failed.
    """
    layers = os.pathsep.join(str(BUILT_LAYERS / "host" / layer / "python") for layer in ("core", "geo"))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": layers,
        "TABLE_NAME": endpoint.outputs["TableName"],
        "AWS_ENDPOINT_URL": endpoint.aws_endpoint,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_ACCESS_KEY_ID": endpoint.access_key_id,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key,
    }
    command = [str(ENGINE_PYTHON), "-m", "fencepost.cli.tenants"]
    setup_text = json.dumps(setup)
    process = subprocess.run(command, input=setup_text, env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        raise DemoFailed(f"the tenants could not be set up:\n{process.stderr}")
    keys: dict[str, dict[str, str]] = json.loads(process.stdout)
    return keys


def _create_tenants(endpoint: Endpoint) -> dict[str, dict[str, str]]:
    setup = {
        "tenants": [
            {
                "id": tenant,
                "name": f"{tenant.title()} Ltd",
                "users": [
                    *({"id": to_user_id(tenant, role), "name": role.title(), "roles": [role]} for role in ROLES),
                    {"id": to_user_id(tenant, "guard"), "name": "Gate guard"},
                ],
            }
            for tenant in TENANTS
        ]
    }
    return set_up_tenants(endpoint, setup)


def _show_import(endpoint: Endpoint, s3: Any) -> None:
    key = f"reports/demo/{SAMPLE.name}.json"
    if (report := _read_report(s3, endpoint.bucket, key)) is None:
        print_progress(f"uploading {SAMPLE.name} to uploads/demo/")
        s3.put_object(Bucket=endpoint.bucket, Key=f"uploads/demo/{SAMPLE.name}", Body=SAMPLE.read_bytes())
        deadline = time.monotonic() + _IMPORT_TIMEOUT_S
        while (report := _read_report(s3, endpoint.bucket, key)) is None:
            if time.monotonic() > deadline:
                raise DemoFailed(f"the import wrote no report within {_IMPORT_TIMEOUT_S} s; see .local/engine.log")
            time.sleep(0.1)
    counts = report["counts"]
    print_progress(f"imported {counts['geofences']} geofences, skipped {counts['leftOut']}:")
    for row in report["leftOut"]:
        print_progress(f"    '{row['name']}': {row['reason']}")


def _read_report(s3: Any, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return report


def _show_check(endpoint: Endpoint, key: str) -> dict[str, Any]:
    print_progress(f"POST /geofences/check {json.dumps(GATE)}")
    status, body = _send(endpoint, key, "POST", "/geofences/check", GATE)
    print_progress(f"    {status} {json.dumps(body)}")
    return body


def _show_clock(endpoint: Endpoint, key: str, geofence_id: str) -> None:
    """Clock in a guard who may clock in only at the gate. Then cancel the clock, so no demo user has one running."""
    guard = to_user_id("demo", "guard")
    assignment = {"assignments": [{"targetTable": "users", "targetId": guard}]}
    _send(endpoint, key, "PUT", f"/geofences/{geofence_id}", assignment)
    start = {"action": "start", "userId": guard, "location": GATE | {"accuracy": 8}}
    cancel = {"action": "cancel", "userId": guard}
    _send(endpoint, key, "POST", "/clock", cancel)  # an interrupted run may have left the clock running
    print_progress(f"POST /clock {json.dumps(start)}")
    status, body = _send(endpoint, key, "POST", "/clock", start)
    print_progress(f"    {status} {json.dumps(body)}")
    if status != HTTPStatus.OK:
        raise DemoFailed("the clock did not start")
    _send(endpoint, key, "POST", "/clock", cancel)


def _send(endpoint: Endpoint, key: str, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - always http on loopback
        endpoint.base_url + path,
        data=json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
