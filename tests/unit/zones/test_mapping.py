"""Zones to geofences and back, where a zone cannot express the geofence."""

from __future__ import annotations

from typing import Any

import pytest

from fencepost.common.errors import ValidationFailed
from fencepost.geofences.model import Geofence
from fencepost.zones.errors import OtherType, TooManyPoints
from fencepost.zones.mapping import (
    ZonePatch,
    ZonePointsPatch,
    check_point_count,
    serialize_points,
    serialize_zone,
)
from fencepost.zones.schemas import ZoneInput, ZonePointInput
from geo.shapes.circle import Circle
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.builders import build_geofence

TAG_NAMES = {1: "Cold", 2: "big"}
SQUARE = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0))
HOLE = ((1.4, 1.4), (1.6, 1.4), (1.6, 1.6))


def make_geofence(**fields: Any) -> Geofence:
    shape = Circle(center=Position(lon=2, lat=1), radius_m=50.4)
    return build_geofence(**{"number": 7, "name": "Depot", "shape": shape, **fields})


def changes(before: Geofence, **zone: Any) -> dict[str, Any]:
    return ZonePatch(zone=ZoneInput.model_validate(zone), tag_names=TAG_NAMES).to_changes(before)


@pytest.mark.parametrize(
    "before",
    [
        make_geofence(),
        make_geofence(address="Mill road", color="#ff8000", tags=("cold", "big")),
        make_geofence(shape=Polygon(parts=((SQUARE, HOLE),))),
    ],
    ids=["a fraction of a metre", "every field", "a hole"],
)
def test_zone_that_is_sent_back_changes_nothing(before: Geofence) -> None:
    numbers = [number for number, name in TAG_NAMES.items() if name.casefold() in before.tags]
    zone = serialize_zone(before, numbers)
    zone.pop("approximate", None)
    assert changes(before, **zone) == {}


def test_points_that_are_sent_back_keep_the_holes() -> None:
    before = make_geofence(shape=Polygon(parts=((SQUARE, HOLE),)))
    points = [ZonePointInput.model_validate(point) for point in serialize_points(before)]
    assert ZonePointsPatch(points=points, point_limit=100).to_changes(before) == {"nodes": ()}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([1, 2], {}),
        ([1, 2, 1], {}),
        ([2, 1], {"tags": ("big", "Cold")}),
        ([1], {"tags": ("Cold",)}),
        ([], {"tags": ()}),
    ],
)
def test_tags_change_only_if_they_differ_in_more_than_case(tags: list[int], expected: dict[str, Any]) -> None:
    assert changes(make_geofence(tags=("cold", "big")), tags=tags) == expected


def test_tag_without_a_name_is_an_error_of_its_parameter() -> None:
    with pytest.raises(ValidationFailed) as error:
        changes(make_geofence(tags=("cold",)), tags=[1, 3])
    assert [wrong.field for wrong in error.value.errors] == ["zone.tags[1]"]


def test_type_cannot_change() -> None:
    with pytest.raises(OtherType):
        changes(make_geofence(), type="polygon")


@pytest.mark.parametrize(
    ("count", "zone_type", "point_limit", "is_refused"),
    [
        (100, "polygon", 50, False),
        (101, "polygon", 100, True),
        (150, "polygon", 150, False),
        (1_024, "sausage", 100, False),
        (1_025, "sausage", 10_000, True),
    ],
)
def test_point_limit_applies_to_polygons_with_more_than_100_points(
    count: int, zone_type: str, point_limit: int, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(TooManyPoints):
            check_point_count(count, zone_type, point_limit)
    else:
        check_point_count(count, zone_type, point_limit)
