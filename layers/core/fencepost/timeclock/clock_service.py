"""The time clock: start, break, stop, cancel and update, checked against the geofences that apply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.ids import NewId, new_id
from fencepost.common.principal import Permission, Principal
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.adjustments import apply_working_time, widen_to_rounding
from fencepost.timeclock.audit import AuditRecord, ClockWrite, EntryChange, EntryWrite
from fencepost.timeclock.commands import (
    AlreadyClockedIn,
    ClockRequest,
    EntryNotSaved,
    Outcome,
    ReceiptKey,
    compute_fingerprint,
    compute_legacy_fingerprint,
    is_replay,
)
from fencepost.timeclock.dry_run import NO_ID, ReadOnlyClockRepository, ReadOnlyEntryWriter
from fencepost.timeclock.errors import NoRunningClock, OutsideGeofence, UserNotFound
from fencepost.timeclock.events import (
    ClockActionRefused,
    ClockBreakEnded,
    ClockBreakStarted,
    ClockCancelled,
    ClockEvent,
    ClockStarted,
    ClockStopped,
    ClockUpdated,
)
from fencepost.timeclock.model import Punch, RunningClock
from fencepost.timeclock.overlaps import OverlapResolution, resolve_overlaps
from fencepost.timeclock.ports import ClockContext, ClockRepository
from fencepost.timeclock.receipts import Receipt
from fencepost.timeclock.refusals import Refusal, derive_refusal_id
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.verdicts.model import judge

if TYPE_CHECKING:
    from fencepost.timeclock.ports import EntryWriter

LATE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class ClockService:
    """The use cases of the clock."""

    clocks: ClockRepository
    entries: EntryWriter
    new_id: NewId = field(default=new_id)

    def as_dry_run(self) -> ClockService:
        """Return this service without its writes; everything that it would create has the same id."""
        clocks, entries = ReadOnlyClockRepository(self.clocks), ReadOnlyEntryWriter(self.entries)
        return ClockService(clocks, entries, new_id=lambda: NO_ID)

    def find_running(self, principal: Principal, user_id: str | None) -> RunningClock:
        """Return the running clock of the caller, or of another user.

        Raises:
            NotFound: There is no such user.
            Forbidden: The caller may not act for this user.
            NoRunningClock: No clock is running.
        """
        user_id = user_id or principal.user_id
        exists, clock = self.clocks.find_running(principal.tenant_id, user_id)
        if not exists:
            raise UserNotFound
        require_clock_permission(principal, user_id)
        if clock is None:
            raise NoRunningClock
        return clock

    def act(self, principal: Principal, request: ClockRequest, now: datetime) -> Outcome:
        """Do a clock action, and repeat it if a concurrent action changed the clock.

        Raises:
            NotFound: There is no such user, organization or entry screen.
            Forbidden: The caller may not act for this user.
            ValidationFailed: A field is wrong, or `at` is too far from now.
            ClockRefused: The clock or a geofence does not allow the action; see its subclasses.
            AlreadyProcessed: The receipt of the action exists.
            ServiceBusy: Too many concurrent actions.
        """
        return retry_on_conflict(lambda: self._act(principal, request, now))

    def _act(self, principal: Principal, request: ClockRequest, now: datetime) -> Outcome:
        tenant_id, user_id = principal.tenant_id, request.user_id or principal.user_id
        context = self.clocks.load_context(
            tenant_id, user_id, request.organization_id, request.screen, request.organization_name
        )
        if context is None:
            raise UserNotFound
        require_clock_permission(principal, user_id)
        message = "Success"
        matching_ids = context.matching_organization_ids
        if matching_ids:
            request = replace(request, organization_id=matching_ids[0], organization_name=None)
            if len(matching_ids) > 1:
                count = len(matching_ids)
                message = f"Success; of {count} organizations with this name the first by id was taken"
        clock = context.clock
        if clock is not None and is_replay(request, clock.last_fingerprint):
            return Outcome(clock=clock, message=message)
        _check_fields(request, context, now)
        fix, at = request.fix, (request.at or now.astimezone(UTC)).replace(microsecond=0)
        punch = Punch(
            action=request.action,
            at=at,
            received_at=now,
            acting_user_id=principal.user_id,
            is_late=now - at > LATE_AFTER,
            latitude=fix.position.lat if fix else None,
            longitude=fix.position.lon if fix else None,
            accuracy_m=fix.accuracy_m if fix else None,
            captured_at=fix.captured_at if fix else None,
        )
        if request.action == "start":
            return self._start(tenant_id, user_id, request, context, punch, message)
        if clock is None:
            raise NoRunningClock
        if request.action == "cancel":
            outcome = Outcome(clock=clock, message="The clock was discarded.")
            self._save(tenant_id, clock, None, ClockCancelled, request, outcome, punch)
            return outcome
        if request.action == "break":
            return self._toggle_break(tenant_id, request, context, clock, punch)
        if request.action == "update":
            return self._update(tenant_id, request, context, clock, punch, message)
        # An impossible stop is refused before the geofences are evaluated.
        clock.stop(punch.at, stopped_by="user")
        punch = self._evaluate(tenant_id, user_id, request, context, punch)
        return self.stop(tenant_id, context, clock, punch, stopped_by="user", receipt_key=request.receipt)

    def _start(
        self,
        tenant_id: str,
        user_id: str,
        request: ClockRequest,
        context: ClockContext,
        punch: Punch,
        message: str,
    ) -> Outcome:
        if context.clock is not None:
            raise AlreadyClockedIn(context.clock)
        punch = self._evaluate(tenant_id, user_id, request, context, punch)
        clock = RunningClock(
            id=self.new_id(),
            user_id=user_id,
            start=punch.at,
            deadline=punch.at,
            time_type=request.time_type or "work",
            comment=request.comment,
            organization_id=request.organization_id,
            organization_name=context.organization_name,
            punches=(punch,),
            last_fingerprint=compute_fingerprint(request),
        ).apply_settings(context.settings, punch.at)
        outcome = Outcome(clock=clock, message=message)
        self._save(tenant_id, None, clock, ClockStarted, request, outcome, punch)
        return outcome

    def _toggle_break(
        self, tenant_id: str, request: ClockRequest, context: ClockContext, clock: RunningClock, punch: Punch
    ) -> Outcome:
        after = clock.toggle_break(punch.at, self.new_id())
        punch = self._evaluate(tenant_id, clock.user_id, request, context, punch)
        after = after.add_punch(punch, compute_fingerprint(request))
        outcome = Outcome(clock=after)
        event = ClockBreakStarted if after.open_break else ClockBreakEnded
        self._save(tenant_id, clock, after, event, request, outcome, punch)
        return outcome

    def _update(
        self,
        tenant_id: str,
        request: ClockRequest,
        context: ClockContext,
        clock: RunningClock,
        punch: Punch,
        message: str,
    ) -> Outcome:
        """Change the details of a clock.

        A change of the organization is checked like a start: otherwise a start and an update would evade a geofence.
        """
        details: dict[str, Any] = {"time_type": request.time_type, "comment": request.comment}
        if request.organization_id is not None:
            details |= {"organization_id": request.organization_id, "organization_name": context.organization_name}
        after = clock.change_details({name: value for name, value in details.items() if value is not None})
        if after.organization_id != clock.organization_id:
            punch = self._evaluate(tenant_id, clock.user_id, request, context, punch)
            after = after.apply_settings(context.settings, punch.at)
        after = after.add_punch(punch, compute_fingerprint(request))
        outcome = Outcome(clock=after, message=message)
        self._save(tenant_id, clock, after, ClockUpdated, request, outcome, punch)
        return outcome

    def stop(
        self,
        tenant_id: str,
        context: ClockContext,
        clock: RunningClock,
        punch: Punch,
        *,
        stopped_by: str,
        receipt_key: ReceiptKey | None = None,
    ) -> Outcome:
        """Save a clock as an entry, and make room for it among the entries that it overlaps.

        Raises:
            EntryNotSaved: The clock is stopped, but its time could not be saved.
            VersionMismatch: The clock, an entry or the calendar was changed meanwhile.
            AlreadyProcessed: The receipt exists.
        """
        settings = context.settings
        punched = clock.add_punch(punch).stop(punch.at, stopped_by=stopped_by)
        if stopped_by == "shift_end":
            punched = replace(punched, creation_type="wtm")  # by the working-time model
        neighbours = self.entries.find_overlapping(tenant_id, widen_to_rounding(punched, settings))
        entry = apply_working_time(punched, settings, neighbours, self.new_id, deadline=clock.deadline)
        resolution = OverlapResolution(refusal=entry.invalid_reason)
        if entry.invalid_reason is None:
            resolution = resolve_overlaps(entry, neighbours, settings.overlaps, self.new_id)
            entry = replace(entry, invalid_reason=resolution.refusal)
        if entry.invalid_reason is not None:
            reason: str | None = f"It could not be saved: {entry.invalid_reason}"
        else:
            reasons = {"limit": "The clock had reached its limit.", "shift_end": "The shift had ended."}
            reason = reasons.get(entry.stopped_by) or punch.exception_reason
        event = ClockStopped(
            id=self.new_id(),
            tenant_id=tenant_id,
            occurred_at=punch.received_at,
            actor=punch.acting_user_id,
            clock=clock,
            entry=entry,
            removed=resolution.removed,
            trimmed=resolution.trimmed,
        )
        change = EntryChange(before=None, after=entry, action=ClockStopped.audit_action, reason=reason)
        outcome = Outcome(entry=entry, removed=resolution.removed, trimmed=resolution.trimmed)
        write = EntryWrite(
            changes=(change, *resolution.changes),
            event=event,
            clock=clock,
            calendar=(clock.user_id, context.calendar_version),
            receipt=Receipt(key=receipt_key, result=outcome) if receipt_key is not None else None,
        )
        self.entries.save(tenant_id, write)
        if entry.invalid_reason is not None:
            raise EntryNotSaved(entry)
        return outcome

    def save_change(
        self,
        tenant_id: str,
        before: RunningClock | None,
        after: RunningClock | None,
        event_class: type[ClockEvent],
        actor: str,
        now: datetime,
        *,
        punch: Punch | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        """Save a change of a clock with its event and its line of the audit trail.

        Raises:
            NotFound: The user of a clock that starts was deleted meanwhile.
            VersionMismatch: The clock was changed meanwhile, or the exception was used.
            AlreadyProcessed: The receipt exists.
        """
        clock = after or before
        assert clock is not None
        record = AuditRecord(
            number=clock.version + (after is None),
            action=event_class.audit_action,
            at=now,
            actor=actor,
            reason=punch.exception_reason if punch is not None and punch.exception is not None else None,
            after=after.take_snapshot() if after is not None else None,
        )
        event = event_class(id=self.new_id(), tenant_id=tenant_id, occurred_at=now, actor=actor, clock=clock)
        write = ClockWrite(before=before, after=after, event=event, record=record, punch=punch, receipt=receipt)
        self.clocks.save(tenant_id, write)

    def _save(
        self,
        tenant_id: str,
        before: RunningClock | None,
        after: RunningClock | None,
        event_class: type[ClockEvent],
        request: ClockRequest,
        outcome: Outcome,
        punch: Punch,
    ) -> None:
        receipt = Receipt(key=request.receipt, result=outcome) if request.receipt is not None else None
        actor, now = punch.acting_user_id, punch.received_at
        self.save_change(tenant_id, before, after, event_class, actor, now, punch=punch, receipt=receipt)

    def _evaluate(
        self, tenant_id: str, user_id: str, request: ClockRequest, context: ClockContext, punch: Punch
    ) -> Punch:
        """Return the punch with its verdict. A refusal flags it, or an exception allows it.

        Raises:
            OutsideGeofence: A geofence refuses the action, and no exception allows it.
        """
        mode = context.settings.geofence_modes.get(request.action, "off")
        if mode == "off":
            return punch
        verdict = judge(context.candidates, request.fix, punch.at).shorten()
        punch = replace(punch, verdict=verdict)
        if verdict.is_allowed:
            return punch
        if mode == "flag":
            return replace(punch, is_flagged=True)
        organization_id = request.organization_id
        if organization_id is None and context.clock is not None:
            organization_id = context.clock.organization_id
        refusal = Refusal(
            # The id is derived, so that a retry of the request has the same refusal.
            id=derive_refusal_id(tenant_id, user_id, compute_fingerprint(request)) or self.new_id(),
            user_id=user_id,
            action=punch.action,
            at=punch.at,
            received_at=punch.received_at,
            acting_user_id=punch.acting_user_id,
            organization_id=organization_id,
            screen=request.screen,
            accuracy_m=punch.accuracy_m,
            verdict=verdict,
        )
        for grant in context.grants:
            if grant.covers(refusal, punch.received_at):
                return replace(punch, exception=grant.to_ref())
        event = ClockActionRefused(
            id=self.new_id(),
            tenant_id=tenant_id,
            occurred_at=refusal.received_at,
            actor=refusal.acting_user_id,
            refusal=refusal,
        )
        legacy_id = derive_refusal_id(tenant_id, user_id, compute_legacy_fingerprint(request))
        refusal_id = self.clocks.record_refusal(tenant_id, refusal, event, legacy_id)
        raise OutsideGeofence(verdict, refusal_id)


def require_clock_permission(principal: Principal, user_id: str) -> None:
    """Check that the caller may act for a user.

    Raises:
        Forbidden: The caller's roles do not allow it.
    """
    principal.require(Permission.OWN_CLOCK if user_id == principal.user_id else Permission.ALL_CLOCKS)


def _check_fields(request: ClockRequest, context: ClockContext, now: datetime) -> None:
    if request.action in ("start", "break", "stop"):
        context.settings.check_punch(request.action, request.at or now, now)
    # A name that was not resolved to an id belongs to no organization.
    if (request.organization_id is not None and context.organization_name is None) or request.organization_name:
        raise NotFound("organization")
    if request.screen is not None and not context.has_screen:
        raise NotFound("entry screen")
    if request.time_type is not None and request.time_type not in CATEGORIES:
        raise ValidationFailed.field("timeType", f"must be one of {', '.join(sorted(CATEGORIES))}")
