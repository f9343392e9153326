"""API keys: `fp_<key id>_<secret>`, shown once, kept as a hash.

The secret has 256 bits of chance, so that one round of SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fencepost.common.principal import Principal

# So that a new one can be handed out before the one that it replaces is gone.
LIVE_KEYS = 2
_TOKEN = re.compile(r"fp_([0-9a-f]{16})_([0-9A-Za-z_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """What is kept of a key."""

    id: str
    secret_sha256: str
    principal: Principal

    def matches(self, secret: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(self.secret_sha256, digest(secret))


def token(key_id: str, secret: str) -> str:
    return f"fp_{key_id}_{secret}"


def parts_of(token: str) -> tuple[str, str] | None:
    """The key id and the secret of a token, or None where it is no API key.

    >>> parts_of("fp_0123456789abcdef_" + "x" * 43)[0]
    '0123456789abcdef'
    >>> parts_of("Bearer nonsense") is None
    True
    """
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
