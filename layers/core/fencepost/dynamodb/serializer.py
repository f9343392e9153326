"""Conversion between plain Python values and DynamoDB's attribute values, exact for floats.

The serializer of boto3 refuses floats and returns each number as a Decimal. This one writes a float as its shortest
exact text and an int as an int.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = dict[str, Any]


def to_item(values: Mapping[str, Any]) -> Item:
    """Convert values to attributes, without those that are None.

    >>> to_item({"name": "Yard", "radius": 0.1, "note": None})
    {'name': {'S': 'Yard'}, 'radius': {'N': '0.1'}}
    """
    return {name: to_value(value) for name, value in values.items() if value is not None}


def to_value(value: Any) -> Item:
    """Convert one value; a None in it becomes DynamoDB's null.

    >>> to_value([1, None])
    {'L': [{'N': '1'}, {'NULL': True}]}
    """
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": repr(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": {name: to_value(inner) for name, inner in value.items()}}
    return {"L": [to_value(inner) for inner in value]}


def from_item(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Convert attributes to values; a number without a fraction becomes an int.

    >>> from_item({"n": {"N": "3"}, "r": {"N": "0.1"}, "l": {"L": [{"S": "x"}]}})
    {'n': 3, 'r': 0.1, 'l': ['x']}
    """
    return {name: _from_value(value) for name, value in stored.items()}


def _from_value(stored: Mapping[str, Any]) -> Any:
    ((kind, value),) = stored.items()
    if kind == "N":
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if kind == "L":
        return [_from_value(inner) for inner in value]
    if kind == "M":
        return from_item(value)
    if kind == "NULL":
        return None
    return value
