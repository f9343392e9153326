"""Problem details, RFC 9457: the body of a response that reports an error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fencepost.common.errors import FencepostError

PROBLEM_JSON = "application/problem+json"


class BodyTooLarge(FencepostError):
    """The body of a request is longer than its route allows."""

    code, status = "BODY_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ResponseTooLarge(FencepostError):
    """The response would be longer than a function may return."""

    code, status = "ANSWER_TOO_LARGE", HTTPStatus.BAD_REQUEST


class UnsupportedMediaType(FencepostError):
    """The body of a request is not JSON."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", HTTPStatus.UNSUPPORTED_MEDIA_TYPE


_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def to_phrase(status: int) -> str:
    """Return the name of a status in RFC 9110. Python before 3.13 has older names of 413 and 422.

    >>> to_phrase(413), to_phrase(422), to_phrase(404)
    ('Content Too Large', 'Unprocessable Content', 'Not Found')
    """
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def render_problem(error: FencepostError, request_id: str) -> dict[str, Any]:
    """Return the body of a response for an error."""
    return {**_render(error.status, error.code, str(error), request_id), **error.extensions}


def render_internal_problem(request_id: str) -> dict[str, Any]:
    """Return the body for an internal error. It reveals only the request id, which finds the error in the logs."""
    detail = "Something failed on our side. The request id finds it in the logs."
    return _render(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", detail, request_id)


def _render(status: HTTPStatus, code: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": f"urn:fencepost:problem:{code.lower().replace('_', '-')}",
        "title": to_phrase(status),
        "status": int(status),
        "detail": detail,
        "code": code,
        "requestId": request_id,
    }
