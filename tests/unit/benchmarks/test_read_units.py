"""The arithmetic of read units, on items whose size is counted by hand."""

from __future__ import annotations

import pytest

from benchmarks.read_units import count_item_bytes, count_read_units


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Zürich"}, 7),
        ({"B": bytes(17)}, 17),
        ({"N": "0"}, 1),
        ({"N": "1"}, 2),
        ({"N": "86400000"}, 3),
        ({"N": "0.125"}, 3),
        ({"N": "-12.5"}, 4),
        ({"N": "1e-07"}, 2),
        ({"BOOL": False}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "users"}, {"S": "ada"}]}, 3 + 1 + 5 + 1 + 3),
        ({"M": {"n": {"N": "12"}}}, 3 + 1 + 1 + 2),
    ],
)
def test_an_attribute_takes_its_name_and_its_value(value: dict[str, object], size: int) -> None:
    assert count_item_bytes({"name": value}) == 4 + size


@pytest.mark.parametrize(("size", "units"), [(1, 0.5), (4_096, 0.5), (4_097, 1.0), (65_536, 8.0)])
def test_an_item_is_rounded_up_to_4_kilobytes(size: int, units: float) -> None:
    item = {"b": {"B": bytes(size - 1)}}
    assert count_read_units([item]) == units
    assert count_read_units([item], consistent=True) == 2 * units


def test_each_item_is_rounded_up_and_a_missing_one_costs_a_unit() -> None:
    assert count_read_units([{"b": {"B": b"x"}}] * 2, missing=3) == 2.5
