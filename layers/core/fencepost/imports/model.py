"""An import: the file that it reads, the job, its chunks of rows with their checkpoints, and the results of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.geofences.events import GeofenceEvent
    from fencepost.geofences.model import Geofence
    from fencepost.imports.rows import Row

_NAMESPACE = UUID("b6d1c0de-5f0c-5c3a-9a55-0f7a6d2f9c11")
MAX_KEY_BYTES = 1024
MAX_REASON_LENGTH = 300
UPLOADS, REPORTS, CHUNKS = "uploads/", "reports/", "chunks/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """An uploaded file. Bucket, key and version identify it in all notifications about it.

    In a bucket without versions, `sequencer` replaces the version: S3 gives each write of a key a larger one.
    """

    bucket: str
    key: str
    version_id: str
    sequencer: str
    size_bytes: int

    @classmethod
    def from_request(cls, bucket: str, tenant_id: str, request_id: str, size_bytes: int) -> ImportSource:
        """Return a source for the rows of a request, whose report is stored like that of a file."""
        key = f"{UPLOADS}{tenant_id}/request-{request_id}.geojson"
        return cls(bucket=bucket, key=key, version_id=request_id, sequencer="", size_bytes=size_bytes)

    @property
    def tenant_id(self) -> str | None:
        """The tenant in whose folder, uploads/<tenantId>/, the file is; None if it is in none."""
        parts = self.key.split("/")
        is_in_folder = len(parts) >= 3 and self.key.startswith(UPLOADS) and all((parts[1], parts[-1]))
        return parts[1] if is_in_folder else None

    @property
    def import_id(self) -> str:
        return str(uuid5(_NAMESPACE, f"{self.bucket}/{self.key}?{self.version_id or self.sequencer}"))

    def get_report_key(self, *, has_tenant: bool) -> str:
        """Return the key of the report: like that of the file or, without a known tenant, under `_rejected/`."""
        path = self.key.removeprefix(UPLOADS) if has_tenant else f"_rejected/{self.key}"
        key = f"{REPORTS}{path}.json"
        if len(key.encode()) <= MAX_KEY_BYTES:
            return key
        return f"{REPORTS}{self.tenant_id if has_tenant else '_rejected'}/{self.import_id}.json"

    @property
    def is_geojson(self) -> bool:
        return self.key.casefold().endswith((".geojson", ".json"))

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that the console of S3 created: an empty object whose key ends in a slash."""
        return self.key.endswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedGeofence:
    """A geofence that the import created. `note` says which properties of the row were ignored."""

    id: str
    name: str
    placemark: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that did not become a geofence, and the reason."""

    placemark: int
    line: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The result of a row: a geofence to write with its event, or a reason to skip the row."""

    row: Row
    outcome: CreatedGeofence | SkippedRow
    geofence: Geofence | None = None
    event: GeofenceEvent | None = None

    @classmethod
    def skip(cls, row: Row, reason: str) -> RowResult:
        skipped = SkippedRow(placemark=row.placemark, line=row.line, name=row.name, reason=reason[:MAX_REASON_LENGTH])
        return cls(row=row, outcome=skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A chunk of an import's rows, and its checkpoint. `version` grows with every write of the checkpoint."""

    tenant_id: str
    import_id: str
    number: int
    rows_done: int = 0
    created: tuple[CreatedGeofence, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    is_finished: bool = False
    version: int = 1

    @property
    def object_key(self) -> str:
        return format_chunk_key(self.tenant_id, self.import_id, self.number)

    def advance(self, created: Sequence[CreatedGeofence], skipped: Sequence[SkippedRow]) -> Chunk:
        """Return the checkpoint after more rows."""
        return replace(
            self,
            rows_done=self.rows_done + len(created) + len(skipped),
            created=(*self.created, *created),
            skipped=(*self.skipped, *skipped),
            version=self.version + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """An import. `status` is running, completed or failed; `reason` says why it failed as a whole."""

    tenant_id: str
    import_id: str
    source: ImportSource
    started_at: datetime
    chunks: int
    placemarks: int
    chunks_done: int = 0
    status: str = "running"
    reason: str | None = None


def format_chunk_key(tenant_id: str, import_id: str, number: int) -> str:
    return f"{CHUNKS}{tenant_id}/{import_id}/{number:06d}.json"
