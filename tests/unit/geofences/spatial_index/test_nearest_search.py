"""The search for the nearest geofences, and the lists that it goes by, without a table."""

from __future__ import annotations

from random import Random
from secrets import token_hex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import Transaction
from fencepost.geofences.spatial_index.occupied_cells import CellLists, list_occupied, to_element
from geo.cells import LEVELS, Cell, find_listing_cell, list_cells_at
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.oracles.nearest import FakeTable, compare_nearest


def test_the_search_finds_what_a_look_at_every_geofence_finds() -> None:
    seed = token_hex(4)
    findings = compare_nearest(60, seed)
    assert not findings.disagreements, f"seed {seed}: {findings.disagreements[0]}"


@pytest.mark.parametrize("geofences", [60, 1_000])
def test_a_search_in_a_city_reads_three_times_at_the_most(geofences: int) -> None:
    random = Random("city")

    def somewhere() -> Position:
        return Position(lon=13.4 + random.gauss(0, 0.1), lat=52.5 + random.gauss(0, 0.1))

    table = FakeTable([Circle(center=somewhere(), radius_m=100) for _ in range(geofences)], random)
    for _ in range(30):
        assert len(table.find_nearest(somewhere(), 21)) == 21
        assert len(table.reads) <= 3
        assert sum(table.reads) <= 120


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(range(len(LEVELS))))
def test_a_cell_is_read_from_a_list_as_it_was_put_there(lon: float, lat: float, nth: int) -> None:
    cell = list_cells_at(Position(lon=lon, lat=lat))[nth]
    assert list(list_occupied(find_listing_cell(cell), {"listed": {"BS": [to_element(cell)]}})) == [cell]


def test_a_cell_is_put_on_all_lists_that_are_not_known() -> None:
    lists, cell, neighbour = CellLists(), Cell(15, 7487, 10946), Cell(15, 7488, 10946)
    transaction = Transaction()
    there = lists.add_to_lists(transaction, "t", cell)
    assert [key["PK"]["S"] for key in there] == ["T#t#CELL#9.116.171", "T#t#CELL#3.1.2", "T#t#CELL#0.0.0"]
    assert [lists.count_writes("t", [cell, neighbour]), len(transaction)] == [4, 3]  # in two lists of level 9
    lists.remember(there)
    assert lists.count_writes("t", [cell]) == 1
    lists.remember([keys.cell_key("t", cell)])
    assert lists.count_writes("t", [cell]) == 0
    assert lists.count_writes("other", [cell]) == 3


def test_what_is_known_takes_no_more_memory_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencepost.geofences.spatial_index.occupied_cells._MAX_CACHED", 10)
    lists = CellLists()
    for n in range(100):
        lists.remember([keys.cell_key("t", Cell(15, n, 0))])
    assert lists.is_cached(keys.cell_key("t", Cell(15, 99, 0)))
    assert len(lists._cached) <= 11
