"""The one table from what went wrong to what HTTP says of it: problem details, RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fencepost.domain import errors

STATUS: dict[type[Exception], HTTPStatus] = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NameTaken: HTTPStatus.CONFLICT,
    errors.QuotaReached: HTTPStatus.PAYMENT_REQUIRED,
    errors.StillAssigned: HTTPStatus.CONFLICT,
    errors.HeldByEntities: HTTPStatus.CONFLICT,
    errors.StillRunning: HTTPStatus.CONFLICT,
    errors.VersionMismatch: HTTPStatus.PRECONDITION_FAILED,
    errors.Crowded: HTTPStatus.BAD_REQUEST,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotReached: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyInProgress: HTTPStatus.CONFLICT,
    errors.AlreadyClockedIn: HTTPStatus.BAD_REQUEST,
    errors.NoRunningClock: HTTPStatus.NOT_FOUND,
    errors.WrongOrder: HTTPStatus.BAD_REQUEST,
    errors.OutsideGeofence: HTTPStatus.FORBIDDEN,
    errors.EntryNotSaved: HTTPStatus.BAD_REQUEST,
    errors.EntryOverlaps: HTTPStatus.BAD_REQUEST,
    errors.EntryFinal: HTTPStatus.BAD_REQUEST,
    errors.EntryState: HTTPStatus.BAD_REQUEST,
    errors.RefusalUsed: HTTPStatus.BAD_REQUEST,
}


class BodyTooLarge(errors.FencepostError):
    code = "BODY_TOO_LARGE"


class AnswerTooLarge(errors.FencepostError):
    code = "ANSWER_TOO_LARGE"


class UnsupportedMediaType(errors.FencepostError):
    code = "UNSUPPORTED_MEDIA_TYPE"


STATUS[BodyTooLarge] = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
STATUS[AnswerTooLarge] = HTTPStatus.BAD_REQUEST
STATUS[UnsupportedMediaType] = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def status_of(error: errors.FencepostError) -> HTTPStatus:
    """The status of the error's class, or of the nearest class above it that has one."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def phrase(status: int) -> str:
    """The name of a status in RFC 9110; Python 3.13 brought 413 and 422 up to date.

    >>> phrase(413), phrase(422), phrase(404)
    ('Content Too Large', 'Unprocessable Content', 'Not Found')
    """
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def problem(error: errors.FencepostError, request_id: str) -> dict[str, Any]:
    """The body of an answer that tells an error."""
    body = _problem(status_of(error), error.code, str(error), request_id)
    if isinstance(error, errors.Invalid):
        body["errors"] = [{"field": e.field, "message": e.message} for e in error.errors]
    if isinstance(error, errors.QuotaReached):
        body |= {"limit": error.limit, "count": error.count}
    if isinstance(error, errors.StillAssigned):
        body["geofences"] = [{"id": geofence_id, "name": name} for geofence_id, name in error.geofences]
    return body


def internal_problem(request_id: str) -> dict[str, Any]:
    """What a caller is told of an error that is ours: nothing but where to find it."""
    detail = "Something failed on our side. The request id finds it in the logs."
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", detail, request_id)


def _problem(status: HTTPStatus, code: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": f"urn:fencepost:problem:{code.lower().replace('_', '-')}",
        "title": phrase(status),
        "status": int(status),
        "detail": detail,
        "code": code,
        "requestId": request_id,
    }
