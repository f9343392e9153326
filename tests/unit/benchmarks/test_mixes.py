"""The geofences of the benchmarks: the same for the same seed, whoever makes them and however many."""

from __future__ import annotations

import pytest

from benchmarks.memory_table import TENANT, CountingTable, MemoryTable
from benchmarks.mixes import GEOFENCES_A_TOWN, MIXED, TIME_CLOCK, Mix, inhabited, positions, shapes
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import MAX_BUCKET_BYTES
from geo.cells import Cell


@pytest.mark.parametrize("mix", [TIME_CLOCK, MIXED], ids=lambda mix: mix.name)
def test_a_seed_makes_the_same_town_however_many_there_are(mix: Mix) -> None:
    few, many = inhabited(2_000, "seed"), inhabited(5_000, "seed")
    assert few == many[:2]
    assert shapes(mix, 1, few[1], "seed") == shapes(mix, 1, many[1], "seed")


def test_another_seed_makes_others() -> None:
    (town,) = inhabited(GEOFENCES_A_TOWN, "seed")
    assert inhabited(GEOFENCES_A_TOWN, "another") != [town]
    assert shapes(TIME_CLOCK, 0, town, "another") != shapes(TIME_CLOCK, 0, town, "seed")
    assert positions([town], 3, "seed") == positions([town], 3, "seed") != positions([town], 3, "another")


def test_a_crowded_cell_is_sharded_and_its_first_shard_says_so() -> None:
    table, cell = MemoryTable(), Cell(15, 1, 2)
    for nth in range(3):
        table.enter([cell], f"{nth:022}", bytes(MAX_BUCKET_BYTES - 22))
    found = table.batch_get([keys.cell(TENANT, cell, shard) for shard in range(4)])
    assert [item.get("shards") for item in found.values()] == [{"N": "3"}, None, None]


def test_what_is_read_is_counted() -> None:
    table = MemoryTable()
    table.enter([Cell(15, 1, 2)], "a" * 22, bytes(20))
    counting = CountingTable(table)
    counting.batch_get([keys.cell(TENANT, Cell(15, 1, 2)), keys.cell(TENANT, Cell(12, 0, 0))])
    read = counting.taken()
    assert (read.units, read.calls, read.entries, read.versions) == (1.0, 1, 1, 0)
    assert counting.taken().units == 0
