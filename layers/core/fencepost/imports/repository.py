"""Imports and their checkpoints in the table, and their files in the bucket."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.outbox import event_item
from fencepost.dynamodb.transaction import MAX_ACTIONS, Transaction
from fencepost.imports.import_documents import dump_chunk, dump_job, dump_rows, load_chunk, load_job, load_rows
from fencepost.imports.kml_rows import Row
from fencepost.imports.model import Chunk, CreatedGeofence, ImportJob, SkippedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fencepost.common.entity_ref import EntityRef
    from fencepost.common.events import Event
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.model import Geofence
    from fencepost.geofences.repository import DynamoDBGeofenceRepository
    from fencepost.imports.model import ImportSource
    from fencepost.imports.service import RowResult

_READ_BYTES = 64 * 1024
_CHECKPOINT_AND_COUNT = 2


class DynamoDBImportRepository:
    def __init__(
        self, table: Table, geofences: DynamoDBGeofenceRepository, directory: DynamoDBDirectoryRepository
    ) -> None:
        self._table = table
        self._geofences = geofences
        self._directory = directory

    def is_tenant(self, tenant_id: str) -> bool:
        return self._table.get(keys.tenant(tenant_id)) is not None

    def get(self, tenant_id: str, import_id: str) -> ImportJob | None:
        item = self._table.get(keys.import_job(tenant_id, import_id))
        return _job_of(item) if item else None

    def begin(self, job: ImportJob) -> None:
        """Kept as it was where another delivery began it already."""
        transaction = Transaction()
        transaction.create(_job_item(job), VersionMismatch())
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return

    def chunk(self, tenant_id: str, import_id: str, number: int) -> Chunk:
        """How far the chunk is; one that was never begun is at its start."""
        item = self._table.get(keys.import_chunk(tenant_id, import_id, number))
        if item is None:
            return Chunk(tenant_id=tenant_id, import_id=import_id, number=number)
        return load_chunk(item["doc"]["S"])

    def chunks(self, job: ImportJob) -> list[Chunk]:
        items = self._table.query(
            KeyConditionExpression="PK = :import AND begins_with(SK, :chunk)",
            ExpressionAttributeValues={
                ":import": {"S": keys.import_partition(job.tenant_id, job.import_id)},
                ":chunk": {"S": "CHUNK#"},
            },
            ConsistentRead=True,
        )
        return [load_chunk(item["doc"]["S"]) for item in items]

    def find_missing(self, tenant_id: str, targets: Sequence[EntityRef]) -> set[EntityRef]:
        return self._directory.find_missing(tenant_id, targets)

    def know_tags(self, tenant_id: str, tags: Sequence[str]) -> None:
        self._geofences.know_tags(tenant_id, tags)

    def check_room(self, tenant_id: str, more: int) -> None:
        self._geofences.check_room(tenant_id, more)

    def taken_names(self, tenant_id: str, geofences: Sequence[Geofence]) -> set[str]:
        """The names of these geofences that other geofences have."""
        by_key = {}
        for geofence in geofences:
            key = keys.geofence_name(tenant_id, geofence.name_key)
            by_key[keys.pair(key)] = (key, geofence.name)
        found = self._table.batch_get([key for key, _ in by_key.values()], consistent=True) if by_key else {}
        return {by_key[pair][1] for pair in found}

    def advance(self, chunk: Chunk, steps: Sequence[RowResult]) -> Chunk:
        """Write as many of the next steps as one transaction holds, and the checkpoint after them.

        Raises VersionMismatch where the checkpoint has moved, NameTaken for a name that came to be in between.
        """
        after = chunk

        def building() -> Transaction:
            nonlocal after
            transaction, after = self._next_steps(chunk, steps)
            return transaction

        self._geofences.write(building)
        return after

    def _next_steps(self, chunk: Chunk, steps: Sequence[RowResult]) -> tuple[Transaction, Chunk]:
        """A transaction of as many steps as it holds, behind the checkpoint after them."""
        changes = Transaction()
        made: list[CreatedGeofence] = []
        left_out: list[SkippedRow] = []
        for step in steps:
            if step.geofence is not None and step.event is not None:
                lists = self._geofences.lists_for(step.geofence.tenant_id, step.geofence.cells)
                if _CHECKPOINT_AND_COUNT + len(changes) + _actions(step.geofence) + lists > MAX_ACTIONS:
                    break
                self._geofences.adding(changes, step.geofence, step.event)
            if isinstance(step.outcome, CreatedGeofence):
                made.append(step.outcome)
            else:
                left_out.append(step.outcome)
        after = chunk.after(made, left_out)
        transaction = Transaction()
        self._checkpoint(transaction, chunk, after)
        transaction.extend(changes)
        return transaction, after

    def finish_chunk(self, chunk: Chunk) -> None:
        """Mark the chunk finished and count it, once however often it is called."""
        transaction = Transaction()
        self._checkpoint(transaction, chunk, replace(chunk, is_finished=True, version=chunk.version + 1))
        transaction.update(
            keys.import_job(chunk.tenant_id, chunk.import_id),
            VersionMismatch(),
            UpdateExpression="ADD chunksDone :one",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return

    def finish(self, job: ImportJob, event: Event) -> None:
        """Set the job's final status and tell of it, once however often it is called."""
        transaction = Transaction()
        transaction.update(
            keys.import_job(job.tenant_id, job.import_id),
            VersionMismatch(),
            UpdateExpression="SET told = :yes, #status = :status",
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(told)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":status": {"S": job.status}},
        )
        transaction.put(event_item(event))
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return

    def _checkpoint(self, transaction: Transaction, before: Chunk, after: Chunk) -> None:
        values = {"entity": "ImportChunk", "version": after.version, "doc": dump_chunk(after)}
        key = keys.import_chunk(before.tenant_id, before.import_id, before.number)
        if before.version == 1:
            transaction.create(key | serializer.item(values), VersionMismatch())
        else:
            transaction.replace(key | serializer.item(values), before.version, VersionMismatch())


class Bucket:
    """The bucket's side of an import: uploads in, chunks in between, reports out."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def read(self, drop: ImportSource) -> Iterable[bytes]:
        version = {"VersionId": drop.version_id} if drop.version_id else {}
        answer = self._client.get_object(Bucket=drop.bucket, Key=drop.key, **version)
        chunks: Iterable[bytes] = answer["Body"].iter_chunks(_READ_BYTES)
        return chunks

    def put_rows(self, key: str, rows: Sequence[Row]) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=dump_rows(rows))

    def get_rows(self, key: str) -> list[Row]:
        return load_rows(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())

    def put_report(self, key: str, report: dict[str, Any]) -> None:
        body = json.dumps(report, ensure_ascii=False, indent=2).encode()
        self._client.put_object(Bucket=self._name, Key=key, Body=body, ContentType="application/json")

    def get_report(self, key: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())
        return report


class ImportQueue:
    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[dict[str, Any]], delay_s: int) -> None:
        """Nobody gets them before `delay_s` seconds are over.

        Raises RuntimeError where the queue did not take one; sending all again does no harm.
        """
        for start in range(0, len(messages), 10):
            entries = [
                {"Id": str(n), "MessageBody": json.dumps(message), "DelaySeconds": delay_s}
                for n, message in enumerate(messages[start : start + 10])
            ]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise RuntimeError(f"the queue did not take {len(answer['Failed'])} messages")


def _actions(geofence: Geofence) -> int:
    """What a geofence takes of a transaction: itself, its version, name, number and event, its cells and targets.

    Not the lists of its cells: which of them are to be written depends on what the container knows.
    """
    return 5 + len(geofence.cells) + len(geofence.assignments)


def _job_item(job: ImportJob) -> Item:
    values = {
        "entity": "ImportJob",
        "status": job.status,
        "chunksDone": 0,
        "doc": dump_job(job),
    }
    return keys.import_job(job.tenant_id, job.import_id) | serializer.item(values)


def _job_of(item: Item) -> ImportJob:
    counted = serializer.plain({name: item[name] for name in ("status", "chunksDone")})
    return replace(load_job(item["doc"]["S"]), status=counted["status"], chunks_done=counted["chunksDone"])
