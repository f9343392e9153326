"""Data survive a restart of the engine."""

from __future__ import annotations

from pathlib import Path

from local.demo import GATE
from local.engine import Engine
from tests.e2e.service import deploy_service, find_free_port


def test_data_keys_and_tokens_survive_a_restart_on_another_port(tmp_path: Path) -> None:
    with Engine(port=find_free_port(), data_dir=tmp_path) as engine:
        first = deploy_service(engine)
        created = first.call("POST", "/geofences", {"name": "Site", "latitude": 1, "longitude": 1}).json()
        user = first.sign_in("viewer", tenant="demo")
        assert first.call("DELETE", "/directory/users/demo-guard?cascade=true").status_code == 200
        gate = first.call("POST", "/geofences", {"name": "Gate", **GATE, "radiusMeters": 500}).json()
    with Engine(port=find_free_port(), data_dir=tmp_path) as engine:
        second = deploy_service(engine)
        assert second.tenants == first.tenants
        for key in (None, user.id_token):
            assert second.call("GET", f"/geofences/{created['id']}", key=key).json() == created
        answer = second.call("POST", "/geofences/check", {"latitude": 1, "longitude": 1})
        assert [match["geofenceName"] for match in answer.json()["matches"]] == ["Site"]
        assert second.call("GET", f"/geofences/{gate['id']}").json() == gate, "a later start changes nothing"
