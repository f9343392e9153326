"""The log has no exact positions."""

from __future__ import annotations

import json
import logging
import sys

from fencepost.common.logging import logger


def test_an_error_that_quotes_a_position_is_logged_without_its_decimals() -> None:
    try:
        raise ValueError("input_value={'latitude': 30.267153, 'longitude': -97.7430571}")
    except ValueError:
        record = logging.LogRecord("fencepost", logging.ERROR, __file__, 1, "unhandled error", None, sys.exc_info())
    line = logger.registered_formatter.format(record)
    assert "{'latitude': 30.26, 'longitude': -97.74}" in json.loads(line)["exception"]
    assert "30.267" not in line
