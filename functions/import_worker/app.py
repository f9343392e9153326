"""One chunk of an import: its rows become geofences."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.import_service)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A message that fails comes again, and its chunk goes on from its checkpoint."""
    failed = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        try:
            container.import_service().process_chunk(
                message["tenantId"], message["importId"], message["chunk"], datetime.now(UTC)
            )
            logger.info("chunk done", extra={"work": message})
        except Exception:  # noqa: BLE001 - one bad message must not take the others with it
            logger.exception("chunk failed", extra={"work": message})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
