"""Imports of files and rows: read the source, split it into chunks, process them, and write a report.

Every step may be repeated, after a crash or a second delivery of a message, with the same result. A source is
identified by bucket, key and version, a chunk by its number, and a geofence by an id derived from both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import NotFound
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.imports.events import ImportCompleted, ImportFailed
from fencepost.imports.model import ImportJob, format_chunk_key
from fencepost.imports.report import build_report
from fencepost.imports.source_reader import MAX_FILE_BYTES, UnreadableSource, is_full, read_rows, take_chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fencepost.imports.chunk_processor import ChunkProcessor
    from fencepost.imports.model import Chunk, ImportSource, RowResult
    from fencepost.imports.ports import ChunkQueue, ImportRepository, ObjectStorage
    from fencepost.imports.rows import Row

# A caller waits for this number of chunks, each of three seconds at most.
MAX_INLINE_CHUNKS = 2
# Longer than any request takes. The workers then have nothing left to do, unless the request failed.
_INLINE_DELAY_S = 60


@dataclass(frozen=True)
class ImportService:
    """The use cases of imports. `queue` is None where nothing begins an import."""

    objects: ObjectStorage
    repository: ImportRepository
    processor: ChunkProcessor
    queue: ChunkQueue | None = None
    new_id: NewId = field(default=new_id)

    def get(self, tenant_id: str, import_id: str) -> tuple[ImportJob, dict[str, Any] | None]:
        """Return an import, and its report if it has ended.

        Raises:
            NotFound: The tenant has no such import.
        """
        job = self.repository.get(tenant_id, import_id) if is_id(import_id) else None
        if job is None:
            raise NotFound("import")
        if job.status == "running":
            return job, None
        report = self.objects.get_report(job.source.get_report_key(has_tenant=True))
        if report["importId"] != import_id:
            # A later file of the same name has replaced the report.
            report = build_report(job, self.repository.list_chunks(job), None)
        return job, report

    def begin(
        self,
        source: ImportSource,
        now: datetime,
        row_groups: Iterable[Iterable[Row]] | None = None,
        inline_chunks: int = 0,
    ) -> ImportJob:
        """Read a source, split it into chunks and hand them to the workers.

        A file that cannot be read, or is in no tenant's folder, gets a report of its failure. The workers wait if
        there are at most `inline_chunks` chunks, which the caller then processes itself. Rows that come from a
        request and not from a file are in `row_groups`, those of each placemark or feature in a group.
        """
        tenant_id = source.tenant_id
        if tenant_id is None or not self.repository.is_tenant(tenant_id):
            return self._reject(source, now)
        job = self.repository.get(tenant_id, source.import_id)
        if job is None:
            job = self._read_source(tenant_id, source, now, row_groups)
            self.repository.begin(job)
        if job.status == "failed":
            self._finish(job, [], now)
        elif job.chunks == 0:
            self._finish_if_done(job, now)
        elif job.status == "running":
            assert self.queue is not None
            message = {"tenantId": job.tenant_id, "importId": job.import_id}
            messages = [{**message, "chunk": number} for number in range(job.chunks)]
            self.queue.send(messages, _INLINE_DELAY_S if job.chunks <= inline_chunks else 0)
        return job

    def import_rows(self, source: ImportSource, rows: Sequence[Row], now: datetime) -> tuple[ImportJob, list[Chunk]]:
        """Create the geofences of rows: at once if they are few, else by the workers.

        Returns:
            The import, and its chunks if it has ended.

        Raises:
            QuotaReached: The tenant has no room for all rows. The import has not begun.
        """
        assert source.tenant_id is not None
        if self.repository.get(source.tenant_id, source.import_id) is None:
            self.repository.check_room(source.tenant_id, sum(row.problem is None for row in rows))
        row_groups = (group for _, group in groupby(rows, key=lambda row: row.placemark))
        job = self.begin(source, now, row_groups, MAX_INLINE_CHUNKS)
        if job.status == "running" and job.chunks <= MAX_INLINE_CHUNKS:
            for number in range(job.chunks):
                self.process_chunk(job.tenant_id, job.import_id, number, now)
        job = self.repository.get(job.tenant_id, job.import_id) or job
        return job, self.repository.list_chunks(job) if job.status == "completed" else []

    def preview(self, tenant_id: str, rows: Sequence[Row], now: datetime) -> list[RowResult]:
        """Return the results that `import_rows` would have now, and write nothing.

        Raises:
            QuotaReached: The tenant has no room for all rows.
        """
        return self.processor.preview(tenant_id, rows, now)

    def process_chunk(self, tenant_id: str, import_id: str, number: int, now: datetime) -> None:
        """Create the geofences of a chunk, from its checkpoint on. The last chunk to finish writes the report."""
        chunk = self.repository.get_chunk(tenant_id, import_id, number)
        if not chunk.is_finished:
            chunk = self.processor.process(chunk, self.objects.get_rows(chunk.object_key), now)
            self.repository.finish_chunk(chunk)
        job = self.repository.get(tenant_id, import_id)
        if job is not None:
            self._finish_if_done(job, now)

    def _read_source(
        self, tenant_id: str, source: ImportSource, now: datetime, row_groups: Iterable[Iterable[Row]] | None
    ) -> ImportJob:
        """Store the rows of a source in chunks and return the job: running, or failed if the source is unreadable."""
        job = ImportJob(
            tenant_id=tenant_id, import_id=source.import_id, source=source, started_at=now, chunks=0, placemarks=0
        )
        if source.size_bytes > MAX_FILE_BYTES:
            return replace(job, status="failed", reason=f"the file has more than {MAX_FILE_BYTES:,} bytes")
        rows: list[Row] = []
        placemarks = chunks = 0
        try:
            for group in read_rows(source, self.objects.read(source)) if row_groups is None else row_groups:
                placemarks += 1
                rows.extend(group)
                while is_full(rows):
                    self.objects.put_rows(format_chunk_key(tenant_id, job.import_id, chunks), take_chunk(rows))
                    chunks += 1
        except UnreadableSource as error:
            return replace(job, status="failed", reason=str(error))
        if rows:
            self.objects.put_rows(format_chunk_key(tenant_id, job.import_id, chunks), rows)
            chunks += 1
        return replace(job, chunks=chunks, placemarks=placemarks)

    def _finish_if_done(self, job: ImportJob, now: datetime) -> None:
        if job.status == "running" and job.chunks_done >= job.chunks:
            self._finish(replace(job, status="completed"), self.repository.list_chunks(job), now)

    def _finish(self, job: ImportJob, chunks: Sequence[Chunk], now: datetime) -> None:
        """Write the report, then the event, so that a consumer of the event finds the report."""
        report = build_report(job, chunks, now)
        key = job.source.get_report_key(has_tenant=True)
        self.objects.put_report(key, report)
        event_class = ImportFailed if job.status == "failed" else ImportCompleted
        event = event_class(
            id=self.new_id(),
            tenant_id=job.tenant_id,
            occurred_at=now,
            actor=f"import:{job.import_id}",
            import_id=job.import_id,
            report_key=key,
            counts=report["counts"],
        )
        self.repository.finish(job, event)

    def _reject(self, source: ImportSource, now: datetime) -> ImportJob:
        job = ImportJob(
            tenant_id="",
            import_id=source.import_id,
            source=source,
            started_at=now,
            chunks=0,
            placemarks=0,
            status="failed",
            reason="the file is in no tenant's folder; upload it to uploads/<tenantId>/",
        )
        self.objects.put_report(source.get_report_key(has_tenant=False), build_report(job, [], now))
        return job
