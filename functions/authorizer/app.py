"""From a bearer token to a principal, for every route of the API."""

from __future__ import annotations

from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.tenant_service)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Allow the whole API, and leave roles to the handlers: the answer is cached for all routes of a token."""
    principal = container.tenant_service().authenticate(
        _bearer_token(event)
    )  # Busy becomes the gateway's 503: see the template
    if principal is None:
        raise PermissionError("Unauthorized")  # API Gateway makes a 401 of this very word
    logger.info("authorized", tenant=principal.tenant_id)
    stage = event["methodArn"].split("/")[:2]
    return {
        "principalId": f"{principal.tenant_id}/{principal.user_id}",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "/".join([*stage, "*"])}],
        },
        "context": {
            "tenantId": principal.tenant_id,
            "userId": principal.user_id,
            "roles": ",".join(sorted(principal.roles)),
        },
    }


def _bearer_token(event: dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""
