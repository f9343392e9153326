"""What the index holds of a geofence, and that nothing of it is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import serializer
from fencepost.geofences.items import build_geofence_item, parse_geofence_item
from fencepost.geofences.model import Geofence
from fencepost.geofences.spatial_index.entry import IndexEntry, list_entries, pack_entry, to_attribute
from fencepost.geofences.spatial_index.index import SpatialIndex
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.wgs84 import Position
from tests.builders import build_geofence

NOW = datetime(2026, 5, 4, 9, 30, 0, 123456, tzinfo=UTC)
ID = "5cd906a3-941c-463b-9cc9-8f49dbcc25aa"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def make_geofence(**fields: Any) -> Geofence:
    return build_geofence(**{"id": ID, "created_at": NOW, "updated_at": NOW, **fields})


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    radius_m=st.floats(0.001, 100_000),
    name=st.text(min_size=1, max_size=100).filter(lambda text: text.isprintable()),
    action=st.dictionaries(st.text(max_size=5), JSON, max_size=2),
    min_accuracy_m=st.floats(0, 1e6),
    version=st.integers(1, 2**32 - 1),
)
def test_an_entry_tells_what_the_geofence_is(
    lon: float, lat: float, radius_m: float, name: str, action: dict[str, Any], min_accuracy_m: float, version: int
) -> None:
    shape = Circle(center=Position(lon=lon + 0.0, lat=lat + 0.0), radius_m=radius_m)
    made = make_geofence(shape=shape, name=name, action=action, min_accuracy_m=min_accuracy_m, version=version)
    entry = IndexEntry(to_attribute(ID), pack_entry(made))
    assert (entry.id, entry.version, entry.shape) == (ID, version, shape)
    if not entry.is_reference:
        assert (entry.name, entry.action, entry.min_accuracy_m) == (name, action, min_accuracy_m)


@given(st.uuids())
def test_an_attribute_name_stands_for_an_id_and_is_short(some_id: UUID) -> None:
    assert len(to_attribute(str(some_id))) == 22
    assert IndexEntry(to_attribute(str(some_id)), pack_entry(make_geofence())).id == str(some_id)


def test_the_entry_of_an_office_is_a_few_dozen_bytes() -> None:
    assert len(pack_entry(make_geofence(name="Downtown Office"))) == 5 + 17 + len('{"n":"Downtown Office"}')


def test_an_entry_tells_its_number_in_four_bytes_more() -> None:
    plain, numbered = pack_entry(make_geofence()), pack_entry(make_geofence(number=2**31 - 1))
    assert len(numbered) == len(plain) + 4
    entry = IndexEntry(to_attribute(ID), numbered)
    assert (entry.number, entry.name) == (2**31 - 1, make_geofence().name)
    assert IndexEntry(to_attribute(ID), plain).number == 0


def test_a_geofence_with_many_vertices_leaves_only_its_box() -> None:
    long_road = Corridor(points=tuple((8 + k / 1000, 50.0) for k in range(200)), half_width_m=50)
    entry = IndexEntry(to_attribute(ID), pack_entry(make_geofence(shape=long_road)))
    assert entry.is_reference
    bucket = {to_attribute(ID): {"B": pack_entry(make_geofence(shape=long_road))}}
    table: Any = None
    index = SpatialIndex(table)
    assert len(index._find_entries([bucket], Position(lon=8.1, lat=50.0), 0)) == 1
    assert index._find_entries([bucket], Position(lon=9.1, lat=50.0), 0) == []


def test_a_bucket_holds_entries_beside_other_attributes() -> None:
    bucket = serializer.to_item({"PK": "x", "name": "Ada", to_attribute(ID): pack_entry(make_geofence()), "n": 3})
    assert [entry.id for entry in list_entries(bucket)] == [ID]


def test_an_item_is_the_geofence_again() -> None:
    made = make_geofence(
        description="d",
        is_priority=True,
        min_accuracy_m=0.1,
        color="#3366CC",
        address="Karlsplatz 2",
        tags=("a", "b"),
        trigger_on="dwell",
        dwell_minutes=5,
        cooldown_ms=0,
        action={"a": [1, 2.5, None, True, "\u00fc"]},
        assignments=(EntityRef("users", "ada"),),
        version=7,
    )
    assert parse_geofence_item(build_geofence_item(made)) == made
    assert parse_geofence_item(build_geofence_item(make_geofence())) == make_geofence()


@given(st.dictionaries(st.text(min_size=1), JSON))
def test_plain_values_survive_the_table(values: dict[str, Any]) -> None:
    expected = {name: value for name, value in values.items() if value is not None}
    assert serializer.from_item(serializer.to_item(values)) == expected
