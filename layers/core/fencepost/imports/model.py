"""An import: a file that was dropped, split into chunks of rows, each with a checkpoint, and a report at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from fencepost.geofences.model import Geofence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.imports.kml_rows import Row

_NAMESPACE = UUID("b6d1c0de-5f0c-5c3a-9a55-0f7a6d2f9c11")
MAX_KEY_BYTES = 1024
MAX_REASON_LENGTH = 300
UPLOADS, REPORTS, CHUNKS = "uploads/", "reports/", "chunks/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """A file that was dropped. Bucket, key and version say which one, however often it is told of.

    Where the bucket keeps no versions, `sequencer` stands for it: S3 gives each write of a key a larger one.
    """

    bucket: str
    key: str
    version_id: str
    sequencer: str
    size_bytes: int

    @classmethod
    def for_request(cls, bucket: str, tenant_id: str, request_id: str, size_bytes: int) -> ImportSource:
        """What came in a request instead: its report lies where that of such a file would."""
        key = f"{UPLOADS}{tenant_id}/request-{request_id}.geojson"
        return cls(bucket=bucket, key=key, version_id=request_id, sequencer="", size_bytes=size_bytes)

    @property
    def tenant_id(self) -> str | None:
        """The tenant whose folder it lies in: uploads/<tenantId>/..."""
        parts = self.key.split("/")
        in_a_folder = len(parts) >= 3 and self.key.startswith(UPLOADS) and all((parts[1], parts[-1]))
        return parts[1] if in_a_folder else None

    @property
    def import_id(self) -> str:
        return str(uuid5(_NAMESPACE, f"{self.bucket}/{self.key}?{self.version_id or self.sequencer}"))

    def report_key(self, *, is_known: bool) -> str:
        """Where the report goes: beside the upload, or, for a file that is nobody's, with the rejected ones."""
        path = self.key.removeprefix(UPLOADS) if is_known else f"_rejected/{self.key}"
        key = f"{REPORTS}{path}.json"
        if len(key.encode()) <= MAX_KEY_BYTES:
            return key
        return f"{REPORTS}{self.tenant_id if is_known else '_rejected'}/{self.import_id}.json"

    @property
    def is_geojson(self) -> bool:
        return self.key.casefold().endswith((".geojson", ".json"))

    @property
    def is_folder(self) -> bool:
        """A folder made in a console is an empty object whose key ends in a slash."""
        return self.key.endswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedGeofence:
    """`note` says what of the row was passed over."""

    id: str
    name: str
    placemark: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """What did not become a geofence, and why."""

    placemark: int
    line: int
    name: str
    reason: str

    @classmethod
    def of(cls, row: Row, reason: str) -> SkippedRow:
        return cls(placemark=row.placemark, line=row.line, name=row.name, reason=reason[:MAX_REASON_LENGTH])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """How far one chunk of rows has come; `version` grows with every step."""

    tenant_id: str
    import_id: str
    number: int
    done: int = 0
    made: tuple[CreatedGeofence, ...] = ()
    left_out: tuple[SkippedRow, ...] = ()
    is_finished: bool = False
    version: int = 1

    @property
    def object_key(self) -> str:
        return chunk_object_key(self.tenant_id, self.import_id, self.number)

    def after(self, made: Sequence[CreatedGeofence], left_out: Sequence[SkippedRow]) -> Chunk:
        """The checkpoint when so many more rows are through."""
        return replace(
            self,
            done=self.done + len(made) + len(left_out),
            made=(*self.made, *made),
            left_out=(*self.left_out, *left_out),
            version=self.version + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """One import. `status`: running, completed, failed; `reason` is why it failed as a whole."""

    tenant_id: str
    import_id: str
    drop: ImportSource
    started_at: datetime
    chunks: int
    placemarks: int
    chunks_done: int = 0
    status: str = "running"
    reason: str | None = None


def chunk_object_key(tenant_id: str, import_id: str, number: int) -> str:
    return f"{CHUNKS}{tenant_id}/{import_id}/{number:06d}.json"


def geofence_of(fields: Mapping[str, Any], chunk: Chunk, row_in_chunk: int, now: datetime) -> Geofence:
    """The geofence of a row. Its id is derived, so that a chunk that comes twice makes the same ones.

    Raises GeometryError where the shape lies where none can.
    """
    geofence_id = uuid5(UUID(chunk.import_id), f"{chunk.number}/{row_in_chunk}")
    return Geofence(
        id=str(geofence_id), tenant_id=chunk.tenant_id, created_at=now, updated_at=now, **fields
    ).entered()


def _told(made: CreatedGeofence) -> dict[str, Any]:
    note = {} if made.note is None else {"note": made.note}
    return {"id": made.id, "name": made.name, "placemark": made.placemark, **note}


def report(job: ImportJob, chunks: Sequence[Chunk], now: datetime | None) -> dict[str, Any]:
    """What the operator reads: counts, what was made, and a reason for each placemark that was left out.

    `now` is when the import ended, or None where that is no longer known.
    """
    made = [made for chunk in chunks for made in chunk.made]
    left_out = [row for chunk in chunks for row in chunk.left_out]
    told: dict[str, Any] = {
        "importId": job.import_id,
        "tenantId": job.tenant_id,
        "file": {"bucket": job.drop.bucket, "key": job.drop.key, "versionId": job.drop.version_id},
        "status": job.status,
        "startedAt": job.started_at.isoformat(),
        "finishedAt": now.isoformat() if now is not None else None,
        "counts": {"placemarks": job.placemarks, "geofences": len(made), "leftOut": len(left_out)},
        "geofences": [_told(m) for m in made],
        "leftOut": [
            {"placemark": row.placemark, "line": row.line, "name": row.name, "reason": row.reason} for row in left_out
        ],
    }
    if job.reason is not None:
        told["reason"] = job.reason
    return told
