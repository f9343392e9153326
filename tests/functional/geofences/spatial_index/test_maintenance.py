"""The commands that hold the index against the geofences and put it right."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from fencepost import container
from fencepost.cli import geofence_index
from fencepost.dynamodb.transaction import MAX_BUCKET_BYTES
from tests.functional.app import SESSION, App


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["index", *words])
    return geofence_index.main()


def filled(app: App) -> None:
    app.request("geofences", "create_circle")
    app.request("geofences", "create_polygon")
    app.request("geofences", "create_corridor")
    off = app.create_circle(
        "Off", status="inactive", assignments=[{"targetTable": "users", "targetId": "vera"}]
    ).body["id"]
    app.request("geofences", "update", path_id=off, description="changed")
    app.request("geofences", "create_circle", tenant="other", name="Theirs", latitude=1, longitude=1)


def bucket_of(app: App, part: str) -> dict[str, Any]:
    return next(
        item for item in app.items() if part in item["PK"]["S"] and any("B" in value for value in item.values())
    )


def by_key(app: App) -> dict[tuple[str, str], Any]:
    """Everything in the table; a set has no order."""
    items: list[dict[str, Any]] = [
        {name: {"BS": sorted(value["BS"])} if "BS" in value else value for name, value in item.items()}
        for item in app.items()
    ]
    return {(item["PK"]["S"], item["SK"]["S"]): item for item in items}


def test_an_index_that_nobody_touched_has_no_differences(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(app)
    assert run(monkeypatch, "check", "demo") == 0
    assert "0 differences" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["T#demo#CELL#", "T#demo#users#vera", "T#demo#users#ada"])
@pytest.mark.parametrize("damage", ["missing", "outdated", "stray", "miscounted"])
def test_what_was_damaged_is_told_and_put_right(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], part: str, damage: str
) -> None:
    filled(app)
    whole = by_key(app)
    bucket = bucket_of(app, part)
    (name, *_) = [name for name, value in bucket.items() if "B" in value]
    if damage == "missing":
        del bucket[name]
    elif damage == "outdated":
        *rest, last = bucket[name]["B"]
        bucket[name] = {"B": bytes((*rest, last ^ 1))}  # another byte, whichever it was
    elif damage == "stray":
        bucket["A" * 22] = bucket[name]
    else:
        bucket["bytes"] = {"N": "7"}
    SESSION.client("dynamodb").put_item(TableName="fencepost", Item=bucket)
    assert run(monkeypatch, "check", "demo") == 1
    assert f"{damage}: " in capsys.readouterr().out
    assert run(monkeypatch, "check", "other") == 0
    run(monkeypatch, "rebuild", "demo")
    assert run(monkeypatch, "check", "demo") == 0
    assert by_key(app) == whole


def test_a_bucket_without_room_does_not_keep_the_others_from_being_put_right(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(app)
    for part in ("T#demo#users#ada", "T#demo#users#vera"):
        bucket = bucket_of(app, part)
        (name, *_) = [name for name, value in bucket.items() if "B" in value]
        del bucket[name]
        if part.endswith("ada"):
            bucket["bytes"] = {"N": str(MAX_BUCKET_BYTES)}
        SESSION.client("dynamodb").put_item(TableName="fencepost", Item=bucket)
    run(monkeypatch, "rebuild", "demo")
    assert run(monkeypatch, "check", "demo") == 0, capsys.readouterr().out


def test_an_index_that_is_all_gone_is_made_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(app)
    client = SESSION.client("dynamodb")
    for item in app.items():
        if "T#demo#CELL#" in item["PK"]["S"]:
            client.delete_item(TableName="fencepost", Key={"PK": item["PK"], "SK": item["SK"]})
    assert run(monkeypatch, "check", "demo") == 1
    assert run(monkeypatch, "rebuild", "demo") == 0
    found = app.request("location", "check", latitude=30.2672, longitude=-97.7431).body["matches"]
    assert [match["geofenceName"] for match in found] == ["Downtown Office"]


def test_a_change_in_the_meantime_is_left_alone(app: App) -> None:
    filled(app)
    bucket = bucket_of(app, "T#demo#CELL#")
    (name, *_) = [name for name, value in bucket.items() if "B" in value]
    client = SESSION.client("dynamodb")
    client.put_item(TableName="fencepost", Item={k: v for k, v in bucket.items() if k != name})
    upkeep = container.index_maintenance()
    differences = upkeep.find_differences("demo")
    client.put_item(TableName="fencepost", Item=bucket)  # somebody was faster
    upkeep.repair("demo", differences)
    assert upkeep.find_differences("demo") == []


def list_of(app: App, level: str) -> dict[str, Any]:
    return next(item for item in app.items() if f"#CELL#{level}." in item["PK"]["S"] and item["SK"]["S"] == "BELOW")


@pytest.mark.parametrize("level", ["0", "3", "9"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_cell_that_is_on_no_list_is_told_and_put_on_it(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str, is_whole: bool
) -> None:
    """A list is gone, or a cell is off it; and all lists, as in a table that was filled before there were any."""
    filled(app)
    whole = by_key(app)
    client = SESSION.client("dynamodb")
    taken = list_of(app, level)
    if is_whole:
        client.delete_item(TableName="fencepost", Key={"PK": taken["PK"], "SK": taken["SK"]})
    else:
        client.put_item(TableName="fencepost", Item={k: v for k, v in taken.items() if k != "listed"})
    assert run(monkeypatch, "check", "demo") == 1
    assert "unlisted: cell in T#demo#CELL#" in capsys.readouterr().out
    assert run(monkeypatch, "rebuild", "demo") == 0
    assert by_key(app) == whole


def test_the_lists_of_a_table_from_before_there_were_any_are_made(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(app)
    whole = by_key(app)
    for item in app.items():
        if item["SK"]["S"] == "BELOW":
            SESSION.client("dynamodb").delete_item(TableName="fencepost", Key={"PK": item["PK"], "SK": item["SK"]})
    assert len(app.request("geofences", "nearest").body["data"]) == 1  # by the cells of the position itself
    assert run(monkeypatch, "rebuild", "demo") == 0
    assert run(monkeypatch, "rebuild", "other") == 0
    assert by_key(app) == whole
    assert len(app.request("geofences", "nearest").body["data"]) == 3


def test_cells_that_were_left_are_told_as_harmless_and_taken_off(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = app.create_circle("A", 10.005, 10.005, radiusMeters=50).body["id"]
    app.create_circle("B", 10.3, 10.3, radiusMeters=50)
    app.request("geofences", "update", path_id=made, latitude=-50, longitude=-100)
    app.request("geofences", "delete", path_id=made)
    assert run(monkeypatch, "check", "demo") == 0
    assert "0 differences, 2 empty cells" in capsys.readouterr().out
    assert run(monkeypatch, "rebuild", "demo") == 0
    assert run(monkeypatch, "check", "demo") == 0
    assert "0 differences, 0 empty cells" in capsys.readouterr().out
    cells = sorted((pk, sk) for pk, sk in by_key(app) if "#CELL#" in pk)
    assert len(cells) == 4  # B's cell and the three lists above it
    assert [near["geofenceName"] for near in app.request("geofences", "nearest").body["data"]] == ["B"]


def test_a_cell_that_somebody_has_entered_since_stays_on_the_lists(app: App) -> None:
    made = app.create_circle("A", 10.005, 10.005, radiusMeters=50).body["id"]
    app.request("geofences", "delete", path_id=made)
    upkeep = container.index_maintenance()
    (empty,) = upkeep.find_differences("demo")
    assert (empty.problem, empty.is_harmless) == ("empty", True)
    app.create_circle("B", 10.005, 10.005, radiusMeters=50)
    assert upkeep.repair("demo", [empty]) == 0
    assert upkeep.find_differences("demo") == []
    assert [near["geofenceName"] for near in app.request("geofences", "nearest").body["data"]] == ["B"]


def test_the_shards_of_a_crowded_cell_are_found_again_when_all_its_buckets_are_lost(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fencepost.dynamodb.transaction.MAX_BUCKET_BYTES", 1024)
    for n in range(30):
        app.create_circle(f"S {n}", 1.001, 1.001)
    for item in app.items():
        if "#CELL#" in item["PK"]["S"]:
            key = {"PK": item["PK"], "SK": item["SK"]}
            container.table()._client.delete_item(TableName="fencepost", Key=key)
    assert run(monkeypatch, "rebuild", "demo") == 0
    assert run(monkeypatch, "check", "demo") == 0
    container.spatial_index.cache_clear()
    container.geofence_repository.cache_clear()
    container.geofence_service.cache_clear()
    assert len(app.request("location", "check", latitude=1.001, longitude=1.001).body["matches"]) == 30
