"""Positions that have had their time are made rough, or removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.logging import logger


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    lessened = container.privacy_service().lessen_positions(datetime.now(UTC))
    logger.info("lessened positions", count=lessened)
    return {"lessened": lessened}
