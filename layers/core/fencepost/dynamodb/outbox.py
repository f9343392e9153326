"""The outbox: events are stored with their change and published from the table's stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fencepost.dynamodb import serializer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.dynamodb.serializer import Item

SOURCE = "fencepost"
_MAX_ENTRIES_PER_CALL = 10
_ATTEMPTS = 3


class EventBus:
    """The event bus of the stack."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, event_items: Sequence[Item]) -> int:
        """Publish stored events in their order, and return the number before the first one that the bus refused."""
        entries = [self._to_entry(item) for item in event_items]
        for start in range(0, len(entries), _MAX_ENTRIES_PER_CALL):
            refused = self._put(entries[start : start + _MAX_ENTRIES_PER_CALL])
            if refused is not None:
                return start + refused
        return len(entries)

    def _put(self, entries: list[dict[str, Any]]) -> int | None:
        """Put entries, retry those that fail, and return the index of the first one that was refused each time."""
        remaining = list(range(len(entries)))
        for _ in range(_ATTEMPTS):
            response = self._client.put_events(Entries=[entries[n] for n in remaining])
            if not response["FailedEntryCount"]:
                return None
            remaining = [n for n, result in zip(remaining, response["Entries"], strict=True) if "ErrorCode" in result]
        return remaining[0]

    def _to_entry(self, item: Item) -> dict[str, Any]:
        event = serializer.from_item(item)
        detail = {
            "eventId": event["id"],
            "tenantId": event["tenantId"],
            "occurredAt": event["occurredAt"],
            "actor": event["actor"],
            **json.loads(event["data"]),
        }
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event["type"],
            "Time": event["occurredAt"],
            "Detail": json.dumps(detail, ensure_ascii=False),
        }
