"""The base of all errors that a caller sees, and those that every feature raises.

An error states facts and knows its status. A feature has its own errors in its `errors.py`.

FencepostError
├── ValidationFailed            something the caller sent is wrong, field by field
├── Forbidden                   a permission is missing
├── NotFound                    it does not exist, or belongs to another tenant: the caller cannot tell which
├── VersionMismatch             it changed since the caller read it
├── ServiceBusy                 too many concurrent changes; the caller may retry
├── IdempotencyKeyReused        the Idempotency-Key belongs to another request
├── IdempotencyInProgress       another call is processing the request with this Idempotency-Key
├── geofences.errors            NameTaken, QuotaReached, StillReferenced, AreaTooDense
├── directory.errors            StillAssigned, StillRunning
└── timeclock.errors            ClockRefused and its subclasses, DeadlineExceeded
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FencepostError(Exception):
    """The base of all errors that a caller sees.

    Attributes:
        code: Identifies the error to programs; the message is for people.
        status: The HTTP status of a response with this error.
        extensions: Further members of the problem, by their names in JSON (RFC 9457, 3.2).
    """

    code = "FENCEPOST_ERROR"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    extensions: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong, under the name that the caller used."""

    field: str
    message: str


class ValidationFailed(FencepostError):
    """Fields of the request are wrong.

    >>> ValidationFailed.field("latitude", "is missing").errors
    (FieldError(field='latitude', message='is missing'),)
    """

    code, status = "INVALID", HTTPStatus.BAD_REQUEST

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        self.extensions = {"errors": [{"field": error.field, "message": error.message} for error in self.errors]}
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))

    @classmethod
    def field(cls, field: str, message: str) -> ValidationFailed:
        return cls([FieldError(field, message)])


class Forbidden(FencepostError):
    """None of the caller's roles has the permission."""

    code, status = "FORBIDDEN", HTTPStatus.FORBIDDEN

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"Your roles do not include the right '{permission}'.")


class NotFound(FencepostError):
    """It does not exist, or belongs to another tenant: the caller cannot tell which."""

    code, status = "NOT_FOUND", HTTPStatus.NOT_FOUND

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"There is no such {what}.")


class VersionMismatch(FencepostError):
    """It changed since the caller read it."""

    code, status = "VERSION_MISMATCH", HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__(
            "It was changed since you read it. Read it again and repeat the change on what is there now."
        )


class ServiceBusy(FencepostError):
    """There are too many concurrent changes, or a service did not respond in time. The caller may retry."""

    code, status = "BUSY", HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Too many changes at once, or no answer in time. Send the same request again in a moment.")


class IdempotencyKeyReused(FencepostError):
    """The Idempotency-Key belongs to another request."""

    code, status = "IDEMPOTENCY_KEY_REUSED", HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key came with another request in the last 24 hours. Give each request a key of its own."
        )


class IdempotencyInProgress(FencepostError):
    """Another call is processing the request with this Idempotency-Key."""

    code, status = "IDEMPOTENCY_IN_PROGRESS", HTTPStatus.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The request with this Idempotency-Key is being worked on. Send it again in a moment for its answer."
        )
