"""The operations of a batch run one after the other. A failed one does not stop the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.geofences import mapping, timekeeping
from fencepost.geofences.batch_schemas import Operation
from fencepost.geofences.negotiation import has_timekeeping_names
from fencepost.geofences.schemas import GeofenceCreate, GeofenceUpdate
from fencepost.http.fields import DeferredItem, validate
from fencepost.http.pagination import MAX_PAGE_BYTES
from fencepost.http.problems import render_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.mapping import GeofenceDialect
    from fencepost.geofences.service import GeofenceService


def run_batch(
    principal: Principal, operations: Sequence[DeferredItem[Operation]], geofences: GeofenceService, now: datetime
) -> list[dict[str, Any]]:
    """Run the operations and return an OperationResult for each, in their order.

    Once the results fill a response, the further ones omit their geofences.
    """
    results: list[dict[str, Any]] = []
    size_bytes = 0
    for index, operation in enumerate(operations):
        result = {"index": index, **_run_or_report(principal, operation, geofences, now)}
        size_bytes += len(json.dumps(result, ensure_ascii=False).encode())
        if size_bytes > MAX_PAGE_BYTES:
            result.pop("geofence", None)
        results.append(result)
    return results


def _run_or_report(
    principal: Principal, item: DeferredItem[Operation], geofences: GeofenceService, now: datetime
) -> dict[str, Any]:
    try:
        return _run(principal, item.parse("operation"), geofences, now)
    except FencepostError as error:
        problem = render_problem(error, "")
        geofence_id = item.sent.get("id") if isinstance(item.sent, dict) else None
        return {
            "status": problem["status"],
            "id": geofence_id if isinstance(geofence_id, str) else None,
            "error": {name: problem[name] for name in ("code", "detail", "errors") if name in problem},
        }


def _run(principal: Principal, operation: Operation, geofences: GeofenceService, now: datetime) -> dict[str, Any]:
    if operation.action == "create":
        for field in ("id", "version"):
            if getattr(operation, field) is not None:
                raise ValidationFailed.field(field, "belongs to an update or a delete")
        fields = _require_geofence(operation)
        new_fields = _find_dialect(fields).to_geofence_fields(validate(GeofenceCreate, fields), fields)
        geofence = geofences.create(principal, new_fields, now)
        return {"status": 201, "id": geofence.id, "geofence": mapping.serialize_geofence(geofence)}
    if operation.id is None:
        raise ValidationFailed.field("id", "is missing")
    if operation.action == "delete":
        principal.require(Permission.DELETE_GEOFENCES)
        geofences.delete(principal, operation.id, operation.version, now)
        return {"status": 200, "id": operation.id}
    fields = _require_geofence(operation)
    change = validate(GeofenceUpdate, fields)
    if change.id not in (None, operation.id):
        raise ValidationFailed.field("id", "is not the id of the operation")
    patch = _find_dialect(fields).to_patch(change, fields)
    geofence = geofences.update(principal, operation.id, patch, operation.version, now)
    return {"status": 200, "id": geofence.id, "geofence": mapping.serialize_geofence(geofence)}


def _require_geofence(operation: Operation) -> dict[str, Any]:
    if operation.geofence is None:
        raise ValidationFailed.field("geofence", "is missing")
    return operation.geofence


def _find_dialect(fields: dict[str, Any]) -> GeofenceDialect:
    """Return the module that parses these fields. The results always have the canonical names."""
    return timekeeping if has_timekeeping_names(fields) else mapping
