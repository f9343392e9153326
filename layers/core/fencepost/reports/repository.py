"""Read the summaries of time entries for totals: one Query after the other, each up to 1 MB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.timeclock.clock_repository import parse_tenant_settings
from fencepost.timeclock.entry_summary import SUMMARY_ATTRIBUTE, unpack_summary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.entry_summary import EntrySummary


class DynamoDBReportRepository:
    """The summaries of entries, and the time zones, in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read_summaries(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[EntrySummary], bool]]:
        """Yield the summaries of the entries that begin in a span, and whether there may be more; one Query each.

        They come in the order of their starts. Those of one user are read strongly consistent, those of all users
        from an index.
        """
        if user_id is None:
            pk, sk = "GSI4PK", "GSI4SK"
            options: dict[str, Any] = {"IndexName": "GSI4"}
            partition, prefix = keys.entry_summary_partition(tenant_id), ""
        else:
            pk, sk = "PK", "SK"
            options = {"ConsistentRead": True}
            partition, prefix = keys.time_entry_range(tenant_id, user_id, keys.VALID)
        after, has_more = prefix + keys.time_entry_sort_key(first), True
        while has_more:
            items, has_more = self._table.query_page(
                **options,
                KeyConditionExpression=f"{pk} = :list AND {sk} BETWEEN :after AND :before",
                ProjectionExpression=f"PK, {sk}, #summary",
                ExpressionAttributeNames={"#summary": SUMMARY_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":list": {"S": partition},
                    ":after": {"S": after},
                    ":before": {"S": prefix + keys.time_entry_sort_key(before)},
                },
            )
            # An entry from before there were totals has no summary until the lists are rebuilt.
            yield (
                [
                    unpack_summary(keys.parse_user_id(tenant_id, item["PK"]["S"]), item[SUMMARY_ATTRIBUTE]["S"])
                    for item in items
                    if SUMMARY_ATTRIBUTE in item
                ],
                has_more,
            )
            # Nothing follows an id in a sort key, so a blank after it sorts directly after the entry.
            after = items[-1][sk]["S"] + " " if items else after

    def load_zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]:
        """Return the time zones of the tenant, under None, and of organizations. A BatchGetItem for each 100."""
        projects = {i: EntityRef("projects", i) for i in organization_ids if i is not None}
        found = self._table.batch_get_named(
            keys.entity_keys(tenant_id, projects.values()) | {"tenant": keys.tenant_key(tenant_id)}
        )
        tenant = found.get("tenant", {})
        return {None: parse_tenant_settings(tenant, {}).time_zone} | {
            i: parse_tenant_settings(tenant, found.get(project, {})).time_zone for i, project in projects.items()
        }
