"""The stored documents that contain positions: clocks, entries and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from fencepost.timeclock.entry_repository import CANCELLED
from fencepost.timeclock.model import RunningClock, TimeEntry
from fencepost.timeclock.refusals import Refusal

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item
    from fencepost.timeclock.location_evidence import Evidence

_CLOCK, _ENTRY, _REFUSAL = TypeAdapter(RunningClock), TypeAdapter(TimeEntry), TypeAdapter(Refusal)


def kept_in(item: Item) -> Evidence:
    if item["entity"]["S"] == "Refusal":
        return _REFUSAL.validate_json(item["doc"]["S"])
    is_clock = item.get("kind", {}).get("S") == CANCELLED
    return _CLOCK.validate_json(item["doc"]["S"]) if is_clock else _ENTRY.validate_json(item["doc"]["S"])


def to_document(kept: Evidence) -> str:
    adapters: dict[type[Evidence], TypeAdapter[Any]] = {RunningClock: _CLOCK, TimeEntry: _ENTRY, Refusal: _REFUSAL}
    adapter = adapters[type(kept)]
    return adapter.dump_json(kept).decode()
