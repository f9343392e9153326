"""From the rows of a chunk to geofences, with the checkpoint in the same transaction as the geofences it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from fencepost.common.errors import ValidationFailed, VersionMismatch
from fencepost.common.ids import NewId, new_id
from fencepost.geofences.errors import NameTaken, QuotaReached
from fencepost.geofences.events import GeofenceCreated
from fencepost.geofences.model import Geofence
from fencepost.imports.geojson_rows import OPTIONAL_FIELDS
from fencepost.imports.model import MAX_REASON_LENGTH, Chunk, CreatedGeofence, RowResult
from geo.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.imports.ports import ImportRepository
    from fencepost.imports.rows import Row

_PATH_SEPARATOR = re.compile(r"[.\[]")

ParseFields = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a request body in the canonical dialect to the fields of a geofence; raises ValidationFailed."""


@dataclass(frozen=True)
class ChunkProcessor:
    """The step of an import that creates geofences from the rows of one chunk."""

    repository: ImportRepository
    parse_fields: ParseFields
    new_id: NewId = field(default=new_id)

    def preview(self, tenant_id: str, rows: Sequence[Row], now: datetime) -> list[RowResult]:
        """Return the results that the rows would have now, and write nothing.

        Raises:
            QuotaReached: The tenant has no room for all rows.
        """
        self.repository.check_room(tenant_id, sum(row.problem is None for row in rows))
        chunk = Chunk(tenant_id=tenant_id, import_id=self.new_id(), number=0)
        results = self._build_results(chunk, rows, now)
        return _skip_taken_names(results, self._find_taken_names(chunk, results))

    def process(self, chunk: Chunk, rows: Sequence[Row], now: datetime) -> Chunk:
        """Create the geofences of the rows after the checkpoint, and return the checkpoint after the last row."""
        results = self._build_results(chunk, rows, now)
        taken = self._find_taken_names(chunk, results)
        results = self._ensure_tags(chunk, self._skip_missing_targets(chunk, results))
        while chunk.rows_done < len(rows):
            results = _skip_taken_names(results, taken)
            try:
                chunk = self.repository.advance(chunk, results[chunk.rows_done :])
            except NameTaken as error:
                taken = {error.name}
            except QuotaReached as error:
                results = _skip_beyond_quota(results, chunk.rows_done, error)
            except VersionMismatch:
                # Another delivery of the message is ahead: continue at its checkpoint.
                chunk = self.repository.get_chunk(chunk.tenant_id, chunk.import_id, chunk.number)
        return chunk

    def _build_results(self, chunk: Chunk, rows: Sequence[Row], now: datetime) -> list[RowResult]:
        return [self._build_result(chunk, number, row, now) for number, row in enumerate(rows)]

    def _build_result(self, chunk: Chunk, number: int, row: Row, now: datetime) -> RowResult:
        if row.problem is not None:
            return RowResult.skip(row, row.problem)
        try:
            fields, note = self._parse_row(row)
            geofence = Geofence(
                # A message that is delivered twice must create the same geofences.
                id=str(uuid5(UUID(chunk.import_id), f"{chunk.number}/{number}")),
                tenant_id=chunk.tenant_id,
                created_at=now,
                updated_at=now,
                **fields,
            ).assign_cells()
        except ValidationFailed as error:
            return RowResult.skip(row, str(error))
        except GeometryError as error:
            reason = error.reason if error.field.startswith("points") else f"{error.field}: {error.reason}"
            return RowResult.skip(row, reason)
        return RowResult(
            row=row,
            outcome=CreatedGeofence(id=geofence.id, name=geofence.name, placemark=row.placemark, note=note),
            geofence=geofence,
            event=GeofenceCreated(
                id=self.new_id(),
                tenant_id=geofence.tenant_id,
                occurred_at=now,
                actor=f"import:{chunk.import_id}",
                geofence=geofence,
            ),
        )

    def _parse_row(self, row: Row) -> tuple[Mapping[str, Any], str | None]:
        """Return the fields of the geofence, and a note about properties that are ignored as not valid.

        Raises:
            ValidationFailed: A property is not valid and not optional.
            GeometryError: No geofence can have this shape.
        """
        if row.body is None:
            fields = {
                "name": row.name,
                "description": row.description,
                "address": row.address,
                "color": row.color,
                "tags": row.tags,
                "shape": row.build_shape(),
                "nodes": row.nodes,
            }
            return fields, None
        body = dict(row.body)
        notes: list[str] = []
        while True:
            try:
                return self.parse_fields(body), "; ".join(notes)[:MAX_REASON_LENGTH] or None
            except ValidationFailed as error:
                invalid = {_PATH_SEPARATOR.split(wrong.field)[0] for wrong in error.errors} & body.keys()
                if not invalid or not invalid <= OPTIONAL_FIELDS:
                    raise
                notes.append(f"passed over: {error}")
                body = {key: value for key, value in body.items() if key not in invalid}

    def _find_taken_names(self, chunk: Chunk, results: Sequence[RowResult]) -> set[str]:
        return self.repository.find_taken_names(chunk.tenant_id, _get_pending(chunk, results))

    def _skip_missing_targets(self, chunk: Chunk, results: Sequence[RowResult]) -> list[RowResult]:
        """Skip the rows that are assigned to an entity that does not exist."""
        targets = sorted({target for each in _get_pending(chunk, results) for target in each.assignments})
        missing = self.repository.find_missing(chunk.tenant_id, targets) if targets else set()
        checked = []
        for result in results:
            absent = missing.intersection(result.geofence.assignments) if result.geofence is not None else None
            if absent:
                first = min(absent)
                reason = f"there is no {first.target_id} in {first.target_table}"
                checked.append(RowResult.skip(result.row, reason))
            else:
                checked.append(result)
        return checked

    def _ensure_tags(self, chunk: Chunk, results: list[RowResult]) -> list[RowResult]:
        """Register the tags of the rows. If the tenant has no room for them, skip all rows with tags."""
        tags = sorted({tag for geofence in _get_pending(chunk, results) for tag in geofence.tags})
        try:
            self.repository.ensure_tags(chunk.tenant_id, tags)
        except ValidationFailed as error:
            reason = str(error)
            return [
                RowResult.skip(result.row, reason) if result.geofence and result.geofence.tags else result
                for result in results
            ]
        return results


def _get_pending(chunk: Chunk, results: Sequence[RowResult]) -> list[Geofence]:
    return [result.geofence for result in results[chunk.rows_done :] if result.geofence is not None]


def _skip_taken_names(results: Sequence[RowResult], taken: set[str]) -> list[RowResult]:
    return [
        RowResult.skip(result.row, str(NameTaken(result.row.name)))
        if result.geofence is not None and result.geofence.name in taken
        else result
        for result in results
    ]


def _skip_beyond_quota(results: Sequence[RowResult], rows_done: int, quota: QuotaReached) -> list[RowResult]:
    """Skip the rows after the checkpoint for whose geofences the quota has no room."""
    room, checked = quota.room, list(results[:rows_done])
    for result in results[rows_done:]:
        if result.geofence is None:
            checked.append(result)
        elif room == 0:
            checked.append(RowResult.skip(result.row, str(quota)))
        else:
            room -= 1
            checked.append(result)
    return checked
