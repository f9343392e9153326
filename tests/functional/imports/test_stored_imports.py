"""Import jobs, their chunks and rows: what is stored stays readable, and is written as it always was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fencepost import container
from fencepost.directory.repository import DynamoDBDirectoryRepository
from fencepost.imports.model import Chunk, CreatedGeofence, ImportJob, ImportSource, RowResult, SkippedRow
from fencepost.imports.repository import DynamoDBImportRepository, S3ImportStorage
from fencepost.imports.rows import Row
from tests.functional.app import BUCKET, App
from tests.functional.golden import (
    FOLDER,
    Example,
    check_equal,
    check_reading,
    check_text,
    check_writing,
    example_event,
)

DEMO = "demo"
ID = "00000000-0000-4000-8000-0000000000{:02}".format
NOW = datetime(2026, 5, 4, 9, 0, 0, 120000, tzinfo=timezone(timedelta(hours=2)))
SOURCE = ImportSource(bucket=BUCKET, key="uploads/demo/Höfe.kml", version_id="v1", sequencer="0A", size_bytes=1234)
JOB = ImportJob(tenant_id=DEMO, import_id=ID(1), source=SOURCE, started_at=NOW, chunks=2, placemarks=3)
FAILED = replace(JOB, import_id=ID(2), chunks=0, placemarks=0, status="failed", reason="is no ZIP file: “€”")
CHUNK = Chunk(tenant_id=DEMO, import_id=ID(1), number=0)
CREATED = (
    CreatedGeofence(id=ID(3), name="Yard", placemark=1),
    CreatedGeofence(id=ID(4), name="Tor €", placemark=2, note="the style was passed over"),
)
SKIPPED = SkippedRow(placemark=3, line=17, name="Weg", reason="has no coordinates")
HALF_DONE = replace(CHUNK, rows_done=3, created=CREATED, skipped=(SKIPPED,), version=2)
ROWS = [
    Row(placemark=1, line=4, name="Yard"),
    Row(
        placemark=2,
        line=9,
        name="Tor €",
        kind="Polygon",
        rings=(((24.9, 60.1), (25.0, 60.1), (25.0, 60.00001), (24.9, 60.1)), ((1e-5, 2.0),)),
        radius_m=75,
        description='Zufahrt\n"Süd"',
        problem="has no coordinates",
        body={"geometry": {"type": "Point", "coordinates": [25, 60.5]}, "properties": {"n": None, "y": True}},
        nodes=(True, False, True, True),
        address="Hafen 1",
        color="#ff0000",
        tags=("Hafen", "süd"),
    ),
]


def repository() -> DynamoDBImportRepository:
    return DynamoDBImportRepository(
        container.table(), container.geofence_repository(), DynamoDBDirectoryRepository(container.table())
    )


def storage(app: App) -> S3ImportStorage:
    return S3ImportStorage(app.s3, BUCKET)


def begin_and_finish_a_chunk(app: App) -> None:
    repository().begin(JOB)
    repository().finish_chunk(CHUNK)


def begin_and_finish(app: App) -> None:
    repository().begin(JOB)
    finished = example_event(
        "import.completed",
        id=ID(9),
        tenant_id=DEMO,
        occurred_at=NOW,
        actor="import",
        payload={"importId": ID(1)},
    )
    repository().finish(replace(JOB, status="completed"), finished)


def advance(app: App) -> None:
    steps = [RowResult(row=ROWS[0], outcome=outcome) for outcome in (*CREATED, SKIPPED)]
    check_equal(repository().advance(CHUNK, steps), HALF_DONE)


EXAMPLES = {
    "import_job": Example(lambda _app: repository().begin(JOB), lambda _app: repository().get(DEMO, ID(1)), JOB),
    "import_job_failed": Example(
        lambda _app: repository().begin(FAILED), lambda _app: repository().get(DEMO, ID(2)), FAILED
    ),
    "import_job_completed": Example(
        begin_and_finish, lambda _app: repository().get(DEMO, ID(1)), replace(JOB, status="completed")
    ),
    "import_chunk_finished": Example(
        begin_and_finish_a_chunk,
        lambda _app: (repository().get(DEMO, ID(1)), repository().list_chunks(JOB)),
        (replace(JOB, chunks_done=1), [replace(CHUNK, is_finished=True, version=2)]),
    ),
    "import_chunk": Example(advance, lambda _app: repository().get_chunk(DEMO, ID(1), 0), HALF_DONE),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_document_is_written(app: App, name: str) -> None:
    check_writing(app, name, EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_document_is_read(app: App, name: str) -> None:
    check_reading(app, name, EXAMPLES[name])


def test_rows_are_written_as_the_golden_document(app: App) -> None:
    storage(app).put_rows("rows", ROWS)
    check_text("import_rows.json", app.s3.get_object(Bucket=BUCKET, Key="rows")["Body"].read().decode())


def test_golden_rows_are_read(app: App) -> None:
    app.s3.put_object(Bucket=BUCKET, Key="rows", Body=(FOLDER / "import_rows.json").read_bytes())
    check_equal(storage(app).get_rows("rows"), ROWS)


def test_documents_of_the_first_release_are_read_with_defaults(app: App) -> None:
    """What has a default today was not there at first."""
    app.s3.put_object(Bucket=BUCKET, Key="rows", Body=b'[{"placemark":1,"line":4,"name":"Yard","more":0}]')
    check_equal(storage(app).get_rows("rows"), ROWS[:1])
    job = {
        "tenant_id": DEMO,
        "import_id": ID(1),
        "drop": {"bucket": BUCKET, "key": SOURCE.key, "version_id": "v1", "sequencer": "0A", "size_bytes": 1234},
        "started_at": "2026-05-04T07:00:00Z",
        "chunks": 2,
        "placemarks": 3,
    }
    made = [{"id": "m", "name": "Yard", "placemark": 1}]
    chunk = {"tenant_id": DEMO, "import_id": ID(1), "number": 0, "made": made}
    begin_and_finish_a_chunk(app)
    for item in app.items():
        doc = {"ImportJob": job, "ImportChunk": chunk}.get(item.get("entity", {}).get("S", ""))
        if doc is not None:
            app.table.put_item(TableName="fencepost", Item=item | {"doc": {"S": json.dumps(doc)}})
    started_at = datetime(2026, 5, 4, 7, tzinfo=UTC)
    check_equal(repository().get(DEMO, ID(1)), replace(JOB, started_at=started_at, chunks_done=1))
    check_equal(
        repository().list_chunks(JOB), [replace(CHUNK, created=(CreatedGeofence(id="m", name="Yard", placemark=1),))]
    )
