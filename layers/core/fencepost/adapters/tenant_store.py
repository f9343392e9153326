"""Tenants, their settings, and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.adapters import keys, marshal
from fencepost.adapters.table import COUNT, LIMIT, ROOM, UNLIMITED, Transaction
from fencepost.adapters.working_time import working_time_text
from fencepost.domain.api_keys import StoredKey
from fencepost.domain.errors import Busy
from fencepost.domain.principal import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.adapters.table import Table


class TenantStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def put_tenant(self, tenant_id: str, values: Mapping[str, Any]) -> None:
        """What is None stays as it is."""
        model = values.get("workingTime")
        kept = {**values, "workingTime": working_time_text(model) if model is not None else None}
        if values.get("positions") is not None:
            kept |= {"GSI2PK": keys.POSITION_POLICIES, "GSI2SK": tenant_id}
        self._table.set(keys.tenant(tenant_id), {"entity": "Tenant", "tenantId": tenant_id, **kept})

    def put_geofence_limit(self, tenant_id: str, limit: int | None) -> None:
        """From now on at most so many geofences, or, with None, any number; those that are there stay."""
        transaction = Transaction()
        transaction.update(
            keys.quota(tenant_id),
            Busy(),
            UpdateExpression="SET #room = :limit - if_not_exists(#count, :none), #limit = :limit",
            ExpressionAttributeNames={"#room": ROOM, "#count": COUNT, "#limit": LIMIT},
            ExpressionAttributeValues={
                ":limit": {"N": str(UNLIMITED if limit is None else limit)},
                ":none": {"N": "0"},
            },
        )
        self._table.write(transaction)

    def has_tenant(self, tenant_id: str) -> bool:
        return self._table.get(keys.tenant(tenant_id), consistent=False) is not None

    def polygon_point_limit(self, tenant_id: str) -> int | None:
        item = self._table.get(keys.tenant(tenant_id), consistent=False) or {}
        return int(item["polygonPointLimit"]["N"]) if "polygonPointLimit" in item else None

    def redirect_origins(self, tenant_id: str) -> frozenset[str]:
        item = self._table.get(keys.tenant(tenant_id), consistent=False) or {}
        return frozenset(origin["S"] for origin in item.get("redirectOrigins", {"L": []})["L"])

    def put_key(self, key: StoredKey) -> None:
        who = key.principal
        values = {
            "entity": "ApiKey",
            "secretSha256": key.secret_sha256,
            "tenantId": who.tenant_id,
            "userId": who.user_id,
            "roles": sorted(who.roles),
        }
        self._table.set(keys.api_key(key.id), values)

    def get_key(self, key_id: str) -> StoredKey | None:
        item = self._table.get(keys.api_key(key_id), consistent=False)
        if item is None:
            return None
        v = marshal.plain(item)
        principal = Principal(tenant_id=v["tenantId"], user_id=v["userId"], roles=frozenset(v["roles"]))
        return StoredKey(id=key_id, secret_sha256=v["secretSha256"], principal=principal)
