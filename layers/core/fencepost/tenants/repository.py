"""Tenants, their settings, and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound, ServiceBusy, VersionMismatch
from fencepost.common.principal import Principal
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import COUNT, LIMIT, ROOM, UNLIMITED, Transaction, unchanged
from fencepost.tenants.api_keys import StoredKey
from fencepost.timeclock.working_time_item import working_time_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table

API_KEYS = "apiKeys"


class DynamoDBTenantRepository:
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
            ServiceBusy(),
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

    def live_keys(self, tenant_id: str, user_id: str) -> tuple[str, ...]:
        """The ids of a user's API keys, the newest last. Raises NotFound where there is no such user."""
        item = self._table.get(keys.entity(tenant_id, EntityRef("users", user_id)))
        if item is None:
            raise NotFound("user")
        return api_keys_of(item)

    def replace_keys(
        self, principal: Principal, before: tuple[str, ...], after: tuple[str, ...], new: StoredKey | None = None
    ) -> None:
        """Have a user have these keys instead of those `before`; one may be new. Raises VersionMismatch."""
        transaction = Transaction()
        if new is not None:
            item = {
                "entity": "ApiKey",
                "secretSha256": new.secret_sha256,
                "tenantId": principal.tenant_id,
                "userId": principal.user_id,
                "roles": sorted(new.principal.roles),
            }
            transaction.put(keys.api_key(new.id) | serializer.item(item))
        for key_id in before:
            if key_id not in after:
                transaction.delete(keys.api_key(key_id))
        condition, values = unchanged("keys", stored_api_keys(before))
        if after:
            values[":after"] = stored_api_keys(after)
        transaction.update(
            keys.entity(principal.tenant_id, EntityRef("users", principal.user_id)),
            VersionMismatch(),
            UpdateExpression="SET #keys = :after" if after else "REMOVE #keys",
            ConditionExpression=f"attribute_exists(PK) AND {condition}",
            ExpressionAttributeNames={"#keys": API_KEYS},
            ExpressionAttributeValues=values,
        )
        self._table.write(transaction)

    def remove_key(self, key_id: str) -> None:
        """The key alone: of one that its user does not name."""
        transaction = Transaction()
        transaction.delete(keys.api_key(key_id))
        self._table.write(transaction)

    def get_key(self, key_id: str) -> StoredKey | None:
        item = self._table.get(keys.api_key(key_id), consistent=False)
        if item is None:
            return None
        v = serializer.plain(item)
        principal = Principal(tenant_id=v["tenantId"], user_id=v["userId"], roles=frozenset(v["roles"]))
        return StoredKey(id=key_id, secret_sha256=v["secretSha256"], principal=principal)


def api_keys_of(user: Item) -> tuple[str, ...]:
    """The ids of the API keys that a user's item names, the newest last."""
    return tuple(key["S"] for key in user[API_KEYS]["L"]) if API_KEYS in user else ()


def stored_api_keys(ids: tuple[str, ...]) -> dict[str, Any] | None:
    """The ids as a user's item has them; none are no attribute."""
    return {"L": [{"S": key_id} for key_id in ids]} if ids else None
