"""Clocks in the table, and what is read to act on one.

A user's clock is one item, so there cannot be a second one. A stop removes it, writes the entry, makes room for it
and increments the version of the user's calendar in one transaction. Every other write that places an entry in time
increments the version too, so no two entries ever overlap.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from fencepost.common.entity_ref import EntityRef
from fencepost.common.errors import VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.transaction import Transaction
from fencepost.timeclock import position_index
from fencepost.timeclock.clock_documents import CANCELLED, RUNNING, dump_clock, load_clock, locator_item, record_item
from fencepost.timeclock.errors import UserNotFound
from fencepost.timeclock.ports import ClockContext, EntryContext
from fencepost.timeclock.receipt_repository import receipt_item
from fencepost.timeclock.receipts import AlreadyProcessed
from fencepost.timeclock.refusal_repository import load_grants, refusal_item, use_exception
from fencepost.timeclock.settings import DEFAULT_GEOFENCE_MODES, OVERRIDABLE_SETTINGS, TenantSettings
from fencepost.timeclock.working_time_documents import load_working_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fencepost.common.events import Event
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.table import Table
    from fencepost.timeclock.audit import ClockWrite
    from fencepost.timeclock.model import RunningClock
    from fencepost.timeclock.receipts import ResultSerializer
    from fencepost.timeclock.refusals import Refusal
    from fencepost.verdicts.repository import DirectorySnapshot, DynamoDBCandidateRepository


class _RefusedUnderLegacyId(Exception):
    """The refusal has the id that was derived from the fingerprint of version 1."""


class NamedEntities(Protocol):
    """The entities of the directory, found by their names."""

    def find_ids_by_name(self, tenant_id: str, table: str, name: str) -> list[str]:
        """Return the ids of the entities of a table with exactly this name."""


class DynamoDBClockRepository:
    """The running clocks in the table."""

    def __init__(
        self,
        table: Table,
        candidates: DynamoDBCandidateRepository,
        directory: NamedEntities,
        serialize_result: ResultSerializer,
    ) -> None:
        self._table = table
        self._candidates = candidates
        self._directory = directory
        self._serialize_result = serialize_result

    def load_context(
        self,
        tenant_id: str,
        user_id: str,
        organization_id: str | None,
        screen: EntityRef | None,
        organization_name: str | None = None,
    ) -> ClockContext | None:
        """Read what an action needs to know; None where the user does not exist.

        One BatchGetItem, and one more where the user is in groups or the clock runs for a project. An organization
        given by name is looked up during the first, and its geofences are read with the second.
        """
        extra_keys = keys.clock_context_keys(tenant_id, user_id)
        if organization_name is None:
            matching_ids: list[str] = []
            snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, screen, extra_keys)
        else:
            with ThreadPoolExecutor(1) as executor:
                search = executor.submit(self.find_organizations, tenant_id, organization_name)
                snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, screen, extra_keys)
                matching_ids = sorted(search.result())
        if snapshot is None:
            return None
        items = snapshot.items
        clock = load_clock(items["clock"]["doc"]["S"]) if "clock" in items else None
        # A break or a stop does not name the organization of the clock, but its geofences apply.
        clock_organization_id = clock.organization_id if clock is not None else None
        further_id = (
            None if organization_id is not None else matching_ids[0] if matching_ids else clock_organization_id
        )
        candidates = self._candidates.load_candidates(snapshot, further_id)
        organization = _find_organization(snapshot, organization_id or further_id)
        return ClockContext(
            settings=parse_tenant_settings(items.get("tenant", {}), organization or {}),
            clock=clock,
            calendar_version=int(items["calendar"]["version"]["N"]) if "calendar" in items else 0,
            organization_name=organization["name"]["S"] if organization is not None else None,
            matching_organization_ids=tuple(matching_ids),
            has_screen=screen is not None and screen in items,
            candidates=candidates,
            grants=load_grants(items["exceptions"]) if "exceptions" in items else (),
        )

    def find_running(self, tenant_id: str, user_id: str) -> tuple[bool, RunningClock | None]:
        """Read whether a user exists, and the clock. One BatchGetItem."""
        user, clock = keys.entity_key(tenant_id, EntityRef("users", user_id)), keys.clock_key(tenant_id, user_id)
        found = self._table.batch_get_named({"user": user, "clock": clock}, consistent=True)
        return "user" in found, load_clock(found["clock"]["doc"]["S"]) if "clock" in found else None

    def load_entry_context(self, tenant_id: str, user_id: str, organization_id: str | None) -> EntryContext | None:
        """Read what an entry that is saved by hand depends on. One BatchGetItem."""
        extra_keys = {"tenant": keys.tenant_key(tenant_id), "calendar": keys.calendar_key(tenant_id, user_id)}
        snapshot = self._candidates.load_snapshot(tenant_id, user_id, organization_id, None, extra_keys)
        if snapshot is None:
            return None
        items, organization = snapshot.items, _find_organization(snapshot, organization_id)
        return EntryContext(
            settings=parse_tenant_settings(items.get("tenant", {}), organization or {}),
            calendar_version=int(items["calendar"]["version"]["N"]) if "calendar" in items else 0,
            organization_name=organization["name"]["S"] if organization is not None else None,
        )

    def find_organizations(self, tenant_id: str, name: str) -> list[str]:
        return self._directory.find_ids_by_name(tenant_id, "projects", name)

    def save(self, tenant_id: str, write: ClockWrite) -> None:
        """Write a change of a clock, its line of the audit trail and its event.

        Another clock of the same user may be at the same version; the number of the line is different.

        Raises:
            NotFound: The user of a clock that starts was deleted meanwhile.
            VersionMismatch: The clock was changed meanwhile, or the exception was used.
            AlreadyProcessed: The receipt exists.
        """
        transaction = Transaction()
        before, after = write.before, write.after
        if write.receipt is not None:
            # First, so that of several conditions that fail this one raises its error.
            transaction.create(receipt_item(tenant_id, write.receipt, self._serialize_result), AlreadyProcessed)
        if before is None:
            assert after is not None
            # A deleted user could not stop a clock, and later data would escape the erasure. No user is deleted while
            # a clock runs, so later actions do not need this condition.
            transaction.require(keys.entity_key(tenant_id, EntityRef("users", after.user_id)), UserNotFound)
            transaction.create(_clock_item(tenant_id, after), VersionMismatch)
            transaction.put(locator_item(tenant_id, after, RUNNING))
        elif after is None:
            transaction.delete_if_version(keys.clock_key(tenant_id, before.user_id), before.version, VersionMismatch)
            removed = position_index.build_removed_attributes(tenant_id, before)
            transaction.put(locator_item(tenant_id, before, CANCELLED, doc=dump_clock(before), **removed))
        else:
            transaction.replace(_clock_item(tenant_id, after), before.version, VersionMismatch)
        clock = after or before
        assert clock is not None
        transaction.create(record_item(tenant_id, clock.id, write.record), VersionMismatch)
        if write.punch is not None and write.punch.exception is not None:
            use_exception(transaction, tenant_id, clock.user_id, write.punch)
        transaction.add_event(write.event)
        self._table.write(transaction)

    def record_refusal(self, tenant_id: str, refusal: Refusal, event: Event, legacy_id: str | None) -> str:
        """Record a refusal, and return its id, or the id under which it was recorded before.

        Args:
            legacy_id: The id that an earlier release gave this refusal.

        Raises:
            NotFound: The user was deleted meanwhile.
        """
        transaction = Transaction()
        transaction.require(keys.entity_key(tenant_id, EntityRef("users", refusal.user_id)), UserNotFound)
        if legacy_id is not None and legacy_id != refusal.id:
            transaction.require_absent(keys.refusal_key(tenant_id, legacy_id), _RefusedUnderLegacyId)
        transaction.create(refusal_item(tenant_id, refusal), VersionMismatch)
        transaction.add_event(event)
        try:
            with suppress(VersionMismatch):
                self._table.write(transaction)
        except _RefusedUnderLegacyId:
            assert legacy_id is not None
            return legacy_id
        return refusal.id

    def list_due(self, now: datetime) -> Iterator[tuple[str, RunningClock]]:
        """Yield the clocks that are due by `now`, with their tenants."""
        for shard in range(keys.CLOCK_SHARDS):
            for item in self._table.query(
                IndexName="GSI1",
                KeyConditionExpression="GSI1PK = :running AND GSI1SK < :now",
                ExpressionAttributeValues={
                    ":running": {"S": keys.running_clocks_partition(shard)},
                    ":now": {"S": keys.running_clock_sort_key(now + timedelta(microseconds=1), "", "")},
                },
            ):
                yield item["tenantId"]["S"], load_clock(item["doc"]["S"])


def parse_tenant_settings(tenant: Item, organization: Item) -> TenantSettings:
    """Return the settings of a tenant, with those that an organization overrides in their place."""
    own = {name: organization[name] for name in OVERRIDABLE_SETTINGS if name in organization}
    stored = {**tenant, **own}
    settings: dict[str, Any] = {}
    if "clockLimitHours" in stored:
        settings["clock_limit"] = timedelta(hours=float(stored["clockLimitHours"]["N"]))
    if "geofenceModes" in stored:
        modes = {action: mode["S"] for action, mode in stored["geofenceModes"]["M"].items()}
        settings["geofence_modes"] = DEFAULT_GEOFENCE_MODES | modes
    if "overlaps" in stored:
        settings["overlaps"] = stored["overlaps"]["S"]
    if "timeZone" in stored:
        settings["time_zone"] = stored["timeZone"]["S"]
    if "workingTime" in stored:
        settings["working_time"] = load_working_time(stored["workingTime"]["S"])
    return TenantSettings(**settings)


def _find_organization(snapshot: DirectorySnapshot, organization_id: str | None) -> Item | None:
    return snapshot.items.get(EntityRef("projects", organization_id)) if organization_id else None


def _clock_item(tenant_id: str, clock: RunningClock) -> Item:
    return {
        **keys.running_clock_keys(tenant_id, clock.user_id, clock.due_from),
        "entity": {"S": "Clock"},
        "tenantId": {"S": tenant_id},
        "version": {"N": str(clock.version)},
        "doc": {"S": dump_clock(clock)},
    }
