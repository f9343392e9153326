"""Geofences as the zone vocabulary asks for them: by number, by name, by their place in a list, by numbered tags."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from fencepost.common.text import fold_case
from fencepost.dynamodb import keys, serializer
from fencepost.geofences.items import geofence_of
from fencepost.geofences.tag_repository import TagRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.filters import TextAndTags
    from fencepost.geofences.model import Geofence

_READ_AT_ONCE = 100


class DynamoDBZoneRepository:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._tags = TagRepository(table)

    def find_ids(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        """The ids of the geofences that there are with these numbers, in their order. One round trip for 100."""
        wanted = {number: keys.geofence_number(tenant_id, number) for number in numbers}
        found = self._table.batch_get(list(wanted.values()), consistent=True)
        pairs = {number: keys.pair(key) for number, key in wanted.items()}
        return {number: found[pair]["geofenceId"]["S"] for number, pair in pairs.items() if pair in found}

    def find_id_by_name(self, tenant_id: str, name: str) -> str | None:
        item = self._table.get(keys.geofence_name(tenant_id, fold_case(name)))
        return item["geofenceId"]["S"] if item else None

    def find_taken_names(self, tenant_id: str, names: Iterable[str]) -> set[str]:
        """Those of these names, folded, that geofences have. One round trip for 100."""
        by_pair = {}
        for name in map(fold_case, names):
            key = keys.geofence_name(tenant_id, name)
            by_pair[keys.pair(key)] = (key, name)
        found = self._table.batch_get([key for key, _ in by_pair.values()])
        return {by_pair[pair][1] for pair in found}

    def get_all(self, tenant_id: str, ids: Iterable[str]) -> dict[str, Geofence]:
        """Those of these geofences that there are."""
        found = self._table.batch_get([keys.geofence(tenant_id, i) for i in ids], consistent=True).values()
        return {geofence.id: geofence for geofence in map(geofence_of, found)}

    def list_oldest_first(self, tenant_id: str, offset: int, limit: int) -> Iterator[Geofence]:
        """The first `limit` geofences after `offset`: these are counted in the small index, and not read."""
        start: Mapping[str, Any] = {}
        if offset:
            key = self._table.key_after(offset, **_listing("GSI3", tenant_id))
            if key is None:
                return
            start = {"ExclusiveStartKey": key}
        items = self._table.query(**_listing("GSI1", tenant_id), Limit=limit, **start)
        yield from map(geofence_of, islice(items, limit))

    def list_matching(self, tenant_id: str, wanted: TextAndTags, offset: int, limit: int) -> Iterator[Geofence]:
        """The first `limit` after `offset` of those that match: only they are read in full."""
        found = islice(self._matching(tenant_id, wanted), offset, offset + limit)
        while some := list(islice(found, _READ_AT_ONCE)):
            items = self._table.batch_get(some, consistent=True)
            # One that was deleted a moment ago may still be in the index.
            yield from (geofence_of(items[pair]) for pair in map(keys.pair, some) if pair in items)

    def find_tag_names(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        return self._tags.named(tenant_id, numbers)

    def find_tag_numbers(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        return self._tags.numbered(tenant_id, tags)

    def _matching(self, tenant_id: str, wanted: TextAndTags) -> Iterator[Key]:
        for item in self._table.query(**_listing("GSI3", tenant_id)):
            said = serializer.plain(item)
            texts = (said["name"], said.get("description"), said.get("address"))
            if wanted.matches(texts, said["tags"]):
                yield {"PK": item["PK"], "SK": item["SK"]}


def _listing(index: str, tenant_id: str) -> dict[str, Any]:
    """All geofences of a tenant, oldest first: a new one comes last, and moves no other's place."""
    return {
        "IndexName": index,
        "KeyConditionExpression": "GSI1PK = :list",
        "ExpressionAttributeValues": {":list": {"S": keys.geofence_list(tenant_id)}},
    }
