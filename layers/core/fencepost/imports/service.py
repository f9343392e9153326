"""Importing a dropped file, KML or GeoJSON: read it whole, split it, make its geofences chunk by chunk, report.

Each step may be repeated, after a crash or a message delivered twice, and leaves the same result: the file is
known by bucket, key and version, chunks by number, geofences by ids derived from both, and a chunk's checkpoint
moves in the same transaction as the geofences that it counts.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from fencepost.common import strict_json
from fencepost.common.errors import NotFound, ValidationFailed, VersionMismatch
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.geofences.errors import NameTaken, QuotaReached
from fencepost.geofences.events import GeofenceCreated, GeofenceEvent
from fencepost.imports.events import ImportCompleted, ImportEvent, ImportFailed
from fencepost.imports.geojson_rows import PASSED_OVER, parse_features
from fencepost.imports.kml_rows import NameAllocator, Row, parse_placemark
from fencepost.imports.model import (
    MAX_REASON_LENGTH,
    Chunk,
    CreatedGeofence,
    ImportJob,
    ImportSource,
    SkippedRow,
    chunk_object_key,
    geofence_of,
    report,
)
from geo.errors import GeometryError
from geo.kml.kmz import unzip_kml
from geo.kml.model import KmlError
from geo.kml.reader import read_kml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fencepost.common.entity_ref import EntityRef
    from fencepost.geofences.model import Geofence

MAX_GEOJSON_BYTES = 32 * 2**20
# Empty objects take thirty times their text. Of vertices there are fewer in so many bytes.
MAX_GEOJSON_VALUES = 4_000_000
MAX_FILE_BYTES = 512 * 2**20
# One placemark's text: some 80,000 vertices. What a polygon takes is far less.
MAX_TEXT_BYTES = 4 * 2**20
ROWS_A_CHUNK = 100
VERTICES_A_CHUNK = 20_000
# So many chunks are made while a caller waits, some three seconds each at the most.
CHUNKS_AT_ONCE = 2
# Longer than any call lasts. The workers find nothing to do then, unless the call has died on its way.
_UNLESS_DONE_AFTER_S = 60
_OUTER = re.compile(r"[.\[]")

FieldsOf = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From what a feature says, in the canonical vocabulary, to a geofence's fields. Raises Invalid."""


class Unreadable(ValueError):
    """A file that cannot be read at all, and why."""


class ObjectStorage(Protocol):
    """The port to the bucket."""

    def read(self, drop: ImportSource) -> Iterable[bytes]: ...
    def put_rows(self, key: str, rows: Sequence[Row]) -> None: ...
    def get_rows(self, key: str) -> list[Row]: ...
    def put_report(self, key: str, report: dict[str, Any]) -> None: ...
    def get_report(self, key: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What one row comes to: a geofence to be written with its event, or a reason why not."""

    outcome: CreatedGeofence | SkippedRow
    geofence: Geofence | None = None
    event: GeofenceEvent | None = None


class ImportRepository(Protocol):
    """The port to where imports and their checkpoints are kept."""

    def is_tenant(self, tenant_id: str) -> bool: ...
    def get(self, tenant_id: str, import_id: str) -> ImportJob | None: ...
    def begin(self, job: ImportJob) -> None: ...
    def chunk(self, tenant_id: str, import_id: str, number: int) -> Chunk: ...
    def chunks(self, job: ImportJob) -> list[Chunk]: ...
    def find_missing(self, tenant_id: str, targets: Sequence[EntityRef]) -> set[EntityRef]: ...
    def know_tags(self, tenant_id: str, tags: Sequence[str]) -> None: ...
    def check_room(self, tenant_id: str, more: int) -> None: ...
    def taken_names(self, tenant_id: str, geofences: Sequence[Geofence]) -> set[str]: ...
    def advance(self, chunk: Chunk, steps: Sequence[RowResult]) -> Chunk: ...
    def finish_chunk(self, chunk: Chunk) -> None: ...
    def finish(self, job: ImportJob, event: ImportEvent) -> None: ...


class ChunkQueue(Protocol):
    """The port to the workers."""

    def send(self, messages: Sequence[dict[str, Any]], delay_s: int) -> None: ...


@dataclass(frozen=True)
class ImportService:
    objects: ObjectStorage
    jobs: ImportRepository
    fields_of: FieldsOf
    queue: ChunkQueue | None = None
    make_id: NewId = field(default=new_id)

    def get(self, tenant_id: str, import_id: str) -> tuple[ImportJob, dict[str, Any] | None]:
        """An import, and its report once it has ended. Raises NotFound."""
        job = self.jobs.get(tenant_id, import_id) if is_id(import_id) else None
        if job is None:
            raise NotFound("import")
        if job.status == "running":
            return job, None
        told = self.objects.get_report(job.drop.report_key(is_known=True))
        # A file that was dropped again under the same name has written its own over it.
        return job, told if told["importId"] == import_id else report(job, self.jobs.chunks(job), None)

    def begin(
        self, drop: ImportSource, now: datetime, placemarks: Iterable[Iterable[Row]] | None = None, at_once: int = 0
    ) -> ImportJob:
        """Read a dropped file whole, split it into chunks and hand them to the workers.

        With `placemarks`, the rows of each, those are what it holds. The workers wait where there are no more chunks
        than `at_once`, for the caller to make them. A file that cannot be read, or that lies in no tenant's folder,
        becomes a failed report; nothing is written.
        """
        tenant_id = drop.tenant_id
        if tenant_id is None or not self.jobs.is_tenant(tenant_id):
            return self._rejected(drop, now)
        job = self.jobs.get(tenant_id, drop.import_id)
        if job is None:
            job = self._read(tenant_id, drop, now, placemarks)
            self.jobs.begin(job)
        if job.status == "failed":
            self._fail(job, now)
        elif job.chunks == 0:
            self._report_if_done(job, now)
        elif job.status == "running":
            self._hand_out(job, _UNLESS_DONE_AFTER_S if job.chunks <= at_once else 0)
        return job

    def import_rows(self, drop: ImportSource, rows: Sequence[Row], now: datetime) -> tuple[ImportJob, list[Chunk]]:
        """Make the geofences of rows: a few at once, or by the workers. The import, and its chunks if it has ended.

        Raises QuotaReached, and begins nothing, where the tenant has no room for all of them.
        """
        assert drop.tenant_id is not None
        if self.jobs.get(drop.tenant_id, drop.import_id) is None:
            self.jobs.check_room(drop.tenant_id, sum(row.problem is None for row in rows))
        placemarks = (group for _, group in groupby(rows, key=lambda row: row.placemark))
        job = self.begin(drop, now, placemarks, CHUNKS_AT_ONCE)
        if job.status == "running" and job.chunks <= CHUNKS_AT_ONCE:
            for number in range(job.chunks):
                self.process_chunk(job.tenant_id, job.import_id, number, now)
        job = self.jobs.get(job.tenant_id, job.import_id) or job
        return job, self.jobs.chunks(job) if job.status == "completed" else []

    def preview(self, tenant_id: str, rows: Sequence[Row], now: datetime) -> list[RowResult]:
        """What `import_rows` would make of the rows now; nothing is written. Raises QuotaReached."""
        self.jobs.check_room(tenant_id, sum(row.problem is None for row in rows))
        nowhere = Chunk(tenant_id=tenant_id, import_id=self.make_id(), number=0)
        steps = [self._step(row, nowhere, n, now) for n, row in enumerate(rows)]
        taken = self.jobs.taken_names(tenant_id, [step.geofence for step in steps if step.geofence is not None])
        return [_unless_taken(step, row, taken) for step, row in zip(steps, rows, strict=True)]

    def process_chunk(self, tenant_id: str, import_id: str, number: int, now: datetime) -> None:
        """Make the geofences of one chunk, from its checkpoint on; the last chunk to end writes the report."""
        chunk = self.jobs.chunk(tenant_id, import_id, number)
        if not chunk.is_finished:
            self.jobs.finish_chunk(self._made(chunk, now))
        job = self.jobs.get(tenant_id, import_id)
        if job is not None:
            self._report_if_done(job, now)

    def _read(
        self, tenant_id: str, drop: ImportSource, now: datetime, placemarks: Iterable[Iterable[Row]] | None
    ) -> ImportJob:
        job = ImportJob(
            tenant_id=tenant_id, import_id=drop.import_id, drop=drop, started_at=now, chunks=0, placemarks=0
        )
        if drop.size_bytes > MAX_FILE_BYTES:
            return replace(job, status="failed", reason=f"the file has more than {MAX_FILE_BYTES:,} bytes")
        chunks = count = 0

        def counted() -> Iterator[Iterable[Row]]:
            nonlocal count
            for some in self._rows(drop) if placemarks is None else placemarks:
                count += 1
                yield some

        try:
            for rows in _chunked(counted()):
                self.objects.put_rows(chunk_object_key(tenant_id, drop.import_id, chunks), rows)
                chunks += 1
        except (KmlError, Unreadable) as error:
            return replace(job, status="failed", reason=str(error))
        return replace(job, chunks=chunks, placemarks=count)

    def _rows(self, drop: ImportSource) -> Iterator[Iterable[Row]]:
        """The rows of each placemark or feature."""
        namer, content = NameAllocator(drop.key), self.objects.read(drop)
        if drop.is_geojson:
            yield from parse_features(_features(drop, content), namer)
            return
        content = unzip_kml(content, max_bytes=MAX_FILE_BYTES)
        for placemark in read_kml(content, max_text_bytes=MAX_TEXT_BYTES):
            yield parse_placemark(placemark, namer)

    def _hand_out(self, job: ImportJob, delay_s: int) -> None:
        assert self.queue is not None
        about = {"tenantId": job.tenant_id, "importId": job.import_id}
        self.queue.send([{**about, "chunk": number} for number in range(job.chunks)], delay_s)

    def _made(self, chunk: Chunk, now: datetime) -> Chunk:
        """The chunk with every row through."""
        rows = self.objects.get_rows(chunk.object_key)
        steps = [self._step(row, chunk, n, now) for n, row in enumerate(rows)]
        waiting = [step.geofence for step in steps[chunk.done :] if step.geofence is not None]
        taken = self.jobs.taken_names(chunk.tenant_id, waiting)
        steps = self._with_tags(self._with_targets(steps, rows, chunk), rows, chunk)
        while chunk.done < len(rows):
            steps = [_unless_taken(step, row, taken) for step, row in zip(steps, rows, strict=True)]
            try:
                chunk = self.jobs.advance(chunk, steps[chunk.done :])
            except NameTaken as error:
                taken = {error.name}
            except QuotaReached as error:
                steps = _within(steps, rows, chunk.done, error)
            except VersionMismatch:
                # Another delivery of the same message was faster: go on from where it stands.
                chunk = self.jobs.chunk(chunk.tenant_id, chunk.import_id, chunk.number)
        return chunk

    def _step(self, row: Row, chunk: Chunk, number: int, now: datetime) -> RowResult:
        if row.problem is not None:
            return RowResult(outcome=SkippedRow.of(row, row.problem))
        try:
            fields, note = self._fields(row)
            geofence = geofence_of(fields, chunk, number, now)
        except ValidationFailed as error:
            return RowResult(outcome=SkippedRow.of(row, str(error)))
        except GeometryError as error:
            told = error.reason if error.field.startswith("points") else f"{error.field}: {error.reason}"
            return RowResult(outcome=SkippedRow.of(row, told))
        event = GeofenceCreated(
            id=self.make_id(),
            tenant_id=geofence.tenant_id,
            occurred_at=now,
            actor=f"import:{chunk.import_id}",
            geofence=geofence,
        )
        return RowResult(
            outcome=CreatedGeofence(id=geofence.id, name=geofence.name, placemark=row.placemark, note=note),
            geofence=geofence,
            event=event,
        )

    def _fields(self, row: Row) -> tuple[Mapping[str, Any], str | None]:
        """The fields of the geofence, and what was passed over: a property that is no field's value.

        Raises Invalid and GeometryError.
        """
        if row.said is None:
            fields = {
                "name": row.name,
                "description": row.description,
                "address": row.address,
                "color": row.color,
                "tags": row.tags,
                "shape": row.shape(),
                "nodes": row.nodes,
            }
            return fields, None
        said = dict(row.said)
        notes: list[str] = []
        while True:
            try:
                return self.fields_of(said), "; ".join(notes)[:MAX_REASON_LENGTH] or None
            except ValidationFailed as error:
                wrong = {_OUTER.split(told.field)[0] for told in error.errors} & said.keys()
                if not wrong or not wrong <= PASSED_OVER:
                    raise
                notes.append(f"passed over: {error}")
                said = {key: value for key, value in said.items() if key not in wrong}

    def _with_targets(self, steps: Sequence[RowResult], rows: Sequence[Row], chunk: Chunk) -> list[RowResult]:
        """The steps, without the geofences that are assigned to what is not there."""
        waiting = [step.geofence for step in steps[chunk.done :] if step.geofence is not None]
        targets = sorted({target for geofence in waiting for target in geofence.assignments})
        missing = self.jobs.find_missing(chunk.tenant_id, targets) if targets else set()
        return [_unless_missing(step, row, missing) for step, row in zip(steps, rows, strict=True)]

    def _with_tags(self, steps: list[RowResult], rows: Sequence[Row], chunk: Chunk) -> list[RowResult]:
        """The steps; where the tenant has no room for their tags, without the geofences that have some."""
        waiting = [step.geofence for step in steps[chunk.done :] if step.geofence is not None]
        tags = sorted({tag for geofence in waiting for tag in geofence.tags})
        try:
            self.jobs.know_tags(chunk.tenant_id, tags)
        except ValidationFailed as error:
            reason = str(error)
            return [
                RowResult(outcome=SkippedRow.of(row, reason))
                if step.geofence is not None and step.geofence.tags
                else step
                for step, row in zip(steps, rows, strict=True)
            ]
        return steps

    def _report_if_done(self, job: ImportJob, now: datetime) -> None:
        if job.status != "running" or job.chunks_done < job.chunks:
            return
        job = replace(job, status="completed")
        self._tell(job, self.jobs.chunks(job), now)

    def _fail(self, job: ImportJob, now: datetime) -> None:
        self._tell(job, [], now)

    def _tell(self, job: ImportJob, chunks: Sequence[Chunk], now: datetime) -> None:
        """The report, then the event: whoever hears of the end finds the report there."""
        told = report(job, chunks, now)
        key = job.drop.report_key(is_known=True)
        self.objects.put_report(key, told)
        event_class = ImportFailed if job.status == "failed" else ImportCompleted
        event = event_class(
            id=self.make_id(),
            tenant_id=job.tenant_id,
            occurred_at=now,
            actor=f"import:{job.import_id}",
            import_id=job.import_id,
            report_key=key,
            counts=told["counts"],
        )
        self.jobs.finish(job, event)

    def _rejected(self, drop: ImportSource, now: datetime) -> ImportJob:
        reason = "the file is in no tenant's folder; upload it to uploads/<tenantId>/"
        job = ImportJob(
            tenant_id="",
            import_id=drop.import_id,
            drop=drop,
            started_at=now,
            chunks=0,
            placemarks=0,
            status="failed",
            reason=reason,
        )
        self.objects.put_report(drop.report_key(is_known=False), report(job, [], now))
        return job


def _chunked(placemarks: Iterable[Iterable[Row]]) -> Iterator[list[Row]]:
    """The rows in chunks, each as soon as it is full."""
    rows: list[Row] = []
    for some in placemarks:
        rows.extend(some)
        yield from _full_chunks(rows)
    if rows:
        yield rows


def _full_chunks(rows: list[Row]) -> Iterator[list[Row]]:
    """Take whole chunks off the front of `rows`: so many rows, or fewer that have many vertices together."""
    while len(rows) >= ROWS_A_CHUNK or _vertices(rows) >= VERTICES_A_CHUNK:
        size, vertices = 0, 0
        while size < min(len(rows), ROWS_A_CHUNK) and vertices < VERTICES_A_CHUNK:
            vertices += _vertices(rows[size : size + 1])
            size += 1
        yield rows[:size]
        del rows[:size]


def _vertices(rows: Iterable[Row]) -> int:
    return sum(row.vertices for row in rows)


def _features(drop: ImportSource, content: Iterable[bytes]) -> list[Any]:
    """The features of a GeoJSON file. Raises Unreadable."""
    if drop.size_bytes > MAX_GEOJSON_BYTES:
        raise Unreadable(f"a GeoJSON file may have {MAX_GEOJSON_BYTES:,} bytes; split it")
    text = b"".join(content).removeprefix(BOM_UTF8)
    if text.count(b"{") + text.count(b"[") > MAX_GEOJSON_VALUES:
        raise Unreadable(f"a GeoJSON file may have {MAX_GEOJSON_VALUES:,} objects and arrays; split it")
    try:
        collection = strict_json.loads(text)
    except ValidationFailed as error:
        raise Unreadable(f"the file cannot be read: {error.errors[0].message}") from None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise Unreadable("the file is no FeatureCollection")
    return features


def _unless_missing(step: RowResult, row: Row, missing: set[EntityRef]) -> RowResult:
    absent = missing.intersection(step.geofence.assignments) if step.geofence is not None else None
    if not absent:
        return step
    first = min(absent)
    return RowResult(outcome=SkippedRow.of(row, f"there is no {first.target_id} in {first.target_table}"))


def _within(steps: Sequence[RowResult], rows: Sequence[Row], done: int, quota: QuotaReached) -> list[RowResult]:
    """The steps with no more geofences to come than the quota has room for."""
    room, kept = quota.room, list(steps[:done])
    for step, row in zip(steps[done:], rows[done:], strict=True):
        is_left_out = step.geofence is not None and room == 0
        room -= 0 if step.geofence is None or is_left_out else 1
        kept.append(RowResult(outcome=SkippedRow.of(row, str(quota))) if is_left_out else step)
    return kept


def _unless_taken(step: RowResult, row: Row, taken: set[str]) -> RowResult:
    if step.geofence is None or step.geofence.name not in taken:
        return step
    return RowResult(outcome=SkippedRow.of(row, str(NameTaken(row.name))))
