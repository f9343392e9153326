"""The demo: two tenants with five users each, a dropped KML file, one check and one clock start.

What the first start has made is the user's from then on: later ones only ask. The keys are remembered beside the
engine's data, for the table holds only their hashes.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from local.endpoint import Endpoint
from local.places import BUILT_LAYERS, ENGINE_PYTHON
from local.progress import say

ROLES: Final = ("admin", "editor", "viewer", "approver", "employee")
TENANTS: Final = ("demo", "other")
SAMPLE: Final = Path(__file__).with_name("sample.kml")
AT_THE_GATE: Final = {"latitude": 60.1675, "longitude": 24.9532}
_IMPORT_TIMEOUT_S: Final = 60
_OK: Final = 200


class DemoFailed(Exception):
    """A step of the demo was not answered as it should be."""


def prepare(endpoint: Endpoint, s3: Any, keys_file: Path) -> dict[str, Any]:
    """Makes the demo tenants, unless they are there; returns them as `.local/endpoint.json` holds them."""
    keys = _remembered_keys(keys_file)
    if keys is None:
        keys = _set_up(endpoint)
        admin_key = keys["demo"][user_of("demo", "admin")]
        _show_import(endpoint, s3)
        _show_clock(endpoint, admin_key, _gate(_show_check(endpoint, admin_key)))
        keys_file.write_text(json.dumps(keys))
    else:
        _show_check(endpoint, keys["demo"][user_of("demo", "admin")])
    return {
        tenant: {
            "tenantId": tenant,
            "keys": {role: keys[tenant][user_of(tenant, role)] for role in ROLES},
            "users": {role: user_of(tenant, role) for role in ROLES},
        }
        for tenant in TENANTS
    }


def curl_line(endpoint: Endpoint, tenants: dict[str, Any]) -> str:
    """A line to copy into a terminal."""
    key = tenants["demo"]["keys"]["viewer"]
    return (
        f"curl -s {endpoint.base_url}/geofences/check -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(AT_THE_GATE)}'"
    )


def user_of(tenant: str, role: str) -> str:
    """Users are named by tenant and role, so that no two tenants share an id."""
    return f"{tenant}-{role}"


def set_up_tenants(endpoint: Endpoint, setup: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Runs the administration command against the local table, as an operator would against a real one."""
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
    done = subprocess.run(command, input=setup_text, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"the tenants could not be set up:\n{done.stderr}")
    keys: dict[str, dict[str, str]] = json.loads(done.stdout)
    return keys


def _remembered_keys(file: Path) -> dict[str, dict[str, str]] | None:
    if not file.exists():
        return None
    keys: dict[str, dict[str, str]] = json.loads(file.read_text())
    return keys


def _set_up(endpoint: Endpoint) -> dict[str, dict[str, str]]:
    setup = {
        "tenants": [
            {
                "id": tenant,
                "name": f"{tenant.title()} Ltd",
                "users": [
                    *({"id": user_of(tenant, role), "name": role.title(), "roles": [role]} for role in ROLES),
                    {"id": user_of(tenant, "guard"), "name": "Gate guard"},
                ],
            }
            for tenant in TENANTS
        ]
    }
    return set_up_tenants(endpoint, setup)


def _show_import(endpoint: Endpoint, s3: Any) -> None:
    key = f"reports/demo/{SAMPLE.name}.json"
    if (report := _report(s3, endpoint.bucket, key)) is None:
        say(f"uploading {SAMPLE.name} to uploads/demo/")
        s3.put_object(Bucket=endpoint.bucket, Key=f"uploads/demo/{SAMPLE.name}", Body=SAMPLE.read_bytes())
        give_up_at = time.monotonic() + _IMPORT_TIMEOUT_S
        while (report := _report(s3, endpoint.bucket, key)) is None:
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"the import wrote no report within {_IMPORT_TIMEOUT_S} s; see .local/engine.log")
            time.sleep(0.1)
    counts = report["counts"]
    say(f"imported {counts['geofences']} geofences, skipped {counts['leftOut']}:")
    for row in report["leftOut"]:
        say(f"    '{row['name']}': {row['reason']}")


def _report(s3: Any, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return report


def _show_check(endpoint: Endpoint, key: str) -> dict[str, Any]:
    """The answer to a check at the gate."""
    say(f"POST /geofences/check {json.dumps(AT_THE_GATE)}")
    status, answer = _send(endpoint, key, "POST", "/geofences/check", AT_THE_GATE)
    say(f"    {status} {json.dumps(answer)}")
    return answer


def _gate(answer: dict[str, Any]) -> str:
    """The id of the geofence that a check has found."""
    if not answer.get("matches"):
        raise DemoFailed("the check did not find the imported geofence")
    return str(answer["matches"][0]["geofenceId"])


def _show_clock(endpoint: Endpoint, key: str, geofence_id: str) -> None:
    """A guard, who may clock in only at the gate, is clocked in there, and out again: the demo's users stay idle."""
    guard = user_of("demo", "guard")
    assignment = {"assignments": [{"targetTable": "users", "targetId": guard}]}
    _send(endpoint, key, "PUT", f"/geofences/{geofence_id}", assignment)
    start = {"action": "start", "userId": guard, "location": AT_THE_GATE | {"accuracy": 8}}
    cancel = {"action": "cancel", "userId": guard}
    _send(endpoint, key, "POST", "/clock", cancel)  # a first start that was stopped here has left it running
    say(f"POST /clock {json.dumps(start)}")
    status, answer = _send(endpoint, key, "POST", "/clock", start)
    say(f"    {status} {json.dumps(answer)}")
    if status != _OK:
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
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
