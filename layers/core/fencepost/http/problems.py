"""Problem details, RFC 9457: the body of a response that reports an error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fencepost.common.errors import FencepostError


class BodyTooLarge(FencepostError):
    code, status = "BODY_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class AnswerTooLarge(FencepostError):
    code, status = "ANSWER_TOO_LARGE", HTTPStatus.BAD_REQUEST


class UnsupportedMediaType(FencepostError):
    code, status = "UNSUPPORTED_MEDIA_TYPE", HTTPStatus.UNSUPPORTED_MEDIA_TYPE


_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def phrase(status: int) -> str:
    """The name of a status in RFC 9110; Python 3.13 brought 413 and 422 up to date.

    >>> phrase(413), phrase(422), phrase(404)
    ('Content Too Large', 'Unprocessable Content', 'Not Found')
    """
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def problem(error: FencepostError, request_id: str) -> dict[str, Any]:
    """Return the body of a response for an error."""
    return {**_problem(error.status, error.code, str(error), request_id), **error.extensions}


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
