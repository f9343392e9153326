"""Geofences by number, by name and by offset in a list, and tags by number, in the table."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fencepost.common.text import fold_case
from fencepost.dynamodb import keys, serializer
from fencepost.geofences.items import parse_geofence_item
from fencepost.geofences.tag_repository import TagRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.filters import TextAndTags
    from fencepost.geofences.model import Geofence

_READ_AT_ONCE = 100


class DynamoDBZoneRepository:
    """The port `ZoneRepository`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._tags = TagRepository(table)

    def find_ids(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        """Return the ids of the geofences with these numbers, in their order. 100 take one round trip."""
        items = self._table.batch_get_named(
            {number: keys.geofence_number_key(tenant_id, number) for number in numbers}, consistent=True
        )
        return {number: item["geofenceId"]["S"] for number, item in items.items()}

    def find_id_by_name(self, tenant_id: str, name: str) -> str | None:
        item = self._table.get(keys.geofence_name_key(tenant_id, fold_case(name)))
        return item["geofenceId"]["S"] if item else None

    def find_taken_names(self, tenant_id: str, names: Iterable[str]) -> set[str]:
        """Return the names that existing geofences have, case-folded. 100 take one round trip."""
        return set(
            self._table.batch_get_named(
                {name: keys.geofence_name_key(tenant_id, name) for name in map(fold_case, names)}
            )
        )

    def get_all(self, tenant_id: str, ids: Iterable[str]) -> dict[str, Geofence]:
        """Return the geofences that exist, by their ids."""
        items = self._table.batch_get([keys.geofence_key(tenant_id, i) for i in ids], consistent=True).values()
        return {geofence.id: geofence for geofence in map(parse_geofence_item, items)}

    def list_oldest_first(self, tenant_id: str, offset: int, limit: int) -> Iterator[Geofence]:
        """Yield `limit` geofences after the first `offset`, which are counted in the small index and not read."""
        start: Mapping[str, Any] = {}
        if offset:
            key = self._table.find_key_after(offset, **_list_query("GSI3", tenant_id))
            if key is None:
                return
            start = {"ExclusiveStartKey": key}
        items = self._table.query(**_list_query("GSI1", tenant_id), Limit=limit, **start)
        yield from map(parse_geofence_item, islice(items, limit))

    def list_matching(self, tenant_id: str, filters: TextAndTags, offset: int, limit: int) -> Iterator[Geofence]:
        """Yield `limit` of the geofences that match, after the first `offset`. No others are read in full."""
        found = islice(self._find_keys(tenant_id, filters), offset, offset + limit)
        while batch := list(islice(found, _READ_AT_ONCE)):
            items = self._table.batch_get(batch, consistent=True)
            # The index may still contain a geofence that was just deleted.
            yield from (parse_geofence_item(items[pair]) for pair in map(keys.to_pair, batch) if pair in items)

    def find_tag_names(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        return self._tags.find_names(tenant_id, numbers)

    def find_tag_numbers(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        return self._tags.find_numbers(tenant_id, tags)

    def _find_keys(self, tenant_id: str, filters: TextAndTags) -> Iterator[Key]:
        """Yield the keys of the geofences that match, from the small index."""
        for item in self._table.query(**_list_query("GSI3", tenant_id)):
            values = serializer.from_item(item)
            texts = (values["name"], values.get("description"), values.get("address"))
            if filters.matches(texts, values["tags"]):
                yield {"PK": item["PK"], "SK": item["SK"]}


def _list_query(index: str, tenant_id: str) -> dict[str, Any]:
    """Return the query of all geofences of a tenant, oldest first: a new one changes no offset."""
    return {
        "IndexName": index,
        "KeyConditionExpression": "GSI1PK = :list",
        "ExpressionAttributeValues": {":list": {"S": keys.geofence_list_partition(tenant_id)}},
    }
