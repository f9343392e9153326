"""The OpenAPI 3.1 document, from what the handlers declare.

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

from fencepost.http.app import Api, Route
from fencepost.http.problems import phrase

_REFS = "#/components/schemas/{model}"
_ALWAYS_FAIL = (429, 500, 503)
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
    "description": "The same request sent again with the same key within 24 hours is not done again: its first "
    "answer comes again, with the header Idempotency-Replayed: true.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def document(apis: Iterable[Api]) -> dict[str, Any]:
    """The document of all routes of these APIs."""
    routes = sorted((route for api in apis for route in api.routes.values()), key=lambda r: (r.path, r.method))
    schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    of_posts = {route.handler for route in routes if route.method == "POST"}
    for route in routes:
        also_posted = route.method == "GET" and route.handler in of_posts
        paths.setdefault(route.path.removeprefix("/v1"), {})[route.method.lower()] = _operation(route, also_posted)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fencepost",
            "version": "1",
            "description": "Geofences and the time clock. Every error is a problem (RFC 9457), save at the clock "
            "and at /zone, which tell their own in their own shapes.",
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


def apis_of(files: Iterable[Path]) -> list[Api]:
    """The APIs that handler modules declare; a module without one has no routes."""
    found = []
    for file in files:
        spec = importlib.util.spec_from_file_location(f"handler_{file.parent.name}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # pydantic looks a model's annotations up in its module
        spec.loader.exec_module(module)
        if isinstance(getattr(module, "api", None), Api):
            found.append(module.api)
    return found


def _schemas(routes: list[Route]) -> dict[str, Any]:
    """Requests as they are sent, with every alias's first name, and answers as they come."""
    taken = {(route.takes, "validation") for route in routes if route.takes is not None}
    given = {(model, "serialization") for route in routes for model in route.gives.values() if model is not None}
    given |= {(route.tells, "serialization") for route in routes if route.tells is not None}
    models: Any = sorted(taken | given, key=lambda pair: pair[0].__name__)
    adapters = [(model.__name__, mode, TypeAdapter(model)) for model, mode in models]
    _, defined = TypeAdapter.json_schemas(adapters, ref_template=_REFS)
    schemas: dict[str, Any] = defined["$defs"]
    return schemas


def _operation(route: Route, also_posted: bool) -> dict[str, Any]:
    suffix = "_by_query" if also_posted else "_by_patch" if route.method == "PATCH" else ""
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__ + suffix,
        "summary": route.summary,
        "description": f"Needs the right: {route.needs.value}.",
        "responses": {str(status): _gives(status, model, route.texts) for status, model in route.gives.items()},
    }
    if route.is_open:
        operation["security"] = [{"hash": []}, {"nvx": []}, {"token": []}]
    gateway_knows_who = () if route.is_open else (401, 403)
    for status in sorted({*gateway_knows_who, *_ALWAYS_FAIL, *route.fails}):
        operation["responses"][str(status)] = _fails(status, route)
    parameters = [_in_path(name) for name in re.findall(r"{(\w+)}", route.path)] + _in_query(route.query)
    if route.method == "POST":
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if route.takes is not None:
        schema = {"$ref": _REFS.format(model=route.takes.__name__)}
        content = {media_type: {"schema": schema} for media_type in _media_types(route)}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _media_types(route: Route) -> tuple[str, ...]:
    if route.takes_file:
        return ("multipart/form-data",)
    return ("application/json", "application/x-www-form-urlencoded") if route.is_open else ("application/json",)


def _gives(status: int, model: type | None, texts: Iterable[str]) -> dict[str, Any]:
    if model is None:
        content = {media_type: {"schema": {"type": "string"}} for media_type in texts}
        return {"description": phrase(status)} | ({"content": content} if content else {})
    schema = {"$ref": _REFS.format(model=model.__name__)}
    return {"description": phrase(status), "content": {"application/json": {"schema": schema}}}


def _fails(status: int, route: Route) -> dict[str, Any]:
    """A refusal: a problem, or, where the function tells its own, the model of its first answer."""
    content: dict[str, Any] = {"application/problem+json": {"schema": {"$ref": _REFS.format(model="Problem")}}}
    if route.tells is not None and status not in (401, 429, 500):
        content = {"application/json": {"schema": {"$ref": _REFS.format(model=route.tells.__name__)}}}
    return {"description": phrase(status), "content": content}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(model: type[BaseModel] | None) -> list[Mapping[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=_REFS)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), **_said_in_text(about)}
        for name, about in schema["properties"].items()
    ]


def _said_in_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter of the query: plain text, or JSON where it is a list or an object."""
    said = _untitled(schema)
    kinds = {kind.get("type", "object") for kind in said.get("anyOf", [said])}
    return {"content": {"application/json": {"schema": said}}} if kinds & {"array", "object"} else {"schema": said}


def _untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "title"}


def main() -> None:
    print(json.dumps(document(apis_of(Path(name) for name in sys.argv[1:])), indent=2))


if __name__ == "__main__":
    main()
