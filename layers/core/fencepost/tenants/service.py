"""Setting up tenants and their API keys, and knowing a caller by a token."""

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

    from fencepost.timeclock.overlaps import Policy
    from fencepost.timeclock.settings import Judged, Mode
    from fencepost.timeclock.working_time import WorkingTime


DEFAULT_POLYGON_POINTS = 100
# As long as the gateway keeps what its authorizer says.
_REMEMBERED_FOR = timedelta(seconds=60)
_MAX_REMEMBERED = 1_000


class TenantRepository(Protocol):
    """The port to where tenants and API keys are kept. Putting what is there keeps what hangs on it."""

    def put_tenant(self, tenant_id: str, values: Mapping[str, Any]) -> None: ...
    def put_geofence_limit(self, tenant_id: str, limit: int | None) -> None: ...
    def has_tenant(self, tenant_id: str) -> bool: ...
    def polygon_point_limit(self, tenant_id: str) -> int | None: ...
    def redirect_origins(self, tenant_id: str) -> frozenset[str]: ...
    def live_keys(self, tenant_id: str, user_id: str) -> tuple[str, ...]: ...
    def replace_keys(
        self, principal: Principal, before: tuple[str, ...], after: tuple[str, ...], new: StoredKey | None = None
    ) -> None: ...
    def get_key(self, key_id: str) -> StoredKey | None: ...
    def remove_key(self, key_id: str) -> None: ...


class SignedInUsers(Protocol):
    """The port to where users sign in by themselves, and get tokens that are no API keys."""

    def principal_of(self, token: str) -> Principal | None: ...


@dataclass(frozen=True)
class TenantService:
    store: TenantRepository
    signed_in: SignedInUsers | None = None

    def put_tenant(
        self,
        tenant_id: str,
        name: str,
        *,
        clock_limit_hours: float | None = None,
        polygon_point_limit: int | None = None,
        overlaps: Policy | None = None,
        geofence_modes: Mapping[Judged, Mode] | None = None,
        time_zone: str | None = None,
        working_time: WorkingTime | None = None,
        positions: Mapping[str, int] | None = None,
        redirect_origins: Sequence[str] | None = None,
    ) -> None:
        """Create a tenant, or change its name and what else is said. Raises Invalid."""
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
        self.store.put_tenant(tenant_id, values)

    def polygon_point_limit(self, tenant_id: str) -> int:
        """So many points a polygon of the zone vocabulary may have."""
        return self.store.polygon_point_limit(tenant_id) or DEFAULT_POLYGON_POINTS

    def redirect_origins(self, tenant_id: str) -> frozenset[str]:
        """To these the answer to a browser's form may be sent on."""
        return self.store.redirect_origins(tenant_id)

    def limit_geofences(self, tenant_id: str, limit: int | None) -> None:
        """From now on at most so many geofences; None: any number."""
        self.store.put_geofence_limit(tenant_id, limit)

    def issue_key(self, tenant_id: str, user_id: str, roles: Sequence[str]) -> str:
        """A new API key; it is not kept and cannot be shown again. The user's one before stays, older ones go.

        Raises Invalid for an unknown role, NotFound for an unknown user.
        """
        unknown = sorted(set(roles) - ROLES.keys())
        if unknown:
            raise ValidationFailed.field("roles", f"no such role: {', '.join(unknown)}; there are {', '.join(ROLES)}")
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        principal = Principal(tenant_id=tenant_id, user_id=user_id, roles=frozenset(roles))
        key = StoredKey(id=key_id, secret_sha256=api_keys.digest(secret), principal=principal)

        def attempt() -> None:
            before = self.store.live_keys(tenant_id, user_id)
            self.store.replace_keys(principal, before, (*before, key_id)[-api_keys.LIVE_KEYS :], key)

        retry_on_conflict(attempt)
        return api_keys.token(key_id, secret)

    def keys_of(self, tenant_id: str, user_id: str) -> list[StoredKey]:
        """The API keys of a user, the newest last. Raises NotFound for an unknown user."""
        found = map(self.store.get_key, self.store.live_keys(tenant_id, user_id))
        return [key for key in found if key is not None]

    def revoke_key(self, key_id: str) -> Principal:
        """From now on an API key opens nothing; whose it was. Raises NotFound."""
        key = self.store.get_key(key_id)
        if key is None:
            raise NotFound("API key")
        principal = key.principal

        def attempt() -> None:
            before = self.store.live_keys(principal.tenant_id, principal.user_id)
            if key_id not in before:
                raise NotFound("API key")
            self.store.replace_keys(principal, before, tuple(live for live in before if live != key_id))

        try:
            retry_on_conflict(attempt)
        except NotFound:  # of a user who is gone, or from before users named their keys
            self.store.remove_key(key_id)
        return principal

    def principal_of(self, token: str) -> Principal | None:
        """Whom a token stands for, or None. Raises Busy where that cannot be told now."""
        parts = api_keys.parts_of(token)
        if parts is None:
            principal = self.signed_in.principal_of(token) if self.signed_in is not None else None
            # A slip in a user's attributes must not make a tenant that nobody has set up.
            return principal if principal is not None and self.store.has_tenant(principal.tenant_id) else None
        key = self.store.get_key(parts[0])
        return key.principal if key is not None and key.matches(parts[1]) else None


@dataclass(frozen=True)
class CachedAuthenticator:
    """Whom tokens stand for, for functions that authenticate by themselves: once a minute a token, and a container.

    Of a token only its digest is remembered, and nothing of one that stands for nobody.
    """

    tenants: TenantService
    _known: dict[str, tuple[Principal, datetime]] = field(default_factory=dict)

    def principal_of(self, token: str, now: datetime) -> Principal | None:
        """Raises Busy where that cannot be told now."""
        name = api_keys.digest(token)
        principal, until = self._known.get(name, (None, now))
        if principal is not None and now < until:
            return principal
        principal = self.tenants.principal_of(token)
        if principal is not None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[name] = principal, now + _REMEMBERED_FOR
        return principal
