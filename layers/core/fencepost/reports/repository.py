"""Time entries as totals read them: one Query after the other, each up to 1 MB of what counts and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.timeclock.clock_repository import tenant_settings
from fencepost.timeclock.entry_summary import COUNTED, counted_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.entry_summary import Counted


class DynamoDBReportRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def counted(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[Counted], bool]]:
        """The entries that begin in a span, by their start, and whether there may be more; one Query each.

        A user's are read strongly, those of all users by an index.
        """
        names, prefix, partition = ("GSI4PK", "GSI4SK"), "", keys.counted(tenant_id)
        how: dict[str, Any] = {"IndexName": "GSI4"}
        if user_id is not None:
            names, how = ("PK", "SK"), {"ConsistentRead": True}
            partition, prefix = keys.times_of(tenant_id, user_id, keys.VALID)
        after, has_more = prefix + keys.time_entry_sort(first), True
        while has_more:
            items, has_more = self._table.query_page(
                **how,
                KeyConditionExpression=f"{names[0]} = :list AND {names[1]} BETWEEN :after AND :before",
                ProjectionExpression=f"PK, {names[1]}, #counted",
                ExpressionAttributeNames={"#counted": COUNTED},
                ExpressionAttributeValues={
                    ":list": {"S": partition},
                    ":after": {"S": after},
                    ":before": {"S": prefix + keys.time_entry_sort(before)},
                },
            )
            # An entry from before there were totals has nothing to count until it is put on its lists.
            found = [(item["PK"]["S"], item[COUNTED]["S"]) for item in items if COUNTED in item]
            yield [counted_of(keys.user_of(tenant_id, pk), text) for pk, text in found], has_more
            # An id is followed by nothing, so a blank behind it is right behind the entry.
            after = items[-1][names[1]]["S"] + " " if items else after

    def zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]:
        """The time zones of the tenant, under None, and of these organizations. A BatchGetItem for each 100."""
        tenant_key = keys.tenant(tenant_id)
        entities = {i: keys.entity(tenant_id, EntityRef("projects", i)) for i in organization_ids if i is not None}
        found = self._table.batch_get([tenant_key, *entities.values()])
        tenant = found.get(keys.pair(tenant_key), {})
        return {None: tenant_settings(tenant, {}).time_zone} | {
            i: tenant_settings(tenant, found.get(keys.pair(key), {})).time_zone for i, key in entities.items()
        }
