"""A patch is applied to whatever version is current, and names fields as its request does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import ValidationFailed
from fencepost.geofences.mapping import to_patch
from fencepost.geofences.patch import GeofencePatch, ShapePatch, Unassignment
from fencepost.geofences.schemas import GeofenceUpdate
from fencepost.geofences.validity import InForce
from geo.shapes.base import ShapeFields
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.builders import NOW, build_geofence


def test_radius_changes_the_circle_that_is_current() -> None:
    patch = GeofencePatch(values={}, shape=ShapePatch(kind=None, fields=ShapeFields(radius_m=50.0)))
    moved = build_geofence(shape=Circle(center=Position(lon=1, lat=2), radius_m=100))
    assert patch.to_changes(moved) == {"shape": Circle(center=Position(lon=1, lat=2), radius_m=50.0)}


def test_end_is_compared_with_the_beginning_that_is_current() -> None:
    patch = GeofencePatch(values={}, validity={"expires_at": NOW}, names={"expires_at": "expires_at"})
    assert patch.to_changes(build_geofence()) == {"in_force": InForce(expires_at=NOW)}
    with pytest.raises(ValidationFailed) as refused:
        patch.to_changes(build_geofence(in_force=InForce(active_from=NOW + timedelta(1))))
    assert [error.field for error in refused.value.errors] == ["expires_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "polygon", "geometry": {"type": "Polygon", "coordinates": [[]]}}, "geometry.coordinates[0]"),
        ({"type": "polygon", "points": [{"lat": 1, "lng": 1}, {"lat": 1, "lng": 2}]}, "points"),
        ({"type": "corridor", "center_lat": 1.0, "center_lon": 1.0}, "center_lat"),
        ({"type": "corridor", "center": {"lat": 1.0, "lng": 1.0}}, "center.lat"),
    ],
)
def test_wrong_shape_is_reported_under_the_name_of_the_request(body: dict[str, Any], field: str) -> None:
    patch = to_patch(GeofenceUpdate.model_validate(body), body)
    with pytest.raises(ValidationFailed) as refused:
        patch.to_changes(build_geofence())
    assert refused.value.errors[0].field == field


def test_absent_fields_do_not_change() -> None:
    body = {"description": None, "tags": ["A", "a", "b"]}
    patch = to_patch(GeofenceUpdate.model_validate(body), body)
    assert patch.to_changes(build_geofence()) == {"description": None, "tags": ("A", "b")}


def test_unassignment_leaves_the_other_assignments() -> None:
    ada, vera = EntityRef("users", "ada"), EntityRef("users", "vera")
    assert Unassignment(target=ada).to_changes(build_geofence(assignments=(ada, vera))) == {"assignments": (vera,)}
