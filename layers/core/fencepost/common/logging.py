"""Structured logs: each line is a JSON object. It never has a token or an exact position."""

from __future__ import annotations

import logging
import re

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.logger import Logger

# A number that could be degrees: the message of an error may quote its input.
_DEGREES = re.compile(r"(?<![\w.])(-?[0-9]{1,3}\.[0-9]{2})[0-9]+")


class _CoarseFormatter(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return truncate_degrees(super().format(record))


def truncate_degrees(text: str) -> str:
    """Truncate degrees to two decimals, about a kilometre.

    >>> truncate_degrees("input_value=30.267153, at -97.743057")
    'input_value=30.26, at -97.74'
    """
    return _DEGREES.sub(r"\1", text)


logger = Logger(service="fencepost", logger_formatter=_CoarseFormatter())
