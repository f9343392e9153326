"""Read an uploaded file and hand its rows to the workers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.metrics import publish_counts
from fencepost.common.snapstart import prime_snapstart
from fencepost.imports.model import ImportSource

prime_snapstart(container.import_service)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Begin the import of the file that an `Object Created` event of EventBridge reports.

    The event has the key as it is; only notifications from S3 itself encode it.
    """
    detail = event["detail"]
    source = ImportSource(
        bucket=detail["bucket"]["name"],
        key=detail["object"]["key"],
        version_id=detail["object"].get("version-id", ""),
        sequencer=detail["object"].get("sequencer", ""),
        size_bytes=detail["object"].get("size", 0),
    )
    if source.is_folder:
        return {"status": "passed over"}
    job = container.import_service().begin(source, datetime.now(UTC))
    logger.info("import", import_id=job.import_id, tenant=job.tenant_id, status=job.status, chunks=job.chunks)
    publish_counts({"ImportsFailed": int(job.status == "failed")})
    return {"importId": job.import_id, "status": job.status, "chunks": job.chunks}
