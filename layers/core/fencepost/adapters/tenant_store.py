"""Tenants, the entities of their directories, and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.adapters import keys, marshal
from fencepost.domain.api_keys import StoredKey
from fencepost.domain.geofence import Assignment
from fencepost.domain.principal import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.adapters.table import Table


class TenantStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def put_tenant(self, tenant_id: str, values: Mapping[str, Any]) -> None:
        self._table.set(keys.tenant(tenant_id), {"entity": "Tenant", "tenantId": tenant_id, **values})

    def put_entity(self, tenant_id: str, table: str, entity_id: str, name: str) -> None:
        """The geofences that are assigned to it are attributes of the same item, and stay."""
        key = keys.entity(tenant_id, Assignment(table, entity_id))
        self._table.set(key, {"entity": "Entity", "table": table, "id": entity_id, "name": name})

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
