"""Clocks, entries, trails, refusals and receipts: what is stored stays readable, and is written as it always was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fencepost import container
from fencepost.common.entity_ref import EntityRef
from fencepost.directory.repository import DynamoDBDirectoryRepository
from fencepost.dynamodb import keys
from fencepost.privacy.repository import DynamoDBPrivacyRepository
from fencepost.timeclock.audit import AuditRecord, ClockWrite, EntryChange, EntryWrite
from fencepost.timeclock.clock_repository import DynamoDBClockRepository
from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
from fencepost.timeclock.evidence_documents import load_evidence
from fencepost.timeclock.model import Adjustment, Break, EntrySnapshot, Punch, RunningClock, TimeEntry
from fencepost.timeclock.punch_schemas import serialize_punch_result
from fencepost.timeclock.receipt_repository import DynamoDBReceiptRepository
from fencepost.timeclock.receipts import Receipt
from fencepost.timeclock.refusal_repository import DynamoDBRefusalRepository
from fencepost.timeclock.refusals import Grant, GrantRef, Refusal
from fencepost.verdicts.model import Finding, Verdict
from tests.functional.app import App
from tests.functional.golden import Example, ExampleEvent, check_equal, check_reading, check_writing, example_event
from tests.functional.timeclock.stored_examples import (
    CLOCK,
    CLOCK_STATE,
    DEMO,
    EMIL,
    ENTRY,
    ENTRY_STATE,
    FULL_CLOCK,
    FULL_CLOCK_STATE,
    FULL_ENTRY,
    FULL_GRANT,
    FULL_REFUSAL,
    FULL_STATE,
    GRANT,
    HOUR,
    ID,
    INVALID_ENTRY,
    INVALID_STATE,
    NOW,
    PUNCH,
    RECEIPT,
    REFUSAL,
    START,
)


def event(event_type: str) -> ExampleEvent:
    return example_event(
        event_type,
        id=ID(99),
        tenant_id=DEMO,
        occurred_at=NOW,
        actor="ada",
        payload={"userId": EMIL, "comment": "Ä", "from": START.isoformat()},
    )


def clocks() -> DynamoDBClockRepository:
    return DynamoDBClockRepository(
        container.table(),
        container.candidate_repository(),
        DynamoDBDirectoryRepository(container.table()),
        serialize_punch_result,
    )


def entries() -> DynamoDBEntryRepository:
    return DynamoDBEntryRepository(container.table(), serialize_punch_result)


def refusals() -> DynamoDBRefusalRepository:
    return DynamoDBRefusalRepository(container.table())


def start(clock: RunningClock, receipt: Receipt | None = None) -> Callable[[App], None]:
    def write(app: App) -> None:
        punch = clock.punches[-1] if clock.punches else None
        record = AuditRecord(
            number=clock.version,
            action="started",
            at=NOW,
            actor="ada",
            reason=punch.exception_reason if punch is not None else None,
            after=clock.take_snapshot(),
        )
        clocks().save(
            DEMO,
            ClockWrite(
                before=None,
                after=clock,
                event=event("clock.started"),
                record=record,
                punch=punch,
                receipt=receipt,
            ),
        )

    return write


def cancel(clock: RunningClock) -> Callable[[App], None]:
    def write(app: App) -> None:
        start(clock)(app)
        record = AuditRecord(
            number=clock.version + 1, action="cancelled", at=NOW, actor="ada", reason=None, after=None
        )
        clocks().save(DEMO, ClockWrite(before=clock, after=None, event=event("clock.cancelled"), record=record))

    return write


def save(*changes: EntryChange) -> Callable[[App], None]:
    def write(app: App) -> None:
        for number, change in enumerate(changes):
            write = EntryWrite(changes=(change,), event=event("time_entry.saved"), calendar=(EMIL, number))
            entries().save(DEMO, write)

    return write


def refuse(refusal: Refusal, grant: Grant | None = None) -> Callable[[App], None]:
    def write(app: App) -> None:
        clocks().record_refusal(DEMO, refusal, event("clock.refused"), None)
        if grant is not None:
            granted = replace(refusal, grant=grant, version=2)
            refusals().save_grant(DEMO, granted, event("clock.refusal_granted"))

    return write


def use(app: App) -> None:
    refuse(FULL_REFUSAL, FULL_GRANT)(app)
    grant_ref = GrantRef(refusal_id=ID(20), granted_by="ada", granted_at=NOW)
    start(replace(CLOCK, punches=(replace(PUNCH, exception=grant_ref),)))(app)


def grant_exception(refusal: Refusal, grant: Grant, **more: Any) -> Refusal:
    return replace(refusal, grant=grant, **({"version": 2} | more))


def read_clock(app: App) -> object:
    return clocks().find_running(DEMO, EMIL), entries().load_trail(DEMO, ID(10)), entries().load_trail(DEMO, ID(11))


def read_receipt(app: App) -> object:
    return DynamoDBReceiptRepository(container.table(), serialize_punch_result).find(DEMO, EMIL, ["phone-1"])


def read_cancelled(app: App) -> object:
    item = container.table().get(keys.time_locator_key(DEMO, ID(10)))
    assert item is not None
    return load_evidence(item)


def read_entry(entry_id: str) -> Callable[[App], object]:
    def read(app: App) -> object:
        found = entries().find(DEMO, [entry_id])[entry_id]
        return found.state, found.entry, entries().load_trail(DEMO, entry_id)

    return read


def read_refusal(refusal: Refusal) -> Callable[[App], object]:
    def read(app: App) -> object:
        context = clocks().load_context(DEMO, EMIL, None, None)
        assert context is not None
        return refusals().find(DEMO, refusal.id), context.grants

    return read


def erase_one_of_two(app: App) -> None:
    save(
        EntryChange(
            before=None, after=replace(FULL_ENTRY, approval="not_approved_yet"), action="created", reason="late"
        ),
        EntryChange(
            before=None, after=replace(ENTRY, start=START + 9 * HOUR, end=START + 10 * HOUR), action="created"
        ),
    )(app)
    assert DynamoDBPrivacyRepository(container.table()).erase(DEMO, EMIL, 1)[1] is False


def read_erasure(app: App) -> object:
    erased, is_over = DynamoDBPrivacyRepository(container.table()).erase(DEMO, EMIL, 10)
    return erased.positions, erased.comments, erased.reasons, is_over


def change(
    after: EntrySnapshot | None, action: str = "created", number: int = 1, reason: str | None = None
) -> AuditRecord:
    return AuditRecord(number=number, action=action, at=NOW, actor="ada", reason=reason, after=after)


REMOVED = (
    EMIL,
    [change(FULL_STATE, number=3, reason="forgot"), change(None, "deleted", number=4)],
)
EXAMPLES = {
    "clock_full": Example(
        start(FULL_CLOCK),
        read_clock,
        ((True, FULL_CLOCK), (EMIL, [change(FULL_CLOCK_STATE, "started", number=4)]), None),
    ),
    "clock_minimal": Example(
        start(CLOCK), read_clock, ((True, CLOCK), None, (EMIL, [change(CLOCK_STATE, "started")]))
    ),
    "clock_cancelled": Example(cancel(FULL_CLOCK), read_cancelled, FULL_CLOCK),
    "entry_full": Example(
        save(EntryChange(before=None, after=FULL_ENTRY, action="created", reason="forgot")),
        read_entry(ID(12)),
        ("valid", FULL_ENTRY, (EMIL, [change(FULL_STATE, number=3, reason="forgot")])),
    ),
    "entry_minimal": Example(
        save(EntryChange(before=None, after=ENTRY, action="created")),
        read_entry(ID(13)),
        ("valid", ENTRY, (EMIL, [change(ENTRY_STATE)])),
    ),
    "entry_invalid": Example(
        save(EntryChange(before=None, after=INVALID_ENTRY, action="created")),
        read_entry(ID(14)),
        ("invalid", INVALID_ENTRY, (EMIL, [change(INVALID_STATE)])),
    ),
    "entry_removed": Example(
        save(
            EntryChange(before=None, after=FULL_ENTRY, action="created", reason="forgot"),
            EntryChange(before=FULL_ENTRY, after=None, action="deleted"),
        ),
        read_entry(ID(12)),
        ("removed", FULL_ENTRY, REMOVED),
    ),
    "refusal_full": Example(
        refuse(FULL_REFUSAL, FULL_GRANT),
        read_refusal(FULL_REFUSAL),
        (grant_exception(FULL_REFUSAL, FULL_GRANT), (FULL_GRANT,)),
    ),
    "refusal_granted": Example(
        refuse(REFUSAL, GRANT), read_refusal(REFUSAL), (grant_exception(REFUSAL, GRANT), (GRANT,))
    ),
    "refusal_minimal": Example(refuse(REFUSAL), read_refusal(REFUSAL), (REFUSAL, ())),
    "refusal_used": Example(
        use,
        read_refusal(FULL_REFUSAL),
        (grant_exception(FULL_REFUSAL, FULL_GRANT, used_at=NOW, version=3), ()),
    ),
    "receipt": Example(start(CLOCK, RECEIPT), read_receipt, {"phone-1": RECEIPT}),
    "erasure": Example(erase_one_of_two, read_erasure, (1, 1, 0, True)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_is_the_golden_document(app: App, name: str) -> None:
    check_writing(app, name, EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_document_is_read(app: App, name: str) -> None:
    check_reading(app, name, EXAMPLES[name])


def test_documents_of_the_first_release_are_read_with_defaults(app: App) -> None:
    """What has a default today was not there at first."""
    clock = (
        '{"id":"c","user_id":"emil","start":"2026-05-04T09:00:00+02:00","deadline":"2026-05-05T09:00:00+02:00",'
        '"breaks":[{"id":"b","start":"2026-05-04T10:00:00+02:00"}],"punches":[{"action":"start",'
        '"at":"2026-05-04T09:00:00+02:00","received_at":"2026-05-04T07:00:00Z","acting_user_id":"emil",'
        '"verdict":{"code":"ALLOWED","reason":"Inside.","findings":[{"geofence_id":"g","version":1,"name":"Yard",'
        '"through":{"target_table":"users","target_id":"emil"},"is_priority":false,"edge_distance_m":-1,'
        '"outcome":"inside"}]}}],"a member of the future":1}'
    )
    entry = (
        '{"id":"e","user_id":"emil","start":"2026-05-04T09:00:00+02:00","end":"2026-05-04T10:00:00+02:00",'
        '"time_type":"work","adjustments":[{"rule":"limit","before":null,"after":null}]}'
    )
    change = (
        '{"number":1,"action":"created","at":"2026-05-04T07:00:00Z","actor":"ada","reason":null,"after":'
        '{"start":"2026-05-04T09:00:00+02:00","end":null,"time_type":"work","comment":null,"organization_id":null,'
        '"organization_name":null,"breaks":[]}}'
    )
    refusal = (
        '{"id":"r","user_id":"emil","action":"start","at":"2026-05-04T09:00:00+02:00",'
        '"received_at":"2026-05-04T07:00:00Z","acting_user_id":"emil","organization_id":null,"screen":null,'
        '"accuracy_m":null,"verdict":{"code":"ALLOWED","reason":"Inside."}}'
    )

    def put(key: dict[str, Any], entity: str, doc: str, **more: Any) -> None:
        item = {**key, "entity": {"S": entity}, "doc": {"S": doc}, **more}
        app.table.put_item(TableName="fencepost", Item=item)

    put(keys.clock_key(DEMO, EMIL), "Clock", clock)
    put(keys.time_locator_key(DEMO, "e"), "Place", entry, kind={"S": "removed"}, userId={"S": EMIL})
    put(keys.change_key(DEMO, "e", 1), "Change", change)
    put(keys.refusal_key(DEMO, "r"), "Refusal", refusal, version={"N": "1"})
    at = datetime(2026, 5, 4, 7, tzinfo=UTC)
    finding = Finding(
        geofence_id="g",
        version=1,
        name="Yard",
        assigned_to=EntityRef("users", EMIL),
        is_priority=False,
        edge_distance_m=-1.0,
        outcome="inside",
    )
    verdict = Verdict(code="ALLOWED", reason="Inside.")
    punch = Punch(
        action="start",
        at=START,
        received_at=at,
        acting_user_id=EMIL,
        verdict=replace(verdict, findings=(finding,)),
    )
    expected_clock = RunningClock(
        id="c",
        user_id=EMIL,
        start=START,
        deadline=START + 24 * HOUR,
        breaks=(Break(id="b", start=START + HOUR),),
        punches=(punch,),
    )
    check_equal(clocks().find_running(DEMO, EMIL), (True, expected_clock))
    expected_entry = TimeEntry(
        id="e",
        user_id=EMIL,
        start=START,
        end=START + HOUR,
        time_type="work",
        adjustments=(Adjustment(rule="limit", before=None, after=None),),
    )
    check_equal(entries().find(DEMO, ["e"])["e"].entry, expected_entry)
    expected_change = AuditRecord(number=1, action="created", at=at, actor="ada", reason=None, after=CLOCK_STATE)
    check_equal(entries().load_trail(DEMO, "e"), (EMIL, [expected_change]))
    expected_refusal = replace(REFUSAL, id="r", action="start", received_at=at, verdict=verdict)
    check_equal(refusals().find(DEMO, "r"), expected_refusal)
