"""The stored documents that contain positions: clocks, entries and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.timeclock.clock_documents import dump_clock, dump_entry, load_clock, load_entry
from fencepost.timeclock.entry_repository import CANCELLED
from fencepost.timeclock.model import RunningClock
from fencepost.timeclock.refusal_documents import dump_refusal, load_refusal
from fencepost.timeclock.refusals import Refusal

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item
    from fencepost.timeclock.location_evidence import Evidence


def kept_in(item: Item) -> Evidence:
    if item["entity"]["S"] == "Refusal":
        return load_refusal(item["doc"]["S"])
    is_clock = item.get("kind", {}).get("S") == CANCELLED
    return load_clock(item["doc"]["S"]) if is_clock else load_entry(item["doc"]["S"])


def to_document(kept: Evidence) -> str:
    if isinstance(kept, RunningClock):
        return dump_clock(kept)
    return dump_refusal(kept) if isinstance(kept, Refusal) else dump_entry(kept)
