"""The retention of positions, which become coarse and are then removed, and the erasure of a user.

The coordinates of a punch reveal a position, and so do its distances to several geofences together. A coarse position
has two decimals of a degree, about a kilometre, and no distances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fencepost.timeclock.location_evidence import EvidenceT, Precision, coarsen_degrees, replace_punches
from fencepost.timeclock.model import Punch
from fencepost.timeclock.refusals import Refusal
from fencepost.verdicts.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fencepost.timeclock.audit import AuditRecord

# The actions for which a caller gives the reason; for all others the service itself does.
_ACTIONS_WITH_A_CALLERS_REASON = ("created", "edited", "deleted", "approved", "disapproved", "reopened")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """The days from the start of a clock or an entry after which its positions become coarse and are removed."""

    coarsen_after_days: int | None = None
    remove_after_days: int | None = None

    def plan_redactions(self, now: datetime) -> Iterator[tuple[Precision, datetime, LocationRedaction]]:
        """Yield each redaction that is due, for evidence of a precision that began before an instant."""
        if self.remove_after_days is not None:
            before = now - timedelta(days=self.remove_after_days)
            yield "exact", before, LocationRedaction(is_removal=True)
            yield "rough", before, LocationRedaction(is_removal=True)
        if self.coarsen_after_days is not None:
            yield "exact", now - timedelta(days=self.coarsen_after_days), LocationRedaction(is_removal=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationRedaction:
    """Makes positions coarse, or removes them. Verdicts stay, without distances."""

    is_removal: bool

    def apply(self, evidence: EvidenceT) -> EvidenceT:
        """Return a clock, an entry or a refusal with redacted positions."""
        if isinstance(evidence, Refusal):
            accuracy_m = None if self.is_removal else evidence.accuracy_m
            return replace(evidence, accuracy_m=accuracy_m, verdict=evidence.verdict.remove_distances())
        redacted: EvidenceT = replace_punches(evidence, self._redact_punch)
        return redacted

    def _redact_punch(self, punch: Punch) -> Punch:
        verdict = punch.verdict.remove_distances() if punch.verdict is not None else None
        if self.is_removal:
            return replace(punch, latitude=None, longitude=None, accuracy_m=None, verdict=verdict)
        return replace(
            punch,
            latitude=coarsen_degrees(punch.latitude),
            longitude=coarsen_degrees(punch.longitude),
            verdict=verdict,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCounts:
    """What an erasure removed: the number of punches that lost position or verdict, of comments, and of reasons."""

    positions: int = 0
    comments: int = 0
    reasons: int = 0

    def __add__(self, other: ErasureCounts) -> ErasureCounts:
        return ErasureCounts(
            positions=self.positions + other.positions,
            comments=self.comments + other.comments,
            reasons=self.reasons + other.reasons,
        )


def erase_evidence(evidence: EvidenceT) -> tuple[EvidenceT, ErasureCounts]:
    """Remove the positions, the verdicts and the comment of an erased user from a clock, an entry or a refusal.

    The hours stay, because they are owed, and so do their approvals. A verdict is removed with the position: it names
    the geofences that the user was in or near.
    """
    if isinstance(evidence, Refusal):
        verdict = Verdict(code=evidence.verdict.code, reason="Its user is forgotten.")
        refusal = replace(evidence, accuracy_m=None, verdict=verdict)
        return refusal, ErasureCounts(positions=int(refusal != evidence))
    erased = replace_punches(
        evidence, lambda punch: replace(punch, latitude=None, longitude=None, accuracy_m=None, verdict=None)
    )
    positions = sum(before != after for before, after in zip(evidence.punches, erased.punches, strict=True))
    return replace(erased, comment=None), ErasureCounts(
        positions=positions, comments=int(evidence.comment is not None)
    )


def erase_audit_record(record: AuditRecord, user_id: str) -> tuple[AuditRecord, ErasureCounts]:
    """Remove the comment from a record of the audit trail, and the reason if this user gave it."""
    comment = record.after.comment if record.after is not None else None
    is_own_reason = record.actor == user_id and record.action in _ACTIONS_WITH_A_CALLERS_REASON
    reason = None if is_own_reason else record.reason
    after = replace(record.after, comment=None) if record.after is not None else None
    counts = ErasureCounts(comments=int(comment is not None), reasons=int(reason != record.reason))
    return replace(record, after=after, reason=reason), counts
