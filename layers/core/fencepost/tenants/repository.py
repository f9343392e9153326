"""Store tenants, their settings and API keys in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import NotFound, ServiceBusy, VersionMismatch
from fencepost.common.principal import Principal
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import COUNT, LIMIT, ROOM, UNLIMITED, Transaction, build_unchanged_condition
from fencepost.tenants.api_keys import StoredKey
from fencepost.timeclock.working_time_documents import dump_working_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table

API_KEYS = "apiKeys"


class DynamoDBTenantRepository:
    """The tenants and API keys in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_tenant(self, tenant_id: str, values: Mapping[str, Any]) -> None:
        """Create a tenant or change its values; a value that is None stays unchanged."""
        model = values.get("workingTime")
        stored = {**values, "workingTime": dump_working_time(model) if model is not None else None}
        if values.get("positions") is not None:
            stored |= {"GSI2PK": keys.POSITION_POLICIES, "GSI2SK": tenant_id}
        self._table.set_attributes(keys.tenant_key(tenant_id), {"entity": "Tenant", "tenantId": tenant_id, **stored})

    def put_geofence_limit(self, tenant_id: str, limit: int | None) -> None:
        """Limit the number of geofences from now on, or remove the limit with None; existing geofences stay."""
        transaction = Transaction()
        transaction.update(
            keys.quota_key(tenant_id),
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
        return self._table.get(keys.tenant_key(tenant_id), consistent=False) is not None

    def get_polygon_point_limit(self, tenant_id: str) -> int | None:
        item = self._table.get(keys.tenant_key(tenant_id), consistent=False) or {}
        return int(item["polygonPointLimit"]["N"]) if "polygonPointLimit" in item else None

    def get_redirect_origins(self, tenant_id: str) -> frozenset[str]:
        item = self._table.get(keys.tenant_key(tenant_id), consistent=False) or {}
        return frozenset(origin["S"] for origin in item.get("redirectOrigins", {"L": []})["L"])

    def list_key_ids(self, tenant_id: str, user_id: str) -> tuple[str, ...]:
        """Return the ids of a user's API keys, the newest last.

        Raises:
            NotFound: The user does not exist.
        """
        item = self._table.get(keys.entity_key(tenant_id, EntityRef("users", user_id)))
        if item is None:
            raise NotFound("user")
        return unpack_api_key_ids(item)

    def replace_keys(
        self, principal: Principal, before: tuple[str, ...], after: tuple[str, ...], new: StoredKey | None = None
    ) -> None:
        """Replace the keys of a user by those in `after`, of which one may be new.

        Raises:
            VersionMismatch: The user's keys are no longer those in `before`.
        """
        transaction = Transaction()
        if new is not None:
            item = {
                "entity": "ApiKey",
                "secretSha256": new.secret_sha256,
                "tenantId": principal.tenant_id,
                "userId": principal.user_id,
                "roles": sorted(new.principal.roles),
            }
            transaction.put(keys.api_key_record_key(new.id) | serializer.to_item(item))
        for key_id in before:
            if key_id not in after:
                transaction.delete(keys.api_key_record_key(key_id))
        condition, values = build_unchanged_condition("keys", pack_api_key_ids(before))
        if after:
            values[":after"] = pack_api_key_ids(after)
        transaction.update(
            keys.entity_key(principal.tenant_id, EntityRef("users", principal.user_id)),
            VersionMismatch(),
            UpdateExpression="SET #keys = :after" if after else "REMOVE #keys",
            ConditionExpression=f"attribute_exists(PK) AND {condition}",
            ExpressionAttributeNames={"#keys": API_KEYS},
            ExpressionAttributeValues=values,
        )
        self._table.write(transaction)

    def delete_key(self, key_id: str) -> None:
        """Delete a key that its user's item does not list."""
        transaction = Transaction()
        transaction.delete(keys.api_key_record_key(key_id))
        self._table.write(transaction)

    def find_key(self, key_id: str) -> StoredKey | None:
        item = self._table.get(keys.api_key_record_key(key_id), consistent=False)
        if item is None:
            return None
        stored = serializer.from_item(item)
        principal = Principal(
            tenant_id=stored["tenantId"], user_id=stored["userId"], roles=frozenset(stored["roles"])
        )
        return StoredKey(id=key_id, secret_sha256=stored["secretSha256"], principal=principal)


def unpack_api_key_ids(user: Item) -> tuple[str, ...]:
    """Return the ids of the API keys that a user's item lists, the newest last."""
    return tuple(key["S"] for key in user[API_KEYS]["L"]) if API_KEYS in user else ()


def pack_api_key_ids(ids: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the ids as an attribute of a user's item; without ids there is no attribute."""
    return {"L": [{"S": key_id} for key_id in ids]} if ids else None
