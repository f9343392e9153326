"""A client of the deployed service: HTTP, the bucket and the user pool, at the addresses of the engine."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from local import demo, layers
from local.deploy import LOCAL_PARAMETERS, deploy
from local.endpoint import Endpoint
from local.engine import HOST, Engine
from local.paths import TEMPLATE

_T = TypeVar("_T")
_TIMEOUT_S = 90.0


def wait_for(find: Callable[[], _T | None], label: str, timeout_s: float = _TIMEOUT_S) -> _T:
    """Call `find` until it returns something, and return that."""
    deadline = time.monotonic() + timeout_s
    while (result := find()) is None:
        assert time.monotonic() < deadline, f"{label}: not within {timeout_s} s"
        time.sleep(0.1)
    return result


@dataclass(frozen=True, kw_only=True)
class ForgottenClock:
    """A clock of the other tenant's employee that runs for longer than the limit of 24 hours."""

    start: datetime


@dataclass(frozen=True, kw_only=True)
class ShiftClocks:
    """A clock whose shift has ended, and one whose shift goes on and that is due for a reminder."""

    ended_id: str
    ended_at: datetime
    running_id: str


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The tokens of a user who has signed in."""

    id_token: str
    access_token: str


@dataclass
class Service:
    engine: Engine
    endpoint: Endpoint
    tenants: dict[str, Any]
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "admin",
        tenant: str = "demo",
        key: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request with the API key of a demo user, or with another key or token."""
        token = self.tenants[tenant]["keys"][role] if key is None else key
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return self.http.request(method, self.endpoint.base_url + path, headers=headers, **more)

    def sign_in(self, *groups: str, tenant: str | None = None, user_id: str | None = None) -> Tokens:
        """Create a user of the pool in these groups, as an operator does, and sign in."""
        pool, name, password = self.engine.client("cognito-idp"), f"user-{uuid4()}", f"Pw-1-{uuid4()}"
        user = {"UserPoolId": self.endpoint.outputs["UserPoolId"], "Username": name}
        claims = {"custom:tenantId": tenant, "custom:userId": user_id}
        attributes = [{"Name": key, "Value": value} for key, value in claims.items() if value is not None]
        pool.admin_create_user(**user, UserAttributes=attributes, MessageAction="SUPPRESS")
        for group in groups:
            pool.admin_add_user_to_group(**user, GroupName=group)
        pool.admin_set_user_password(**user, Password=password, Permanent=True)
        answer = pool.admin_initiate_auth(
            UserPoolId=user["UserPoolId"],
            ClientId=self.endpoint.outputs["UserPoolClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        tokens = answer["AuthenticationResult"]
        return Tokens(id_token=tokens["IdToken"], access_token=tokens["AccessToken"])

    def create_geofence(self, *, tenant: str = "demo", **body: Any) -> dict[str, Any]:
        """Create a geofence with a unique name and return it."""
        answer = self.call("POST", "/geofences", {"name": f"Site {uuid4()}"} | body, tenant=tenant)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def find_user_id(self, role: str, tenant: str = "demo") -> str:
        return str(self.tenants[tenant]["users"][role])

    def import_file(self, key: str, content: bytes | Path) -> dict[str, Any]:
        """Upload a file to the bucket and return the report of its import."""
        s3 = self.engine.client("s3")
        folder = key.split("/")[1] if key.startswith("uploads/") and key.count("/") > 1 else ""
        has_tenant = folder in self.tenants
        report_key = f"reports/{key.removeprefix('uploads/') if has_tenant else f'_rejected/{key}'}.json"
        before = self._read_object(s3, report_key)
        s3.put_object(
            Bucket=self.endpoint.bucket, Key=key, Body=content if isinstance(content, bytes) else content.read_bytes()
        )

        def find_report() -> dict[str, Any] | None:
            content = self._read_object(s3, report_key)
            return json.loads(content) if content is not None and content != before else None

        return wait_for(find_report, f"the report {report_key}")

    def _read_object(self, s3: Any, key: str) -> bytes | None:
        try:
            content: bytes = s3.get_object(Bucket=self.endpoint.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return content


def find_free_port() -> int:
    """Return a port on loopback that no program listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def deploy_service(engine: Engine) -> Service:
    """Deploy the template and prepare the demo tenants, as `make run` does."""
    deployment = deploy(engine, template=TEMPLATE, layers=layers.build_for_host(), parameters=LOCAL_PARAMETERS)
    endpoint = Endpoint.from_deployment(engine, deployment)
    return Service(engine, endpoint, demo.prepare(endpoint, engine.client("s3"), engine.data_dir / "demo-keys.json"))
