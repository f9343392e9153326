"""The example files of the reference of the zone API, and the responses that it documents for them."""

from __future__ import annotations

from typing import Any

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n'
NAMED_POINT = f"""{HEAD}    <Document>
        <name>Points</name>
        <Placemark>
            <name>named point</name>
            <Point>
                <coordinates>
                    -122.366278,37.818844,30
                </coordinates>
            </Point>
        </Placemark>
    </Document>
</kml>"""
SIMPLE_LINE = f"""{HEAD}    <Document>
        <name>Simple line</name>
        <Placemark>
            <LineString>
                <coordinates>
                    -122.366278,37.818844,30
                    -122.365248,37.819267,30
                    -122.365640,37.819861,30
                    -122.366669,37.819429,30
                </coordinates>
            </LineString>
        </Placemark>
    </Document>
</kml>"""
HOLLOW_BOX = f"""{HEAD}    <Document>
        <name>Simple polygon</name>
        <Placemark>
            <name>hollow box</name>
            <Polygon>
                <outerBoundaryIs>
                    <LinearRing>
                        <coordinates>
                            -122.366278,37.818844,30
                            -122.365248,37.819267,30
                            -122.365640,37.819861,30
                            -122.366669,37.819429,30
                            -122.366278,37.818844,30
                        </coordinates>
                    </LinearRing>
                </outerBoundaryIs>
            </Polygon>
        </Placemark>
    </Document>
</kml>"""

LINE: list[dict[str, Any]] = [
    {"lat": 37.818844, "lng": -122.366278, "node": True},
    {"lat": 37.819267, "lng": -122.365248, "node": False},
    {"lat": 37.819861, "lng": -122.36564, "node": False},
    {"lat": 37.819429, "lng": -122.366669, "node": True},
]
# The reference documents this response; for the other two files it documents none.
READY_LINE: dict[str, Any] = {
    "id": None,
    "label": "Simple line 1",
    "address": "",
    "color": "27A9E3",
    "points": LINE,
    "radius": 150,
    "type": "sausage",
}
READY_POINT: dict[str, Any] = {
    "id": None,
    "label": "named point",
    "address": "",
    "color": "27A9E3",
    "radius": 150,
    "center": {"lat": 37.818844, "lng": -122.366278},
    "type": "circle",
}
READY_BOX: dict[str, Any] = {
    "id": None,
    "label": "hollow box",
    "address": "",
    "color": "27A9E3",
    "points": [{**point, "node": True} for point in LINE],
    "type": "polygon",
}
FILES: list[tuple[str, dict[str, Any]]] = [
    (NAMED_POINT, READY_POINT),
    (SIMPLE_LINE, READY_LINE),
    (HOLLOW_BOX, READY_BOX),
]

# The rows of a response of batch_convert: with a position, and without one.
CONVERTED: dict[str, Any] = {
    "id": None,
    "type": "circle",
    "label": "Geofence name",
    "address": "Karlsplatz, 2",
    "color": "27A9E3",
    "radius": 100,
    "center": {"lat": 48.2009935, "lng": 16.3699642},
    "tags": [],
}
NOT_CONVERTED: dict[str, Any] = {
    "id": None,
    "label": "Geofence name",
    "address": "incorrect address",
    "color": "27A9E3",
    "radius": 100,
    "center": {"lat": 0.0, "lng": 0.0},
    "errors": [{"parameter": "zone.center", "error": "Location should be correct with 'lat' and 'lng' not null"}],
    "tags": [],
}
