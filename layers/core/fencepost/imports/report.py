"""The report of an import, which its operator reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.imports.model import Chunk, ImportJob


def build_report(job: ImportJob, chunks: Sequence[Chunk], finished_at: datetime | None) -> dict[str, Any]:
    """Return the counts, the created geofences, and a reason for each skipped row.

    `finished_at` is None if it is no longer known.
    """
    geofences = []
    for created in (created for chunk in chunks for created in chunk.created):
        note = {} if created.note is None else {"note": created.note}
        geofences.append({"id": created.id, "name": created.name, "placemark": created.placemark, **note})
    skipped = [
        {"placemark": row.placemark, "line": row.line, "name": row.name, "reason": row.reason}
        for chunk in chunks
        for row in chunk.skipped
    ]
    report: dict[str, Any] = {
        "importId": job.import_id,
        "tenantId": job.tenant_id,
        "file": {"bucket": job.source.bucket, "key": job.source.key, "versionId": job.source.version_id},
        "status": job.status,
        "startedAt": job.started_at.isoformat(),
        "finishedAt": finished_at.isoformat() if finished_at is not None else None,
        "counts": {"placemarks": job.placemarks, "geofences": len(geofences), "leftOut": len(skipped)},
        "geofences": geofences,
        "leftOut": skipped,
    }
    if job.reason is not None:
        report["reason"] = job.reason
    return report
