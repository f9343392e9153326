"""One sample request of each kind."""

from __future__ import annotations

from typing import Any

from tests.events.envelope import (
    BEARER,
    FORM,
    JSON,
    KEY,
    NVX,
    REQUEST_ID,
    build_request,
    build_upload,
    build_zone_call,
)
from tests.zone_reference import LINE, SIMPLE_LINE

GEOFENCE_ID = "00000000-0000-4000-8000-000000000001"
UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead"
ENTRY_ID = "7c1f0e5a-3a53-4b3e-9d0b-0f6a1c2d3e4f"

ADMIN, APPROVER, EMPLOYEE, VIEWER = ("ada", "admin"), ("ada", "approver"), ("emil", "employee"), ("vera", "viewer")
"""The user and the roles that the authorizer has found."""

OFFICE = {"latitude": 30.2672, "longitude": -97.7431}
OFFICE_DESCRIPTION = "Main office building and parking garage"
MAY = {"from": "2026-05-01T00:00:00+02:00", "to": "2026-06-01T00:00:00+02:00"}
NINE, NOON, HALF_PAST_NOON, FIVE = (f"2026-05-04T{time}:00+02:00" for time in ("09:00", "12:00", "12:30", "17:00"))
ZONE = {
    "label": "Zone name",
    "address": "zone address",
    "radius": 100,
    "center": {"lat": 56.827001, "lng": 60.594296},
}
SPREADSHEET = "label;address;lat;lng\r\nGeofence name;Karlsplatz, 2;48.2009935;16.3699642"

API_EVENTS: dict[str, dict[str, Any]] = {
    "authorize": {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:fencepost/api/GET/v1/geofences",
        "resource": "/v1/geofences",
        "path": "/v1/geofences",
        "httpMethod": "GET",
        "headers": {"authorization": f"Bearer {KEY}"},
        "queryStringParameters": {},
        "pathParameters": {},
        "requestContext": {"path": "/api/v1/geofences", "stage": "api", "requestId": REQUEST_ID},
    },
    "batch": build_request(
        "POST",
        "/v1/geofences/batch",
        ADMIN,
        body={
            "operations": [
                {
                    "action": "create",
                    "geofence": {"name": "North yard", "latitude": 60.17, "longitude": 24.94, "radiusMeters": 120},
                },
                {"action": "update", "id": UNKNOWN_ID, "geofence": {"status": "inactive"}},
                {"action": "delete", "id": UNKNOWN_ID},
            ]
        },
    ),
    "check": build_request("POST", "/v1/geofences/check", VIEWER, body={**OFFICE, "customerId": "van 7"}),
    "check_batch": build_request(
        "POST",
        "/v1/geofences/check/batch",
        VIEWER,
        body={
            "positions": [{**OFFICE, "accuracy": 8, "customerId": "van 7"}, {"latitude": 60.17, "longitude": 24.94}]
        },
    ),
    "clock_batch": build_request(
        "POST",
        "/v1/clock/batch",
        EMPLOYEE,
        body={
            "items": [
                {
                    "key": "6f1c2d3e-1",
                    "sequence": 1,
                    "action": "start",
                    "dateTime": NINE,
                    "location": {**OFFICE, "accuracy": 8},
                },
                {"key": "6f1c2d3e-2", "sequence": 2, "action": "stop", "dateTime": FIVE},
            ]
        },
    ),
    "clock_break": build_request("POST", "/v1/clock", EMPLOYEE, body={"action": "break", "dateTime": NOON}),
    "clock_cancel": build_request("POST", "/v1/clock", EMPLOYEE, body={"action": "cancel"}),
    "clock_grant": build_request(
        "POST",
        "/v1/clock/refusals/{id}/grant",
        APPROVER,
        path={"id": ENTRY_ID},
        body={"minutes": 60, "reason": "The gate is closed today"},
    ),
    "clock_read": build_request("GET", "/v1/clock", EMPLOYEE, headers=BEARER | JSON),
    "clock_refusals": build_request(
        "GET", "/v1/clock/refusals", APPROVER, query={"limit": "50"}, headers=BEARER | JSON
    ),
    "clock_start": build_request(
        "POST",
        "/v1/clock",
        EMPLOYEE,
        body={
            "action": "start",
            "dateTime": NINE,
            "timeType": "work",
            "comment": "Early shift",
            "location": {**OFFICE, "accuracy": 8},
        },
    ),
    "clock_stop": build_request("POST", "/v1/clock", EMPLOYEE, body={"action": "stop", "dateTime": FIVE}),
    "clock_update": build_request("POST", "/v1/clock", EMPLOYEE, body={"action": "update", "timeType": "travel"}),
    "create_circle": build_request(
        "POST",
        "/v1/geofences",
        ADMIN,
        body={
            "name": "Downtown Office",
            "description": OFFICE_DESCRIPTION,
            **OFFICE,
            "radiusMeters": 100,
            "minAccuracy": 10,
            "color": "#3366CC",
            "assignments": [{"targetTable": "users", "targetId": "ada"}],
        },
    ),
    "create_corridor": build_request(
        "POST",
        "/v1/geofences",
        ADMIN,
        body={
            "name": "Delivery route",
            "type": "corridor",
            "radiusMeters": 150,
            "points": [
                {"latitude": 37.818844, "longitude": -122.366278},
                {"latitude": 37.819267, "longitude": -122.365248},
                {"latitude": 37.819861, "longitude": -122.36564},
            ],
        },
    ),
    "create_polygon": build_request(
        "POST",
        "/v1/geofences",
        ADMIN,
        body={
            "name": "Yard with a pond",
            "type": "polygon",
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[24.93, 60.16], [24.95, 60.16], [24.95, 60.18], [24.93, 60.18], [24.93, 60.16]],
                    [[24.938, 60.168], [24.942, 60.168], [24.942, 60.172], [24.938, 60.172], [24.938, 60.168]],
                ],
            },
        },
    ),
    "create_timekeeping": build_request(
        "POST",
        "/v1/geofences",
        ADMIN,
        body={
            "pname": "Downtown Office",
            "description": OFFICE_DESCRIPTION,
            "type": "circle",
            **OFFICE,
            "radius": 100,
            "min_accuracy": 10,
            "active": True,
            "is_priority": False,
            "color": "#3366CC",
            "assignments": [{"target_table": "users", "target_id": "5CD906A3941C463B9CC98F49DBCC25AA"}],
        },
    ),
    "delete": build_request("DELETE", "/v1/geofences/{id}", ADMIN, path={"id": GEOFENCE_ID}),
    "delete_by_query": build_request("DELETE", "/v1/geofences", ADMIN, query={"id": GEOFENCE_ID}),
    "directory_delete": build_request(
        "DELETE", "/v1/directory/{table}/{id}", ADMIN, path={"table": "users", "id": "vera"}
    ),
    "directory_erase": build_request(
        "DELETE", "/v1/directory/{table}/{id}", ADMIN, path={"table": "users", "id": "emil"}, query={"erase": "true"}
    ),
    "directory_list": build_request("GET", "/v1/directory/{table}", ADMIN, path={"table": "users"}),
    "directory_put": build_request(
        "PUT",
        "/v1/directory/{table}/{id}",
        ADMIN,
        path={"table": "projects", "id": "bridge"},
        body={"name": "Harbour bridge"},
    ),
    "directory_put_many": build_request(
        "PUT",
        "/v1/directory/{table}",
        ADMIN,
        path={"table": "groups"},
        body={
            "items": [
                {"id": "night-shift", "name": "Night shift", "members": ["vera", "emil"]},
                {"id": "day-shift", "name": "Day shift"},
            ]
        },
    ),
    "directory_read": build_request("GET", "/v1/directory/{table}/{id}", ADMIN, path={"table": "users", "id": "ada"}),
    "import_features": build_request(
        "POST",
        "/v1/geofences/import",
        ADMIN,
        body={
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [24.9384, 60.1699]},
                    "properties": {"name": "Depot", "radiusMeters": 120},
                }
            ],
        },
    ),
    "list": build_request("GET", "/v1/geofences", ADMIN, query={"limit": "10"}),
    "list_features": build_request("GET", "/v1/geofences.geojson", ADMIN, query={"limit": "100"}),
    "list_tags": build_request("GET", "/v1/tags", ADMIN),
    "list_versions": build_request("GET", "/v1/geofences/{id}/versions", ADMIN, path={"id": UNKNOWN_ID}),
    "nearest": build_request(
        "GET", "/v1/geofences/nearest", VIEWER, query={"latitude": "30.2672", "longitude": "-97.7431", "limit": "20"}
    ),
    "patch": build_request(
        "PATCH",
        "/v1/geofences/{id}",
        ADMIN,
        path={"id": GEOFENCE_ID},
        body={"description": "Moved"},
        headers=BEARER | JSON | {"If-Match": '"1"'},
    ),
    "read": build_request("GET", "/v1/geofences/{id}", ADMIN, path={"id": GEOFENCE_ID}),
    "read_import": build_request("GET", "/v1/imports/{id}", ADMIN, path={"id": UNKNOWN_ID}),
    "read_version": build_request(
        "GET", "/v1/geofences/{id}/versions/{version}", ADMIN, path={"id": UNKNOWN_ID, "version": "1"}
    ),
    "times_approve": build_request("POST", "/v1/times/approve", APPROVER, body={"ids": [ENTRY_ID]}),
    "times_delete": build_request("DELETE", "/v1/times", EMPLOYEE, query={"id": ENTRY_ID}, headers=BEARER | JSON),
    "times_export": build_request(
        "GET", "/v1/times/export", EMPLOYEE, query={"format": "ics", **MAY}, headers=BEARER | JSON
    ),
    "times_export_marked": build_request("POST", "/v1/times/export", APPROVER, body={"format": "csv", **MAY}),
    "times_history": build_request(
        "GET", "/v1/times/{id}/history", EMPLOYEE, path={"id": ENTRY_ID}, headers=BEARER | JSON
    ),
    "times_list": build_request("GET", "/v1/times", EMPLOYEE, query=MAY, headers=BEARER | JSON),
    "times_put": build_request(
        "POST",
        "/v1/times",
        EMPLOYEE,
        body={"items": [{"from": NINE, "to": FIVE, "breaks": [{"from": NOON, "to": HALF_PAST_NOON}]}]},
    ),
    "times_reopen": build_request(
        "POST", "/v1/times/reopen", APPROVER, body={"ids": [ENTRY_ID], "reason": "An hour was missing"}
    ),
    "times_restore": build_request(
        "POST", "/v1/times/{id}/restore", APPROVER, path={"id": ENTRY_ID}, headers=BEARER | JSON
    ),
    "times_resubmit": build_request(
        "POST", "/v1/times/{id}/resubmit", EMPLOYEE, path={"id": ENTRY_ID}, headers=BEARER | JSON
    ),
    "times_totals": build_request(
        "GET",
        "/v1/times/totals",
        EMPLOYEE,
        query={**MAY, "unit": "week", "by": "user,category"},
        headers=BEARER | JSON,
    ),
    "update": build_request("PUT", "/v1/geofences/{id}", ADMIN, path={"id": GEOFENCE_ID}, body={"radiusMeters": 200}),
    "update_by_body": build_request("PUT", "/v1/geofences", ADMIN, body={"id": GEOFENCE_ID, "status": "inactive"}),
    "validate": build_request(
        "POST",
        "/v1/geofences/validate",
        ADMIN,
        body={"userId": "emil", "dateTime": NINE, "location": {**OFFICE, "accuracy": 8}},
    ),
    "zone_batch_convert": build_zone_call(
        "POST", "zone/batch_convert", body={"hash": KEY, "batch": "Geofence for test Karlsplatz, 2"}
    ),
    "zone_create": build_zone_call("POST", "zone/create", body={"hash": KEY, "zone": ZONE}),
    "zone_delete": build_zone_call("POST", "zone/delete", body={"hash": KEY, "zone_id": 1234567}),
    "zone_delete_by_get": build_zone_call("GET", "zone/delete", query={"hash": KEY, "zone_id": "1234567"}),
    "zone_download": build_zone_call("GET", "zone/download", query={"hash": KEY}, headers={}),
    "zone_list": build_zone_call("POST", "zone/list", body={"hash": KEY}),
    "zone_list_by_get": build_zone_call("GET", "zone/list", query={"hash": KEY}),
    "zone_point_list": build_zone_call("GET", "zone/point/list", query={"zone_id": "1234567"}, headers=NVX),
    "zone_point_update": build_zone_call(
        "POST", "zone/point/update", body={"hash": KEY, "zone_id": 1234567, "points": LINE}
    ),
    "zone_read": build_zone_call("POST", "zone/read", body="zone_id=1234567", headers=FORM | NVX),
    "zone_search_location": build_zone_call(
        "POST", "zone/search_location", body={"hash": KEY, "location": ZONE["center"]}
    ),
    "zone_spreadsheet_parse": build_upload("data/spreadsheet/parse", "zones.csv", "text/csv", SPREADSHEET),
    "zone_update": build_zone_call("POST", "zone/update", body={"hash": KEY, "zone": ZONE}),
    "zone_upload": build_upload(
        "zone/upload", "line.kml", "application/vnd.google-earth.kml+xml", f"{SIMPLE_LINE}\n"
    ),
}
