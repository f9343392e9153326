"""Structured logs: one JSON object a line, with the request id and the tenant, never a token or an exact position."""

from __future__ import annotations

import logging
import re

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.logger import Logger

# A number that could be degrees: what an error says of itself may quote what it stumbled over.
_DEGREES = re.compile(r"(?<![\w.])(-?[0-9]{1,3}\.[0-9]{2})[0-9]+")


class _WithoutPositions(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return rough(super().format(record))


def rough(text: str) -> str:
    """Degrees cut to two decimals, about a kilometre.

    >>> rough("input_value=30.267153, at -97.743057")
    'input_value=30.26, at -97.74'
    """
    return _DEGREES.sub(r"\1", text)


logger = Logger(service="fencepost", logger_formatter=_WithoutPositions())
