"""Many operations in one request, each told by itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.geofences.schemas import GeofenceOut
from fencepost.http.fields import DeferredItem, RequestModel, ResponseModel

MAX_OPERATIONS = 100


class Operation(RequestModel):
    """`geofence` is the body of a create or an update; `version` is what If-Match would say."""

    action: Literal["create", "update", "delete"]
    id: str | None = None
    geofence: dict[str, Any] | None = None
    version: Annotated[int, Field(ge=1, le=10**9)] | None = None


class BatchRequest(RequestModel):
    operations: Annotated[list[DeferredItem[Operation]], Field(min_length=1, max_length=MAX_OPERATIONS)]


class OperationError(ResponseModel):
    """As in a problem: the code and the detail, and the fields where some are wrong."""

    code: str
    detail: str
    errors: NotRequired[list[dict[str, str]] | None]


class OperationResult(ResponseModel):
    """`status` is what the operation by itself would have been answered with.

    `geofence` is left out where the answer would be too large; it can be read by its id.
    """

    index: int
    status: int
    id: str | None
    geofence: NotRequired[GeofenceOut | None]
    error: NotRequired[OperationError | None]


class BatchAnswer(ResponseModel):
    results: list[OperationResult]
