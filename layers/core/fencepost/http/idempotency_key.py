"""The header Idempotency-Key: what identifies a request that has one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from fencepost.common.errors import ValidationFailed

if TYPE_CHECKING:
    from fencepost.http.request import Request

_VALUE = re.compile(r"[!-~]{1,255}")


_NAMESPACE = UUID("b5f6d9a3-6c0e-4f7b-9a51-2f7f0c6f2d11")


def asked_by(request: Request) -> IdempotencyKey:
    """Whose key it is and for what, and a digest of all that makes the answer what it is.

    The body as it was sent counts, and with it the query and the headers that choose a vocabulary: the same body
    asked for in other words is another request. Raises Invalid.
    """
    key = request.headers["idempotency-key"].strip(" \t")
    if _VALUE.fullmatch(key) is None:
        raise ValidationFailed.field("Idempotency-Key", "must be 1 to 255 visible ASCII characters, without spaces")
    event, principal = request.event, request.principal
    address = [event["httpMethod"], event["resource"], sorted(request.path.items())]
    query = event.get("multiValueQueryStringParameters") or request.query
    words = [_plain(request.headers.get("accept", "*/*")), _plain(request.headers.get("content-type", ""))]
    body = str(event.get("body") or "").encode(errors="surrogatepass")
    about = [sorted(query.items()), words, bool(event.get("isBase64Encoded"))]
    return IdempotencyKey(
        tenant_id=principal.tenant_id,
        identity=sha256(json.dumps([principal.tenant_id, principal.user_id, address, key]).encode()).hexdigest(),
        digest=sha256(json.dumps(about).encode() + b"\n" + body).hexdigest(),
    )


def _plain(header: str) -> str:
    """
    >>> _plain("Application/JSON; q=1")
    'application/json;q=1'
    """
    return "".join(header.split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A request with a key. `identity` is the same for whatever comes with this key, `digest` tells what is asked."""

    tenant_id: str
    identity: str
    digest: str

    @property
    def key_id(self) -> str:
        """An id for what this request makes, which no other request ever gets: not with the same key either."""
        return str(uuid5(_NAMESPACE, f"{self.tenant_id} {self.identity} {self.digest}"))


def derive_resource_id(request: Request) -> str | None:
    """Return an id that is the same each time this request is retried with its Idempotency-Key.

    What a request creates gets this id, so that the retry of a call that died after its write finds it. None where
    the request has no key.

    Raises:
        Invalid: The key is not 1 to 255 visible ASCII characters.
    """
    return asked_by(request).key_id if "idempotency-key" in request.headers else None
