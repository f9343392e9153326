"""Publish the events of the table's stream on the event bus, each at least once."""

from __future__ import annotations

from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.metrics import publish_counts
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.event_bus)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish the events of a batch. From the first event that the bus refuses, the stream retries the batch."""
    records = event["Records"]
    published = container.event_bus().publish([record["dynamodb"]["NewImage"] for record in records])
    logger.info("published", events=published, of=len(records))
    publish_counts({"EventsPublished": published, "EventBatchesRefused": int(published < len(records))})
    if published == len(records):
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": records[published]["dynamodb"]["SequenceNumber"]}]}
