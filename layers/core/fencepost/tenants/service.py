"""Set up tenants and their API keys, and authenticate callers by their tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.principal import ROLES, Principal, is_entity_id
from fencepost.common.retry import retry_on_conflict
from fencepost.tenants import api_keys
from fencepost.tenants.api_keys import StoredKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fencepost.timeclock.overlaps import OverlapPolicy
    from fencepost.timeclock.settings import EvaluatedAction, GeofenceMode
    from fencepost.timeclock.working_time import WorkingTime


DEFAULT_POLYGON_POINTS = 100
# As long as the gateway caches the response of its authorizer.
_CACHE_LIFESPAN = timedelta(seconds=60)
_MAX_CACHED = 1_000


class TenantRepository(Protocol):
    """The port to the stored tenants and API keys. Putting a tenant that exists retains what belongs to it."""

    def put_tenant(self, tenant_id: str, values: Mapping[str, Any]) -> None: ...
    def put_geofence_limit(self, tenant_id: str, limit: int | None) -> None: ...
    def has_tenant(self, tenant_id: str) -> bool: ...
    def get_polygon_point_limit(self, tenant_id: str) -> int | None: ...
    def get_redirect_origins(self, tenant_id: str) -> frozenset[str]: ...
    def list_key_ids(self, tenant_id: str, user_id: str) -> tuple[str, ...]: ...
    def replace_keys(
        self, principal: Principal, before: tuple[str, ...], after: tuple[str, ...], new: StoredKey | None = None
    ) -> None: ...
    def find_key(self, key_id: str) -> StoredKey | None: ...
    def delete_key(self, key_id: str) -> None: ...


class TokenAuthenticator(Protocol):
    """The port to a user pool, whose users sign in themselves and send tokens that are not API keys."""

    def authenticate(self, token: str) -> Principal | None:
        """Return the user to whom a token belongs, or None."""


@dataclass(frozen=True)
class TenantService:
    """The use cases of tenants, their API keys and their users' tokens."""

    repository: TenantRepository
    user_pool: TokenAuthenticator | None = None

    def put_tenant(
        self,
        tenant_id: str,
        name: str,
        *,
        clock_limit_hours: float | None = None,
        polygon_point_limit: int | None = None,
        overlaps: OverlapPolicy | None = None,
        geofence_modes: Mapping[EvaluatedAction, GeofenceMode] | None = None,
        time_zone: str | None = None,
        working_time: WorkingTime | None = None,
        positions: Mapping[str, int] | None = None,
        redirect_origins: Sequence[str] | None = None,
    ) -> None:
        """Create a tenant, or change its name and the settings that are not None.

        Raises:
            ValidationFailed: The id is not an id.
        """
        if not is_entity_id(tenant_id):
            raise ValidationFailed.field(
                "tenantId", "must be 1 to 64 letters, digits, - and _, the first a letter or digit"
            )
        values = {
            "name": name,
            "clockLimitHours": clock_limit_hours,
            "overlaps": overlaps,
            "geofenceModes": dict(geofence_modes) if geofence_modes is not None else None,
            "polygonPointLimit": polygon_point_limit,
            "timeZone": time_zone,
            "workingTime": working_time,
            "positions": positions,
            "redirectOrigins": None if redirect_origins is None else list(redirect_origins),
        }
        self.repository.put_tenant(tenant_id, values)

    def get_polygon_point_limit(self, tenant_id: str) -> int:
        """Return how many points a polygon of the zone API may have."""
        return self.repository.get_polygon_point_limit(tenant_id) or DEFAULT_POLYGON_POINTS

    def get_redirect_origins(self, tenant_id: str) -> frozenset[str]:
        """Return the origins to which the zone API may redirect the response to a browser's form."""
        return self.repository.get_redirect_origins(tenant_id)

    def limit_geofences(self, tenant_id: str, limit: int | None) -> None:
        """Limit the number of geofences from now on, or remove the limit with None."""
        self.repository.put_geofence_limit(tenant_id, limit)

    def issue_key(self, tenant_id: str, user_id: str, roles: Sequence[str]) -> str:
        """Issue an API key, which is not stored and cannot be shown again.

        The user's previous key stays valid; older ones are revoked.

        Raises:
            ValidationFailed: A role does not exist.
            NotFound: The user does not exist.
        """
        unknown = sorted(set(roles) - ROLES.keys())
        if unknown:
            raise ValidationFailed.field("roles", f"no such role: {', '.join(unknown)}; there are {', '.join(ROLES)}")
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        principal = Principal(tenant_id=tenant_id, user_id=user_id, roles=frozenset(roles))
        key = StoredKey(id=key_id, secret_sha256=api_keys.hash_secret(secret), principal=principal)

        def attempt() -> None:
            before = self.repository.list_key_ids(tenant_id, user_id)
            self.repository.replace_keys(principal, before, (*before, key_id)[-api_keys.MAX_LIVE_KEYS :], key)

        retry_on_conflict(attempt)
        return api_keys.format_token(key_id, secret)

    def list_keys(self, tenant_id: str, user_id: str) -> list[StoredKey]:
        """Return the API keys of a user, the newest last.

        Raises:
            NotFound: The user does not exist.
        """
        found = map(self.repository.find_key, self.repository.list_key_ids(tenant_id, user_id))
        return [key for key in found if key is not None]

    def revoke_key(self, key_id: str) -> Principal:
        """Revoke an API key, and return the user to whom it belonged.

        Raises:
            NotFound: The key does not exist.
        """
        key = self.repository.find_key(key_id)
        if key is None:
            raise NotFound("API key")
        principal = key.principal

        def attempt() -> None:
            before = self.repository.list_key_ids(principal.tenant_id, principal.user_id)
            if key_id not in before:
                raise NotFound("API key")
            self.repository.replace_keys(principal, before, tuple(live for live in before if live != key_id))

        try:
            retry_on_conflict(attempt)
        except NotFound:  # the user was deleted, or the key is older than the lists of keys
            self.repository.delete_key(key_id)
        return principal

    def authenticate(self, token: str) -> Principal | None:
        """Return the user to whom an API key or an ID token belongs, or None.

        Raises:
            ServiceBusy: The public keys of the user pool are not available.
        """
        parts = api_keys.parse_token(token)
        if parts is None:
            principal = self.user_pool.authenticate(token) if self.user_pool is not None else None
            # A typing error in the attributes of a user of the pool must not create a tenant.
            return principal if principal is not None and self.repository.has_tenant(principal.tenant_id) else None
        key = self.repository.find_key(parts[0])
        return key.principal if key is not None and key.matches(parts[1]) else None


@dataclass(frozen=True)
class CachedAuthenticator:
    """Authenticates for functions that the gateway does not authenticate for, and caches the result for a minute.

    Only the hash of a token is cached, and only if the token belongs to a user.
    """

    tenants: TenantService
    _cache: dict[str, tuple[Principal, datetime]] = field(default_factory=dict)

    def authenticate(self, token: str, now: datetime) -> Principal | None:
        """Return the user to whom a token belongs, or None.

        Raises:
            ServiceBusy: The public keys of the user pool are not available.
        """
        token_hash = api_keys.hash_secret(token)
        principal, until = self._cache.get(token_hash, (None, now))
        if principal is not None and now < until:
            return principal
        principal = self.tenants.authenticate(token)
        if principal is not None:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[token_hash] = principal, now + _CACHE_LIFESPAN
        return principal
