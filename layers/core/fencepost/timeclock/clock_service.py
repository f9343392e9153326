"""The time clock: start, break, stop, cancel and update, checked against the geofences that apply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from fencepost.common.errors import Forbidden, NotFound, ValidationFailed, VersionMismatch
from fencepost.common.ids import NewId, new_id
from fencepost.common.principal import Permission
from fencepost.common.retry import retry_on_conflict
from fencepost.timeclock.adjustments import adjusted, check_punch, reach
from fencepost.timeclock.audit import Edit, Saving
from fencepost.timeclock.clock_fingerprint import compute_fingerprint, compute_legacy_fingerprint, is_replay
from fencepost.timeclock.commands import AlreadyClockedIn, ClockRequest, EntryNotSaved, Outcome
from fencepost.timeclock.dry_run import NO_ID, ClocksUnwritten, EntriesUnwritten
from fencepost.timeclock.errors import NoRunningClock, OutsideGeofence
from fencepost.timeclock.events import (
    ClockActionRefused,
    ClockBreakEnded,
    ClockBreakStarted,
    ClockCancelled,
    ClockEvent,
    ClockReminded,
    ClockStarted,
    ClockStopped,
    ClockUpdated,
)
from fencepost.timeclock.model import Punch, RunningClock, TimeEntry, new_clock
from fencepost.timeclock.overlaps import Settlement, settled
from fencepost.timeclock.ports import ClockContext, ClockRepository
from fencepost.timeclock.refusals import Refusal
from fencepost.timeclock.time_types import CATEGORIES
from fencepost.verdicts.model import judge

if TYPE_CHECKING:
    from fencepost.common.principal import Principal
    from fencepost.timeclock.ports import EntryWriter
    from fencepost.timeclock.receipts import Receipt

LATE_AFTER = timedelta(minutes=10)
SYSTEM = "system"
_REFUSALS = UUID("3c9d5f0e-50b7-4b57-8f0c-6f6b6f2f6d1a")


@dataclass(frozen=True)
class ClockService:
    store: ClockRepository
    entries: EntryWriter
    make_id: NewId = field(default=new_id)

    def dry(self) -> ClockService:
        """This service, telling what would happen and writing nothing; what would be new has the id of nothing."""
        clocks, entries = ClocksUnwritten(self.store), EntriesUnwritten(self.entries)
        return ClockService(clocks, entries, make_id=lambda: NO_ID)

    def running(self, principal: Principal, user_id: str | None) -> RunningClock:
        """The clock of the caller, or of another user. Raises NotFound, Forbidden, NoRunningClock."""
        wanted = user_id or principal.user_id
        is_there, clock = self.store.running(principal.tenant_id, wanted)
        check_may_act(principal, wanted, is_there=is_there)
        if clock is None:
            raise NoRunningClock
        return clock

    def act(self, principal: Principal, request: ClockRequest, now: datetime) -> Outcome:
        """Do what is asked, on top of whatever else happens to the same clock at the same time.

        Raises NotFound, Forbidden, Invalid, and ClockRefused with its kinds.
        """
        return retry_on_conflict(lambda: self._act_once(principal, request, now))

    def stop_forgotten(self, now: datetime) -> tuple[list[TimeEntry], list[Exception]]:
        """Stop every clock that was forgotten, at its deadline, and remind the users of those that soon will be.

        A clock on which somebody acts meanwhile is left alone. What goes wrong with one is returned: it must not keep
        the others from being stopped.
        """
        stopped: list[TimeEntry] = []
        failed: list[Exception] = []
        for tenant_id, clock in self.store.due(now):
            try:
                entry = self._attended(tenant_id, clock, now)
            except VersionMismatch:
                continue
            except EntryNotSaved as error:
                entry = error.entry
            except Exception as error:  # noqa: BLE001 - see above
                failed.append(error)
                continue
            stopped += [entry] if entry is not None else []
        return stopped, failed

    def _attended(self, tenant_id: str, clock: RunningClock, now: datetime) -> TimeEntry | None:
        """The entry, where the clock is stopped. To remind takes no read: the clock must be what the index said."""
        if clock.overdue_from > now:
            # Past its deadline it is only left to its user for a moment; there is nothing to remind of any more.
            if clock.deadline > now:
                self._remind(tenant_id, clock, now)
            return None
        desk = self.store.desk(tenant_id, clock.user_id, None, None)
        if desk is None:
            # There is nobody whose hours these would be.
            event = self._event(ClockCancelled, tenant_id, clock, SYSTEM, now)
            self.store.discard(tenant_id, clock, event, None)
            return None
        if desk.clock is None or desk.clock.overdue_from > now:
            return None
        punch = Punch(action="stop", at=desk.clock.deadline, received_at=now, acting_user_id=SYSTEM)
        return self._saved(tenant_id, desk, punch, stopped_by=desk.clock.stops_at).entry

    def _remind(self, tenant_id: str, clock: RunningClock, now: datetime) -> None:
        event = self._event(ClockReminded, tenant_id, clock, SYSTEM, now)
        self.store.remind(tenant_id, clock, clock.reminded(), event)

    def _act_once(self, principal: Principal, request: ClockRequest, now: datetime) -> Outcome:
        user_id = request.user_id or principal.user_id
        desk = self.store.desk(
            principal.tenant_id, user_id, request.organization_id, request.screen, request.organization_name
        )
        check_may_act(principal, user_id, is_there=desk is not None)
        assert desk is not None
        if desk.named:
            request = replace(request, organization_id=desk.named[0], organization_name=None)
        if desk.clock is not None and is_replay(request, desk.clock.last_request):
            return Outcome(clock=desk.clock, message=desk.success)
        _check_fields(request, desk, now)
        return self._done(principal, user_id, request, desk, _punch(principal, request, now))

    def _done(
        self, principal: Principal, user_id: str, request: ClockRequest, desk: ClockContext, punch: Punch
    ) -> Outcome:
        if request.action == "start":
            return self._start(principal, user_id, request, desk, punch)
        if desk.clock is None:
            raise NoRunningClock
        if request.action == "cancel":
            event = self._event(ClockCancelled, principal.tenant_id, desk.clock, principal.user_id, punch.received_at)
            outcome = Outcome(clock=desk.clock, message="The clock was discarded.")
            self.store.discard(principal.tenant_id, desk.clock, event, _receipt(request, outcome))
            return outcome
        if request.action == "break":
            return self._break(principal, request, desk, desk.clock, punch)
        if request.action == "update":
            return self._update(principal, request, desk, desk.clock, punch)
        # An impossible stop is told before the geofence is looked at.
        desk.clock.stopped(punch.at, stopped_by="user")
        judged = self._judged(principal, user_id, request, desk, punch)
        return self._saved(principal.tenant_id, desk, judged, stopped_by="user", request=request)

    def _start(
        self, principal: Principal, user_id: str, request: ClockRequest, desk: ClockContext, punch: Punch
    ) -> Outcome:
        if desk.clock is not None:
            raise AlreadyClockedIn(desk.clock)
        punch = self._judged(principal, user_id, request, desk, punch)
        clock = new_clock(
            clock_id=self.make_id(),
            user_id=user_id,
            at=punch.at,
            settings=desk.settings,
            fields={
                "time_type": request.time_type or "work",
                "comment": request.comment,
                "organization_id": request.organization_id,
                "organization_name": desk.organization_name,
                "punches": (punch,),
                "last_request": compute_fingerprint(request),
            },
        )
        event = self._event(ClockStarted, principal.tenant_id, clock, principal.user_id, punch.received_at)
        outcome = Outcome(clock=clock, message=desk.success)
        self.store.start(principal.tenant_id, clock, event, _receipt(request, outcome))
        return outcome

    def _break(
        self, principal: Principal, request: ClockRequest, desk: ClockContext, clock: RunningClock, punch: Punch
    ) -> Outcome:
        after = clock.with_break_toggled(punch.at, self.make_id())
        judged = self._judged(principal, clock.user_id, request, desk, punch)
        after = after.punched(judged, compute_fingerprint(request))
        event_class = ClockBreakStarted if after.open_break else ClockBreakEnded
        event = self._event(event_class, principal.tenant_id, after, principal.user_id, punch.received_at)
        self.store.replace(principal.tenant_id, clock, after, event, _receipt(request, Outcome(clock=after)))
        return Outcome(clock=after)

    def _update(
        self, principal: Principal, request: ClockRequest, desk: ClockContext, clock: RunningClock, punch: Punch
    ) -> Outcome:
        """Another organization is checked as a start for it is: else starting and updating is a way round a fence."""
        said: dict[str, Any] = {"time_type": request.time_type, "comment": request.comment}
        if request.organization_id is not None:
            said |= {"organization_id": request.organization_id, "organization_name": desk.organization_name}
        after = clock.updated({name: value for name, value in said.items() if value is not None})
        if after.organization_id != clock.organization_id:
            punch = self._judged(principal, clock.user_id, request, desk, punch)
            after = after.settled_by(desk.settings, punch.at)
        after = after.punched(punch, compute_fingerprint(request))
        event = self._event(ClockUpdated, principal.tenant_id, after, principal.user_id, punch.received_at)
        outcome = Outcome(clock=after, message=desk.success)
        self.store.replace(principal.tenant_id, clock, after, event, _receipt(request, outcome))
        return outcome

    def _saved(
        self,
        tenant_id: str,
        desk: ClockContext,
        punch: Punch,
        *,
        stopped_by: str,
        request: ClockRequest | None = None,
    ) -> Outcome:
        """The clock as an entry, and what that does to the entries that it overlaps."""
        clock = desk.clock
        assert clock is not None
        punched = clock.punched(punch).stopped(punch.at, stopped_by=stopped_by)
        if stopped_by == "shift_end":
            punched = replace(punched, creation_type="wtm")
        neighbours = self.entries.overlapped(tenant_id, reach(punched, desk.settings))
        entry = adjusted(punched, desk.settings, neighbours, self.make_id, deadline=clock.deadline)
        overlapped = [other for other in neighbours if other.overlaps(entry)]
        settlement = Settlement(why_not=entry.invalid_reason)
        if entry.invalid_reason is None:
            settlement = settled(entry, overlapped, desk.settings.overlaps, self.make_id)
            entry = replace(entry, invalid_reason=settlement.why_not)
        event = ClockStopped(
            id=self.make_id(),
            tenant_id=tenant_id,
            occurred_at=punch.received_at,
            actor=punch.acting_user_id,
            clock=clock,
            entry=entry,
            removed=settlement.removed,
            trimmed=settlement.trimmed,
        )
        stop = Edit(before=None, after=entry, action="stopped", reason=_why_stopped(entry))
        outcome = Outcome(entry=entry, removed=settlement.removed, trimmed=settlement.trimmed)
        saving = Saving(
            edits=(stop, *settlement.edits),
            event=event,
            clock=clock,
            calendar=(clock.user_id, desk.calendar_version),
            receipt=_receipt(request, outcome) if request is not None else None,
        )
        self.entries.save(tenant_id, saving)
        if entry.invalid_reason is not None:
            raise EntryNotSaved(entry)
        return outcome

    def _judged(
        self, principal: Principal, user_id: str, request: ClockRequest, desk: ClockContext, punch: Punch
    ) -> Punch:
        """The punch with its verdict. A refusal flags it, is overruled by an exception, or raises OutsideGeofence."""
        mode = desk.settings.mode(request.action)
        if mode == "off":
            return punch
        punch = replace(punch, verdict=judge(desk.candidates, request.fix, punch.at).shorten())
        assert punch.verdict is not None
        if punch.verdict.is_allowed:
            return punch
        if mode == "flag":
            return replace(punch, is_flagged=True)
        refusal = self._refusal(principal.tenant_id, user_id, request, desk, punch)
        for grant in desk.grants:
            if grant.covers(refusal, punch.received_at):
                return replace(punch, exception=grant.exemption)
        event = ClockActionRefused(
            id=self.make_id(),
            tenant_id=principal.tenant_id,
            occurred_at=refusal.received_at,
            actor=refusal.acting_user_id,
            refusal=refusal,
        )
        legacy_id = _refusal_id(principal.tenant_id, user_id, compute_legacy_fingerprint(request))
        refusal_id = self.store.refuse(principal.tenant_id, refusal, event, legacy_id)
        raise OutsideGeofence(refusal.verdict, refusal_id)

    def _refusal(
        self, tenant_id: str, user_id: str, request: ClockRequest, desk: ClockContext, punch: Punch
    ) -> Refusal:
        """Under the same id whenever the same request is refused."""
        assert punch.verdict is not None
        organization_id = request.organization_id
        if organization_id is None and desk.clock is not None:
            organization_id = desk.clock.organization_id
        return Refusal(
            id=_refusal_id(tenant_id, user_id, compute_fingerprint(request)) or self.make_id(),
            user_id=user_id,
            action=punch.action,
            at=punch.at,
            received_at=punch.received_at,
            acting_user_id=punch.acting_user_id,
            organization_id=organization_id,
            screen=request.screen,
            accuracy_m=punch.accuracy_m,
            verdict=punch.verdict,
        )

    def _event(
        self, event_class: type[ClockEvent], tenant_id: str, clock: RunningClock, actor: str, now: datetime
    ) -> ClockEvent:
        return event_class(id=self.make_id(), tenant_id=tenant_id, occurred_at=now, actor=actor, clock=clock)


def check_may_act(principal: Principal, user_id: str, *, is_there: bool) -> None:
    """Raises NotFound for a user who is not there, and Forbidden."""
    if not is_there:
        raise NotFound("user")
    needed = Permission.OWN_CLOCK if user_id == principal.user_id else Permission.ALL_CLOCKS
    if not principal.can(needed):
        raise Forbidden(needed.value)


def _why_stopped(entry: TimeEntry) -> str | None:
    if entry.invalid_reason is not None:
        return f"It could not be saved: {entry.invalid_reason}"
    reasons = {"limit": "The clock had reached its limit.", "shift_end": "The shift had ended."}
    return reasons.get(entry.stopped_by) or why_allowed(entry.punches[-1])


def why_allowed(punch: Punch) -> str | None:
    """The reason that the trail tells, where an exception allowed it."""
    return f"An exception that {punch.exception.by} granted." if punch.exception is not None else None


def _refusal_id(tenant_id: str, user_id: str, fingerprint: str) -> str | None:
    return str(uuid5(_REFUSALS, f"{tenant_id} {user_id} {fingerprint}")) if fingerprint else None


def _receipt(request: ClockRequest, outcome: Outcome) -> Receipt | None:
    return request.receipt(outcome) if request.receipt is not None else None


def _check_fields(request: ClockRequest, desk: ClockContext, now: datetime) -> None:
    if request.action in ("start", "break", "stop"):
        check_punch(request.action, request.at or now, desk.settings, now)
    # A name that is still there was found nowhere.
    if (request.organization_id is not None and desk.organization_name is None) or request.organization_name:
        raise NotFound("organization")
    if request.screen is not None and not desk.has_screen:
        raise NotFound("entry screen")
    if request.time_type is not None and request.time_type not in CATEGORIES:
        raise ValidationFailed.field("timeType", f"must be one of {', '.join(sorted(CATEGORIES))}")


def _punch(principal: Principal, request: ClockRequest, now: datetime) -> Punch:
    at = (request.at or now.astimezone(UTC)).replace(microsecond=0)
    fix = request.fix
    return Punch(
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
