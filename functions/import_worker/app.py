"""Process one chunk of an import: create geofences from its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.metrics import publish_counts
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.import_service)

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def process_message(record: SQSRecord) -> None:
    message = record.json_body
    try:
        container.import_service().process_chunk(
            message["tenantId"], message["importId"], message["chunk"], datetime.now(UTC)
        )
    except Exception:
        logger.exception("chunk failed", extra={"work": message})
        raise
    logger.info("chunk done", extra={"work": message})


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process the messages of a batch. A failed message is retried, and its chunk continues from its checkpoint."""
    response = process_partial_response(event, process_message, processor, context)
    publish_counts(
        {
            "ImportChunksProcessed": len(processor.success_messages),
            "ImportChunksFailed": len(processor.fail_messages),
        }
    )
    return dict(response)
