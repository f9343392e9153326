"""The tags of a tenant, each with a whole number: its place in a list that only grows.

A number never changes, so what a container has read once holds for ever, and a write of geofences reads the list
only when it meets a tag that the container does not know.
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
    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[str, dict[str, int]] = {}
        self._names: dict[str, list[str]] = {}

    def names(self, tenant_id: str) -> list[str]:
        """All tags as they were first written; the first has the number 1."""
        item = self._table.get(keys.tags_key(tenant_id))
        return [name["S"] for name in item["names"]["L"]] if item else []

    def named(self, tenant_id: str, numbers: Iterable[int]) -> dict[int, str]:
        """The tags with these numbers; a number that no tag has is not there."""
        wanted = set(numbers)
        if not wanted:
            return {}
        if max(wanted) > len(self._names.get(tenant_id, ())):
            self._names[tenant_id] = self.names(tenant_id)
        names = self._names.get(tenant_id, [])
        return {number: names[number - 1] for number in wanted if 0 < number <= len(names)}

    def numbered(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        """The numbers of these tags, which geofences have: so each has one."""
        wanted = {fold_case(tag): tag for tag in tags}
        if not wanted.keys() <= self._known.get(tenant_id, {}).keys():
            self._known[tenant_id] = {fold_case(tag): n for n, tag in enumerate(self.names(tenant_id), start=1)}
        known = self._known.get(tenant_id, {})
        return {tag: known[key] for key, tag in wanted.items() if key in known}

    def know(self, tenant_id: str, tags: Iterable[str]) -> dict[str, int]:
        """The number of each tag; those that are new get the next ones.

        Raises Invalid where a tenant has too many, Busy where others keep adding at the same time.
        """
        wanted = {fold_case(tag): tag for tag in tags}
        for _ in range(_ATTEMPTS):
            known = self._known.get(tenant_id, {})
            if wanted.keys() <= known.keys():
                return {tag: known[key] for key, tag in wanted.items()}
            names = self.names(tenant_id)
            known = {fold_case(name): number for number, name in enumerate(names, start=1)}
            self._known[tenant_id] = known
            new = [tag for key, tag in wanted.items() if key not in known]
            if len(names) + len(new) > MAX_TAGS:
                raise ValidationFailed.field("tags", f"a tenant has at most {MAX_TAGS:,} different tags")
            if new:
                self._append(tenant_id, len(names), new)
        raise ServiceBusy

    def _append(self, tenant_id: str, known: int, new: list[str]) -> None:
        """Where another was faster, nothing is written, and the next look shows what is there."""
        transaction = Transaction()
        transaction.update(
            keys.tags_key(tenant_id),
            VersionMismatch(),
            UpdateExpression="SET #names = list_append(if_not_exists(#names, :none), :new)",
            ConditionExpression="size(#names) = :known" if known else "attribute_not_exists(#names)",
            ExpressionAttributeNames={"#names": "names"},
            ExpressionAttributeValues={
                ":new": {"L": [{"S": name} for name in new]},
                ":none": {"L": []},
                **({":known": {"N": str(known)}} if known else {}),
            },
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return
