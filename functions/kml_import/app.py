"""A file was dropped in the bucket: read it and hand its rows to the workers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart
from fencepost.imports.model import ImportSource

prime_snapstart(container.import_service)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Takes EventBridge's "Object Created", whose key is as it is; only S3's own notifications encode it."""
    about = event["detail"]
    source = ImportSource(
        bucket=about["bucket"]["name"],
        key=about["object"]["key"],
        version_id=about["object"].get("version-id", ""),
        sequencer=about["object"].get("sequencer", ""),
        size_bytes=about["object"].get("size", 0),
    )
    if source.is_folder:
        return {"status": "passed over"}
    job = container.import_service().begin(source, datetime.now(UTC))
    logger.info("import", import_id=job.import_id, tenant=job.tenant_id, status=job.status, chunks=job.chunks)
    return {"importId": job.import_id, "status": job.status, "chunks": job.chunks}
