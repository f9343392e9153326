"""Structured logs: one JSON object a line, with the request id and the tenant, never a token or an exact position."""

from __future__ import annotations

from aws_lambda_powertools.logging.logger import Logger

logger = Logger(service="fencepost")
