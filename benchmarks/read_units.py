"""Count the read units of items by the rules of DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

_UNIT_BYTES = 4_096


def count_item_bytes(item: Mapping[str, Any]) -> int:
    r"""Return the size of an item: the names of its attributes and their values, in UTF-8 and bytes.

    The developer guide, "DynamoDB item sizes and formats", has the rules. A number takes a byte for each two
    significant digits and one more (and one for a minus). Booleans and null take one byte. A list or map takes three
    bytes, and one for each element. The guide calls the size of numbers an approximation.

    >>> item = {"PK": {"S": "caf\u00e9"}, "n": {"N": "-1200"}, "b": {"B": b"123"}, "l": {"L": [{"S": "x"}]}}
    >>> count_item_bytes(item)
    21
    """
    return sum(len(name.encode()) + _count_value_bytes(value) for name, value in item.items())


def count_read_units(items: Iterable[Mapping[str, Any]], missing: int = 0, *, consistent: bool = False) -> float:
    """Return the read units of a BatchGetItem.

    Each item is rounded up to 4 KB, and a missing item costs one unit. An eventually consistent read costs half. The
    source is the developer guide, "DynamoDB read and write operations".

    >>> count_read_units([{"PK": {"S": "x"}}, {"PK": {"B": bytes(4_095)}}], missing=1)
    2.0
    """
    whole = missing + sum(max(1, ceil(count_item_bytes(item) / _UNIT_BYTES)) for item in items)
    return whole if consistent else whole / 2


def _count_value_bytes(stored: Mapping[str, Any]) -> int:
    ((kind, value),) = stored.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":
            return _count_number_bytes(value)
        case "L":
            return 3 + sum(1 + _count_value_bytes(inner) for inner in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _count_value_bytes(inner) for name, inner in value.items())
    return 1  # BOOL and NULL


def _count_number_bytes(text: str) -> int:
    digits = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")
