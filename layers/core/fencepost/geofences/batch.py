"""The operations of a batch, one after the other: what one of them is refused for harms no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.geofences import negotiation, schemas, timekeeping
from fencepost.geofences.batch_schemas import Operation
from fencepost.geofences.schemas import GeofenceCreate, GeofenceUpdate
from fencepost.http import problems
from fencepost.http.pagination import MAX_PAGE_BYTES
from fencepost.http.validation import validated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.geofences.service import GeofenceService


def run_batch(
    principal: Principal, operations: Sequence[Any], geofences: GeofenceService, now: datetime
) -> list[dict[str, Any]]:
    """A result for each operation, in their order: an OperationResult.

    What was done is told even where there is no room left to tell the geofence.
    """
    results: list[dict[str, Any]] = []
    size = 0
    for index, said in enumerate(operations):
        result = {"index": index, **_done(principal, said, geofences, now)}
        size += len(json.dumps(result, ensure_ascii=False).encode())
        if size > MAX_PAGE_BYTES:
            result.pop("geofence", None)
        results.append(result)
    return results


def _done(principal: Principal, said: Any, geofences: GeofenceService, now: datetime) -> dict[str, Any]:
    geofence_id = said.get("id") if isinstance(said, dict) else None
    try:
        if not isinstance(said, dict):
            raise ValidationFailed.field("operation", "must be an object")
        operation = validated(Operation, said)
        if operation.action == "create":
            return _created(principal, operation, geofences, now)
        if operation.id is None:
            raise ValidationFailed.field("id", "is missing")
        if operation.action == "delete":
            principal.require(Permission.DELETE_GEOFENCES)
            geofences.delete(principal, operation.id, operation.version, now)
            return {"status": 200, "id": operation.id}
        body = _body(operation)
        change = validated(GeofenceUpdate, body)
        words = _words(body)
        if change.id not in (None, operation.id):
            raise ValidationFailed.field("id", "is not the id of the operation")
        geofence = geofences.update(
            principal, operation.id, lambda before: words.changed_fields(change, body, before), operation.version, now
        )
        return {"status": 200, "id": geofence.id, "geofence": schemas.told(geofence)}
    except FencepostError as error:
        problem = problems.problem(error, "")
        told = {name: problem[name] for name in ("code", "detail", "errors") if name in problem}
        return {
            "status": problem["status"],
            "id": geofence_id if isinstance(geofence_id, str) else None,
            "error": told,
        }


def _created(principal: Principal, operation: Operation, geofences: GeofenceService, now: datetime) -> dict[str, Any]:
    for field in ("id", "version"):
        if getattr(operation, field) is not None:
            raise ValidationFailed.field(field, "belongs to an update or a delete")
    body = _body(operation)
    geofence = geofences.create(principal, _words(body).new_fields(validated(GeofenceCreate, body), body), now)
    return {"status": 201, "id": geofence.id, "geofence": schemas.told(geofence)}


def _words(body: Mapping[str, Any]) -> Any:
    """The rules of the vocabulary that a body is in; all results are told in the canonical one."""
    return timekeeping if negotiation.is_timekeeping({}, body) else schemas


def _body(operation: Operation) -> dict[str, Any]:
    if operation.geofence is None:
        raise ValidationFailed.field("geofence", "is missing")
    return operation.geofence
