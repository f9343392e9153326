"""Clocks in the table, and what is read to act on one.

A user's clock is one item, so a second one cannot be; a stop removes it, writes the entry, makes room for it and
moves the user's calendar version in one transaction. Whatever else puts an entry in its place moves it too: no two
entries ever overlap.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.conditions import require_user
from fencepost.dynamodb.outbox import to_event_item
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.audit import Change, state_of
from fencepost.timeclock.clock_documents import dump_clock, load_clock
from fencepost.timeclock.clock_service import why_allowed
from fencepost.timeclock.entry_repository import CANCELLED, RUNNING, change_item, place_item
from fencepost.timeclock.entry_service import EntryContext
from fencepost.timeclock.model import RunningClock
from fencepost.timeclock.ports import ClockContext
from fencepost.timeclock.receipt_repository import add_receipt
from fencepost.timeclock.refusal_repository import grants_of, refusal_item, use_exception
from fencepost.timeclock.settings import OWN_SETTINGS, TenantSettings
from fencepost.timeclock.working_time_item import working_time_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fencepost.common.events import Event
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.audit import State
    from fencepost.timeclock.events import ClockEvent
    from fencepost.timeclock.receipts import Receipt
    from fencepost.timeclock.refusals import Refusal
    from fencepost.verdicts.repository import DirectorySnapshot, DynamoDBCandidateRepository


class _RefusedUnderLegacyId(Exception):
    """The refusal has the id that was derived from the fingerprint of version 1."""


class NamedEntities(Protocol):
    """The entities of the directory, found by their names."""

    def find_ids_by_name(self, tenant_id: str, table: str, name: str) -> list[str]:
        """Return the ids of the entities of a table with exactly this name."""


class DynamoDBClockRepository:
    def __init__(self, table: Table, candidates: DynamoDBCandidateRepository, directory: NamedEntities) -> None:
        self._table = table
        self._candidates = candidates
        self._directory = directory

    def desk(
        self,
        tenant_id: str,
        user_id: str,
        organization_id: str | None,
        screen: EntityRef | None,
        organization_name: str | None = None,
    ) -> ClockContext | None:
        """None where there is no such user.

        One BatchGetItem, and one more where the user is in groups or the clock runs for a project. An organization
        that is named is looked up beside the first, and its geofences are read with the second.
        """
        also = keys.clock_context_keys(tenant_id, user_id)
        if organization_name is None:
            named: list[str] = []
            snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, screen, also)
        else:
            with ThreadPoolExecutor(1) as beside:
                asked = beside.submit(self.organizations_named, tenant_id, organization_name)
                snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, screen, also)
                named = asked.result()
        if snapshot is None:
            return None
        items = snapshot.items
        clock = _clock_of(items["clock"]) if "clock" in items else None
        # What binds the running clock binds its breaks and its stop, though they do not name it.
        runs_for = clock.organization_id if clock is not None else None
        further = None if organization_id is not None else min(named) if named else runs_for
        candidates = self._candidates.load_candidates(snapshot, further)
        return ClockContext(
            settings=settings_of(snapshot, organization_id or further),
            clock=clock,
            calendar_version=_version_of(items.get("calendar")),
            organization_name=_organization_name(snapshot, organization_id or further),
            named=tuple(sorted(named)),
            has_screen=screen is not None and screen in items,
            candidates=candidates,
            grants=grants_of(items.get("exceptions")),
        )

    def running(self, tenant_id: str, user_id: str) -> tuple[bool, RunningClock | None]:
        """Whether there is such a user, and the clock. One BatchGetItem."""
        user, clock = keys.entity_key(tenant_id, EntityRef("users", user_id)), keys.clock_key(tenant_id, user_id)
        found = self._table.batch_get([user, clock], consistent=True)
        item = found.get(keys.to_pair(clock))
        return keys.to_pair(user) in found, _clock_of(item) if item else None

    def ledger(self, tenant_id: str, user_id: str, organization_id: str | None) -> EntryContext:
        """What an entry by hand stands on. One BatchGetItem."""
        also = {"tenant": keys.tenant_key(tenant_id), "calendar": keys.calendar_key(tenant_id, user_id)}
        snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, None, also)
        if snapshot is None:
            return EntryContext(is_there=False, settings=TenantSettings(), calendar_version=0, organization_name=None)
        return EntryContext(
            is_there=True,
            settings=settings_of(snapshot, organization_id),
            calendar_version=_version_of(snapshot.items.get("calendar")),
            organization_name=_organization_name(snapshot, organization_id),
        )

    def organizations_named(self, tenant_id: str, name: str) -> list[str]:
        return self._directory.find_ids_by_name(tenant_id, "projects", name)

    def start(self, tenant_id: str, clock: RunningClock, event: ClockEvent, receipt: Receipt | None) -> None:
        """Raises NotFound where the user is gone by now, VersionMismatch where the user's clock runs by now, or the
        exception is used up; DoneBefore.
        """
        transaction = Transaction()
        add_receipt(transaction, tenant_id, receipt)
        require_user(transaction, tenant_id, clock.user_id)
        transaction.create(_clock_item(tenant_id, clock), VersionMismatch())
        transaction.put(place_item(tenant_id, clock, RUNNING))
        transaction.create(_change_item(tenant_id, clock, event), VersionMismatch())
        use_exception(transaction, tenant_id, clock.user_id, clock.punches[-1])
        transaction.put(to_event_item(event))
        self._table.write(transaction)

    def replace(
        self, tenant_id: str, before: RunningClock, after: RunningClock, event: ClockEvent, receipt: Receipt | None
    ) -> None:
        """Raises VersionMismatch, DoneBefore.

        Another clock of the same user may be at the same version; the number on the trail tells the two apart.
        """
        transaction = Transaction()
        add_receipt(transaction, tenant_id, receipt)
        transaction.replace(_clock_item(tenant_id, after), before.version, VersionMismatch())
        transaction.create(_change_item(tenant_id, after, event), VersionMismatch())
        use_exception(transaction, tenant_id, after.user_id, after.punches[-1])
        transaction.put(to_event_item(event))
        self._table.write(transaction)

    def discard(self, tenant_id: str, clock: RunningClock, event: ClockEvent, receipt: Receipt | None) -> None:
        """Raises VersionMismatch, DoneBefore."""
        transaction = Transaction()
        add_receipt(transaction, tenant_id, receipt)
        transaction.delete_if_version(keys.clock_key(tenant_id, clock.user_id), clock.version, VersionMismatch())
        gone_from = position_index.gone(tenant_id, clock)
        transaction.put(place_item(tenant_id, clock, CANCELLED, doc=dump_clock(clock), **gone_from))
        gone = _change(event, clock.version + 1, None, None)
        transaction.create(change_item(tenant_id, clock.id, gone), VersionMismatch())
        transaction.put(to_event_item(event))
        self._table.write(transaction)

    def remind(self, tenant_id: str, before: RunningClock, after: RunningClock, event: ClockEvent) -> None:
        """Raises VersionMismatch. Nobody punched, so nothing but the clock, its trail and the event is written."""
        transaction = Transaction()
        transaction.replace(_clock_item(tenant_id, after), before.version, VersionMismatch())
        told = _change(event, after.version, None, state_of(after))
        transaction.create(change_item(tenant_id, after.id, told), VersionMismatch())
        transaction.put(to_event_item(event))
        self._table.write(transaction)

    def refuse(self, tenant_id: str, refusal: Refusal, event: Event, legacy_id: str | None) -> str:
        """The same request refused again is on the trail once. Raises NotFound where the user is gone by now."""
        transaction = Transaction()
        require_user(transaction, tenant_id, refusal.user_id)
        if legacy_id is not None and legacy_id != refusal.id:
            transaction.require_absent(keys.refusal_key(tenant_id, legacy_id), _RefusedUnderLegacyId())
        transaction.create(refusal_item(tenant_id, refusal), VersionMismatch())
        transaction.put(to_event_item(event))
        try:
            with suppress(VersionMismatch):
                self._table.write(transaction)
        except _RefusedUnderLegacyId:
            assert legacy_id is not None
            return legacy_id
        return refusal.id

    def due(self, now: datetime) -> Iterator[tuple[str, RunningClock]]:
        """The clocks that are to be looked at by `now`, with their tenants."""
        for shard in range(keys.CLOCK_SHARDS):
            for item in self._table.query(
                IndexName="GSI1",
                KeyConditionExpression="GSI1PK = :running AND GSI1SK < :now",
                ExpressionAttributeValues={
                    ":running": {"S": keys.running_clocks_partition(shard)},
                    ":now": {"S": keys.running_clock_sort_key(now + timedelta(microseconds=1), "", "")},
                },
            ):
                yield item["tenantId"]["S"], _clock_of(item)


def _version_of(calendar: Item | None) -> int:
    return int(calendar["version"]["N"]) if calendar else 0


def _organization_name(snapshot: DirectorySnapshot, organization_id: str | None) -> str | None:
    organization = snapshot.items.get(EntityRef("projects", organization_id)) if organization_id else None
    return organization["name"]["S"] if organization else None


def settings_of(snapshot: DirectorySnapshot, organization_id: str | None) -> TenantSettings:
    """What the tenant chose, and in its place what the organization has of its own."""
    organization = snapshot.items.get(EntityRef("projects", organization_id)) if organization_id else None
    return tenant_settings(snapshot.items.get("tenant", {}), organization or {})


def tenant_settings(tenant: Item, organization: Item) -> TenantSettings:
    stored = serializer.from_item(
        {**tenant, **{name: organization[name] for name in OWN_SETTINGS if name in organization}}
    )
    settings = TenantSettings()
    return TenantSettings(
        clock_limit=timedelta(hours=stored["clockLimitHours"])
        if "clockLimitHours" in stored
        else settings.clock_limit,
        geofence_modes={**settings.geofence_modes, **stored.get("geofenceModes", {})},
        overlaps=stored.get("overlaps", settings.overlaps),
        time_zone=stored.get("timeZone", settings.time_zone),
        working_time=working_time_of(stored["workingTime"]) if "workingTime" in stored else settings.working_time,
    )


def _clock_item(tenant_id: str, clock: RunningClock) -> Item:
    return keys.clock_key(tenant_id, clock.user_id) | serializer.to_item(
        {
            "entity": "Clock",
            "tenantId": tenant_id,
            "version": clock.version,
            "doc": dump_clock(clock),
            "GSI1PK": keys.running_clocks_partition(keys.find_running_clocks_shard(clock.user_id)),
            "GSI1SK": keys.running_clock_sort_key(clock.due_from, tenant_id, clock.user_id),
        }
    )


def _clock_of(item: Item) -> RunningClock:
    return load_clock(item["doc"]["S"])


def _change_item(tenant_id: str, clock: RunningClock, event: ClockEvent) -> Item:
    change = _change(event, clock.version, why_allowed(clock.punches[-1]), state_of(clock))
    return change_item(tenant_id, clock.id, change)


def _change(event: ClockEvent, number: int, reason: str | None, after: State | None) -> Change:
    return Change(
        number=number, action=event.audit_action, at=event.occurred_at, actor=event.actor, reason=reason, after=after
    )
