"""Validation of requests: models, their fields, and items that are validated by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from pydantic import Field

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.http.fields import DecimalText, DeferredItem, RequestModel, WholeNumberText, validate


class Point(RequestModel):
    x: Annotated[float, Field(ge=0, le=10), DecimalText]
    n: Annotated[int, Field(ge=1), WholeNumberText] = 1


class Points(RequestModel):
    points: list[DeferredItem[Point]]


class CancelOnly(RequestModel):
    action: str

    @classmethod
    def select_fields(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in fields.items() if name == "action"}


def find_errors(model: type[RequestModel], fields: Mapping[str, Any]) -> tuple[FieldError, ...]:
    with pytest.raises(ValidationFailed) as failure:
        validate(model, fields)
    return failure.value.errors


def test_numbers_of_a_query_are_texts_within_the_bounds_of_their_field() -> None:
    assert validate(Point, {"x": "2.5", "n": "7"}) == Point(x=2.5, n=7)
    assert [error.field for error in find_errors(Point, {"x": "11", "n": "0"})] == ["x", "n"]
    assert [error.field for error in find_errors(Point, {"x": "inf", "n": "1.0"})] == ["x", "n"]


def test_bounds_of_a_number_of_a_query_are_in_the_json_schema() -> None:
    assert Point.model_json_schema()["properties"]["x"] == {
        "maximum": 10,
        "minimum": 0,
        "title": "X",
        "type": "number",
    }


def test_more_than_100_fields_are_one_error() -> None:
    assert find_errors(Point, dict.fromkeys(map(str, range(101)))) == (
        FieldError("body", "has more than 100 fields"),
    )


def test_ignored_fields_do_not_count() -> None:
    assert validate(CancelOnly, {"action": "cancel", **dict.fromkeys(map(str, range(150)))}).action == "cancel"


def test_wrong_item_harms_no_other() -> None:
    wrong, right, no_object = validate(Points, {"points": [{"x": -1}, {"x": 1}, 7]}).points
    assert right.parse("points[1]") == Point(x=1)
    with pytest.raises(ValidationFailed) as failure:
        wrong.parse("points[0]")
    assert [error.field for error in failure.value.errors] == ["x"]
    with pytest.raises(ValidationFailed) as failure:
        no_object.parse("points[2]")
    assert failure.value.errors == (FieldError("points[2]", "must be an object"),)


def test_schema_of_an_item_is_that_of_its_model() -> None:
    items = Points.model_json_schema()["properties"]["points"]["items"]
    assert items == Point.model_json_schema()
