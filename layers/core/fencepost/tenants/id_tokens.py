"""Verify the ID tokens of a user pool.

Only `user_pool` imports this module, and only when a JWT arrives: PyJWT and cryptography are slow to load.
"""

from __future__ import annotations

import time
from typing import Any

from jwt import PyJWKClient, PyJWT, PyJWTError, get_unverified_header

from fencepost.common.errors import ServiceBusy

# Cognito signs with this algorithm only. The header of a token must not choose how the token is verified.
_ALGORITHM = "RS256"
_LEEWAY_S = 60
_REQUIRED_CLAIMS = ["exp", "iat", "iss", "aud", "sub", "token_use"]
# The same pool signs access tokens, which are for Cognito's own API.
_REQUIRED_USE = "id"

# A key that the pool has withdrawn is trusted for at most this long.
_KEYS_LIFESPAN_S = 3600
# Anybody can invent key ids: they must not make us fetch the keys for each request.
_REFRESH_COOLDOWN_S = 60
_FAILURE_COOLDOWN_S = 5
_TIMEOUT_S = 3


class IdTokenVerifier:
    """Verifies ID tokens with the public keys of their issuer.

    Args:
        issuer: The required issuer, compared exactly.
        client_id: The required audience.
        keys_address: The URL of the issuer's public keys.
    """

    def __init__(self, *, issuer: str, client_id: str, keys_address: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = _JwksClient(keys_address)
        self._jwt = PyJWT({"require": _REQUIRED_CLAIMS, "strict_aud": True, "enforce_minimum_key_length": True})

    def verify(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a genuine, unexpired ID token, or None for any other token.

        Raises:
            ServiceBusy: The public keys are not available, so the token can be neither accepted nor refused.
        """
        try:
            key = self._keys.get_signing_key(get_unverified_header(token).get("kid", ""))
            claims: dict[str, Any] = self._jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
            )
        except PyJWTError:
            return None
        return claims if claims["token_use"] == _REQUIRED_USE else None


class _JwksClient(PyJWKClient):
    """Caches the public keys for an hour, and fetches them again for an unknown key id, at most once a minute."""

    def __init__(self, address: str) -> None:
        super().__init__(
            address, lifespan=_KEYS_LIFESPAN_S, cooldown_duration=_REFRESH_COOLDOWN_S, timeout=_TIMEOUT_S
        )
        self._failed_at: float | None = None

    def fetch_data(self) -> Any:
        """Fetch the keys, or fail at once for a few seconds after a failure.

        Raises:
            ServiceBusy: The keys are not available.
        """
        if self._failed_at is not None and time.monotonic() - self._failed_at < _FAILURE_COOLDOWN_S:
            raise ServiceBusy
        try:
            keys = super().fetch_data()
        except (PyJWTError, OSError, ValueError) as error:  # no response, or one that is not a set of keys
            self._failed_at = time.monotonic()
            raise ServiceBusy from error
        self._failed_at = None
        return keys
