"""One domain in several words, over HTTP: timekeeping, GeoJSON, batches, versions, lists that others change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.e2e.service import Service, eventually

TIMEKEEPING = {"Accept": "application/vnd.fencepost.timekeeping+json"}
# Geofences that a list goes through while others come and go.
LISTED, CHANGED = 300, 20


def ended_import(service: Service, body: dict[str, Any], patience_s: float = 90, **more: Any) -> dict[str, Any]:
    """The report of an import of this collection."""
    begun = service.call("POST", "/geofences/import", body, **more)
    assert begun.status_code == 202, begun.text

    def report() -> dict[str, Any] | None:
        told: dict[str, Any] | None = service.call("GET", f"/imports/{begun.json()['id']}", **more).json()["report"]
        return told

    return eventually(report, "the end of the import", patience_s)


def test_the_example_of_the_timekeeping_reference_is_answered_in_its_own_words(service: Service) -> None:
    user_id = "5CD906A3941C463B9CC98F49DBCC25AA"
    service.call("PUT", f"/directory/users/{user_id}", {"name": "Of the reference"})
    example = {
        "pname": "Downtown Office",
        "description": "Main office building and parking garage",
        "type": "circle",
        "latitude": 30.2672,
        "longitude": -97.7431,
        "radius": 100,
        "min_accuracy": 10,
        "active": True,
        "is_priority": False,
        "color": "#3366CC",
        "assignments": [{"target_table": "users", "target_id": user_id}],
    }
    answer = service.call("POST", "/geofences", example)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert {name: told[name] for name in example} == example
    assert answer.headers["Location"] == f"/api/v1/geofences/{told['id']}"
    assert (answer.headers["X-Object-Id"], answer.headers["X-Object-Table"]) == (told["id"], "geofences")
    assert service.call("GET", f"/geofences/{told['id']}", headers=TIMEKEEPING).json() == told
    taken = service.call("POST", "/geofences", example)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "NAME_TAKEN")
    assert service.call("DELETE", f"/geofences/{told['id']}", headers=TIMEKEEPING).status_code == 200
    gone = service.call("GET", f"/geofences/{told['id']}", headers=TIMEKEEPING)
    assert (gone.status_code, gone.json()["code"]) == (403, "FORBIDDEN")


def test_a_collection_goes_in_comes_out_and_is_found(service: Service) -> None:
    mark = f"batch-{uuid4()}"
    point = {"type": "Point", "coordinates": [-70.5, -20.5]}
    features = [
        {
            "type": "Feature",
            "geometry": point,
            "properties": {"name": f"{mark} {n}", "tags": [mark], "radius": 20 + n},
        }
        for n in range(120)
    ]
    body = {"type": "FeatureCollection", "features": features}
    report = ended_import(service, body, headers={"Idempotency-Key": mark})
    assert report["counts"] == {"placemarks": 120, "geofences": 120, "leftOut": 0}
    page = service.call("GET", "/geofences.geojson", params={"tag": mark, "limit": 1000})
    assert page.headers["Content-Type"] == "application/geo+json"
    out = page.json()
    assert len(out["features"]) == 120
    found = service.call("POST", "/geofences/check", {"latitude": -20.5, "longitude": -70.5}).json()["matches"]
    assert len(found) == 120
    operations = [{"action": "delete", "id": feature["id"]} for feature in out["features"][:100]]
    results = service.call("POST", "/geofences/batch", {"operations": operations}).json()["results"]
    assert {result["status"] for result in results} == {200}
    left = service.call("POST", "/geofences/check", {"latitude": -20.5, "longitude": -70.5}).json()["matches"]
    assert len(left) == 20


def test_versions_are_read_by_number_and_by_instant(service: Service) -> None:
    made = service.call("POST", "/geofences", {"name": f"V {uuid4()}", "latitude": 5, "longitude": 5}).json()
    address = f"/geofences/{made['id']}"
    changed = service.call("PUT", address, {"radiusMeters": 77}).json()
    assert service.call("GET", f"{address}/versions/1").json() == {**made, "deletedAt": None}
    assert service.call("GET", address, params={"asOf": made["updatedAt"]}).json() == made
    assert service.call("GET", address, params={"asOf": changed["updatedAt"]}).json() == changed
    service.call("DELETE", address)
    versions = service.call("GET", f"{address}/versions").json()["data"]
    assert [(v["version"], v["deletedAt"] is not None) for v in versions] == [(2, True), (1, False)]


def test_a_list_has_no_gap_and_no_repeat_while_others_come_and_go(service: Service) -> None:
    tenant = {"tenant": "other"}
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [1 + n / 1000, 1]},
            "properties": {"name": f"Listed {n}"},
        }
        for n in range(LISTED)
    ]
    for start in range(0, LISTED, 5_000):
        part = {"type": "FeatureCollection", "features": features[start : start + 5_000]}
        ended_import(service, part, tenant="other", patience_s=900)
    stable = {f"Listed {n}" for n in range(LISTED)}
    seen: list[str] = []
    cursor, changes = None, 0
    while True:
        params = {"limit": max(10, LISTED // 25)} | ({"cursor": cursor} if cursor else {})
        page = service.call("GET", "/geofences", params=params, **tenant).json()
        seen += [geofence["name"] for geofence in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
        for _ in range(CHANGED // 20):
            new = service.call("POST", "/geofences", {"name": f"New {uuid4()}", **_here()}, **tenant).json()
            service.call("DELETE", f"/geofences/{new['id']}", **tenant)
            changes += 1
    assert changes
    assert stable <= set(seen)
    assert len(seen) == len(set(seen))


def _here() -> dict[str, float]:
    return {"latitude": 1.5, "longitude": 1.5}
