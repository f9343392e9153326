"""Redact the positions that tenants no longer retain, on a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger
from fencepost.common.metrics import publish_counts


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    redacted = container.privacy_service().redact_positions(datetime.now(UTC))
    logger.info("redacted positions", count=redacted)
    publish_counts({"PositionsRedacted": redacted})
    return {"lessened": redacted}
