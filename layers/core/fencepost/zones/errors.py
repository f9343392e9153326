"""The errors of the zone API: numbered codes, and the body that reports them.

The numbers are those of the reference of the zone API. An error without a number has that of its nearest base class.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import (
    FencepostError,
    FieldError,
    Forbidden,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    NotFound,
    ServiceBusy,
    ValidationFailed,
)
from fencepost.geofences.errors import AreaTooDense, NameTaken, QuotaReached, StillReferenced
from fencepost.http.dialect import Dialect, override_statuses
from fencepost.http.problems import BodyTooLarge, ResponseTooLarge, UnsupportedMediaType
from fencepost.http.response import JSON
from fencepost.zones.request import WrongHash
from fencepost.zones.responses import ZoneErrorResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


class NoPoints(ValidationFailed):
    """The request needs a polygon or sausage, and the zone is a circle."""


class OtherType(ValidationFailed):
    """The request would change the type of a zone."""


class TooManyPoints(ValidationFailed):
    """The type, or the tenant, allows fewer points."""


class TooFewPoints(ValidationFailed):
    """The type needs more points, repeated ones not counted."""


class NoDataFile(ValidationFailed):
    """The request needs a file and has none."""


class WrongFormat(ValidationFailed):
    """A file or a table cannot be read."""


_WRONG_PARAMETER, _TRY_AGAIN = 7, 8
_CODES: dict[type, int] = {
    WrongHash: 4,
    ValidationFailed: _WRONG_PARAMETER,
    Forbidden: 13,
    NotFound: 201,
    TooManyPoints: 202,
    StillReferenced: 203,
    NoPoints: 230,
    OtherType: 231,
    NoDataFile: 233,
    WrongFormat: 234,
    QuotaReached: 268,
    TooFewPoints: 284,
    ServiceBusy: _TRY_AGAIN,
    IdempotencyInProgress: _TRY_AGAIN,
}
# The parameter that an error is about, for errors that name no fields.
_PARAMETERS: dict[type[FencepostError], str] = {
    NameTaken: "zone.label",
    AreaTooDense: "location",
    BodyTooLarge: "body",
    ResponseTooLarge: "limit",
    UnsupportedMediaType: "Content-Type",
    IdempotencyKeyReused: "Idempotency-Key",
}
STATUS: Mapping[type[FencepostError], int] = {
    **dict.fromkeys((WrongHash, Forbidden, NotFound, StillReferenced, *_PARAMETERS), HTTPStatus.BAD_REQUEST),
    OtherType: HTTPStatus.CONFLICT,
}


def render_zone_error(error: FencepostError, _request_id: str) -> dict[str, Any]:
    """Return the `ZoneErrorResponse` of an error."""
    errors = error.errors if isinstance(error, ValidationFailed) else ()
    if type(error) in _PARAMETERS:
        errors = (FieldError(_PARAMETERS[type(error)], str(error)),)
    code = next((_CODES[cls] for cls in type(error).__mro__ if cls in _CODES), _WRONG_PARAMETER)
    description = "; ".join(f"{e.field}: {e.message}" for e in errors) or str(error)
    body: dict[str, Any] = {"success": False, "status": {"code": code, "description": description}}
    if errors:
        body["errors"] = [{"parameter": e.field, "error": e.message} for e in errors]
    if isinstance(error, StillReferenced):
        ids_by_table: dict[str, list[str]] = {}
        for entity in error.assignments:
            ids_by_table.setdefault(entity.target_table, []).append(entity.target_id)
        body["entities"] = [{"type": table, "ids": ids} for table, ids in ids_by_table.items()]
    return body


ZONE_DIALECT = Dialect(
    render_error=render_zone_error,
    status_of=override_statuses(STATUS),
    error_schema=ZoneErrorResponse,
    media_type=JSON,
)
