"""The request of a call of the zone API: parameters and hash in a JSON body, a form, a query or a header.

A file comes in a form of several parts, and becomes the parameter `file`.

API Gateway does not read bodies, so these routes are public there and the caller is authenticated here. The returned
request has all parameters in one place, and no hash that could be stored or logged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fencepost.common import strict_json
from fencepost.common.errors import FencepostError, ValidationFailed
from fencepost.http.problems import BodyTooLarge
from fencepost.http.request import (
    IDEMPOTENCY_KEY,
    MAX_BODY_BYTES,
    Request,
    parse_json_body,
    read_body,
    read_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fencepost.common.principal import Principal
    from fencepost.http.request import AnyRequest

_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_HASH, _FILE = "hash", "file"
# These parameters are texts. The others are JSON: numbers, lists and objects.
_TEXTS = frozenset({_HASH, "filter", "redirect_target", "batch", "file_id", "geocoder"})
# A function takes 6 MB, and a form of several parts arrives in base64.
MAX_LONG_BODY_BYTES = 4 * 2**20 + 2**16
_LONG_BODY_RESOURCES = frozenset({"/v1/zone/upload", "/v1/zone/batch_convert", "/v1/data/spreadsheet/parse"})
_MAX_PARAMETERS = 100


class WrongHash(FencepostError):
    """The hash is missing, or is not a valid API key."""

    code = "WRONG_HASH"

    def __init__(self) -> None:
        super().__init__(
            "The hash must be a valid API key (fp_...), in the body, the query or the header Authorization."
        )


def authenticate(event: Mapping[str, Any], find_principal: Callable[[str], Principal | None]) -> AnyRequest:
    """Return the request of an event, with its caller and its parameters.

    The event of the request no longer has the hash or a query. It has a body only for a request with an
    Idempotency-Key, whose digest covers the body.

    Args:
        event: The event of a public route.
        find_principal: Returns the principal of an API key, None where there is none.

    Raises:
        ValidationFailed: The body or a parameter cannot be read, or two places differ.
        BodyTooLarge: The body is longer than its route allows.
        UnsupportedMediaType: The body is neither JSON nor a form.
        WrongHash: The hash is missing, or is not a valid API key.
    """
    headers = read_headers(event)
    body, file = _read_parameters_of_body(event, headers)
    parameters = _merge(_read_parameters_of_query(event), body)
    if _FILE in parameters:
        raise ValidationFailed.field(_FILE, "comes as a file in a form, with Content-Type: multipart/form-data")
    if file is not None:
        parameters[_FILE] = file
    principal = find_principal(_find_hash(parameters.pop(_HASH, None), headers.pop("authorization", "")))
    if principal is None:
        raise WrongHash
    has_key = IDEMPOTENCY_KEY in headers
    without_hash = {
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "body": json.dumps(parameters, ensure_ascii=False, separators=(",", ":")) if has_key else None,
        "isBase64Encoded": False,
    }
    return Request(
        principal=principal,
        path={},
        query_strings={},
        headers=headers | {"content-type": "application/json"},
        event={**event, **without_hash},
        fields=parameters,
    )


def parse_texts(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of parameters that are sent as text.

    Raises:
        ValidationFailed: A name occurs twice, a list or an object is not JSON, or there are too many.

    >>> parse_texts([("zone_ids", "[1, 2]"), ("filter", "12"), ("with_points", "true")])
    {'zone_ids': [1, 2], 'filter': '12', 'with_points': True}
    """
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in values:
            raise ValidationFailed.field(name, "is given twice")
        values[name] = text if name in _TEXTS else _parse_text(name, text)
    if len(values) > _MAX_PARAMETERS:
        raise ValidationFailed.field("body", f"has more than {_MAX_PARAMETERS} fields")
    return values


def _parse_text(name: str, text: str) -> Any:
    try:
        return strict_json.loads(text.encode())
    except UnicodeError:
        raise ValidationFailed.field(name, "is not valid UTF-8 text") from None
    except ValidationFailed as error:
        if not text.lstrip().startswith(("{", "[")):
            return text  # the validation of the parameter reports what it must be
        raise ValidationFailed.field(name, error.errors[0].message) from None


def _read_parameters_of_query(event: Mapping[str, Any]) -> dict[str, Any]:
    several = event.get("multiValueQueryStringParameters")
    if several is None:
        return parse_texts((event.get("queryStringParameters") or {}).items())
    return parse_texts((name, value) for name, values in several.items() for value in values)


def _read_parameters_of_body(
    event: Mapping[str, Any], headers: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the parameters of a body, and the file of a form."""
    raw = read_body(event).strip()
    if not raw:
        return {}, None
    if event["httpMethod"] == "GET":
        raise ValidationFailed.field("body", "belongs to a POST; a GET says everything in its query")
    media_type = headers.get("content-type", "").partition(";")[0].strip().casefold()
    max_bytes = MAX_LONG_BODY_BYTES if event["resource"] in _LONG_BODY_RESOURCES else MAX_BODY_BYTES
    is_form = media_type in (_FORM, _MULTIPART)
    # A form never begins with a brace: that is JSON with the wrong Content-Type.
    if not is_form or raw.startswith(b"{"):
        return parse_json_body(event, "" if is_form else media_type, max_bytes), None
    if len(raw) > max_bytes:
        raise BodyTooLarge(f"The body has {len(raw):,} bytes; the limit is {max_bytes:,}.")
    if media_type == _MULTIPART:
        from fencepost.http import multipart

        fields, file = multipart.parse_form(raw, headers["content-type"])
        return parse_texts(fields), file
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except UnicodeError:
        raise ValidationFailed.field("body", "is not valid UTF-8 text") from None
    except ValueError:
        raise ValidationFailed.field("body", f"has more than {_MAX_PARAMETERS} fields") from None
    return parse_texts(pairs), None


def _merge(query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of both. A parameter in both must have the same value."""
    for name in query.keys() & body.keys():
        if query[name] != body[name]:
            raise _build_difference_error(name)
    return query | body


def _find_hash(parameter: object, authorization: str) -> str:
    """Return the hash, from the parameter or the header."""
    if parameter is not None and not isinstance(parameter, str):
        raise ValidationFailed.field(_HASH, "must be a text")
    scheme, _, token = authorization.partition(" ")
    in_header = token.strip() if scheme.casefold() in ("nvx", "bearer") else ""
    if parameter and in_header and parameter != in_header:
        raise _build_difference_error(_HASH)
    return parameter or in_header


def _build_difference_error(name: str) -> ValidationFailed:
    return ValidationFailed.field(name, "is given in two places, and differs")
