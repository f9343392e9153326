"""Remind users of running clocks, and stop clocks that were forgotten, on a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.metrics import publish_counts
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.auto_stop_service)


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    stopped, failed = container.auto_stop_service().stop_forgotten(datetime.now(UTC))
    for error in failed:
        logger.error("a forgotten clock could not be stopped", exc_info=error)
    logger.info("stopped forgotten clocks", count=len(stopped), failed=len(failed))
    publish_counts({"ForgottenClocksStopped": len(stopped), "ForgottenClocksFailed": len(failed)})
    return {"stopped": [entry.id for entry in stopped]}
