"""Tags and geofences by number, and as many geofences as a tenant may have."""

from __future__ import annotations

from datetime import datetime

from fencepost import container
from tests.functional.app import App


def test_a_tag_has_one_number_however_it_is_written(app: App) -> None:
    app.create_circle("A", tags=["Cold", "Big"])
    body = app.create_circle("B", tags=["new", "cold", "COLD"]).body
    assert body["tags"] == ["new", "cold"]
    assert app.request("geofences", "list_tags").body["data"] == [
        {"number": 1, "name": "Cold"},
        {"number": 2, "name": "Big"},
        {"number": 3, "name": "new"},
    ]
    assert app.request("geofences", "list_tags", tenant="other").body["data"] == []
    app.calls.clear()
    app.create_circle("C", tags=["big"])
    assert app.calls == {"TransactWriteItems": 1}  # a tag that is known costs nothing


def test_a_number_is_the_geofences_own_and_free_when_it_is_gone(app: App) -> None:
    container.geofence_repository()._draw_number = iter([7, 7, 8, 7]).__next__
    first, second = app.create_circle("A").body, app.create_circle("B").body
    assert (first["number"], second["number"]) == (7, 8)
    assert app.request("geofences", "update", path_id=first["id"], radius=9).body["number"] == 7
    app.request("geofences", "delete", path_id=first["id"])
    assert app.create_circle("C").body["number"] == 7


def test_beyond_the_limit_there_is_a_402_with_the_limit_and_the_count(app: App) -> None:
    app.create_circle("A")
    container.tenant_service().limit_geofences("demo", 2)
    geofence_id = app.create_circle("B").body["id"]
    answer = app.request("geofences", "create_circle", name="C", latitude=1, longitude=1)
    assert (answer.status, answer.body["code"]) == (402, "GEOFENCE_QUOTA_REACHED")
    assert (answer.body["limit"], answer.body["count"]) == (2, 2)
    app.request("geofences", "delete", path_id=geofence_id)
    app.create_circle("C")
    container.tenant_service().limit_geofences("demo", 1)
    assert app.request("geofences", "create_circle", name="D", latitude=1, longitude=1).body["count"] == 2
    container.tenant_service().put_tenant("demo", "Renamed")
    assert app.request("geofences", "create_circle", name="D", latitude=1, longitude=1).status == 402
    container.tenant_service().limit_geofences("demo", None)
    app.create_circle("D")


def test_an_import_stops_at_the_limit_and_says_so_of_each_row(app: App) -> None:
    container.tenant_service().limit_geofences("demo", 5)
    points = "".join(
        f"<Placemark><name>P {n}</name><Point><coordinates>{n},1</coordinates></Point></Placemark>"
        for n in range(1, 9)
    )
    report = app.import_file("uploads/demo/p.kml", f"<kml><Document>{points}</Document></kml>".encode())
    assert (report["counts"]["geofences"], report["counts"]["leftOut"]) == (5, 3)
    assert "The limit is 5 geofences" in report["leftOut"][0]["reason"]


def test_updated_at_moves_and_created_at_stays(app: App) -> None:
    before = app.create_circle("A").body
    after = app.request("geofences", "update", path_id=before["id"], radius=9).body
    assert after["createdAt"] == before["createdAt"]
    assert datetime.fromisoformat(after["updatedAt"]) >= datetime.fromisoformat(before["updatedAt"])
