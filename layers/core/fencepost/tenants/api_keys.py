"""API keys: `fp_<key id>_<secret>`, shown once and stored as a hash.

The secret has 256 random bits, so one round of SHA-256 is enough: it cannot be guessed.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fencepost.common.principal import Principal

# Two, so that a new key can be rolled out before the one that it replaces is revoked.
MAX_LIVE_KEYS = 2
_TOKEN = re.compile(r"fp_([0-9a-f]{16})_([0-9A-Za-z_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """An API key as the table has it: everything but the secret."""

    id: str
    secret_sha256: str
    principal: Principal

    def matches(self, secret: str) -> bool:
        """Compare a secret with the hash, in constant time."""
        return hmac.compare_digest(self.secret_sha256, hash_secret(secret))


def format_token(key_id: str, secret: str) -> str:
    return f"fp_{key_id}_{secret}"


def parse_token(token: str) -> tuple[str, str] | None:
    """Return the key id and the secret of an API key, or None if the token is not an API key.

    >>> parse_token("fp_0123456789abcdef_" + "x" * 43)[0]
    '0123456789abcdef'
    >>> parse_token("Bearer nonsense") is None
    True
    """
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
