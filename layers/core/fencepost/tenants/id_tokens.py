"""Telling a user pool's ID tokens from everything else that looks like one.

Only `user_pool` imports this, and only when a JWT comes: PyJWT and cryptography are slow to load.
"""

from __future__ import annotations

import time
from typing import Any

from jwt import PyJWKClient, PyJWT, PyJWTError, get_unverified_header

from fencepost.common.errors import ServiceBusy

# Cognito signs with this and nothing else. What a token says of itself does not choose how it is checked.
_ALGORITHM = "RS256"
_CLOCKS_DIFFER_BY_S = 60
_CLAIMS = ["exp", "iat", "iss", "aud", "sub", "token_use"]
# An access token is signed by the same pool, and is for Cognito's own API.
_USE = "id"

# A key that the pool has withdrawn is believed for so long at most.
_KEYS_LAST_S = 3600
# Anybody can invent key ids, and must not make us ask Cognito for each of them.
_ASKED_AGAIN_AFTER_S = 60
_FAILED_ASKED_AGAIN_AFTER_S = 5
_PATIENCE_S = 3


class IdTokens:
    """
    :param issuer: who must have issued a token, to the letter
    :param client_id: for whom it must have been issued
    :param keys_address: where the issuer's public keys are
    """

    def __init__(self, *, issuer: str, client_id: str, keys_address: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = _Keys(keys_address)
        self._jwt = PyJWT({"require": _CLAIMS, "strict_aud": True, "enforce_minimum_key_length": True})

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """What a genuine, unexpired ID token claims; None for any other. Raises Busy where no keys can be had."""
        try:
            key = self._keys.get_signing_key(get_unverified_header(token).get("kid", ""))
            claims: dict[str, Any] = self._jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_CLOCKS_DIFFER_BY_S,
            )
        except PyJWTError:
            return None
        return claims if claims["token_use"] == _USE else None


class _Keys(PyJWKClient):
    """The pool's keys, kept for an hour, and asked for again when a token names another, once a minute at most."""

    def __init__(self, address: str) -> None:
        super().__init__(address, lifespan=_KEYS_LAST_S, cooldown_duration=_ASKED_AGAIN_AFTER_S, timeout=_PATIENCE_S)
        self._failed_at: float | None = None

    def fetch_data(self) -> Any:
        """Raises Busy: that there are no keys says nothing about a token, which must neither open nor be refused."""
        if self._failed_at is not None and time.monotonic() - self._failed_at < _FAILED_ASKED_AGAIN_AFTER_S:
            raise ServiceBusy
        try:
            keys = super().fetch_data()
        except (PyJWTError, OSError, ValueError) as error:  # no answer, or one that is no set of keys
            self._failed_at = time.monotonic()
            raise ServiceBusy from error
        self._failed_at = None
        return keys
