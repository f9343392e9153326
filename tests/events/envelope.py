"""Requests as API Gateway sends them to a function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

KEY = "fp_0123456789abcdef_not-a-real-secret"
REQUEST_ID = "5cd906a3-941c-463b-9cc9-8f49dbcc25aa"

BEARER = {"Authorization": f"Bearer {KEY}"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NVX = {"Authorization": f"NVX {KEY}"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=example"}


def build_request(
    method: str,
    resource: str,
    caller: tuple[str, str] | None,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the event that API Gateway sends to a function.

    Args:
        method: The HTTP method.
        resource: The path of the route in the template.
        caller: The user and the roles, or None for a route without an authorizer.
        path: The parameters of `resource`, such as `{"id": "7"}` for `/v1/geofences/{id}`.
        query: The query parameters.
        body: A text, or anything else as JSON.
        headers: In place of the API key and, with a body, the content type.
    """
    address = resource.format(**(path or {}))
    context: dict[str, Any] = {
        "resourcePath": resource,
        "httpMethod": method,
        "path": f"/api{address}",
        "stage": "api",
        "requestId": REQUEST_ID,
        "identity": {"sourceIp": "127.0.0.1"},
    }
    if caller is not None:
        user, roles = caller
        context["authorizer"] = {
            "principalId": f"demo/{user}",
            "tenantId": "demo",
            "userId": user,
            "roles": roles,
        }
    if headers is None:
        headers = BEARER if body is None else BEARER | JSON
    return {
        "resource": resource,
        "path": address,
        "httpMethod": method,
        "headers": dict(headers),
        "queryStringParameters": query,
        "pathParameters": path,
        "stageVariables": None,
        "requestContext": context,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def build_zone_call(method: str, action: str, headers: Mapping[str, str] = JSON, **parts: Any) -> dict[str, Any]:
    """Return a request of the zone dialect, which names its API key anywhere and passes no authorizer."""
    return build_request(method, f"/v1/{action}", None, headers=headers, **parts)


def build_upload(action: str, file_name: str, media_type: str, content: str) -> dict[str, Any]:
    """Return a multipart request with the API key and one file."""
    lines = [
        "--example",
        'Content-Disposition: form-data; name="hash"',
        "",
        KEY,
        "--example",
        f'Content-Disposition: form-data; name="file"; filename="{file_name}"',
        f"Content-Type: {media_type}",
        "",
        content,
        "--example--",
        "",
    ]
    return build_zone_call("POST", action, MULTIPART, body="\r\n".join(lines))
