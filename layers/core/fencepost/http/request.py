"""A request of an authenticated principal, and the JSON object of its body."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from typing_extensions import TypeVar

from fencepost.common import strict_json
from fencepost.common.errors import ValidationFailed
from fencepost.common.principal import Principal
from fencepost.http.problems import BodyTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from fencepost.http.dialect import Dialect
    from fencepost.http.fields import RequestModel

BodyT = TypeVar("BodyT", bound="RequestModel | None", default=None)
QueryT = TypeVar("QueryT", bound="RequestModel | None", default=None)

MAX_BODY_BYTES = 2**20
IDEMPOTENCY_KEY = "idempotency-key"


@dataclass(kw_only=True, eq=False)
class Request(Generic[BodyT, QueryT]):
    """A request as its handler sees it.

    Attributes:
        path: The parameters of the path.
        query_strings: The parameters of the query as they were sent.
        headers: By their names in lower case.
        event: The event of API Gateway.
        fields: The JSON object of the body as it was sent. Empty until it is parsed, and if the route has no body.
        negotiate: Decides the dialect.
        body: The fields as the model that the route declares.
        query: The query as the model that the route declares.
    """

    principal: Principal
    path: Mapping[str, str]
    query_strings: Mapping[str, str]
    headers: Mapping[str, str]
    event: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    negotiate: Callable[[AnyRequest], Dialect] = field(init=False)
    body: BodyT = field(init=False)
    query: QueryT = field(init=False)

    @cached_property
    def dialect(self) -> Dialect:
        """How the request names fields, and how its errors are reported. Decided once, when it is first needed."""
        return self.negotiate(self)


AnyRequest: TypeAlias = "Request[Any, Any]"


def read_request(event: Mapping[str, Any]) -> AnyRequest:
    """Return the request of an event whose caller API Gateway has authenticated. Nothing is parsed yet."""
    caller = event["requestContext"]["authorizer"]
    roles = frozenset(str(caller.get("roles") or "").split(",")) - {""}
    return Request(
        principal=Principal(tenant_id=caller["tenantId"], user_id=caller["userId"], roles=roles),
        path=event.get("pathParameters") or {},
        query_strings=event.get("queryStringParameters") or {},
        headers=read_headers(event),
        event=event,
    )


def read_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of an event by their names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def read_body(event: Mapping[str, Any]) -> bytes:
    """Return the bytes of a body, none where there is no body.

    Raises:
        ValidationFailed: The body is not valid base64.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return b64decode(body, validate=True)
    except Base64Error:
        raise ValidationFailed.field("body", "is not valid base64") from None


def parse_json_body(event: Mapping[str, Any], content_type: str, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        ValidationFailed: The body is not a JSON object, or one that parsers disagree about: it has duplicate names,
            NaN, Infinity, huge numbers, deep nesting or broken text.
        BodyTooLarge: The body has more than `max_bytes`.
        UnsupportedMediaType: The content type is not JSON.
    """
    media_type = content_type.partition(";")[0].strip().casefold()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"The body is '{media_type}'; send application/json.")
    body = read_body(event)
    if len(body) > max_bytes:
        raise BodyTooLarge(f"The body has {len(body):,} bytes; the limit is {max_bytes:,}.")
    value = strict_json.loads(body)
    if not isinstance(value, dict):
        raise ValidationFailed.field("body", "must be a JSON object")
    return value
