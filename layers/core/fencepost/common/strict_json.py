"""Strict JSON parsing: it refuses duplicate names, NaN, infinite numbers and deep nesting."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn

from fencepost.common.errors import ValidationFailed

MAX_DEPTH = 64


def loads(raw: bytes) -> Any:
    """Parse JSON.

    >>> loads(b'{"latitude": 30.2672}')
    {'latitude': 30.2672}

    Raises:
        ValidationFailed: The text is not JSON, or has one of the forms that this module refuses.
    """
    try:
        text = raw.decode()
        value = json.loads(
            text, object_pairs_hook=_build_object, parse_constant=_reject_constant, parse_float=_parse_finite
        )
        json.dumps(value, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except RecursionError:
        raise ValidationFailed.field("body", "is nested too deeply") from None
    except UnicodeError:
        raise ValidationFailed.field("body", "is not valid UTF-8 text") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValidationFailed.field("body", f"is not JSON: {error.msg.lower()} at {where}") from None
    except ValueError:
        raise ValidationFailed.field("body", "holds a number with too many digits") from None
    _check_depth(value)
    return value


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValidationFailed.field(name.encode(errors="backslashreplace").decode(), "is given twice")
        values[name] = value
    return values


def _parse_finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise ValidationFailed.field("body", f"holds the number {digits[:20]}, which is too large")
    return value


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        containers = (inner.values() if isinstance(inner, dict) else inner for inner in level)
        level = [inner for container in containers for inner in container if isinstance(inner, (dict, list))]
        if not level:
            return
    raise ValidationFailed.field("body", f"is nested more than {MAX_DEPTH} deep")


def _reject_constant(constant: str) -> NoReturn:
    raise ValidationFailed.field("body", f"holds {constant}, which is not JSON")
