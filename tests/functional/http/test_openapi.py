"""The document in `docs` says what the handlers declare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fencepost.http.openapi import build_document, load_apps

ROOT = Path(__file__).parents[3]


def test_document_is_up_to_date() -> None:
    built = build_document(load_apps(sorted((ROOT / "functions").glob("*/app.py"))))
    stored = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert stored == json.loads(json.dumps(built)), "run `make openapi`"


def test_every_reference_of_the_document_resolves() -> None:
    stored = json.loads((ROOT / "docs" / "openapi.json").read_text())
    schemas = stored["components"]["schemas"]

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"].removeprefix("#/components/schemas/")} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    assert references(stored) == set(schemas)


def test_every_post_documents_its_idempotency_key() -> None:
    stored = json.loads((ROOT / "docs" / "openapi.json").read_text())
    posts = {path: methods["post"] for path, methods in stored["paths"].items() if "post" in methods}
    assert posts
    for path, post in posts.items():
        headers = [given["name"] for given in post["parameters"] if given["in"] == "header"]
        assert headers == ["Idempotency-Key"], path
        reused = "400" if path.startswith(("/clock", "/times", "/zone/", "/data/")) else "422"
        assert {"400", "409", reused} <= post["responses"].keys(), path
    assert not any(
        given["in"] == "header"
        for methods in stored["paths"].values()
        for method, operation in methods.items()
        if method != "post"
        for given in operation.get("parameters", ())
    )
