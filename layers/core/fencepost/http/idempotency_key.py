"""The header Idempotency-Key, and the identity and the digest of a request that has it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from fencepost.common.errors import ValidationFailed
from fencepost.http.request import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from fencepost.http.request import AnyRequest

_VALUE = re.compile(r"[!-~]{1,255}")
_NAMESPACE = UUID("b5f6d9a3-6c0e-4f7b-9a51-2f7f0c6f2d11")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The identity of a request that has an Idempotency-Key.

    Attributes:
        identity: A hash of the principal, the address and the value of the header.
        digest: A hash of everything that the response depends on: body, query and dialect.
    """

    tenant_id: str
    identity: str
    digest: str

    @property
    def resource_id(self) -> str:
        """The id of what this request creates. No other request gets it, not even with the same key."""
        return str(uuid5(_NAMESPACE, f"{self.tenant_id} {self.identity} {self.digest}"))


def parse_idempotency_key(request: AnyRequest) -> IdempotencyKey:
    """Return the key of a request that has one.

    The digest covers the body as it was sent, the query, and the headers that choose a dialect: the same body in
    another dialect is another request.

    Raises:
        ValidationFailed: The key is not 1 to 255 visible ASCII characters.
    """
    key = request.headers[IDEMPOTENCY_KEY].strip(" \t")
    if _VALUE.fullmatch(key) is None:
        raise ValidationFailed.field("Idempotency-Key", "must be 1 to 255 visible ASCII characters, without spaces")
    event, principal = request.event, request.principal
    address = [event["httpMethod"], event["resource"], sorted(request.path.items())]
    query = event.get("multiValueQueryStringParameters") or request.query_strings
    dialect = [_normalize(request.headers.get("accept", "*/*")), _normalize(request.headers.get("content-type", ""))]
    body = str(event.get("body") or "").encode(errors="surrogatepass")
    about = [sorted(query.items()), dialect, bool(event.get("isBase64Encoded"))]
    return IdempotencyKey(
        tenant_id=principal.tenant_id,
        identity=sha256(json.dumps([principal.tenant_id, principal.user_id, address, key]).encode()).hexdigest(),
        digest=sha256(json.dumps(about).encode() + b"\n" + body).hexdigest(),
    )


def derive_resource_id(request: AnyRequest) -> str | None:
    """Return an id that is the same each time this request is retried with its Idempotency-Key.

    The created resource gets this id. If a call ends after its write and before its response, the retry finds the
    resource. None if the request has no key.

    Raises:
        ValidationFailed: The key is not 1 to 255 visible ASCII characters.
    """
    return parse_idempotency_key(request).resource_id if IDEMPOTENCY_KEY in request.headers else None


def _normalize(header: str) -> str:
    """Return a header without spaces and case.

    >>> _normalize("Application/JSON; q=1")
    'application/json;q=1'
    """
    return "".join(header.split()).casefold()
