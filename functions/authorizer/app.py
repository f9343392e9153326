"""Authenticate the bearer token of every request to the API."""

from __future__ import annotations

from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.tenant_service)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return a policy that allows the whole API; the handlers check the roles.

    The gateway caches the policy for a token, whatever the route. ServiceBusy becomes its 503; see the template.

    Raises:
        PermissionError: The token is not valid.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    principal = container.tenant_service().authenticate(token.strip() if scheme.casefold() == "bearer" else "")
    if principal is None:
        raise PermissionError("Unauthorized")  # API Gateway turns exactly this word into a 401
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
