"""Clock actions and edits of entries as requested, their outcomes, and the errors that carry a clock or an entry."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fencepost.timeclock.errors import ClockRefused
from fencepost.timeclock.model import RunningClock, TimeEntry
from fencepost.verdicts.model import Fix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.common.entity_ref import EntityRef

_FINGERPRINT_VERSION = "2"


class AlreadyClockedIn(ClockRefused):
    """A clock of the user is running already."""

    code = "CLOCK_ALREADY_RUNNING"

    def __init__(self, clock: RunningClock) -> None:
        self.clock = clock
        super().__init__("A clock is running already. Stop or cancel it first.")


class EntryNotSaved(ClockRefused):
    """The clock has become an invalid entry, which is stored and can be deleted."""

    code = "ENTRY_NOT_SAVED"

    def __init__(self, entry: TimeEntry) -> None:
        self.entry = entry
        super().__init__(f"The clock is stopped, but its time could not be saved: {entry.invalid_reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKey:
    """What an action is recorded under; `digest` is different for a different action under the same key."""

    user_id: str
    key: str
    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRequest:
    """A clock action as requested; an update changes the fields that are not None.

    Attributes:
        at: When the action happened; None means now.
        user_id: Whose clock it is; None means the caller's.
        key: Derived from the caller's Idempotency-Key: the same for each retry of a request.
        receipt: What the result is recorded under, in the same transaction; None records nothing.
    """

    action: str
    at: datetime | None = None
    user_id: str | None = None
    time_type: str | None = None
    comment: str | None = None
    organization_id: str | None = None
    organization_name: str | None = None
    screen: EntityRef | None = None
    fix: Fix | None = None
    key: str | None = None
    receipt: ReceiptKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an action: the clock or the entry, the entries that it removed, and the pieces left of others."""

    clock: RunningClock | None = None
    entry: TimeEntry | None = None
    removed: tuple[TimeEntry, ...] = ()
    trimmed: tuple[TimeEntry, ...] = ()
    message: str = "Success"

    @property
    def has_side_effects(self) -> bool:
        """Whether another entry was removed or trimmed, or this one was cut at a limit. The response then has 201."""
        cuts = self.entry.adjustments if self.entry is not None else ()
        return bool(self.removed or self.trimmed) or any(cut.is_cut for cut in cuts)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEdit:
    """An entry to create, or with an id the fields of an entry to change.

    Attributes:
        new_id: The id of a new entry, the same for each retry of a request; None creates one.
        fields: The fields of a `TimeEntry` that the request has, by name.
    """

    id: str | None = None
    new_id: str | None = None
    user_id: str | None = None
    organization_name: str | None = None
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedEntry:
    """A saved entry, the entries that it removed, and the pieces left of others."""

    entry: TimeEntry
    removed: tuple[TimeEntry, ...] = ()
    trimmed: tuple[TimeEntry, ...] = ()

    @property
    def has_side_effects(self) -> bool:
        """Whether another entry was removed or trimmed. The response then has 201."""
        return bool(self.removed or self.trimmed)


# A fingerprint is stored with the clock, and the id of a refusal is derived from it. So it is made of an explicit
# list of values and never of a `repr`: renaming a class or a field must not make every retried action look new.
# A change of the list needs a new version, and the version before must be accepted for a day.


def compute_fingerprint(request: ClockRequest) -> str:
    """Return the caller's key, or else a hash of the values of a request.

    It is empty without a key and an instant: two requests for "now" are two different actions.
    """
    if request.key is not None:
        return request.key
    if request.at is None:
        return ""
    screen: list[Any] | None = None
    if request.screen is not None:
        screen = [request.screen.target_table, request.screen.target_id]
    location: list[Any] | None = None
    if request.fix is not None:
        fix = request.fix
        captured_at = fix.captured_at.isoformat() if fix.captured_at is not None else None
        location = [fix.position.lon, fix.position.lat, fix.accuracy_m, captured_at]
    values = [
        request.action,
        request.at.isoformat(),
        request.time_type,
        request.comment,
        request.organization_id,
        screen,
        location,
    ]
    return f"{_FINGERPRINT_VERSION}:{sha256(json.dumps(values).encode()).hexdigest()}"


def is_replay(request: ClockRequest, last_fingerprint: str) -> bool:
    """Return whether `last_fingerprint` is the fingerprint of this request, in this version or the one before."""
    return last_fingerprint != "" and last_fingerprint in (
        compute_fingerprint(request),
        compute_legacy_fingerprint(request),
    )


def compute_legacy_fingerprint(request: ClockRequest) -> str:
    """Return the fingerprint of version 1, the hash of a `repr`, as clocks and refusals from before have it.

    The names of classes and fields are literals here: they are those of the time when version 1 was written, whatever
    they are called now. Remove this function, and what calls it, once a release with version 2 has been deployed for
    a day: no client retries an action for longer.
    """
    if request.key is not None or request.at is None:
        return compute_fingerprint(request)
    screen = None
    if request.screen is not None:
        screen = f"Assignment(target_table={request.screen.target_table!r}, target_id={request.screen.target_id!r})"
    location = None
    if request.fix is not None:
        position = f"Position(lon={request.fix.position.lon!r}, lat={request.fix.position.lat!r})"
        accuracy_m, captured_at = request.fix.accuracy_m, request.fix.captured_at
        location = f"Fix(position={position}, accuracy_m={accuracy_m!r}, captured_at={captured_at!r})"
    texts = (request.time_type, request.comment, request.organization_id)
    text = f"({request.action!r}, {request.at!r}, {', '.join(map(repr, texts))}, {screen}, {location})"
    return sha256(text.encode()).hexdigest()
