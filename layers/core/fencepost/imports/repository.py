"""Import jobs and checkpoints in the table, the files of imports in the bucket, and the queue of the workers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.transaction import MAX_ACTIONS, Transaction
from fencepost.imports.import_documents import dump_chunk, dump_job, dump_rows, load_chunk, load_job, load_rows
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
    from fencepost.imports.model import ImportSource, RowResult
    from fencepost.imports.rows import Row

_READ_BYTES = 64 * 1024
_MESSAGES_PER_CALL = 10
# In each transaction: the checkpoint, and the quota of the tenant.
_FIXED_ACTIONS = 2


class DynamoDBImportRepository:
    """The port `ImportRepository`."""

    def __init__(
        self, table: Table, geofences: DynamoDBGeofenceRepository, directory: DynamoDBDirectoryRepository
    ) -> None:
        self._table = table
        self._geofences = geofences
        self._directory = directory

    def is_tenant(self, tenant_id: str) -> bool:
        return self._table.get(keys.tenant_key(tenant_id)) is not None

    def get(self, tenant_id: str, import_id: str) -> ImportJob | None:
        item = self._table.get(keys.import_job_key(tenant_id, import_id))
        if item is None:
            return None
        counters = serializer.from_item({name: item[name] for name in ("status", "chunksDone")})
        return replace(load_job(item["doc"]["S"]), status=counters["status"], chunks_done=counters["chunksDone"])

    def begin(self, job: ImportJob) -> None:
        """Store a new job, unless another delivery of the notification has stored it."""
        transaction = Transaction()
        transaction.create(_to_item(job), VersionMismatch())
        self._write_once(transaction)

    def get_chunk(self, tenant_id: str, import_id: str, number: int) -> Chunk:
        """Return a chunk with its checkpoint; a chunk without one is at its start."""
        item = self._table.get(keys.import_chunk_key(tenant_id, import_id, number))
        if item is None:
            return Chunk(tenant_id=tenant_id, import_id=import_id, number=number)
        return load_chunk(item["doc"]["S"])

    def list_chunks(self, job: ImportJob) -> list[Chunk]:
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
        """Return the entities that do not exist."""
        return self._directory.find_missing(tenant_id, targets)

    def ensure_tags(self, tenant_id: str, tags: Sequence[str]) -> None:
        """Give each tag a number.

        Raises:
            ValidationFailed: The tenant has too many tags.
        """
        self._geofences.ensure_tags(tenant_id, tags)

    def check_room(self, tenant_id: str, more: int) -> None:
        """Check that the tenant may have this number of new geofences.

        Raises:
            QuotaReached: It may not.
        """
        self._geofences.check_room(tenant_id, more)

    def find_taken_names(self, tenant_id: str, geofences: Sequence[Geofence]) -> set[str]:
        """Return the names of these geofences that existing geofences have."""
        by_key = {}
        for geofence in geofences:
            key = keys.geofence_name_key(tenant_id, geofence.name_key)
            by_key[keys.to_pair(key)] = (key, geofence.name)
        found = self._table.batch_get([key for key, _ in by_key.values()], consistent=True) if by_key else {}
        return {by_key[pair][1] for pair in found}

    def advance(self, chunk: Chunk, results: Sequence[RowResult]) -> Chunk:
        """Write the results of the next rows, as many as fit in a transaction, and return the checkpoint after them.

        Raises:
            VersionMismatch: The stored checkpoint is another one.
            NameTaken: Another geofence has the name of one of these since the names were checked.
            QuotaReached: The tenant has no room for all of them.
        """
        after = chunk

        def build() -> Transaction:
            nonlocal after
            transaction, after = self._build_step(chunk, results)
            return transaction

        self._geofences.write(build)
        return after

    def _build_step(self, chunk: Chunk, results: Sequence[RowResult]) -> tuple[Transaction, Chunk]:
        """Return a transaction with the results that fit, and with the checkpoint after them as its first write."""
        changes = Transaction()
        created: list[CreatedGeofence] = []
        skipped: list[SkippedRow] = []
        for result in results:
            geofence = result.geofence
            if geofence is not None and result.event is not None:
                lists = self._geofences.count_list_writes(geofence.tenant_id, geofence.cells)
                # Item, version, name, number and event, then cells and assignments.
                actions = 5 + len(geofence.cells) + len(geofence.assignments)
                if _FIXED_ACTIONS + len(changes) + actions + lists > MAX_ACTIONS:
                    break
                self._geofences.add_to_transaction(changes, geofence, result.event)
            if isinstance(result.outcome, CreatedGeofence):
                created.append(result.outcome)
            else:
                skipped.append(result.outcome)
        after = chunk.advance(created, skipped)
        transaction = Transaction()
        self._put_checkpoint(transaction, chunk, after)
        transaction.extend(changes)
        return transaction, after

    def finish_chunk(self, chunk: Chunk) -> None:
        """Mark a chunk as finished and count it; a repetition changes nothing."""
        transaction = Transaction()
        self._put_checkpoint(transaction, chunk, replace(chunk, is_finished=True, version=chunk.version + 1))
        transaction.update(
            keys.import_job_key(chunk.tenant_id, chunk.import_id),
            VersionMismatch(),
            UpdateExpression="ADD chunksDone :one",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        self._write_once(transaction)

    def finish(self, job: ImportJob, event: Event) -> None:
        """Store the final status of a job with its event; a repetition changes nothing."""
        transaction = Transaction()
        transaction.update(
            keys.import_job_key(job.tenant_id, job.import_id),
            VersionMismatch(),
            UpdateExpression="SET told = :yes, #status = :status",
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(told)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":status": {"S": job.status}},
        )
        transaction.add_event(event)
        self._write_once(transaction)

    def _write_once(self, transaction: Transaction) -> None:
        """Write a transaction, unless an earlier delivery of the same message has written it."""
        try:
            self._table.write(transaction)
        except VersionMismatch:
            return

    def _put_checkpoint(self, transaction: Transaction, before: Chunk, after: Chunk) -> None:
        values = {"entity": "ImportChunk", "version": after.version, "doc": dump_chunk(after)}
        key = keys.import_chunk_key(before.tenant_id, before.import_id, before.number)
        if before.version == 1:
            transaction.create(key | serializer.to_item(values), VersionMismatch())
        else:
            transaction.replace(key | serializer.to_item(values), before.version, VersionMismatch())


class S3ImportStorage:
    """The files of imports in the bucket: uploads, the rows of chunks, and reports."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, source: ImportSource) -> Iterable[bytes]:
        version = {"VersionId": source.version_id} if source.version_id else {}
        response = self._client.get_object(Bucket=source.bucket, Key=source.key, **version)
        pieces: Iterable[bytes] = response["Body"].iter_chunks(_READ_BYTES)
        return pieces

    def put_rows(self, key: str, rows: Sequence[Row]) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=dump_rows(rows))

    def get_rows(self, key: str) -> list[Row]:
        return load_rows(self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def put_report(self, key: str, report: dict[str, Any]) -> None:
        body = json.dumps(report, ensure_ascii=False, indent=2).encode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def get_report(self, key: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        return report


class SqsChunkQueue:
    """The port `ChunkQueue`."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[dict[str, Any]], delay_s: int) -> None:
        """Send messages, which no worker receives before `delay_s` seconds have passed.

        Raises:
            RuntimeError: The queue did not accept one of them. Sending all of them again is harmless.
        """
        for start in range(0, len(messages), _MESSAGES_PER_CALL):
            entries = [
                {"Id": str(n), "MessageBody": json.dumps(message), "DelaySeconds": delay_s}
                for n, message in enumerate(messages[start : start + _MESSAGES_PER_CALL])
            ]
            response = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if response.get("Failed"):
                raise RuntimeError(f"the queue did not take {len(response['Failed'])} messages")


def _to_item(job: ImportJob) -> Item:
    values = {"entity": "ImportJob", "status": job.status, "chunksDone": 0, "doc": dump_job(job)}
    return keys.import_job_key(job.tenant_id, job.import_id) | serializer.to_item(values)
