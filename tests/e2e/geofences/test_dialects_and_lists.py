"""Geofences over HTTP in the timekeeping dialect, as GeoJSON, in batches, by version, and in lists that change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.e2e.service import Service, wait_for

TIMEKEEPING = {"Accept": "application/vnd.fencepost.timekeeping+json"}
# The geofences of the list, and the geofences created and deleted while it is read.
LISTED, CHANGED = 300, 20


def import_collection(service: Service, body: dict[str, Any], timeout_s: float = 90, **more: Any) -> dict[str, Any]:
    """Import a collection and return the report."""
    accepted = service.call("POST", "/geofences/import", body, **more)
    assert accepted.status_code == 202, accepted.text

    def read_report() -> dict[str, Any] | None:
        job = service.call("GET", f"/imports/{accepted.json()['id']}", **more).json()
        report: dict[str, Any] | None = job["report"]
        return report

    return wait_for(read_report, "the end of the import", timeout_s)


def test_the_example_of_the_timekeeping_reference_is_answered_in_its_dialect(service: Service) -> None:
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
    created = answer.json()
    assert {name: created[name] for name in example} == example
    assert answer.headers["Location"] == f"/api/v1/geofences/{created['id']}"
    assert (answer.headers["X-Object-Id"], answer.headers["X-Object-Table"]) == (created["id"], "geofences")
    assert service.call("GET", f"/geofences/{created['id']}", headers=TIMEKEEPING).json() == created
    duplicate = service.call("POST", "/geofences", example)
    assert (duplicate.status_code, duplicate.json()["error"]["code"]) == (409, "NAME_TAKEN")
    assert service.call("DELETE", f"/geofences/{created['id']}", headers=TIMEKEEPING).status_code == 200
    deleted = service.call("GET", f"/geofences/{created['id']}", headers=TIMEKEEPING)
    assert (deleted.status_code, deleted.json()["code"]) == (403, "FORBIDDEN")


def test_a_collection_is_imported_exported_checked_and_deleted(service: Service) -> None:
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
    report = import_collection(service, body, headers={"Idempotency-Key": mark})
    assert report["counts"] == {"placemarks": 120, "geofences": 120, "leftOut": 0}
    page = service.call("GET", "/geofences.geojson", params={"tag": mark, "limit": 1000})
    assert page.headers["Content-Type"] == "application/geo+json"
    exported = page.json()["features"]
    assert len(exported) == 120
    matches = service.call("POST", "/geofences/check", {"latitude": -20.5, "longitude": -70.5}).json()["matches"]
    assert len(matches) == 120
    operations = [{"action": "delete", "id": feature["id"]} for feature in exported[:100]]
    results = service.call("POST", "/geofences/batch", {"operations": operations}).json()["results"]
    assert {result["status"] for result in results} == {200}
    matches = service.call("POST", "/geofences/check", {"latitude": -20.5, "longitude": -70.5}).json()["matches"]
    assert len(matches) == 20


def test_versions_are_read_by_number_and_by_instant(service: Service) -> None:
    created = service.call("POST", "/geofences", {"name": f"V {uuid4()}", "latitude": 5, "longitude": 5}).json()
    address = f"/geofences/{created['id']}"
    changed = service.call("PUT", address, {"radiusMeters": 77}).json()
    assert service.call("GET", f"{address}/versions/1").json() == {**created, "deletedAt": None}
    assert service.call("GET", address, params={"asOf": created["updatedAt"]}).json() == created
    assert service.call("GET", address, params={"asOf": changed["updatedAt"]}).json() == changed
    service.call("DELETE", address)
    versions = service.call("GET", f"{address}/versions").json()["data"]
    assert [(v["version"], v["deletedAt"] is not None) for v in versions] == [(2, True), (1, False)]


def test_a_list_has_no_gap_and_no_repeat_while_geofences_are_created_and_deleted(service: Service) -> None:
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
        import_collection(service, part, tenant="other", timeout_s=900)
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
            body = {"name": f"New {uuid4()}", "latitude": 1.5, "longitude": 1.5}
            new = service.call("POST", "/geofences", body, **tenant).json()
            service.call("DELETE", f"/geofences/{new['id']}", **tenant)
            changes += 1
    assert changes
    assert stable <= set(seen)
    assert len(seen) == len(set(seen))
