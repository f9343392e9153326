"""Plain Python values to DynamoDB's and back, floats exactly.

boto3's own serializer refuses floats and turns every number into a Decimal; here a float is written as its
shortest exact text and an int as an int.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = dict[str, Any]


def item(values: Mapping[str, Any]) -> Item:
    """Top-level Nones are left out.

    >>> item({"name": "Yard", "radius": 0.1, "note": None})
    {'name': {'S': 'Yard'}, 'radius': {'N': '0.1'}}
    """
    return {name: value(v) for name, v in values.items() if v is not None}


def value(v: Any) -> Item:
    if isinstance(v, str):
        return {"S": v}
    if isinstance(v, bool):
        return {"BOOL": v}
    if isinstance(v, (int, float)):
        return {"N": repr(v)}
    if isinstance(v, bytes):
        return {"B": v}
    if v is None:
        return {"NULL": True}
    if isinstance(v, dict):
        return {"M": {name: value(inner) for name, inner in v.items()}}
    return {"L": [value(inner) for inner in v]}


def plain(stored: Mapping[str, Any]) -> dict[str, Any]:
    """
    >>> plain({"n": {"N": "3"}, "r": {"N": "0.1"}, "l": {"L": [{"S": "x"}]}})
    {'n': 3, 'r': 0.1, 'l': ['x']}
    """
    return {name: _plain_value(v) for name, v in stored.items()}


def _plain_value(stored: Mapping[str, Any]) -> Any:
    ((kind, v),) = stored.items()
    if kind == "N":
        return int(v) if v.lstrip("-").isdigit() else float(v)
    if kind == "L":
        return [_plain_value(inner) for inner in v]
    if kind == "M":
        return plain(v)
    if kind == "NULL":
        return None
    return v
