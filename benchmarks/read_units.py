"""What DynamoDB counts of an item that is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

_UNIT_BYTES = 4_096


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item: the names of its attributes and their values, in UTF-8 and bytes.

    After the developer guide, "DynamoDB item sizes and formats": a number takes a byte for each two significant
    digits and one more (and one for a minus), Boolean and null one byte, a list or map three and one for each
    element. The guide calls what it says of numbers an approximation.

    >>> item_bytes({"PK": {"S": "caf\\u00e9"}, "n": {"N": "-1200"}, "b": {"B": b"123"}, "l": {"L": [{"S": "x"}]}})
    21
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def read_units(items: Iterable[Mapping[str, Any]], missing: int = 0, *, consistent: bool = False) -> float:
    """The read units of a BatchGetItem: each item is rounded up to 4 KB by itself, and one that is missing costs one
    unit too; half of it where the read is eventually consistent.

    After the developer guide, "DynamoDB read and write operations": capacity unit consumption for reads.

    >>> read_units([{"PK": {"S": "x"}}, {"PK": {"B": bytes(4_095)}}], missing=1)
    2.0
    """
    whole = missing + sum(max(1, ceil(item_bytes(item) / _UNIT_BYTES)) for item in items)
    return whole if consistent else whole / 2


def _value_bytes(stored: Mapping[str, Any]) -> int:
    ((kind, value),) = stored.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":
            return _number_bytes(value)
        case "L":
            return 3 + sum(1 + _value_bytes(inner) for inner in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(inner) for name, inner in value.items())
    return 1  # BOOL and NULL


def _number_bytes(text: str) -> int:
    digits = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")
