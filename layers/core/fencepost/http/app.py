"""From an API Gateway event to a handler and back: who asks, what they may, what they sent, what went wrong.

API Gateway has matched the route already; a route here is one look into a dict, declared beside its handler with
everything that the OpenAPI document tells of it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from fencepost.common.errors import FencepostError, IdempotencyInProgress, IdempotencyKeyReused, ValidationFailed
from fencepost.common.logging import logger
from fencepost.common.principal import Permission, Principal
from fencepost.common.snapstart import prime_snapstart
from fencepost.http import problems
from fencepost.http.request import _KEY, Request

_JSON = "application/json"
_PROBLEM = "application/problem+json"
# A function may return 6 MB; the rest is for the headers.
MAX_ANSWER_BYTES = 6_000_000


@dataclass(frozen=True, kw_only=True)
class Response:
    """`body` is None where an answer has none, and a text or bytes where it is no JSON."""

    status: int
    body: Mapping[str, Any] | str | bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = _JSON


@dataclass(frozen=True, kw_only=True)
class Route:
    """`takes` and `gives` are the models of the bodies, None where there is none; `query` and `fails` are for the
    document alone.

    `tells` is the model of a refusal that is no problem; the gateway lets everybody in where a route `is_open`; one
    that `takes_file` takes a form of several parts. `texts` are the media types of an answer that is not JSON.
    """

    method: str
    path: str
    handler: Callable[[Request], Response]
    summary: str
    needs: Permission
    takes: type[BaseModel] | None
    gives: Mapping[int, type | None]
    query: type[BaseModel] | None
    fails: tuple[int, ...]
    tells: type | None
    is_open: bool
    texts: tuple[str, ...]
    takes_file: bool


Problem = Callable[[FencepostError, str], dict[str, Any]]
Retold = Callable[[Mapping[str, Any], int, dict[str, Any]], tuple[int, dict[str, Any]]]
Statuses = Mapping[type[FencepostError], int]
Admit = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Api:
    """The routes of one function. `tell` shapes a refusal, as `tells` says; without them, it is a problem.

    `retell` may put a problem, with its status, into the words of the event that it answers; `status` holds the
    statuses in which the function departs from the table of problems. Where the gateway does not know the caller,
    `admit` makes of an event the one that it would have been had the gateway known.
    """

    def __init__(
        self,
        tell: Problem | None = None,
        tells: type | None = None,
        retell: Retold | None = None,
        status: Statuses | None = None,
        admit: Admit | None = None,
    ) -> None:
        self.routes: dict[tuple[str, str], Route] = {}
        self._tell = tell
        self._tells = tells
        self._retell = retell
        self._status = status or {}
        self._admit = admit

    def route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        needs: Permission,
        gives: Mapping[int, type | None],
        takes: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        fails: tuple[int, ...] = (),
        texts: tuple[str, ...] = (),
        takes_file: bool = False,
    ) -> Callable[[Callable[[Request], Response]], Callable[[Request], Response]]:
        """Declare the handler of a route. The right is checked before the handler looks anything up.

        Every POST honours the header Idempotency-Key, and may fail for it.
        """
        if method == "POST":
            fails = (
                *fails,
                400,
                *(self._status_of(error()) for error in (IdempotencyInProgress, IdempotencyKeyReused)),
            )

        for model in (takes, query):
            if model is not None:
                prime_snapstart(model.model_rebuild)

        def declare(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
            self.routes[method, path] = Route(
                method=method,
                path=path,
                handler=handler,
                summary=summary,
                needs=needs,
                takes=takes,
                gives=gives,
                query=query,
                fails=fails,
                tells=self._tells,
                is_open=self._admit is not None,
                texts=texts,
                takes_file=takes_file,
            )
            return handler

        return declare

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The answer to an API Gateway event; never raises for what a caller sent."""
        request_id = str(event["requestContext"].get("requestId") or getattr(context, "aws_request_id", ""))
        logger.set_correlation_id(request_id)
        try:
            request = _request(self._admit(event) if self._admit else event)
            route = self.routes[event["httpMethod"], event["resource"]]
            logger.append_keys(tenant=request.principal.tenant_id, route=f"{route.method} {route.path}")
            request.principal.require(route.needs)
            _check_query(route, request)
            answer = self._answered(route, request, request_id, context)
        except FencepostError as error:
            return self._refused(error, event, request_id)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log the trace
            logger.exception("unhandled error")
            return _answer(500, problems.internal_problem(request_id), _PROBLEM, request_id)
        logger.info("answered", status=answer["statusCode"])
        return answer

    def _answered(self, route: Route, request: Request, request_id: str, context: Any) -> dict[str, Any]:
        """The answer of the route's handler; to a POST that was done under its key already, the answer of then."""

        def run() -> dict[str, Any]:
            reply = route.handler(request)
            return _answer(reply.status, reply.body, reply.media_type, request_id, reply.headers)

        if route.method != "POST" or _KEY not in request.headers:
            return run()
        from fencepost.http.idempotency import answered_once

        answer = answered_once(request, run, context)
        answer["headers"]["X-Request-Id"] = request_id
        return answer

    def _status_of(self, error: FencepostError) -> int:
        return int(self._status.get(type(error)) or error.status)

    def _refused(self, error: FencepostError, event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        status = self._status_of(error)
        logger.info("refused", status=status, code=error.code)
        headers = {"Retry-After": "1"} if status == 503 or isinstance(error, IdempotencyInProgress) else {}
        if self._tell is not None:
            return _answer(status, self._tell(error, request_id), _JSON, request_id, headers)
        problem = problems.problem(error, request_id)
        if self._retell is not None:
            status, problem = self._retell(event, status, problem)
        return _answer(status, problem, _PROBLEM, request_id, headers)


def _request(event: Mapping[str, Any]) -> Request:
    said = event["requestContext"]["authorizer"]
    roles = frozenset(str(said.get("roles") or "").split(",")) - {""}
    principal = Principal(tenant_id=said["tenantId"], user_id=said["userId"], roles=roles)
    return Request(
        principal=principal,
        path=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        event=event,
    )


def _check_query(route: Route, request: Request) -> None:
    """Raises Invalid for a parameter that is there twice, of which the gateway lets one count, or that is none."""
    for name, values in (request.event.get("multiValueQueryStringParameters") or {}).items():
        if len(values) > 1:
            raise ValidationFailed.field(name, "is given more than once")
    if route.query is None:
        for name in request.query:
            raise ValidationFailed.field(name, "is no parameter of this call")


def _answer(
    status: int,
    body: Mapping[str, Any] | str | bytes | None,
    content_type: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    text = _as_text(body)
    if len(text) > MAX_ANSWER_BYTES // 4 and (size := _size_in_payload(text)) > MAX_ANSWER_BYTES:
        raise problems.AnswerTooLarge(
            f"The answer would have {size:,} bytes; the limit is {MAX_ANSWER_BYTES:,}. Ask for less at once."
        )
    always = {"X-Request-Id": request_id, "Cache-Control": "no-store"}
    if body is not None:
        always = {"Content-Type": content_type} | always
    return {
        "statusCode": status,
        "headers": always | dict(headers or {}),
        "body": text,
        **({"isBase64Encoded": True} if isinstance(body, bytes) else {}),
    }


def _as_text(body: Mapping[str, Any] | str | bytes | None) -> str:
    if isinstance(body, bytes):
        return b64encode(body).decode()
    if isinstance(body, str):
        return body
    return "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _size_in_payload(text: str) -> int:
    """The bytes of a body within what a function returns: there it is a JSON string, its quotes escaped."""
    return len(text.encode()) + text.count('"') + text.count("\\")
