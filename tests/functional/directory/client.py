"""Calls to the directory."""

from __future__ import annotations

from typing import Any

from tests.functional.app import Answer, App


def put(app: App, table: str, entity_id: str, /, **body: Any) -> Answer:
    return app.request("directory", "directory_put", path={"table": table, "id": entity_id}, **body)


def read(app: App, table: str, entity_id: str, **caller: Any) -> Answer:
    return app.request("directory", "directory_read", path={"table": table, "id": entity_id}, **caller)
