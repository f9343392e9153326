"""From an event of API Gateway to a handler and back.

API Gateway has matched the route already, so finding it takes one lookup in a dict. A route is declared beside its
handler, with everything that the OpenAPI document needs.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fencepost.common.errors import FencepostError, IdempotencyInProgress, IdempotencyKeyReused, ValidationFailed
from fencepost.common.logging import logger
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.http.dialect import PROBLEM_DIALECT, Dialect
from fencepost.http.fields import RequestModel, validate
from fencepost.http.problems import (
    PROBLEM_JSON,
    BodyTooLarge,
    ResponseTooLarge,
    UnsupportedMediaType,
    render_internal_problem,
)
from fencepost.http.request import (
    IDEMPOTENCY_KEY,
    MAX_BODY_BYTES,
    AnyRequest,
    BodyT,
    QueryT,
    Request,
    parse_json_body,
    read_request,
)
from fencepost.http.response import Response

# A function may return 6 MB; the rest is for the headers.
MAX_RESPONSE_BYTES = 6_000_000

Handler = Callable[[Request[BodyT, QueryT]], Response]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route as it is declared: all that the app and the OpenAPI document need.

    Attributes:
        body: The model of the body; of a GET of the zone API, that of the parameters in its query.
        responses: The model of each status; None where the response has no body, or one of `media_types`.
        errors: The statuses of errors, without those that every route has.
        media_types: The media types of a response that is not JSON.
        accepts_file: Whether the body is a form with a file.
        is_public: Whether API Gateway lets everybody in, because the app authenticates by itself.
    """

    method: str
    path: str
    handler: Callable[[AnyRequest], Response]
    summary: str
    permission: Permission
    body: type[RequestModel] | None
    query: type[RequestModel] | None
    responses: Mapping[int, type | None]
    errors: tuple[int, ...]
    media_types: tuple[str, ...]
    accepts_file: bool
    max_bytes: int
    dialect: Dialect
    is_public: bool


class App:
    """The routes of one function.

    Args:
        dialect: How errors are reported, unless `negotiate` decides otherwise.
        negotiate: Returns the dialect of a request.
        authenticate: Authenticates the caller of a public route, and returns the request with its fields parsed.
    """

    def __init__(
        self,
        *,
        dialect: Dialect = PROBLEM_DIALECT,
        negotiate: Callable[[AnyRequest], Dialect] | None = None,
        authenticate: Callable[[Mapping[str, Any]], AnyRequest] | None = None,
    ) -> None:
        self.routes: dict[tuple[str, str], Route] = {}
        self.dialect = dialect
        self.is_public = authenticate is not None
        self._negotiate = negotiate or (lambda _request: dialect)
        self._read_request = authenticate or read_request
        self.get = RouteDecorator(self, "GET")
        self.post = RouteDecorator(self, "POST")
        self.put = RouteDecorator(self, "PUT")
        self.patch = RouteDecorator(self, "PATCH")
        self.delete = RouteDecorator(self, "DELETE")

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Return the response to an event of API Gateway. An error becomes a response too."""
        request_id = str(event["requestContext"].get("requestId") or getattr(context, "aws_request_id", ""))
        logger.set_correlation_id(request_id)
        request: AnyRequest | None = None
        try:
            request = self._read_request(event)
            request.negotiate = self._negotiate
            route = self.routes[event["httpMethod"], event["resource"]]
            logger.append_keys(tenant=request.principal.tenant_id, route=f"{route.method} {route.path}")
            request.principal.require(route.permission)
            _check_parameters(route, request)
            result = self._respond(route, request, request_id, context)
        except FencepostError as error:
            return _render_error(error, self.dialect if request is None else request.dialect, request_id)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a response and the log the trace
            logger.exception("unhandled error")
            problem = Response(500, render_internal_problem(request_id), media_type=PROBLEM_JSON)
            return _to_gateway(problem, request_id)
        logger.info("answered", status=result["statusCode"])
        return result

    def _respond(self, route: Route, request: AnyRequest, request_id: str, context: Any) -> dict[str, Any]:
        """Return the response of a handler; to a retried POST with an Idempotency-Key, the first response."""

        def run() -> dict[str, Any]:
            if route.body is not None and not self.is_public:
                request.fields = parse_json_body(
                    request.event, request.headers.get("content-type", ""), route.max_bytes
                )
            request.body = None if route.body is None else validate(route.body, request.fields)
            request.query = None if route.query is None else validate(route.query, request.query_strings)
            return _to_gateway(route.handler(request), request_id)

        if route.method != "POST" or IDEMPOTENCY_KEY not in request.headers:
            return run()
        from fencepost.http.idempotency import run_idempotent

        result = run_idempotent(request, run, context)
        result["headers"]["X-Request-Id"] = request_id
        return result


class RouteDecorator:
    """`app.get`, `app.post` and so on: declares the handler of a route."""

    def __init__(self, app: App, method: str) -> None:
        self._app = app
        self._method = method

    def __call__(
        self,
        path: str,
        *,
        summary: str,
        permission: Permission,
        responses: Mapping[int, type | None],
        body: type[BodyT] | None = None,
        query: type[QueryT] | None = None,
        errors: tuple[int, ...] = (),
        media_types: tuple[str, ...] = (),
        accepts_file: bool = False,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> Callable[[Handler[BodyT, QueryT]], Handler[BodyT, QueryT]]:
        """Declare the handler of a route; `Route` describes the arguments.

        The permission is required before anything is looked up. The handler finds `body` and `query` in its request,
        and mypy compares their types. Every POST honours the header Idempotency-Key. The errors of body, query and
        key need no mention in `errors`.
        """
        app = self._app
        input_errors = {400} if body is not None or query is not None else set()
        if body is not None:
            input_errors |= {app.dialect.status_of(error("")) for error in (BodyTooLarge, UnsupportedMediaType)}
        if self._method == "POST":
            key_errors = (ValidationFailed([]), IdempotencyInProgress(), IdempotencyKeyReused())
            input_errors |= {app.dialect.status_of(error) for error in key_errors}
        for model in (body, query):
            if model is not None and issubclass(model, RequestModel):
                prime_snapstart(model.model_rebuild)

        def declare(handler: Handler[BodyT, QueryT]) -> Handler[BodyT, QueryT]:
            app.routes[self._method, path] = Route(
                method=self._method,
                path=path,
                handler=handler,
                summary=summary,
                permission=permission,
                body=body,  # type: ignore[arg-type]  # a model, though BodyT may stand for None
                query=query,  # type: ignore[arg-type]  # as body
                responses=responses,
                errors=(*errors, *input_errors),
                media_types=media_types,
                accepts_file=accepts_file,
                max_bytes=max_bytes,
                dialect=app.dialect,
                is_public=app.is_public,
            )
            return handler

        return declare


def _check_parameters(route: Route, request: AnyRequest) -> None:
    """Raise ValidationFailed for a parameter that is given twice, of which the gateway passes one, or is unknown."""
    for name, values in (request.event.get("multiValueQueryStringParameters") or {}).items():
        if len(values) > 1:
            raise ValidationFailed.field(name, "is given more than once")
    if route.query is None:
        for name in request.query_strings:
            raise ValidationFailed.field(name, "is no parameter of this call")


def _render_error(error: FencepostError, dialect: Dialect, request_id: str) -> dict[str, Any]:
    status = dialect.status_of(error)
    logger.info("refused", status=status, code=error.code)
    headers = {"Retry-After": "1"} if status == 503 or isinstance(error, IdempotencyInProgress) else {}
    return _to_gateway(
        Response(status, dialect.render_error(error, request_id), headers, dialect.media_type), request_id
    )


def _to_gateway(response: Response, request_id: str) -> dict[str, Any]:
    """Return a response as API Gateway expects it.

    Raises:
        ResponseTooLarge: It has more bytes than a function may return.
    """
    body = response.body
    headers = {"X-Request-Id": request_id, "Cache-Control": "no-store"}
    if body is None:
        text = ""
    else:
        headers = {"Content-Type": response.media_type, **headers}
        if isinstance(body, bytes):
            text = b64encode(body).decode()
        else:
            text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_RESPONSE_BYTES // 4:
        # The body becomes a JSON string, in which quotes are escaped.
        size = len(text.encode()) + text.count('"') + text.count("\\")
        if size > MAX_RESPONSE_BYTES:
            raise ResponseTooLarge(
                f"The answer would have {size:,} bytes; the limit is {MAX_RESPONSE_BYTES:,}. Ask for less at once."
            )
    encoding = {"isBase64Encoded": True} if isinstance(body, bytes) else {}
    return {"statusCode": response.status, "headers": {**headers, **response.headers}, "body": text, **encoding}
