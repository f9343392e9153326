"""Geofences, their versions and their entries in the index: what is stored stays readable, and is written as ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fencepost import container
from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys
from fencepost.dynamodb.serializer import Item
from fencepost.geofences.model import Geofence, Version
from fencepost.geofences.repository import DynamoDBGeofenceRepository
from fencepost.geofences.spatial_index.entry import list_entries
from fencepost.geofences.validity import InForce, Schedule, Window
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.functional.app import App
from tests.functional.golden import Example, check_reading, check_writing, example_event

DEMO = "demo"
ID = "00000000-0000-4000-8000-0000000000{:02}".format
NOW = datetime(2026, 5, 4, 7, 0, 1, 123456, tzinfo=UTC)
LATER = datetime(2026, 5, 4, 9, 0, 2, tzinfo=timezone(timedelta(hours=2)))
HERE = Position(lon=24.94, lat=60.17)
ABOUT: dict[str, Any] = {"tenant_id": DEMO, "actor": "ada", "payload": {"name": "Höfe"}}
CREATED = example_event("geofence.created", id=ID(99), occurred_at=NOW, **ABOUT)
CHANGED = example_event("geofence.updated", id=ID(98), occurred_at=LATER, **ABOUT)
DELETED = example_event("geofence.deleted", id=ID(97), occurred_at=LATER, **ABOUT)
CIRCLE = Geofence(
    id=ID(1),
    tenant_id=DEMO,
    name="Yard",
    shape=Circle(center=HERE, radius_m=100.0),
    created_at=NOW,
    updated_at=NOW,
).assign_cells()
POLYGON = Geofence(
    id=ID(2),
    tenant_id=DEMO,
    name="Tor “Süd”",
    shape=Polygon(
        parts=(
            (
                ((24.93, 60.16), (24.95, 60.16), (24.95, 60.18), (24.93, 60.18), (24.93, 60.16)),
                ((24.94, 60.17), (24.94, 60.1712345678), (24.941, 60.171), (24.94, 60.17)),
            ),
        )
    ),
    created_at=NOW,
    updated_at=NOW,
    description="Zufahrt\n€",
    in_force=InForce(
        active_from=NOW,
        expires_at=LATER + timedelta(days=1),
        schedule=Schedule(
            time_zone="Europe/Berlin",
            windows=(
                Window(days=frozenset({0, 6}), start_minute=360, end_minute=1200),
                Window(days=frozenset({5}), start_minute=1320, end_minute=360),
            ),
        ),
    ),
    is_priority=True,
    min_accuracy_m=12.5,
    color="#ff0000",
    address="Hafen 1",
    tags=("Hafen", "Süd"),
    trigger_on="dwell",
    dwell_minutes=5,
    cooldown_ms=60_000,
    action={"url": "https://acme.example/€", "n": 1.5, "deep": {"list": [None, True]}},
    assignments=(EntityRef("users", "ada"), EntityRef("users", "emil")),
    nodes=(True, False, True, True, True),
).assign_cells()
CORRIDOR = Geofence(
    id=ID(3),
    tenant_id=DEMO,
    name="Weg",
    shape=Corridor(points=((24.93, 60.16), (24.95, 60.18)), half_width_m=7.5),
    created_at=NOW,
    updated_at=NOW,
    is_active=False,
    min_accuracy_m=10,
    assignments=(EntityRef("users", "emil"),),
).assign_cells()
# Too large for an entry of the index, which then only refers to it.
LARGE = replace(CIRCLE, id=ID(4), name="Large", action={"text": "x" * 600})


def store() -> DynamoDBGeofenceRepository:
    return DynamoDBGeofenceRepository(container.table(), container.spatial_index(), draw_number=lambda: 4711)


def numbered(geofence: Geofence) -> Geofence:
    return replace(geofence, number=4711)


def add(geofence: Geofence) -> Example:
    def write(_app: App) -> None:
        assert store().add(geofence, CREATED) == numbered(geofence)

    def read(_app: App) -> object:
        versions = list(store().list_versions(DEMO, geofence.id, None))
        names = store().list_tags(DEMO)
        return store().get(DEMO, geofence.id), versions, names, bucket_entries(geofence)

    expected = numbered(geofence)
    return Example(write, read, (expected, [Version(geofence=expected)], list(geofence.tags), entry(expected)))


def bucket_entries(geofence: Geofence) -> object:
    """What each bucket of the index tells of a geofence: those of its cells, or else of the users it applies to."""
    buckets: list[Item | None] = [
        container.table().get(keys.cell_key(DEMO, cell, shard)) for cell, shard in geofence.cells.items()
    ]
    buckets += [container.table().get(keys.entity_key(DEMO, target)) for target in geofence.assignments]
    found = {
        (one.id, one.version, one.number, one.is_active, one.is_priority, one.is_reference, one.shape)
        + (() if one.is_reference else (one.name, one.trigger_on, str(one.action), one.min_accuracy_m, one.in_force))
        for bucket in buckets
        for one in list_entries(bucket or {})
    }
    (only,) = found
    return only


def entry(geofence: Geofence) -> object:
    is_reference = geofence.name == "Large"
    head = (
        geofence.id,
        geofence.version,
        0 if is_reference else 4711,
        geofence.is_active,
        geofence.is_priority,
        is_reference,
    )
    rest = (
        geofence.name,
        geofence.trigger_on,
        str(geofence.action),
        geofence.min_accuracy_m,
        geofence.in_force,
    )
    return (*head, geofence.shape, *(() if is_reference else rest))


def change(_app: App) -> None:
    added = store().add(CIRCLE, CREATED)
    after = added.apply({"name": "Court"}, LATER)
    store().replace(added, after, CHANGED)
    store().remove(after, LATER, DELETED)


def read_versions(_app: App) -> object:
    return store().get(DEMO, ID(1)), list(store().list_versions(DEMO, ID(1), None))


FIRST = numbered(CIRCLE)
EXAMPLES = {
    "geofence_circle": add(CIRCLE),
    "geofence_polygon": add(POLYGON),
    "geofence_corridor": add(CORRIDOR),
    "geofence_large": add(LARGE),
    "geofence_versions": Example(
        change,
        read_versions,
        (
            None,
            [
                Version(geofence=replace(FIRST, name="Court", version=2, updated_at=LATER), deleted_at=LATER),
                Version(geofence=FIRST),
            ],
        ),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_is_the_golden_document(app: App, name: str) -> None:
    check_writing(app, name, EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_document_is_read(app: App, name: str) -> None:
    check_reading(app, name, EXAMPLES[name])
