"""Every event type is in the catalogue, stores the payload that consumers know, and is documented."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from fencepost.common.entity_ref import EntityRef
from fencepost.common.events import Event
from fencepost.dynamodb.transaction import to_event_item
from fencepost.event_catalogue import EVENT_TYPES, build_schema, find_payload_model, generate_documents
from fencepost.timeclock.refusals import Grant, Refusal
from fencepost.verdicts.model import Finding, Verdict
from geo.shapes.circle import Circle
from geo.wgs84 import Position
from tests.builders import build_clock, build_entry, build_geofence

DOCS = Path(__file__).parents[2] / "docs"
ID = "00000000-0000-4000-8000-0000000000{:02}".format
NOW = datetime(2026, 5, 4, 7, 0, tzinfo=UTC)
END = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
GEOFENCE = build_geofence(
    id=ID(1), name="Yärd", shape=Circle(center=Position(lon=-97.7431, lat=30.2672), radius_m=100.0)
)
CLOCK = build_clock(NOW, id=ID(2), deadline=END, organization_id="acme")
ENTRY = build_entry(NOW, END, id=ID(2))
INVALID_ENTRY = build_entry(NOW, END, id=ID(2), invalid_reason="too long")
REMOVED = build_entry(NOW, END, id=ID(3))
TRIMMED = build_entry(NOW, END, id=ID(4))
FINDING = Finding(
    geofence_id=ID(1),
    version=1,
    name="Yard",
    assigned_to=EntityRef("users", "emil"),
    is_priority=False,
    edge_distance_m=12.0,
    outcome="outside",
)
VERDICT = Verdict(
    code="GEOFENCE_OUTSIDE", reason="Outside.", rule="any_of_those_that_apply", findings=(FINDING,), decided_by=ID(1)
)
REFUSAL = Refusal(
    id=ID(5),
    user_id="emil",
    action="start",
    at=NOW,
    received_at=NOW,
    acting_user_id="emil",
    organization_id=None,
    screen=None,
    accuracy_m=None,
    verdict=VERDICT,
    grant=Grant(
        refusal_id=ID(5),
        granted_by="ada",
        granted_at=NOW,
        valid_until=END,
        reason=None,
        action="start",
        organization_id=None,
        screen=None,
        not_before=NOW,
    ),
)
OVERLAPS: dict[str, Any] = {"removed": (REMOVED,), "trimmed": (TRIMMED,)}
COUNTS = {"placemarks": 3, "geofences": 2, "leftOut": 1}
GEOFENCE_DATA = (
    '{"geofenceId":"00000000-0000-4000-8000-000000000001","version":1,"name":"Yärd","status":"active",'
    '"latitude":30.2672,"longitude":-97.7431}'
)
CLOCK_DATA = (
    '{"clockId":"00000000-0000-4000-8000-000000000002","userId":"emil","from":"2026-05-04T07:00:00+00:00",'
    '"timeType":"work","organizationId":"acme"}'
)
ENTRY_DATA = (
    '{"entryId":"00000000-0000-4000-8000-000000000002","userId":"emil","from":"2026-05-04T07:00:00+00:00",'
    '"to":"2026-05-04T15:00:00+00:00"}'
)
ENTRIES_DATA = f'{{"entries":[{ENTRY_DATA}]}}'
OVERLAPS_DATA = (
    '"removedEntryIds":["00000000-0000-4000-8000-000000000003"],'
    '"trimmedEntryIds":["00000000-0000-4000-8000-000000000004"]'
)
REFUSAL_DATA = (
    '{"refusalId":"00000000-0000-4000-8000-000000000005","userId":"emil","action":"start",'
    '"dateTime":"2026-05-04T07:00:00+00:00"}'
)
IMPORT_DATA = (
    '{"importId":"i1","reportKey":"reports/demo/a.kml.json","status":"STATUS",'
    '"counts":{"placemarks":3,"geofences":2,"leftOut":1}}'
)


def extend(data: str, more: str) -> str:
    return f"{data[:-1]},{more}}}"


# What is stored of each type: consumers parse these bytes.
STORED: dict[str, tuple[dict[str, Any], str]] = {
    **{f"geofence.{action}": ({"geofence": GEOFENCE}, GEOFENCE_DATA) for action in ("created", "updated", "deleted")},
    **{
        f"clock.{action}": ({"clock": CLOCK}, CLOCK_DATA)
        for action in ("started", "break_started", "break_ended", "updated", "cancelled")
    },
    "clock.reminded": (
        {"clock": CLOCK},
        extend(CLOCK_DATA, '"stopsAt":"2026-05-04T15:00:00+00:00","stopsBy":"limit"'),
    ),
    "clock.stopped": (
        {"clock": CLOCK, "entry": ENTRY, **OVERLAPS},
        extend(
            CLOCK_DATA,
            f'"to":"2026-05-04T15:00:00+00:00","stoppedBy":"user",{OVERLAPS_DATA},"invalidReason":null',
        ),
    ),
    "entry.saved": (
        {"entry": ENTRY, "action": "edited", **OVERLAPS},
        extend(ENTRY_DATA, f'"action":"edited","invalidReason":null,{OVERLAPS_DATA}'),
    ),
    **{
        f"entries.{action}": ({"entries": (ENTRY,)}, ENTRIES_DATA)
        for action in ("deleted", "approved", "disapproved", "reopened", "exported")
    },
    "clock.refused": (
        {"refusal": REFUSAL},
        extend(REFUSAL_DATA, '"code":"GEOFENCE_OUTSIDE","geofenceIds":["00000000-0000-4000-8000-000000000001"]'),
    ),
    "clock.exception_granted": (
        {"refusal": REFUSAL},
        extend(REFUSAL_DATA, '"validUntil":"2026-05-04T15:00:00+00:00","reason":null'),
    ),
    **{
        f"import.{status}": (
            {"import_id": "i1", "report_key": "reports/demo/a.kml.json", "counts": COUNTS},
            IMPORT_DATA.replace("STATUS", status),
        )
        for status in ("completed", "failed")
    },
}


def build_event(event_type: str, facts: dict[str, Any]) -> Event:
    return EVENT_TYPES[event_type](id=ID(9), tenant_id="demo", occurred_at=NOW, actor="ada", **facts)


def find_types(event_class: type[Event]) -> set[str]:
    """Return the types of an event class and of all that derive from it."""
    if not event_class.__module__.startswith("fencepost."):
        return set()
    own = {event_class.type} if hasattr(event_class, "type") else set()
    return own.union(*map(find_types, event_class.__subclasses__()))


def test_the_catalogue_has_every_event_class() -> None:
    assert find_types(Event) == EVENT_TYPES.keys() == STORED.keys()


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_stored_payload_of_an_event_keeps_its_bytes(event_type: str) -> None:
    facts, stored = STORED[event_type]
    item = to_event_item(build_event(event_type, facts))
    assert (item["type"]["S"], item["data"]["S"]) == (event_type, stored)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_payload_of_an_event_fits_its_model(event_type: str) -> None:
    event = build_event(event_type, STORED[event_type][0])
    data = json.loads(json.dumps(event.data()))
    assert TypeAdapter(find_payload_model(type(event))).validate_python(data, strict=True) == data
    assert data.keys() < build_schema(type(event))["properties"].keys()


def test_an_entry_that_does_not_count_changes_no_others() -> None:
    event = build_event("entry.saved", {"entry": INVALID_ENTRY, "action": "created"})
    assert json.dumps(event.data(), separators=(",", ":")) == extend(
        ENTRY_DATA, '"action":"created","invalidReason":"too long"'
    )


def test_the_documents_are_what_the_catalogue_generates() -> None:
    documents = generate_documents(DOCS)
    assert {path for path in documents if path.parent.name == "schemas"} == set((DOCS / "schemas").iterdir())
    for path, text in documents.items():
        assert path.read_text() == text, f"{path.name} is outdated: run make schemas"


def test_the_example_of_the_page_fits_the_schema_of_its_type() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", (DOCS / "events.md").read_text(), re.DOTALL)
    example = json.loads(block)
    schema = build_schema(EVENT_TYPES[example["detail-type"]])
    assert example["detail"].keys() == schema["properties"].keys()
