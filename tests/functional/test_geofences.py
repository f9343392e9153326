from tests.functional.app import App


def test_smoke(app: App) -> None:
    a = app.request("geofences", "create_circle"); print(a, app.calls)
    p = app.request("geofences", "create_polygon"); print(p)
    c = app.request("geofences", "create_corridor"); print(c)
    app.calls.clear()
    print(app.request("location", "check"), app.calls)
    print(app.request("geofences", "list"))
    i = a.body["id"]
    app.calls.clear()
    print(app.request("geofences", "update", path_id=i), app.calls)
    print(app.request("clock","clock_start", user="ada")); print(app.calls)
    print(app.request("clock","clock_break")); 
    print(app.request("clock","clock_start", user="emil")); 
    print(app.request("clock","clock_break")); 
    app.calls.clear()
    print(app.request("clock","clock_stop"),app.calls); 
    print(app.drop("uploads/demo/navixy.kml", open("/work/shared/samples/kml/navixy_download_export.kml","rb").read()))
    print(app.request("geofences", "delete", path_id=i))
    print(app.events())
    print(app.invoke("schedules", {}))
    assert 0
