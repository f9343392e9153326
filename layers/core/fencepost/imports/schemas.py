"""The response that describes an import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fencepost.http.fields import ResponseModel, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.imports.model import ImportJob


MAX_ROWS = 1_000


class ImportResponse(ResponseModel):
    """An import. `report` is present when it has ended: counts, created geofences, and reasons for skipped rows.

    The response has the first 1,000 of each; the bucket contains the whole report, under `reportKey`.
    """

    id: str
    uri: str
    status: Literal["running", "completed", "failed"]
    startedAt: str
    chunks: int
    chunksDone: int
    reportKey: str
    report: dict[str, Any] | None


def serialize_import(job: ImportJob, report: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the `ImportResponse` of a job."""
    if report is not None:
        report = {**report, **{name: report[name][:MAX_ROWS] for name in ("geofences", "leftOut")}}
    return {
        "id": job.import_id,
        "uri": f"/api/v1/imports/{job.import_id}",
        "status": job.status,
        "startedAt": format_timestamp(job.started_at),
        "chunks": job.chunks,
        "chunksDone": job.chunks_done,
        "reportKey": job.source.get_report_key(has_tenant=True),
        "report": report,
    }
