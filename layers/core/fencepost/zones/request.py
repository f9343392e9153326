"""A call of the zone vocabulary: parameters and hash in a JSON body, a form, a query or a header, made one request.

A file comes in a form of several parts, and becomes the parameter `file`.

The gateway cannot look into a body, so these routes are open there and the caller is made out here. What comes out
is the event that the gateway would have handed over: the caller known, the parameters one JSON body, and no hash left
that could be kept or logged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fencepost.common import strict_json
from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.http import json_body
from fencepost.http.problems import BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fencepost.common.principal import Principal
    from fencepost.http.request import Request

_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_HASH, _FILE = "hash", "file"
# What is a text is taken as it stands; anything else is JSON, as a number, a list or an object is written.
_TEXTS = frozenset({_HASH, "filter", "redirect_target", "batch", "file_id", "geocoder"})
# A function takes 6 MB, and what has several parts comes in base64.
MAX_LONG_BODY_BYTES = 4 * 2**20 + 2**16
_LONG = frozenset({"/v1/zone/upload", "/v1/zone/batch_convert", "/v1/data/spreadsheet/parse"})
_MAX_PARAMETERS = 100
# 1e15, written again, is 1000000000000000.0.
_LONGER = 8


class WrongHash(FencepostError):
    code = "WRONG_HASH"

    def __init__(self) -> None:
        super().__init__(
            "The hash must be a valid API key (fp_...), in the body, the query or the header Authorization."
        )


def admitted(event: Mapping[str, Any], principal_of: Callable[[str], Principal | None]) -> dict[str, Any]:
    """The event with its caller and its parameters. Raises Invalid, BodyTooLarge, UnsupportedMediaType, WrongHash."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    body, file = _body(event, headers)
    said = _one_of(_query(event), body)
    if _FILE in said:
        raise ValidationFailed.field(_FILE, "comes as a file in a form, with Content-Type: multipart/form-data")
    if file is not None:
        said[_FILE] = file
    principal = principal_of(_token(said.pop(_HASH, None), headers.pop("authorization", "")))
    if principal is None:
        raise WrongHash
    caller = {
        "tenantId": principal.tenant_id,
        "userId": principal.user_id,
        "roles": ",".join(sorted(principal.roles)),
    }
    return {
        **event,
        "headers": headers | {"content-type": "application/json"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {**event["requestContext"], "authorizer": caller},
        "body": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def parameters(request: Request) -> dict[str, Any]:
    """What a call that was admitted says. Its size was looked at before: a number may be longer by now."""
    return request.json(max_bytes=_LONGER * json_body.MAX_BODY_BYTES)


def typed(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parameters that came as text. Raises Invalid.

    >>> typed([("zone_ids", "[1, 2]"), ("filter", "12"), ("with_points", "true")])
    {'zone_ids': [1, 2], 'filter': '12', 'with_points': True}
    """
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in values:
            raise ValidationFailed.field(name, "is given twice")
        values[name] = text if name in _TEXTS else _value(name, text)
    if len(values) > _MAX_PARAMETERS:
        raise ValidationFailed.field("body", f"has more than {_MAX_PARAMETERS} fields")
    return values


def _value(name: str, text: str) -> Any:
    try:
        return strict_json.loads(text.encode())
    except UnicodeError:
        raise ValidationFailed.field(name, "is not valid UTF-8 text") from None
    except ValidationFailed as error:
        if not text.lstrip().startswith(("{", "[")):
            return text  # what should have been a number is told by what the parameter must be
        raise ValidationFailed.field(name, error.errors[0].message) from None


def _query(event: Mapping[str, Any]) -> dict[str, Any]:
    several = event.get("multiValueQueryStringParameters")
    if several is None:
        return typed((event.get("queryStringParameters") or {}).items())
    return typed((name, value) for name, values in several.items() for value in values)


def _body(event: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What a body says, and the file of a form."""
    raw = json_body.raw(event).strip()
    if not raw:
        return {}, None
    if event["httpMethod"] == "GET":
        raise ValidationFailed.field("body", "belongs to a POST; a GET says everything in its query")
    media_type, most = _media_type(headers), json_body.MAX_BODY_BYTES
    if event["resource"] in _LONG:
        most = MAX_LONG_BODY_BYTES
    is_form = media_type in (_FORM, _MULTIPART)
    # A form never begins with a brace: that is JSON from a program which did not say so.
    if not is_form or raw.startswith(b"{"):
        return json_body.parsed(event, "" if is_form else media_type, most), None
    if len(raw) > most:
        raise BodyTooLarge(f"The body has {len(raw):,} bytes; the limit is {most:,}.")
    if media_type == _MULTIPART:
        from fencepost.http import multipart

        fields, file = multipart.parsed(raw, headers["content-type"])
        return typed(fields), file
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except UnicodeError:
        raise ValidationFailed.field("body", "is not valid UTF-8 text") from None
    except ValueError:
        raise ValidationFailed.field("body", f"has more than {_MAX_PARAMETERS} fields") from None
    return typed(pairs), None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().casefold()


def _one_of(query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What is said in two places must be the same."""
    for name in query.keys() & body.keys():
        if query[name] != body[name]:
            raise _differs(name)
    return query | body


def _token(said: object, authorization: str) -> str:
    """The hash, wherever it stands. Raises Invalid where it stands in two places and differs."""
    if said is not None and not isinstance(said, str):
        raise ValidationFailed.field(_HASH, "must be a text")
    scheme, _, given = authorization.partition(" ")
    in_header = given.strip() if scheme.casefold() in ("nvx", "bearer") else ""
    if said and in_header and said != in_header:
        raise _differs(_HASH)
    return said or in_header


def _differs(name: str) -> ValidationFailed:
    return ValidationFailed.field(name, "is given in two places, and differs")
