"""Calls to the reports."""

from __future__ import annotations

from typing import Any

from fencepost.cli import tenants
from tests.functional.app import App
from tests.functional.timeclock.client import MAY


def set_up_tenant(**tenant: Any) -> None:
    """Change the settings of the tenant demo."""
    tenants.apply(tenants.Setup.model_validate({"tenants": [{"id": "demo", "name": "Demo", **tenant}]}))


def read_totals(app: App, caller: dict[str, Any] | None = None, /, **query: str) -> list[dict[str, Any]]:
    """Return the totals from all pages."""
    totals: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = app.request("reports", "times_totals", query={**MAY, **query, **cursor}, **(caller or {}))
        assert page.status == 200, page
        totals += [item["data"] for item in page.body["items"]]
        if page.body["nextCursor"] is None:
            return totals
        cursor = {"cursor": page.body["nextCursor"]}
