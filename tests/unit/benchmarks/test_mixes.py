"""The geofences of the benchmarks depend only on the seed."""

from __future__ import annotations

import pytest

from benchmarks.memory_table import TENANT, CountingTable, MemoryTable
from benchmarks.mixes import GEOFENCES_PER_TOWN, MIXED, TIME_CLOCK, Mix, list_towns, make_shapes, pick_positions
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import MAX_BUCKET_BYTES
from geo.cells import Cell


@pytest.mark.parametrize("mix", [TIME_CLOCK, MIXED], ids=lambda mix: mix.name)
def test_a_town_depends_on_the_seed_and_not_on_the_number_of_towns(mix: Mix) -> None:
    few, many = list_towns(2_000, "seed"), list_towns(5_000, "seed")
    assert few == many[:2]
    assert make_shapes(mix, 1, few[1], "seed") == make_shapes(mix, 1, many[1], "seed")


def test_another_seed_makes_others() -> None:
    (town,) = list_towns(GEOFENCES_PER_TOWN, "seed")
    assert list_towns(GEOFENCES_PER_TOWN, "another") != [town]
    assert make_shapes(TIME_CLOCK, 0, town, "another") != make_shapes(TIME_CLOCK, 0, town, "seed")
    assert (
        pick_positions([town], 3, "seed") == pick_positions([town], 3, "seed") != pick_positions([town], 3, "another")
    )


def test_a_crowded_cell_is_sharded_and_its_first_shard_says_so() -> None:
    table, cell = MemoryTable(), Cell(15, 1, 2)
    for nth in range(3):
        table.add_to_index([cell], f"{nth:022}", bytes(MAX_BUCKET_BYTES - 22))
    found = table.batch_get([keys.cell_key(TENANT, cell, shard) for shard in range(4)])
    assert [item.get("shards") for item in found.values()] == [{"N": "3"}, None, None]


def test_what_is_read_is_counted() -> None:
    table = MemoryTable()
    table.add_to_index([Cell(15, 1, 2)], "a" * 22, bytes(20))
    counting = CountingTable(table)
    counting.batch_get([keys.cell_key(TENANT, Cell(15, 1, 2)), keys.cell_key(TENANT, Cell(12, 0, 0))])
    read = counting.take_counts()
    assert (read.units, read.calls, read.entries, read.versions) == (1.0, 1, 1, 0)
    assert counting.take_counts().units == 0
