"""What was written outlives the engine."""

from __future__ import annotations

from pathlib import Path

from local.demo import GATE
from local.engine import Engine
from tests.e2e.conftest import deployed, free_port


def test_data_keys_and_tokens_survive_a_restart_on_another_port(tmp_path: Path) -> None:
    with Engine(port=free_port(), data_dir=tmp_path) as engine:
        first = deployed(engine)
        made = first.call("POST", "/geofences", {"name": "Kept", "latitude": 1, "longitude": 1}).json()
        user = first.sign_in("viewer", tenant="demo")
        assert first.call("DELETE", "/directory/users/demo-guard?cascade=true").status_code == 200
        at_the_gate = {"name": "Mine", **GATE, "radiusMeters": 500}
        mine = first.call("POST", "/geofences", at_the_gate).json()
    with Engine(port=free_port(), data_dir=tmp_path) as engine:
        second = deployed(engine)
        assert second.tenants == first.tenants
        for key in (None, user.id_token):
            assert second.call("GET", f"/geofences/{made['id']}", key=key).json() == made
        answer = second.call("POST", "/geofences/check", {"latitude": 1, "longitude": 1})
        assert [match["geofenceName"] for match in answer.json()["matches"]] == ["Kept"]
        assert second.call("GET", f"/geofences/{mine['id']}").json() == mine, "a later start changes nothing"
