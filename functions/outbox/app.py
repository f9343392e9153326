"""The table's stream to the event bus: every event item is published at least once."""

from __future__ import annotations

from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.event_bus)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish the events of a batch; from the first one that the bus did not take, the batch comes again."""
    records = event["Records"]
    taken = container.event_bus().publish([record["dynamodb"]["NewImage"] for record in records])
    logger.info("published", events=taken, of=len(records))
    if taken == len(records):
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": records[taken]["dynamodb"]["SequenceNumber"]}]}
