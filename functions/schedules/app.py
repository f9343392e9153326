"""What the clock on the wall sets off: reminders of clocks, and the stop of those that were forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.snapstart import prime_snapstart

prime_snapstart(container.clock_service)


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    stopped, failed = container.clock_service().stop_forgotten(datetime.now(UTC))
    for error in failed:
        logger.error("a forgotten clock could not be stopped", exc_info=error)
    logger.info("stopped forgotten clocks", count=len(stopped), failed=len(failed))
    return {"stopped": [entry.id for entry in stopped]}
