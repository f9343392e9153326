"""GeoJSON geometries: there and back, and what is refused."""

import json
from itertools import islice
from random import Random
from typing import Any

import pytest

from geo.errors import GeometryError
from geo.shapes.base import ShapeFields
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from tests.oracles.shapes import generate_valid_questions

RING = [[24.94, 60.17], [24.95, 60.17], [24.95, 60.18], [24.94, 60.17]]


def parse_corridor(geometry: dict[str, Any], half_width_m: float) -> Corridor:
    return Corridor.parse_fields(ShapeFields(geometry=geometry), None, half_width_m)


def parse_polygon(geometry: dict[str, Any]) -> Polygon:
    return Polygon.parse_fields(ShapeFields(geometry=geometry), None, 0)


def test_shapes_come_back_from_geojson_text(fresh_seed: int) -> None:
    for shape, _, _ in islice(generate_valid_questions(Random(fresh_seed)), 90):
        if isinstance(shape, Circle):
            continue
        geometry = json.loads(json.dumps(shape.to_geojson()))
        again = (
            parse_corridor(geometry, shape.half_width_m) if isinstance(shape, Corridor) else parse_polygon(geometry)
        )
        assert again == shape, f"seed {fresh_seed}"


def test_a_polygon_of_several_parts_is_a_multipolygon_of_closed_rings() -> None:
    ring: Any = ((0, 0), (1, 0), (1, 1))
    elsewhere: Any = ((5, 5), (6, 5), (6, 6))
    geometry = Polygon(parts=((ring,), (elsewhere,))).to_geojson()
    assert geometry == {
        "type": "MultiPolygon",
        "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]], [[[5, 5], [6, 5], [6, 6], [5, 5]]]],
    }


def test_longitude_comes_first() -> None:
    assert parse_corridor({"type": "LineString", "coordinates": [[170, 10], [171, 10]]}, 5).points[0] == (170, 10)


def test_heights_are_passed_over() -> None:
    flat = parse_polygon({"type": "Polygon", "coordinates": [RING]})
    assert parse_polygon({"type": "Polygon", "coordinates": [[[*point, 12.5] for point in RING]]}) == flat


@pytest.mark.parametrize(
    ("geometry", "field"),
    [
        ({}, "points.type"),
        ({"type": "Point", "coordinates": [1, 2]}, "points.type"),
        ({"type": "polygon", "coordinates": [RING]}, "points.type"),
        ({"type": ["Polygon"], "coordinates": [RING]}, "points.type"),
        ({"type": "Polygon"}, "points.coordinates"),
        ({"type": "Polygon", "coordinates": []}, "points.coordinates"),
        ({"type": "Polygon", "coordinates": "0 0"}, "points.coordinates"),
        ({"type": "Polygon", "coordinates": {"0": RING}}, "points.coordinates"),
        ({"type": "Polygon", "coordinates": [[]]}, "points.coordinates[0]"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "points.coordinates[0]"),
        ({"type": "Polygon", "coordinates": [[*RING[:3], [24.9, 60.17]]]}, "points.coordinates[0]"),
        ({"type": "Polygon", "coordinates": [RING, 7]}, "points.coordinates[1]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [24.95], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [1, 2, 3, 4], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], ["24", "60"], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [True, False], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [None, 60], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [60.17, 124.94], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [float("nan"), 60], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[*RING[:2], [10**400, 60], RING[0]]]}, "points.coordinates[0][2]"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "points"),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "points.coordinates[0][0][0]"),
        ({"type": "MultiPolygon", "coordinates": [[RING], []]}, "points.coordinates[1]"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:60],
)
def test_what_is_no_polygon_is_refused_with_its_place(geometry: dict[str, Any], field: str) -> None:
    with pytest.raises(GeometryError) as caught:
        parse_polygon(geometry)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("geometry", "field"),
    [
        ({"type": "Polygon", "coordinates": [RING]}, "points.type"),
        ({"type": "LineString"}, "points.coordinates"),
        ({"type": "LineString", "coordinates": [[0, 0], 5]}, "points.coordinates[1]"),
        ({"type": "LineString", "coordinates": [[0, 0], [0, 91]]}, "points.coordinates[1]"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "points"),
        ({"type": "LineString", "coordinates": [[0, 0], [0, 0]]}, "points"),
    ],
)
def test_what_is_no_corridor_is_refused_with_its_place(geometry: dict[str, Any], field: str) -> None:
    with pytest.raises(GeometryError) as caught:
        parse_corridor(geometry, half_width_m=10)
    assert caught.value.field == field


def test_a_corridor_without_width_is_refused() -> None:
    with pytest.raises(GeometryError) as caught:
        parse_corridor({"type": "LineString", "coordinates": [[0, 0], [0, 1]]}, half_width_m=0)
    assert caught.value.field == "radius_m"
