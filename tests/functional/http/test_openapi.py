"""The document in `docs` says what the handlers declare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fencepost.http.openapi import build_document, load_apps

ROOT = Path(__file__).parents[3]


def test_the_document_is_up_to_date() -> None:
    made = build_document(load_apps(sorted((ROOT / "functions").glob("*/app.py"))))
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert kept == json.loads(json.dumps(made)), "run `make openapi`"


def test_every_reference_of_the_document_leads_somewhere() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text())
    schemas = kept["components"]["schemas"]

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"].removeprefix("#/components/schemas/")} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    assert references(kept) == set(schemas)


def test_every_post_tells_of_its_idempotency_key() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text())
    posts = {path: methods["post"] for path, methods in kept["paths"].items() if "post" in methods}
    assert posts
    for path, post in posts.items():
        headers = [given["name"] for given in post["parameters"] if given["in"] == "header"]
        assert headers == ["Idempotency-Key"], path
        reused = "400" if path.startswith(("/clock", "/times", "/zone/", "/data/")) else "422"
        assert {"400", "409", reused} <= post["responses"].keys(), path
    assert not any(
        given["in"] == "header"
        for methods in kept["paths"].values()
        for method, operation in methods.items()
        if method != "post"
        for given in operation.get("parameters", ())
    )
