"""Authenticate users who signed in at the Cognito user pool, by the ID tokens that it issued to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fencepost.common.principal import ROLES, Principal, is_entity_id

if TYPE_CHECKING:
    from fencepost.tenants.id_tokens import IdTokenVerifier

# The gateway accepts 10 KB of headers; a token with every group and long names has 2 KB.
_MAX_TOKEN_LENGTH = 8192
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class UserPool:
    """A Cognito user pool.

    Args:
        pool_id: The id of the pool. The required issuer of its tokens follows from it.
        client_id: The app client whose tokens are accepted; tokens of the pool's other clients are not.
        endpoint: The address from which the pool's public keys are fetched, if it is not Cognito's own.
    """

    def __init__(self, *, pool_id: str, client_id: str, endpoint: str = "") -> None:
        region = pool_id.partition("_")[0]
        cognito = f"https://cognito-idp.{region}.amazonaws.com"
        self.issuer = f"{cognito}/{pool_id}"
        self.keys_address = f"{endpoint.rstrip('/') or cognito}/{pool_id}/.well-known/jwks.json"
        self._client_id = client_id

    def authenticate(self, token: str) -> Principal | None:
        """Return the user to whom an ID token of the pool belongs, or None if it is not one.

        Raises:
            ServiceBusy: The pool's public keys are not available.
        """
        if len(token) > _MAX_TOKEN_LENGTH or not _JWT.fullmatch(token):
            return None
        claims = self._verifier.verify(token)
        return None if claims is None else _to_principal(claims)

    @cached_property
    def _verifier(self) -> IdTokenVerifier:
        """Create the verifier when the first JWT arrives: its libraries take 100 ms to load."""
        from fencepost.tenants.id_tokens import IdTokenVerifier

        return IdTokenVerifier(issuer=self.issuer, client_id=self._client_id, keys_address=self.keys_address)


def _to_principal(claims: Mapping[str, Any]) -> Principal | None:
    """Convert verified claims, or return None if an id is malformed: it would become part of a key of the table.

    A user id that is present but wrong is not replaced by `sub`, which would be another user.

    >>> _to_principal({"custom:tenantId": "demo", "sub": "8f14", "cognito:groups": ["viewer", "painters"]})
    Principal(tenant_id='demo', user_id='8f14', roles=frozenset({'viewer'}))
    >>> _to_principal({"custom:tenantId": "demo", "custom:userId": "a#b", "sub": "8f14"}) is None
    True
    """
    tenant_id, user_id = claims.get("custom:tenantId"), claims.get("custom:userId", claims.get("sub"))
    if not (is_entity_id(tenant_id) and is_entity_id(user_id)):
        return None
    groups = claims.get("cognito:groups", [])
    roles = frozenset(role for role in ROLES if isinstance(groups, list) and role in groups)
    return Principal(tenant_id=tenant_id, user_id=user_id, roles=roles)
