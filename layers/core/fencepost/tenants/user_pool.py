"""Users who sign in at the Cognito user pool, known by the ID tokens that it gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fencepost.common.principal import ROLES, Principal, is_entity_id

if TYPE_CHECKING:
    from fencepost.tenants.id_tokens import IdTokens

# The gateway takes 10 KB of headers; a token with every group and long names has 2.
_MAX_CHARACTERS = 8192
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class UserPool:
    """
    :param client_id: the app client whose tokens count; those of the pool's other clients do not
    :param endpoint: where Cognito is asked for the pool's keys, if not at its own address. It moves the look-up
        alone: who must have issued a token follows from the pool's id, wherever the keys come from.
    """

    def __init__(self, *, pool_id: str, client_id: str, endpoint: str = "") -> None:
        region = pool_id.partition("_")[0]
        cognito = f"https://cognito-idp.{region}.amazonaws.com"
        self.issuer = f"{cognito}/{pool_id}"
        self.keys_address = f"{endpoint.rstrip('/') or cognito}/{pool_id}/.well-known/jwks.json"
        self._client_id = client_id

    def principal_of(self, token: str) -> Principal | None:
        """Whom an ID token of the pool stands for, or None. Raises Busy where the pool's keys cannot be had now."""
        if len(token) > _MAX_CHARACTERS or not _JWT.fullmatch(token):
            return None
        claims = self._tokens.claims_of(token)
        return None if claims is None else _principal(claims)

    @cached_property
    def _tokens(self) -> IdTokens:
        """Made when the first JWT comes: its libraries cost 100 ms, which API keys need not pay."""
        from fencepost.tenants.id_tokens import IdTokens

        return IdTokens(issuer=self.issuer, client_id=self._client_id, keys_address=self.keys_address)


def _principal(claims: Mapping[str, Any]) -> Principal | None:
    """None where an id has a shape that ours never have: it would become part of a key of the table.

    A user id that is there and wrong is not replaced by `sub`, for that would be somebody else.

    >>> _principal({"custom:tenantId": "demo", "sub": "8f14", "cognito:groups": ["viewer", "painters"]})
    Principal(tenant_id='demo', user_id='8f14', roles=frozenset({'viewer'}))
    >>> _principal({"custom:tenantId": "demo", "custom:userId": "a#b", "sub": "8f14"}) is None
    True
    """
    tenant_id, user_id = claims.get("custom:tenantId"), claims.get("custom:userId", claims.get("sub"))
    if not (is_entity_id(tenant_id) and is_entity_id(user_id)):
        return None
    groups = claims.get("cognito:groups", [])
    roles = frozenset(role for role in ROLES if isinstance(groups, list) and role in groups)
    return Principal(tenant_id=tenant_id, user_id=user_id, roles=roles)
