"""The stored documents that contain positions: clocks, entries and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fencepost.timeclock.clock_documents import CANCELLED, dump_clock, dump_entry, load_clock, load_entry
from fencepost.timeclock.model import RunningClock
from fencepost.timeclock.refusal_documents import dump_refusal, load_refusal
from fencepost.timeclock.refusals import Refusal

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item
    from fencepost.timeclock.location_evidence import Evidence


def load_evidence(item: Item) -> Evidence:
    """Parse the document of an item, whichever it is.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    if item["entity"]["S"] == "Refusal":
        return load_refusal(item["doc"]["S"])
    is_clock = item.get("kind", {}).get("S") == CANCELLED
    return load_clock(item["doc"]["S"]) if is_clock else load_entry(item["doc"]["S"])


def dump_evidence(evidence: Evidence) -> str:
    if isinstance(evidence, RunningClock):
        return dump_clock(evidence)
    return dump_refusal(evidence) if isinstance(evidence, Refusal) else dump_entry(evidence)
