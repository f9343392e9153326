"""Requests and responses of a batch: many operations, each with its own result."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.geofences.schemas import GeofenceOut
from fencepost.http.fields import DeferredItem, RequestModel, ResponseModel

MAX_OPERATIONS = 100


class Operation(RequestModel):
    """One operation. `geofence` is the body of a create or an update; `version` has the meaning of If-Match."""

    action: Literal["create", "update", "delete"]
    id: str | None = None
    geofence: dict[str, Any] | None = None
    version: Annotated[int, Field(ge=1, le=10**9)] | None = None


class BatchRequest(RequestModel):
    """Up to 100 operations, which run one after the other. A failed one does not stop the others."""

    operations: Annotated[list[DeferredItem[Operation]], Field(min_length=1, max_length=MAX_OPERATIONS)]


class OperationError(ResponseModel):
    """The code and the detail of a problem, and its errors where fields are wrong."""

    code: str
    detail: str
    errors: NotRequired[list[dict[str, str]] | None]


class OperationResult(ResponseModel):
    """The result of one operation. `status` is that of the same operation as a single request.

    `geofence` is absent where the response would be too large; it can be read by its id.
    """

    index: int
    status: int
    id: str | None
    geofence: NotRequired[GeofenceOut | None]
    error: NotRequired[OperationError | None]


class BatchResponse(ResponseModel):
    """A result for each operation, in their order."""

    results: list[OperationResult]
