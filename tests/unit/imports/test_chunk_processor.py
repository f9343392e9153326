"""Rows become geofences or are skipped with a reason, whatever happens between two transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import ValidationFailed, VersionMismatch
from fencepost.geofences.errors import NameTaken, QuotaReached
from fencepost.geofences.model import Geofence
from fencepost.imports.chunk_processor import ChunkProcessor
from fencepost.imports.events import ImportEvent
from fencepost.imports.model import Chunk, CreatedGeofence, ImportJob, RowResult
from fencepost.imports.rows import Row
from geo.shapes.circle import Circle
from geo.wgs84 import Position

NOW = datetime(2026, 5, 4, tzinfo=UTC)
CHUNK = Chunk(tenant_id="demo", import_id="00000000-0000-4000-8000-000000000001", number=0)


@dataclass
class FakeRepository:
    """Writes two results in a transaction. `interruptions` are raised, each by one call, before it writes."""

    interruptions: list[Exception] = field(default_factory=list)
    missing: set[EntityRef] = field(default_factory=set)
    stored: Chunk = CHUNK
    has_room_for_tags: bool = True

    def find_taken_names(self, tenant_id: str, geofences: Sequence[Geofence]) -> set[str]:
        return {"taken"}

    def find_missing(self, tenant_id: str, targets: Sequence[EntityRef]) -> set[EntityRef]:
        return self.missing

    def ensure_tags(self, tenant_id: str, tags: Sequence[str]) -> None:
        if tags and not self.has_room_for_tags:
            raise ValidationFailed.field("tags", "too many")

    def get_chunk(self, tenant_id: str, import_id: str, number: int) -> Chunk:
        return self.stored

    def advance(self, chunk: Chunk, results: Sequence[RowResult]) -> Chunk:
        if self.interruptions:
            raise self.interruptions.pop()
        outcomes = [result.outcome for result in results[:2]]
        created = [outcome for outcome in outcomes if isinstance(outcome, CreatedGeofence)]
        skipped = [outcome for outcome in outcomes if not isinstance(outcome, CreatedGeofence)]
        self.stored = chunk.advance(created, skipped)
        return self.stored

    def is_tenant(self, tenant_id: str) -> bool:
        raise NotImplementedError

    def get(self, tenant_id: str, import_id: str) -> ImportJob | None:
        raise NotImplementedError

    def begin(self, job: ImportJob) -> None:
        raise NotImplementedError

    def list_chunks(self, job: ImportJob) -> list[Chunk]:
        raise NotImplementedError

    def check_room(self, tenant_id: str, more: int) -> None:
        raise NotImplementedError

    def finish_chunk(self, chunk: Chunk) -> None:
        raise NotImplementedError

    def finish(self, job: ImportJob, event: ImportEvent) -> None:
        raise NotImplementedError


def parse_fields(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if body.get("color") == "red":
        raise ValidationFailed.field("color", "is not a color")
    if body.get("assignments") == "all":
        raise ValidationFailed.field("assignments[0].targetId", "is missing")
    fields = {name: body[name] for name in ("name", "tags", "assignments") if name in body}
    return fields | {"shape": Circle(center=Position(lon=1, lat=2), radius_m=50)}


def rows(*names: str, **body: Any) -> list[Row]:
    return [Row(placemark=n, line=0, name=name, body={"name": name, **body}) for n, name in enumerate(names, start=1)]


def process(repository: FakeRepository, rows: Sequence[Row]) -> tuple[list[str], dict[str, str]]:
    """Return the names of the created geofences, and the reasons for the skipped rows."""
    chunk = ChunkProcessor(repository, parse_fields).process(CHUNK, rows, NOW)
    assert chunk.rows_done == len(rows)
    return [created.name for created in chunk.created], {row.name: row.reason for row in chunk.skipped}


def test_row_with_a_problem_or_a_taken_name_is_skipped() -> None:
    broken = Row(placemark=1, line=3, name="broken", problem="it has no geometry")
    created, skipped = process(FakeRepository(), [broken, *rows("a", "taken", "b")])
    assert created == ["a", "b"]
    assert skipped == {"broken": "it has no geometry", "taken": str(NameTaken("taken"))}


def test_name_that_is_taken_meanwhile_is_skipped_and_the_others_are_created() -> None:
    created, skipped = process(FakeRepository([NameTaken("b")]), rows("a", "b", "c"))
    assert (created, list(skipped)) == (["a", "c"], ["b"])


def test_rows_beyond_the_quota_are_skipped() -> None:
    quota = QuotaReached(limit=5, count=4)
    created, skipped = process(FakeRepository([quota]), rows("a", "b", "c"))
    assert (created, skipped) == (["a"], {"b": str(quota), "c": str(quota)})


def test_worker_continues_at_the_checkpoint_of_another() -> None:
    ahead = CHUNK.advance([CreatedGeofence(id="1", name="a", placemark=1)], [])
    created, _ = process(FakeRepository([VersionMismatch()], stored=ahead), rows("a", "b", "c"))
    assert created == ["a", "b", "c"]


def test_repeated_chunk_creates_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        chunk = ChunkProcessor(FakeRepository(), parse_fields).process(CHUNK, rows("a", "b"), NOW)
        ids.append([created.id for created in chunk.created])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_assignment_to_a_missing_entity_skips_the_row() -> None:
    vera = EntityRef("users", "vera")
    created, skipped = process(FakeRepository(missing={vera}), [*rows("a", assignments=(vera,)), *rows("b")])
    assert (created, skipped) == (["b"], {"a": "there is no vera in users"})


def test_rows_with_tags_are_skipped_if_the_tenant_has_no_room_for_tags() -> None:
    created, skipped = process(FakeRepository(has_room_for_tags=False), [*rows("a", tags=("cold",)), *rows("b")])
    assert (created, skipped) == (["b"], {"a": "tags: too many"})


def test_invalid_property_is_ignored_with_a_note_unless_it_is_an_assignment() -> None:
    mixed = [*rows("a", color="red"), *rows("b", assignments="all")]
    chunk = ChunkProcessor(FakeRepository(), parse_fields).process(CHUNK, mixed, NOW)
    assert [(created.name, created.note) for created in chunk.created] == [
        ("a", "passed over: color: is not a color")
    ]
    assert [row.name for row in chunk.skipped] == ["b"]
