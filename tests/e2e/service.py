"""The deployed service as its users see it: HTTP, the bucket and the bus, each at the addresses of the engine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from local.endpoint import Endpoint
from local.engine import Engine

_T = TypeVar("_T")
_PATIENCE_S = 90.0


def eventually(look: Callable[[], _T | None], what: str, patience_s: float = _PATIENCE_S) -> _T:
    """What `look` finds, as soon as it finds something."""
    give_up_at = time.monotonic() + patience_s
    while (found := look()) is None:
        assert time.monotonic() < give_up_at, f"{what}: not within {patience_s} s"
        time.sleep(0.1)
    return found


@dataclass(frozen=True, kw_only=True)
class ForgottenClock:
    """A clock of the other tenant's employee that runs for longer than the limit of 24 hours."""

    start: datetime


@dataclass(frozen=True, kw_only=True)
class ClocksOfAShift:
    """The ids of a clock whose shift is over, and of one whose shift goes on; a reminder is due of both."""

    over: str
    ended: datetime
    on: str


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The tokens that the pool gave a user."""

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
        """A request with the API key of a demo user."""
        token = self.tenants[tenant]["keys"][role] if key is None else key
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return self.http.request(method, self.endpoint.base_url + path, headers=headers, **more)

    def sign_in(self, *groups: str, tenant: str | None = None, user_id: str | None = None) -> SignedIn:
        """A new user of the pool in these groups, made as an operator makes one, who signs in."""
        pool, name, password = self.engine.client("cognito-idp"), f"user-{uuid4()}", f"Pw-1-{uuid4()}"
        who = {"UserPoolId": self.endpoint.outputs["UserPoolId"], "Username": name}
        said = {"custom:tenantId": tenant, "custom:userId": user_id}
        attributes = [{"Name": key, "Value": value} for key, value in said.items() if value is not None]
        pool.admin_create_user(**who, UserAttributes=attributes, MessageAction="SUPPRESS")
        for group in groups:
            pool.admin_add_user_to_group(**who, GroupName=group)
        pool.admin_set_user_password(**who, Password=password, Permanent=True)
        answer = pool.admin_initiate_auth(
            UserPoolId=who["UserPoolId"],
            ClientId=self.endpoint.outputs["UserPoolClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        tokens = answer["AuthenticationResult"]
        return SignedIn(id_token=tokens["IdToken"], access_token=tokens["AccessToken"])

    def user(self, role: str, tenant: str = "demo") -> str:
        return str(self.tenants[tenant]["users"][role])

    def s3(self) -> Any:
        return self.engine.client("s3")

    def drop(self, key: str, content: bytes | Path) -> dict[str, Any]:
        """Drop a file in the bucket and wait for its report."""
        s3 = self.s3()
        folder = key.split("/")[1] if key.startswith("uploads/") and key.count("/") > 1 else ""
        is_known = folder in self.tenants
        report_key = f"reports/{key.removeprefix('uploads/') if is_known else f'_rejected/{key}'}.json"
        before = self._object(s3, report_key)
        s3.put_object(
            Bucket=self.endpoint.bucket, Key=key, Body=content if isinstance(content, bytes) else content.read_bytes()
        )

        def new_report() -> dict[str, Any] | None:
            found = self._object(s3, report_key)
            return json.loads(found) if found is not None and found != before else None

        return eventually(new_report, f"the report {report_key}")

    def _object(self, s3: Any, key: str) -> bytes | None:
        try:
            content: bytes = s3.get_object(Bucket=self.endpoint.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return content
