"""The tags of a tenant, each with a whole number: its place in a list that only grows.

A number never changes, so a container caches it for good, and a write of geofences reads the list only for a tag that
is not cached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.common.errors import ServiceBusy, ValidationFailed, VersionMismatch
from fencepost.common.text import fold_case
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fencepost.dynamodb.table import Table

MAX_TAGS = 1_500  # of 50 characters, each up to 4 bytes: below the 400 KB of an item
_ATTEMPTS = 10


class TagRepository:
    """The tags of all tenants, and their numbers in both directions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._numbers: dict[str, dict[str, int]] = {}
        self._names: dict[str, list[str]] = {}

    def list_names(self, tenant_id: str) -> list[str]:
        """Return all tags as they were first written; the first has the number 1."""
        item = self._table.get(keys.tags_key(tenant_id))
        return [name["S"] for name in item["names"]["L"]] if item else []

    def find_names(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        """Return the tags with these numbers, without a number that no tag has."""
        distinct = set(numbers)
        if not distinct:
            return {}
        if max(distinct) > len(self._names.get(tenant_id, ())):
            self._names[tenant_id] = self.list_names(tenant_id)
        names = self._names.get(tenant_id, [])
        return {number: names[number - 1] for number in distinct if 0 < number <= len(names)}

    def find_numbers(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        """Return the numbers of the tags of geofences, each of which has one."""
        by_key = {fold_case(tag): tag for tag in tags}
        if not by_key.keys() <= self._numbers.get(tenant_id, {}).keys():
            self._cache_numbers(tenant_id, self.list_names(tenant_id))
        numbers = self._numbers.get(tenant_id, {})
        return {tag: numbers[key] for key, tag in by_key.items() if key in numbers}

    def ensure(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        """Return the number of each tag; a new tag gets the next one.

        Raises:
            ValidationFailed: The tenant would have too many tags.
            ServiceBusy: Others add tags at the same time, again and again.
        """
        by_key = {fold_case(tag): tag for tag in tags}
        for _ in range(_ATTEMPTS):
            numbers = self._numbers.get(tenant_id, {})
            if by_key.keys() <= numbers.keys():
                return {tag: numbers[key] for key, tag in by_key.items()}
            names = self.list_names(tenant_id)
            numbers = self._cache_numbers(tenant_id, names)
            new = [tag for key, tag in by_key.items() if key not in numbers]
            if len(names) + len(new) > MAX_TAGS:
                raise ValidationFailed.field("tags", f"a tenant has at most {MAX_TAGS:,} different tags")
            if new:
                self._append(tenant_id, len(names), new)
        raise ServiceBusy

    def _cache_numbers(self, tenant_id: str, names: list[str]) -> dict[str, int]:
        numbers = {fold_case(name): number for number, name in enumerate(names, start=1)}
        self._numbers[tenant_id] = numbers
        return numbers

    def _append(self, tenant_id: str, count: int, new: list[str]) -> None:
        """Append tags to the list, unless its length is no longer `count`: then the next attempt reads it again."""
        transaction = Transaction()
        transaction.update(
            keys.tags_key(tenant_id),
            VersionMismatch(),
            UpdateExpression="SET #names = list_append(if_not_exists(#names, :none), :new)",
            ConditionExpression="size(#names) = :count" if count else "attribute_not_exists(#names)",
            ExpressionAttributeNames={"#names": "names"},
            ExpressionAttributeValues={
                ":new": {"L": [{"S": name} for name in new]},
                ":none": {"L": []},
                **({":count": {"N": str(count)}} if count else {}),
            },
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return
