"""Build the OpenAPI 3.1 document from the routes that the handlers declare.

python -m fencepost.http.openapi functions/*/app.py > docs/openapi.json
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from fencepost.http.app import App, Route
from fencepost.http.problems import to_phrase

_REFS = "#/components/schemas/{model}"
_ERRORS_OF_EVERY_ROUTE = (429, 500, 503)
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that is retried with the same key within 24 hours runs once. The retry gets the first "
    "response again, with the header Idempotency-Replayed: true.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def build_document(apps: Iterable[App]) -> dict[str, Any]:
    """Return the document of all routes of these apps."""
    routes = sorted((route for app in apps for route in app.routes.values()), key=lambda r: (r.path, r.method))
    schemas = _build_schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    post_handlers = {route.handler for route in routes if route.method == "POST"}
    for route in routes:
        also_posted = route.method == "GET" and route.handler in post_handlers
        paths.setdefault(route.path.removeprefix("/v1"), {})[route.method.lower()] = _build_operation(
            route, also_posted
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fencepost",
            "version": "1",
            "description": "Geofences and the time clock. Every error is a problem (RFC 9457), except at "
            "the clock and at /zone, which report errors in shapes of their own.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas | {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, fp_..., or an ID token of the user pool",
                },
                "hash": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "hash",
                    "description": "An API key, fp_...; a POST may have it in its body as well",
                },
                "nvx": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The word NVX, a space, and an API key",
                },
            },
        },
    }


def load_apps(files: Iterable[Path]) -> list[App]:
    """Return the apps that handler modules declare. A module without one has no routes."""
    found = []
    for file in files:
        spec = importlib.util.spec_from_file_location(f"handler_{file.parent.name}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # pydantic looks a model's annotations up in its module
        spec.loader.exec_module(module)
        if isinstance(getattr(module, "app", None), App):
            found.append(module.app)
    return found


def _build_schemas(routes: list[Route]) -> dict[str, Any]:
    """Return the schemas of requests as they are sent, under the first alias of a field, and of responses."""
    requests = {(route.body, "validation") for route in routes if route.body is not None}
    responses = {(model, "serialization") for route in routes for model in route.responses.values() if model}
    errors = {(route.dialect.error_schema, "serialization") for route in routes if route.dialect.error_schema}
    models: Any = sorted(requests | responses | errors, key=lambda pair: pair[0].__name__)
    adapters = [(model.__name__, mode, TypeAdapter(model)) for model, mode in models]
    _, defined = TypeAdapter.json_schemas(adapters, ref_template=_REFS)
    schemas: dict[str, Any] = defined["$defs"]
    return schemas


def _build_operation(route: Route, also_posted: bool) -> dict[str, Any]:
    suffix = "_by_query" if also_posted else "_by_patch" if route.method == "PATCH" else ""
    responses = {
        str(status): _describe_response(status, model, route.media_types) for status, model in route.responses.items()
    }
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__ + suffix,
        "summary": route.summary,
        "description": f"Requires the permission `{route.permission.value}`.",
        "responses": responses,
    }
    if route.is_public:
        operation["security"] = [{"hash": []}, {"nvx": []}, {"token": []}]
    gateway_errors = () if route.is_public else (401, 403)
    for status in sorted({*gateway_errors, *_ERRORS_OF_EVERY_ROUTE, *route.errors}):
        responses[str(status)] = _describe_error(status, route)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    parameters += _describe_query(route.body if route.method == "GET" and route.body else route.query)
    if route.method == "POST":
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None and route.method != "GET":
        schema = {"$ref": _REFS.format(model=route.body.__name__)}
        content = {media_type: {"schema": schema} for media_type in _list_media_types(route)}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _list_media_types(route: Route) -> tuple[str, ...]:
    if route.accepts_file:
        return ("multipart/form-data",)
    return ("application/json", "application/x-www-form-urlencoded") if route.is_public else ("application/json",)


def _describe_response(status: int, model: type | None, media_types: Iterable[str]) -> dict[str, Any]:
    if model is None:
        content = {media_type: {"schema": {"type": "string"}} for media_type in media_types}
        return {"description": to_phrase(status)} | ({"content": content} if content else {})
    schema = {"$ref": _REFS.format(model=model.__name__)}
    return {"description": to_phrase(status), "content": {"application/json": {"schema": schema}}}


def _describe_error(status: int, route: Route) -> dict[str, Any]:
    """Describe a problem or, where the app has a dialect of its own, the body of its errors."""
    media_type, model = "application/problem+json", "Problem"
    if route.dialect.error_schema is not None and status not in (401, 429, 500):
        media_type, model = "application/json", route.dialect.error_schema.__name__
    return {
        "description": to_phrase(status),
        "content": {media_type: {"schema": {"$ref": _REFS.format(model=model)}}},
    }


def _describe_query(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=_REFS)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), **_describe_text(about)}
        for name, about in schema["properties"].items()
    ]


def _describe_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a parameter of the query: plain text, or JSON where it is a list or an object."""
    schema = {name: value for name, value in schema.items() if name != "title"}
    kinds = {kind.get("type", "object") for kind in schema.get("anyOf", [schema])}
    return (
        {"content": {"application/json": {"schema": schema}}} if kinds & {"array", "object"} else {"schema": schema}
    )


def main() -> None:
    """Print the document of the handler files that are named."""
    print(json.dumps(build_document(load_apps(Path(name) for name in sys.argv[1:])), indent=2))


if __name__ == "__main__":
    main()
