"""Events onto the bus."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from fencepost.dynamodb import keys, serializer

if TYPE_CHECKING:
    from fencepost.common.events import Event
    from fencepost.dynamodb.serializer import Item

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "fencepost"
_ENTRIES_A_CALL = 10
_ATTEMPTS = 3


class Bus:
    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, event_items: Sequence[serializer.Item]) -> int:
        """Put the events in order, and say how many the bus took before the first that it did not."""
        entries = [self._entry(item) for item in event_items]
        for start in range(0, len(entries), _ENTRIES_A_CALL):
            failed_at = self._put(entries[start : start + _ENTRIES_A_CALL])
            if failed_at is not None:
                return start + failed_at
        return len(entries)

    def _put(self, entries: list[dict[str, Any]]) -> int | None:
        """The place of the first entry that was not taken, having tried it a few times."""
        wanted = list(range(len(entries)))
        for _ in range(_ATTEMPTS):
            answer = self._client.put_events(Entries=[entries[n] for n in wanted])
            if not answer["FailedEntryCount"]:
                return None
            wanted = [n for n, entry in zip(wanted, answer["Entries"], strict=True) if "ErrorCode" in entry]
        return wanted[0]

    def _entry(self, item: serializer.Item) -> dict[str, Any]:
        event = serializer.plain(item)
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


# The stream has long taken it by then; TTL deletes late, and nothing reads it.
EVENT_KEPT_FOR = timedelta(days=2)


def event_item(event: Event) -> Item:
    return keys.event_key(event.tenant_id, event.id) | serializer.item(
        {
            "entity": "Event",
            "id": event.id,
            "type": event.type,
            "tenantId": event.tenant_id,
            "occurredAt": event.occurred_at.isoformat(),
            "actor": event.actor,
            "data": json.dumps(event.data(), ensure_ascii=False, separators=(",", ":")),
            "ttl": int((event.occurred_at + EVENT_KEPT_FOR).timestamp()),
        }
    )
