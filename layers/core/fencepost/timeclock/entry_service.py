"""Time entries: list, save by hand, delete, approve, export, and their audit trail.

An entry that the caller may not see does not exist for the caller: neither in a list nor by its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.ids import NewId, is_id, new_id
from fencepost.common.principal import Permission, Principal
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.adjustments import (
    check_entry,
    check_manual_entry,
    reapply_working_time,
    undo_adjustments,
    widen_to_rounding,
)
from fencepost.timeclock.audit import AuditRecord, EntryChange, EntryWrite
from fencepost.timeclock.clock_service import require_clock_permission
from fencepost.timeclock.commands import EntryEdit, SavedEntry
from fencepost.timeclock.entry_filters import EntryFilter, restrict_to_visible
from fencepost.timeclock.errors import EntryFinal, EntryOverlaps, EntryState, UserNotFound
from fencepost.timeclock.events import (
    APPROVAL_EVENTS,
    EntriesDeleted,
    EntriesEvent,
    EntriesExported,
    EntriesReopened,
    EntrySaved,
)
from fencepost.timeclock.model import TimeEntry
from fencepost.timeclock.overlaps import OverlapResolution, exceeds_write_limit, resolve_overlaps
from fencepost.timeclock.ports import EntryContextRepository, EntryRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.timeclock.overlaps import OverlapPolicy
    from fencepost.timeclock.ports import EntryContext, PageStart

# Three actions each, and the event, are below the 100 of a transaction.
MAX_IDS = 30
# Two actions each, and the event.
MAX_EXPORTED = 45


@dataclass(frozen=True)
class EntryService:
    """The use cases of time entries."""

    entries: EntryRepository
    contexts: EntryContextRepository
    new_id: NewId = field(default=new_id)

    def list_page(
        self, principal: Principal, filters: EntryFilter, limit: int, after: PageStart | None
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """Return entries by their start, and the one after which the next page begins.

        Raises:
            Forbidden: The filters ask for entries of others, or for removed ones.
        """
        return self.entries.list_page(principal.tenant_id, restrict_to_visible(principal, filters), limit, after)

    def load_trail(self, principal: Principal, entry_id: str) -> list[AuditRecord]:
        """Return every change of an entry, and of the clock that it was, in order.

        Raises:
            NotFound: There is no such entry.
        """
        found = self.entries.load_trail(principal.tenant_id, entry_id) if is_id(entry_id) else None
        user_id, records = found or (None, [])
        if user_id is None or not _can_see(principal, user_id):
            raise NotFound("time entry")
        return records

    def save(self, principal: Principal, edit: EntryEdit, now: datetime) -> SavedEntry:
        """Create or change an entry, and make room for it by the tenant's policy.

        Raises:
            NotFound: There is no such entry, user or organization.
            Forbidden: The caller may not act for this user.
            ValidationFailed: A field is wrong, or the entry exceeds a limit of the working-time model.
            EntryFinal: The entry is approved or exported.
            EntryState: The entry was removed, or is a clock.
            EntryOverlaps: Another entry is in the way.
            ServiceBusy: Too many concurrent changes.
        """
        if edit.organization_name is not None:
            organization_ids = self.contexts.find_organizations(principal.tenant_id, edit.organization_name)
            if not organization_ids:
                raise NotFound("organization")
            edit = replace(edit, fields={**edit.fields, "organization_id": min(organization_ids)})
        return retry_on_conflict(
            lambda: self._change(principal, edit, now) if edit.id else self._create(principal, edit, now)
        )

    def resubmit(self, principal: Principal, entry_id: str, now: datetime) -> SavedEntry:
        """Save an invalid entry by the working-time model, once nothing is in its way any more.

        For a caller who acts for others the allowed window does not apply.

        Raises:
            NotFound: There is no such entry, or its user was deleted.
            ValidationFailed: The allowed window refuses the entry.
            EntryState: The entry is not invalid.
            EntryOverlaps: Another entry is in the way.
            ServiceBusy: Too many concurrent changes.
        """

        def attempt() -> SavedEntry:
            [before] = self._find_entries(principal, [entry_id], ("invalid",))
            punched = replace(undo_adjustments(before), invalid_reason=None, version=before.version + 1)
            context = self._load_context(principal, before.user_id, before.organization_id)
            neighbours = self.entries.find_overlapping(
                principal.tenant_id, widen_to_rounding(punched, context.settings)
            )
            ignores_window = principal.can(Permission.ALL_CLOCKS)
            after = reapply_working_time(
                punched, context.settings, neighbours, self.new_id, ignores_window=ignores_window
            )
            change = EntryChange(before=before, after=after, action="resubmitted")
            return self._write(principal, change, now, context, neighbours, context.settings.overlaps)

        return retry_on_conflict(attempt)

    def restore(self, principal: Principal, entry_id: str, now: datetime) -> SavedEntry:
        """Restore a removed entry, where no other entry is in its way.

        Raises:
            NotFound: There is no such entry, or its user was deleted.
            EntryState: The entry is not removed.
            EntryOverlaps: Another entry is in the way.
            ServiceBusy: Too many concurrent changes.
        """

        def attempt() -> SavedEntry:
            [removed] = self._find_entries(principal, [entry_id], ("removed",))
            # The removal was the change after the last one of the entry.
            after = replace(removed, version=removed.version + 2)
            change = EntryChange(before=None, after=after, action="restored")
            context = self._load_context(principal, after.user_id, after.organization_id)
            return self._write(principal, change, now, context, None, "refuse")

        return retry_on_conflict(attempt)

    def delete(self, principal: Principal, ids: Sequence[str], reason: str | None, now: datetime) -> list[TimeEntry]:
        """Remove all of these entries or none.

        Raises:
            NotFound: There is no such entry.
            ValidationFailed: The entries are too large to be changed together.
            EntryFinal: An entry is approved or exported.
            EntryState: An entry is removed already, or a clock.
            ServiceBusy: Too many concurrent changes.
        """

        def remove(entry: TimeEntry) -> EntryChange:
            if entry.is_final:
                raise EntryFinal(entry.id, entry.approval)
            return EntryChange(before=entry, after=None, action=EntriesDeleted.audit_action, reason=reason)

        return self._change_all(principal, ids, ("valid", "invalid"), remove, EntriesDeleted, now)

    def set_approval(
        self, principal: Principal, ids: Sequence[str], approval: str, reason: str | None, now: datetime
    ) -> list[TimeEntry]:
        """Approve, disapprove or reopen all of these entries or none; one with this approval stays as it is.

        Raises:
            NotFound: There is no such entry.
            ValidationFailed: The entries are too large to be changed together.
            EntryFinal: An entry is exported; it can only be reopened.
            EntryState: An entry is not valid.
            ServiceBusy: Too many concurrent changes.
        """
        event_class = APPROVAL_EVENTS[approval]
        action = event_class.audit_action

        def change(entry: TimeEntry) -> EntryChange | None:
            if entry.approval == approval:
                return None
            if entry.approval == "exported" and event_class is not EntriesReopened:
                raise EntryFinal(entry.id, entry.approval)
            after = replace(entry, approval=approval, version=entry.version + 1)
            return EntryChange(before=entry, after=after, action=action, reason=reason)

        return self._change_all(principal, ids, ("valid",), change, event_class, now)

    def export(
        self, principal: Principal, filters: EntryFilter, limit: int, after: PageStart | None, now: datetime
    ) -> tuple[list[TimeEntry], TimeEntry | None]:
        """Mark a page of approved entries as exported, all or none, and return it as `list_page` does.

        No other export returns these entries.

        Raises:
            ServiceBusy: Too many concurrent changes.
        """
        filters = replace(filters, approval="approved")

        def attempt() -> tuple[list[TimeEntry], TimeEntry | None]:
            entries, last = self.entries.list_page(principal.tenant_id, filters, limit, after)
            while exceeds_write_limit(entries):
                entries = entries[: len(entries) // 2]
                last = entries[-1]
            exported = [replace(entry, approval="exported", version=entry.version + 1) for entry in entries]
            if exported:
                changes = [
                    EntryChange(before=before, after=after, action=EntriesExported.audit_action)
                    for before, after in zip(entries, exported, strict=True)
                ]
                event = self._build_event(EntriesExported, principal, now, exported)
                self.entries.save(principal.tenant_id, EntryWrite(changes=tuple(changes), event=event))
            return exported, last

        return retry_on_conflict(attempt)

    def _change_all(
        self,
        principal: Principal,
        ids: Sequence[str],
        states: tuple[str, ...],
        change: Callable[[TimeEntry], EntryChange | None],
        event_class: type[EntriesEvent],
        now: datetime,
    ) -> list[TimeEntry]:
        """Change entries in one transaction."""

        def attempt() -> list[TimeEntry]:
            entries = self._find_entries(principal, ids, states)
            if exceeds_write_limit(entries):
                raise ValidationFailed.field("ids", "hold more than can be changed at once; send fewer")
            changes = {one.entry.id: one for one in map(change, entries) if one is not None}
            if changes:
                changed = [one.entry for one in changes.values()]
                event = self._build_event(event_class, principal, now, changed)
                # The caller must still exist for own entries; others may approve those of a deleted user.
                is_own = any(entry.user_id == principal.user_id for entry in changed)
                user_id = principal.user_id if is_own else None
                write = EntryWrite(changes=tuple(changes.values()), event=event, user_id=user_id)
                self.entries.save(principal.tenant_id, write)
            return [changes[entry.id].entry if entry.id in changes else entry for entry in entries]

        return retry_on_conflict(attempt)

    def _create(self, principal: Principal, edit: EntryEdit, now: datetime) -> SavedEntry:
        user_id = edit.user_id or principal.user_id
        organization_id = edit.fields.get("organization_id")
        context = self.contexts.load_entry_context(principal.tenant_id, user_id, organization_id)
        if context is None:
            raise UserNotFound
        require_clock_permission(principal, user_id)
        if edit.new_id is not None:
            existing = self.entries.find(principal.tenant_id, [edit.new_id]).get(edit.new_id)
            if existing is not None and existing.entry is not None:
                return SavedEntry(entry=existing.entry)
        for name, field_name in (("start", "from"), ("end", "to")):
            if name not in edit.fields:
                raise ValidationFailed.field(field_name, "is missing")
        entry = TimeEntry(
            id=edit.new_id or self.new_id(),
            user_id=user_id,
            creation_type="times",
            **{**edit.fields, **_resolve_organization(edit, context)},
        )
        change = EntryChange(before=None, after=entry, action="created", reason=edit.reason)
        return self._save_by_hand(principal, change, now, context)

    def _change(self, principal: Principal, edit: EntryEdit, now: datetime) -> SavedEntry:
        [before] = self._find_entries(principal, [str(edit.id)], ("valid", "invalid"))
        if before.is_final:
            raise EntryFinal(before.id, before.approval)
        if edit.user_id not in (None, before.user_id):
            raise ValidationFailed.field("userId", "cannot be changed; delete the entry and save another")
        organization_id = edit.fields.get("organization_id", before.organization_id)
        context = self._load_context(principal, before.user_id, organization_id)
        after = replace(
            before,
            **{**edit.fields, **_resolve_organization(edit, context)},
            creation_type=None,
            approval="not_approved_yet",
            invalid_reason=None,
            version=before.version + 1,
        )
        if (after.start, after.end, after.breaks) != (before.start, before.end, before.breaks):
            # Undone from the new state, the adjustments would not restore what was punched; the punches show that.
            after = replace(after, adjustments=())
        change = EntryChange(before=before, after=after, action="edited", reason=edit.reason)
        return self._save_by_hand(principal, change, now, context)

    def _save_by_hand(
        self, principal: Principal, change: EntryChange, now: datetime, context: EntryContext
    ) -> SavedEntry:
        """Save an entry, within the limits of the working-time model if the caller may not act for others."""
        check_entry(change.entry)
        if not principal.can(Permission.ALL_CLOCKS):
            check_manual_entry(change.entry, change.before, context.settings, now)
        return self._write(principal, change, now, context, None, context.settings.overlaps)

    def _write(
        self,
        principal: Principal,
        change: EntryChange,
        now: datetime,
        context: EntryContext,
        neighbours: Sequence[TimeEntry] | None,
        policy: OverlapPolicy,
    ) -> SavedEntry:
        """Write an entry, and make room for it by a policy.

        Args:
            neighbours: The entries that it may overlap; None reads them.

        Raises:
            EntryOverlaps: Another entry is in the way.
        """
        entry = change.entry
        resolution, calendar = OverlapResolution(), None
        # An invalid entry counts in nothing, so nothing is in its way.
        if entry.invalid_reason is None:
            if neighbours is None:
                neighbours = self.entries.find_overlapping(principal.tenant_id, entry)
            resolution = resolve_overlaps(entry, neighbours, policy, self.new_id)
            if resolution.refusal is not None:
                raise EntryOverlaps(resolution.refusal)
            calendar = (entry.user_id, context.calendar_version)
        event = EntrySaved(
            id=self.new_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            entry=entry,
            action=change.action,
            removed=resolution.removed,
            trimmed=resolution.trimmed,
        )
        changes = (change, *resolution.changes)
        write = EntryWrite(changes=changes, event=event, calendar=calendar, user_id=entry.user_id)
        self.entries.save(principal.tenant_id, write)
        return SavedEntry(entry=entry, removed=resolution.removed, trimmed=resolution.trimmed)

    def _load_context(self, principal: Principal, user_id: str, organization_id: str | None) -> EntryContext:
        context = self.contexts.load_entry_context(principal.tenant_id, user_id, organization_id)
        if context is None:
            raise UserNotFound
        return context

    def _find_entries(self, principal: Principal, ids: Sequence[str], states: tuple[str, ...]) -> list[TimeEntry]:
        """Return these entries in order.

        Raises:
            NotFound: There is no such entry.
            EntryState: An entry is in none of these states.
        """
        found = self.entries.find(principal.tenant_id, [entry_id for entry_id in ids if is_id(entry_id)])
        entries = []
        for entry_id in ids:
            one = found.get(entry_id)
            if one is None or not _can_see(principal, one.user_id):
                raise NotFound("time entry")
            if one.state not in states or one.entry is None:
                raise EntryState(entry_id, one.state, " or ".join(states))
            entries.append(one.entry)
        return entries

    def _build_event(
        self, event_class: type[EntriesEvent], principal: Principal, now: datetime, entries: Sequence[TimeEntry]
    ) -> EntriesEvent:
        return event_class(
            id=self.new_id(),
            tenant_id=principal.tenant_id,
            occurred_at=now,
            actor=principal.user_id,
            entries=tuple(entries),
        )


def _can_see(principal: Principal, user_id: str) -> bool:
    return user_id == principal.user_id or principal.can(Permission.ALL_CLOCKS)


def _resolve_organization(edit: EntryEdit, context: EntryContext) -> dict[str, Any]:
    """Return the id and the name of the organization, where the request has one.

    Raises:
        NotFound: There is no such organization.
    """
    if "organization_id" not in edit.fields:
        return {}
    organization_id = edit.fields["organization_id"]
    if organization_id is not None and context.organization_name is None:
        raise NotFound("organization")
    return {"organization_id": organization_id, "organization_name": context.organization_name}
