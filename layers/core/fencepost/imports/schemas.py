"""The words in which an import is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fencepost.http.fields import ResponseModel, timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.imports.model import ImportJob


MAX_ROWS = 1_000


class ImportResponse(ResponseModel):
    """`report` comes when the import has ended: counts, what was made, and a reason for what was left out.

    It tells 1,000 of each; the whole report is in the bucket, under `reportKey`.
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
    """An ImportOut."""
    return {
        "id": job.import_id,
        "uri": f"/api/v1/imports/{job.import_id}",
        "status": job.status,
        "startedAt": timestamp(job.started_at),
        "chunks": job.chunks,
        "chunksDone": job.chunks_done,
        "reportKey": job.drop.report_key(is_known=True),
        "report": None if report is None else _shortened(report),
    }


def _shortened(report: Mapping[str, Any]) -> dict[str, Any]:
    rows = {name: report[name][:MAX_ROWS] for name in ("geofences", "leftOut")}
    return {**report, **rows}
