"""Tenants, entities of the directory, API keys and idempotency records: what is stored stays readable."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fencepost import container
from fencepost.cli import tenants as admin
from fencepost.common.principal import Principal
from fencepost.directory.model import Entity
from fencepost.directory.repository import DynamoDBDirectoryRepository
from fencepost.dynamodb import keys
from fencepost.http.idempotency_key import IdempotencyKey
from fencepost.http.idempotency_records import IdempotencyRecord
from fencepost.privacy.model import RetentionPolicy
from fencepost.privacy.repository import DynamoDBPrivacyRepository
from fencepost.tenants.api_keys import StoredKey
from fencepost.tenants.repository import DynamoDBTenantRepository
from fencepost.timeclock.clock_repository import parse_tenant_settings
from fencepost.timeclock.settings import TenantSettings
from fencepost.timeclock.working_time import AllowedWindow, AutomaticBreaks, Rounding, Threshold, WorkingTime
from fencepost.timeclock.working_time_documents import dump_working_time, load_working_time
from tests.functional.app import App
from tests.functional.golden import FOLDER, Example, check_equal, check_reading, check_text, check_writing

DEMO = "demo"
NOW = datetime(2026, 5, 4, 7, 0, 1, 123456, tzinfo=UTC)
WORKING_TIME = WorkingTime(
    round_start=Rounding(direction="up", minutes=15),
    round_end=Rounding(direction="down", minutes=5),
    round_break=Rounding(direction="nearest", minutes=1),
    automatic_breaks=AutomaticBreaks(
        thresholds=(Threshold(over_minutes=360, break_minutes=30), Threshold(over_minutes=540, break_minutes=45)),
        shortest_minutes=10,
    ),
    longest_minutes=600,
    window=AllowedWindow(start_minute=360, end_minute=1200, outside="refuse"),
    back_minutes=60,
    ahead_minutes=5,
    stops_at="shift_end",
    shift_end_minute=1080,
    remind_minutes=15,
)
WITH_DEFAULTS = WorkingTime(
    automatic_breaks=AutomaticBreaks(thresholds=(Threshold(over_minutes=360, break_minutes=30),)),
    window=AllowedWindow(start_minute=0, end_minute=0),
)
MODEL = {"rounding": {"start": {"direction": "up", "minutes": 15}}, "longestMinutes": 600}
USER = Principal(tenant_id=DEMO, user_id="ada", roles=frozenset({"admin", "employee"}))
KEY = StoredKey(id="0123456789abcdef", secret_sha256="f" * 64, principal=USER)
ASKED = IdempotencyKey(tenant_id=DEMO, identity="i" * 64, digest="d" * 64)
ANSWER = {"statusCode": 201, "headers": {"ETag": '"1"'}, "body": '{"name":"Tor €"}'}


def put_tenant(_app: App) -> None:
    container.tenant_service().put_tenant(
        "full",
        "Höfe",
        clock_limit_hours=12.5,
        polygon_point_limit=500,
        overlaps="trim",
        geofence_modes={"start": "flag", "stop": "off"},
        time_zone="Europe/Berlin",
        working_time=WORKING_TIME,
        positions={"coarsenAfterDays": 30, "removeAfterDays": 90},
        redirect_origins=["https://acme.example"],
    )


def read_tenant(_app: App) -> object:
    item = container.table().get(keys.tenant_key("full"))
    assert item is not None
    policies = DynamoDBPrivacyRepository(container.table()).load_policies()
    limit, origins = (
        container.tenant_service().get_polygon_point_limit("full"),
        container.tenant_service().get_redirect_origins("full"),
    )
    return item["name"]["S"], parse_tenant_settings(item, {}), limit, origins, policies


def put_tenant_by_setup(_app: App) -> None:
    tenant = {"id": "full", "name": "Höfe", "workingTime": MODEL, "positions": {"removeAfterDays": 90}}
    admin.apply(admin.Setup.model_validate({"tenants": [tenant]}))


def directory() -> DynamoDBDirectoryRepository:
    return container.directory_repository()


def put_entities(_app: App) -> None:
    setting_overrides: dict[str, str | WorkingTime | None] = {
        "timeZone": "Europe/Berlin",
        "workingTime": WITH_DEFAULTS,
    }
    directory().put_entities(
        DEMO,
        [
            Entity(table="projects", id="site", name="Höfe", setting_overrides=setting_overrides),
            Entity(table="time_guis", id="gate", name="Gate"),
        ],
    )
    group = Entity(table="groups", id="night", name="Night", members=frozenset({"ada", "emil"}))
    directory().put_group(DEMO, group, frozenset())
    DynamoDBTenantRepository(container.table()).replace_keys(USER, (), (KEY.id,), KEY)


def read_entities(_app: App) -> object:
    pairs = [("projects", "site"), ("time_guis", "gate"), ("groups", "night"), ("users", "ada"), ("users", "vera")]
    listed, after = directory().list_page(DEMO, "users", 1, None)
    key = DynamoDBTenantRepository(container.table()).find_key(KEY.id)
    return [directory().get(DEMO, table, entity_id) for table, entity_id in pairs], listed, after, key


ADA = Entity(
    table="users",
    id="ada",
    name="ada",
    groups=frozenset({"night"}),
    api_keys=(KEY.id,),
)
ENTITIES = [
    Entity(
        table="projects",
        id="site",
        name="Höfe",
        setting_overrides={"timeZone": "Europe/Berlin", "workingTime": WITH_DEFAULTS},
    ),
    Entity(table="time_guis", id="gate", name="Gate"),
    Entity(table="groups", id="night", name="Night", members=frozenset({"ada", "emil"})),
    ADA,
    Entity(table="users", id="vera", name="vera", groups=frozenset()),
]
FULL = TenantSettings(
    time_zone="Europe/Berlin",
    working_time=WORKING_TIME,
    clock_limit=timedelta(hours=12.5),
    geofence_modes={"start": "flag", "update": "block", "break": "flag", "stop": "off"},
    overlaps="trim",
)
EXAMPLES = {
    "tenant_minimal": Example(
        lambda _app: container.tenant_service().put_tenant("full", "Höfe"),
        read_tenant,
        ("Höfe", TenantSettings(), 100, frozenset(), {}),
    ),
    "tenant_full": Example(
        put_tenant,
        read_tenant,
        (
            "Höfe",
            FULL,
            500,
            frozenset({"https://acme.example"}),
            {"full": RetentionPolicy(coarsen_after_days=30, remove_after_days=90)},
        ),
    ),
    "tenant_setup": Example(
        put_tenant_by_setup,
        read_tenant,
        (
            "Höfe",
            TenantSettings(
                working_time=WorkingTime(round_start=Rounding(direction="up", minutes=15), longest_minutes=600)
            ),
            100,
            frozenset(),
            {"full": RetentionPolicy(coarsen_after_days=None, remove_after_days=90)},
        ),
    ),
    "directory": Example(
        put_entities,
        read_entities,
        (
            ENTITIES,
            [replace(ADA, groups=frozenset(), api_keys=())],  # the list tells only names
            ("ada#ada", "ada"),
            KEY,
        ),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_is_the_golden_document(app: App, name: str) -> None:
    check_writing(app, name, EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_document_is_read(app: App, name: str) -> None:
    check_reading(app, name, EXAMPLES[name])


@pytest.mark.parametrize(
    ("name", "model"), [("full", WORKING_TIME), ("with_defaults", WITH_DEFAULTS), ("minimal", WorkingTime())]
)
def test_working_time_is_the_golden_text(name: str, model: WorkingTime) -> None:
    text = dump_working_time(model)
    check_text(f"working_time_{name}.json", text)
    assert load_working_time(text) == model


def test_idempotency_record_is_the_golden_item(app: App) -> None:
    records, until = container.idempotency_repository(), NOW + timedelta(seconds=30)
    assert records.claim(ASKED, "run", NOW, until) is None
    (claimed,) = app.table.scan(TableName="idempotency")["Items"]
    records.save(ASKED, "run", ANSWER, NOW)
    (kept,) = app.table.scan(TableName="idempotency")["Items"]
    kept["answer"] = {"S": "zlib"}  # its bytes are those of the library's version
    check_text("idempotency.json", json.dumps([claimed, kept], indent=2, sort_keys=True) + "\n")
    check_equal(records.claim(ASKED, "other", NOW, until), IdempotencyRecord(digest=ASKED.digest, response=ANSWER))


def test_golden_idempotency_record_is_read(app: App) -> None:
    claimed, kept = json.loads((FOLDER / "idempotency.json").read_text())
    app.table.put_item(TableName="idempotency", Item=claimed)
    record = container.idempotency_repository().claim(ASKED, "other", NOW, NOW + timedelta(seconds=30))
    check_equal(record, IdempotencyRecord(digest=ASKED.digest, response=None))
    kept["answer"] = {"B": zlib.compress(json.dumps(ANSWER, ensure_ascii=False).encode())}
    app.table.put_item(TableName="idempotency", Item=kept)
    record = container.idempotency_repository().claim(ASKED, "other", NOW, NOW + timedelta(seconds=30))
    check_equal(record, IdempotencyRecord(digest=ASKED.digest, response=ANSWER))
