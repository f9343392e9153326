"""API keys at the deployed authorizer."""

from __future__ import annotations

from uuid import uuid4

from local import demo
from tests.e2e.service import Service


def test_the_keys_of_a_deleted_user_are_revoked(service: Service) -> None:
    tenant = f"keys-{uuid4().hex[:8]}"
    users = [{"id": name, "name": name.title(), "roles": ["admin"]} for name in ("ada", "vera")]
    setup = {"tenants": [{"id": tenant, "name": "Keys", "users": users}]}
    first, second = (demo.set_up_tenants(service.endpoint, setup)[tenant] for _ in range(2))
    assert service.call("GET", "/directory/users/ada", key=first["ada"]).status_code == 200
    assert service.call("DELETE", "/directory/users/vera", key=first["ada"]).status_code == 200
    # These keys are new to the gateway, which has no cached answer for them.
    for key in (first["vera"], second["vera"]):
        assert service.call("GET", "/geofences", key=key).status_code == 401
    assert service.call("GET", "/geofences", key=second["ada"]).status_code == 200
