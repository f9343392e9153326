"""Time entries: listed, saved by hand, deleted, approved, and what became of each.

Of what the caller may not see there is nothing: neither in a list nor by its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from fencepost.common.errors import Forbidden, NotFound, ValidationFailed
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.common.principal import Permission
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.adjustments import adjusted_again, as_punched, check_by_hand, reach
from fencepost.timeclock.audit import Change, Edit, Saving
from fencepost.timeclock.clock_service import check_may_act
from fencepost.timeclock.entry_filters import Wanted, check
from fencepost.timeclock.errors import EntryFinal, EntryOverlaps, EntryState
from fencepost.timeclock.events import (
    EntriesApproved,
    EntriesDeleted,
    EntriesDisapproved,
    EntriesEvent,
    EntriesExported,
    EntriesReopened,
    EntrySaved,
)
from fencepost.timeclock.model import TimeEntry
from fencepost.timeclock.overlaps import settled, too_much_at_once
from fencepost.timeclock.ports import EntryWriter
from fencepost.timeclock.settings import TenantSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.timeclock.overlaps import Policy

# Three actions each, and the event, are below the 100 of a transaction.
MAX_IDS = 30
# Two actions each, and the event.
MAX_EXPORTED = 45

_APPROVAL_EVENTS: dict[str, type[EntriesEvent]] = {
    "approved": EntriesApproved,
    "disapproved": EntriesDisapproved,
    "not_approved_yet": EntriesReopened,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an id stands for. `state` is running, cancelled, valid, invalid or removed; a clock has no entry."""

    user_id: str
    state: str
    entry: TimeEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryContext:
    """What has to be known to put an entry in its place."""

    is_there: bool
    settings: TenantSettings
    calendar_version: int
    organization_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An entry as a caller says it: with an id it is changed, by the fields that are given.

    `new_id` is for a new entry, the same whenever the same request is sent again.
    """

    id: str | None = None
    new_id: str | None = None
    user_id: str | None = None
    organization_name: str | None = None
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The entry as it is now, and what it did to others."""

    entry: TimeEntry
    removed: tuple[TimeEntry, ...] = ()
    trimmed: tuple[TimeEntry, ...] = ()

    @property
    def was_edited(self) -> bool:
        return bool(self.removed or self.trimmed)


class EntryRepository(EntryWriter, Protocol):
    """The port to the entries, by id and by time."""

    def find(self, tenant_id: str, ids: Sequence[str]) -> dict[str, Found]: ...
    def page(
        self, tenant_id: str, wanted: Wanted, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]: ...
    def trail(self, tenant_id: str, entry_id: str) -> tuple[str, list[Change]] | None: ...


class EntryContextRepository(Protocol):
    """The port to what is known of a user and an organization."""

    def ledger(self, tenant_id: str, user_id: str, organization_id: str | None) -> EntryContext: ...
    def organizations_named(self, tenant_id: str, name: str) -> list[str]: ...


@dataclass(frozen=True)
class TimesService:
    store: EntryRepository
    ledgers: EntryContextRepository
    make_id: NewId = field(default=new_id)

    def page(
        self, principal: Principal, wanted: Wanted, limit: int, after: tuple[datetime, str] | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """Entries by their start, and the one after which the next page begins. Raises Forbidden."""
        return self.store.page(principal.tenant_id, visible_to(principal, wanted), limit, after)

    def trail(self, principal: Principal, entry_id: str) -> list[Change]:
        """Every change of an entry, and of the clock that it was, in their order. Raises NotFound."""
        found = self.store.trail(principal.tenant_id, entry_id) if is_id(entry_id) else None
        if found is None or not _may_see(principal, found[0]):
            raise NotFound("time entry")
        return found[1]

    def put(self, principal: Principal, said: Said, now: datetime) -> Saved:
        """Create an entry or change one. Raises NotFound, Forbidden, Invalid, and ClockRefused with its kinds."""
        named = self._organization(principal, said)
        return retry_on_conflict(
            lambda: self._change(principal, named, now) if said.id else self._create(principal, named, now)
        )

    def resubmit(self, principal: Principal, entry_id: str, now: datetime) -> Saved:
        """Save an invalid entry by the model, should what was in its way be gone. Raises as `put`.

        Who acts for others passes over the window.
        """

        def attempt() -> Saved:
            before = self._entry(principal, entry_id, "invalid")
            punched = replace(as_punched(before), invalid_reason=None, version=before.version + 1)
            ledger = self.ledgers.ledger(principal.tenant_id, before.user_id, before.organization_id)
            neighbours = self.store.overlapped(principal.tenant_id, reach(punched, ledger.settings))
            may_pass = principal.can(Permission.ALL_CLOCKS)
            after = adjusted_again(punched, ledger.settings, neighbours, self.make_id, whatever_the_window=may_pass)
            edit = Edit(before=before, after=after, action="resubmitted")
            return self._placed(principal, edit, now, ledger=ledger, neighbours=neighbours)

        return retry_on_conflict(attempt)

    def restore(self, principal: Principal, entry_id: str, now: datetime) -> Saved:
        """Bring a removed entry back, where nothing else is by now. Raises as `put`."""

        def attempt() -> Saved:
            gone = self._entry(principal, entry_id, "removed")
            # The removal was the change after the last one of the entry.
            back = Edit(before=None, after=replace(gone, version=gone.version + 2), action="restored")
            return self._placed(principal, back, now, policy="refuse")

        return retry_on_conflict(attempt)

    def delete(self, principal: Principal, ids: Sequence[str], reason: str | None, now: datetime) -> list[TimeEntry]:
        """Remove all of these entries or none. Raises NotFound, EntryFinal, EntryState, Invalid."""

        def removed(entry: TimeEntry) -> Edit:
            if entry.is_safe:
                raise EntryFinal(entry.id, entry.approval)
            return Edit(before=entry, after=None, action=EntriesDeleted.audit_action, reason=reason)

        return self._all(principal, ids, ("valid", "invalid"), removed, EntriesDeleted, now)

    def judge(
        self, principal: Principal, ids: Sequence[str], approval: str, reason: str | None, now: datetime
    ) -> list[TimeEntry]:
        """Approve, disapprove or reopen all of these entries or none; one that is so already stays as it is.

        Raises NotFound, EntryFinal, EntryState, Invalid.
        """
        event_class = _APPROVAL_EVENTS[approval]
        action = event_class.audit_action

        def judged(entry: TimeEntry) -> Edit | None:
            if entry.approval == approval:
                return None
            if entry.approval == "exported" and action != "reopened":
                raise EntryFinal(entry.id, entry.approval)
            after = replace(entry, approval=approval, version=entry.version + 1)
            return Edit(before=entry, after=after, action=action, reason=reason)

        return self._all(principal, ids, ("valid",), judged, event_class, now)

    def export(
        self, principal: Principal, wanted: Wanted, limit: int, after: tuple[datetime, str] | None, now: datetime
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """A page of approved entries, all of which are marked as exported or none: nobody else is given them so.

        Answers as `page` does. Raises Busy.
        """

        def attempt() -> tuple[list[TimeEntry], TimeEntry | None]:
            entries, last = self.store.page(principal.tenant_id, replace(wanted, approval="approved"), limit, after)
            while too_much_at_once(entries):
                entries = entries[: len(entries) // 2]
                last = entries[-1]
            exported = [replace(entry, approval="exported", version=entry.version + 1) for entry in entries]
            if exported:
                event = self._event(EntriesExported, principal, now, exported)
                edits = [
                    Edit(before=before, after=after, action=EntriesExported.audit_action)
                    for before, after in zip(entries, exported, strict=True)
                ]
                self.store.save(principal.tenant_id, Saving(edits=tuple(edits), event=event))
            return exported, last

        return retry_on_conflict(attempt)

    def _all(
        self,
        principal: Principal,
        ids: Sequence[str],
        states: tuple[str, ...],
        change: Callable[[TimeEntry], Edit | None],
        event_class: type[EntriesEvent],
        now: datetime,
    ) -> list[TimeEntry]:
        """The entries, each changed, in one transaction."""

        def attempt() -> list[TimeEntry]:
            entries = self._entries(principal, ids, states)
            if too_much_at_once(entries):
                raise ValidationFailed.field("ids", "hold more than can be changed at once; send fewer")
            edits = {edit.entry.id: edit for edit in map(change, entries) if edit is not None}
            if edits:
                event = self._event(event_class, principal, now, [edit.entry for edit in edits.values()])
                # What is owed to who is gone is still approved, by others.
                is_own = any(edit.entry.user_id == principal.user_id for edit in edits.values())
                user_id = principal.user_id if is_own else None
                self.store.save(
                    principal.tenant_id, Saving(edits=tuple(edits.values()), event=event, user_id=user_id)
                )
            return [edits[entry.id].entry if entry.id in edits else entry for entry in entries]

        return retry_on_conflict(attempt)

    def _create(self, principal: Principal, said: Said, now: datetime) -> Saved:
        user_id = said.user_id or principal.user_id
        ledger = self.ledgers.ledger(principal.tenant_id, user_id, said.fields.get("organization_id"))
        check_may_act(principal, user_id, is_there=ledger.is_there)
        if said.new_id is not None:
            there = self.store.find(principal.tenant_id, [said.new_id]).get(said.new_id)
            if there is not None and there.entry is not None:
                return Saved(entry=there.entry)
        for name, told in (("start", "from"), ("end", "to")):
            if name not in said.fields:
                raise ValidationFailed.field(told, "is missing")
        entry = TimeEntry(
            id=said.new_id or self.make_id(),
            user_id=user_id,
            creation_type="times",
            **{"time_type": "work", **said.fields, **_organization_of(said, ledger)},
        )
        return self._by_hand(
            principal, Edit(before=None, after=entry, action="created", reason=said.reason), now, ledger
        )

    def _change(self, principal: Principal, said: Said, now: datetime) -> Saved:
        before = self._entry(principal, str(said.id), "valid", "invalid")
        if before.is_safe:
            raise EntryFinal(before.id, before.approval)
        if said.user_id not in (None, before.user_id):
            raise ValidationFailed.field("userId", "cannot be changed; delete the entry and save another")
        ledger = self.ledgers.ledger(
            principal.tenant_id, before.user_id, said.fields.get("organization_id", before.organization_id)
        )
        after = replace(
            before,
            **{**said.fields, **_organization_of(said, ledger)},
            creation_type=None,
            approval="not_approved_yet",
            invalid_reason=None,
            version=before.version + 1,
        )
        if (after.start, after.end, after.breaks) != (before.start, before.end, before.breaks):
            # Undone from what is said now they would not give what was punched, which the punches tell.
            after = replace(after, adjustments=())
        return self._by_hand(
            principal, Edit(before=before, after=after, action="edited", reason=said.reason), now, ledger
        )

    def _by_hand(self, principal: Principal, edit: Edit, now: datetime, ledger: EntryContext) -> Saved:
        """The entry placed, within the limits of the model where it is the own."""
        check(edit.entry)
        if not principal.can(Permission.ALL_CLOCKS):
            check_by_hand(edit.entry, edit.before, ledger.settings, now)
        return self._placed(principal, edit, now, ledger=ledger)

    def _placed(
        self,
        principal: Principal,
        edit: Edit,
        now: datetime,
        *,
        ledger: EntryContext | None = None,
        neighbours: Sequence[TimeEntry] | None = None,
        policy: Policy | None = None,
    ) -> Saved:
        """The entry saved where it says, and room made for it by the tenant's policy. Raises EntryOverlaps.

        `neighbours` are the entries that it may overlap, where they are known.
        """
        entry = edit.entry
        if ledger is None:
            ledger = self.ledgers.ledger(principal.tenant_id, entry.user_id, entry.organization_id)
        if not ledger.is_there:
            raise NotFound("user")
        if entry.invalid_reason is not None:
            # It counts in nothing, so nothing is in its way.
            event = self._saved_event(principal, edit, now)
            self.store.save(principal.tenant_id, Saving(edits=(edit,), event=event, user_id=entry.user_id))
            return Saved(entry=entry)
        if neighbours is None:
            neighbours = self.store.overlapped(principal.tenant_id, entry)
        overlapped = [other for other in neighbours if other.overlaps(entry)]
        settlement = settled(entry, overlapped, policy or ledger.settings.overlaps, self.make_id)
        if settlement.why_not is not None:
            raise EntryOverlaps(settlement.why_not)
        event = self._saved_event(principal, edit, now, settlement.removed, settlement.trimmed)
        calendar = (entry.user_id, ledger.calendar_version)
        edits = (edit, *settlement.edits)
        self.store.save(
            principal.tenant_id, Saving(edits=edits, event=event, calendar=calendar, user_id=entry.user_id)
        )
        return Saved(entry=entry, removed=settlement.removed, trimmed=settlement.trimmed)

    def _organization(self, principal: Principal, said: Said) -> Said:
        """With the id of the organization that is named. Raises NotFound."""
        if said.organization_name is None:
            return said
        named = self.ledgers.organizations_named(principal.tenant_id, said.organization_name)
        if not named:
            raise NotFound("organization")
        return replace(said, fields={**said.fields, "organization_id": min(named)})

    def _entry(self, principal: Principal, entry_id: str, *states: str) -> TimeEntry:
        return self._entries(principal, [entry_id], states)[0]

    def _entries(self, principal: Principal, ids: Sequence[str], states: tuple[str, ...]) -> list[TimeEntry]:
        """These entries, in this order. Raises NotFound, and EntryState for one that is in none of these states."""
        found = self.store.find(principal.tenant_id, [entry_id for entry_id in ids if is_id(entry_id)])
        entries = []
        for entry_id in ids:
            one = found.get(entry_id)
            if one is None or not _may_see(principal, one.user_id):
                raise NotFound("time entry")
            if one.state not in states or one.entry is None:
                raise EntryState(entry_id, one.state, " or ".join(states))
            entries.append(one.entry)
        return entries

    def _event(
        self,
        event_class: type[EntriesEvent],
        principal: Principal,
        now: datetime,
        entries: Sequence[TimeEntry],
    ) -> EntriesEvent:
        return event_class(
            id=self.make_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            entries=tuple(entries),
        )

    def _saved_event(
        self,
        principal: Principal,
        edit: Edit,
        now: datetime,
        removed: tuple[TimeEntry, ...] = (),
        trimmed: tuple[TimeEntry, ...] = (),
    ) -> EntrySaved:
        return EntrySaved(
            id=self.make_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            entry=edit.entry,
            action=edit.action,
            removed=removed,
            trimmed=trimmed,
        )


def visible_to(principal: Principal, wanted: Wanted) -> Wanted:
    """Who acts for others is told of all users where none is named, everybody else of the own entries.

    Raises Forbidden.
    """
    if principal.can(Permission.ALL_CLOCKS):
        return wanted
    if wanted.user_id not in (None, principal.user_id) or wanted.kind == "removed":
        raise Forbidden(Permission.ALL_CLOCKS.value)
    return replace(wanted, user_id=principal.user_id)


def _may_see(principal: Principal, user_id: str) -> bool:
    return user_id == principal.user_id or principal.can(Permission.ALL_CLOCKS)


def _organization_of(said: Said, ledger: EntryContext) -> dict[str, Any]:
    """The organization with its name, where one is given. Raises NotFound."""
    if "organization_id" not in said.fields:
        return {}
    organization_id = said.fields["organization_id"]
    if organization_id is not None and ledger.organization_name is None:
        raise NotFound("organization")
    return {"organization_id": organization_id, "organization_name": ledger.organization_name}
