"""The stored form of import jobs, of the checkpoints of their chunks, and of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pydantic_core

from fencepost.dynamodb.documents import dump_document, load_document
from fencepost.imports.model import Chunk, CreatedGeofence, ImportJob, ImportSource, SkippedRow
from fencepost.imports.rows import Row


def dump_job(job: ImportJob) -> str:
    return dump_document(
        {
            "tenant_id": job.tenant_id,
            "import_id": job.import_id,
            "drop": {
                "bucket": job.source.bucket,
                "key": job.source.key,
                "version_id": job.source.version_id,
                "sequencer": job.source.sequencer,
                "size_bytes": job.source.size_bytes,
            },
            "started_at": job.started_at,
            "chunks": job.chunks,
            "placemarks": job.placemarks,
            "chunks_done": job.chunks_done,
            "status": job.status,
            "reason": job.reason,
        }
    )


def load_job(text: str) -> ImportJob:
    """Parse an import job.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    source = document["drop"]
    return ImportJob(
        tenant_id=document["tenant_id"],
        import_id=document["import_id"],
        source=ImportSource(
            bucket=source["bucket"],
            key=source["key"],
            version_id=source["version_id"],
            sequencer=source["sequencer"],
            size_bytes=source["size_bytes"],
        ),
        started_at=datetime.fromisoformat(document["started_at"]),
        chunks=document["chunks"],
        placemarks=document["placemarks"],
        chunks_done=document.get("chunks_done", 0),
        status=document.get("status", "running"),
        reason=document.get("reason"),
    )


def dump_chunk(chunk: Chunk) -> str:
    return dump_document(
        {
            "tenant_id": chunk.tenant_id,
            "import_id": chunk.import_id,
            "number": chunk.number,
            "done": chunk.rows_done,
            "made": [
                {"id": created.id, "name": created.name, "placemark": created.placemark, "note": created.note}
                for created in chunk.created
            ],
            "left_out": [
                {"placemark": row.placemark, "line": row.line, "name": row.name, "reason": row.reason}
                for row in chunk.skipped
            ],
            "is_finished": chunk.is_finished,
            "version": chunk.version,
        }
    )


def load_chunk(text: str) -> Chunk:
    """Parse a checkpoint of a chunk.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    return Chunk(
        tenant_id=document["tenant_id"],
        import_id=document["import_id"],
        number=document["number"],
        rows_done=document.get("done", 0),
        created=tuple(
            CreatedGeofence(id=made["id"], name=made["name"], placemark=made["placemark"], note=made.get("note"))
            for made in document.get("made", ())
        ),
        skipped=tuple(
            SkippedRow(placemark=row["placemark"], line=row["line"], name=row["name"], reason=row["reason"])
            for row in document.get("left_out", ())
        ),
        is_finished=document.get("is_finished", False),
        version=document.get("version", 1),
    )


def dump_rows(rows: Sequence[Row]) -> bytes:
    """Serialize the rows of a chunk as a list, which has no version of its own: it is stored for one import."""
    return dump_document([_to_row_document(row) for row in rows]).encode()


def load_rows(text: bytes) -> list[Row]:
    return [_from_row_document(row) for row in pydantic_core.from_json(text)]


def _to_row_document(row: Row) -> dict[str, Any]:
    return {
        "placemark": row.placemark,
        "line": row.line,
        "name": row.name,
        "kind": row.kind,
        "rings": row.rings,
        "radius_m": float(row.radius_m),
        "description": row.description,
        "problem": row.problem,
        "said": row.body,
        "nodes": row.nodes,
        "address": row.address,
        "color": row.color,
        "tags": row.tags,
        # Mostly the geometry determines the type; the document of such a row omits this member.
        **({"shape_kind": row.shape_kind} if row.shape_kind is not None else {}),
    }


def _from_row_document(document: dict[str, Any]) -> Row:
    return Row(
        placemark=document["placemark"],
        line=document["line"],
        name=document["name"],
        kind=document.get("kind", ""),
        shape_kind=document.get("shape_kind"),
        rings=tuple([tuple([(x, y) for x, y in ring]) for ring in document.get("rings", ())]),
        radius_m=document.get("radius_m", 150.0),
        description=document.get("description"),
        problem=document.get("problem"),
        body=document.get("said"),
        nodes=tuple(document.get("nodes", ())),
        address=document.get("address"),
        color=document.get("color"),
        tags=tuple(document.get("tags", ())),
    )
