"""How long is known where somebody was: exactly, then roughly, then no more; and what is left of a person who goes.

A position is known by the coordinates of a punch, and by its distances to several geofences together. Roughly is
two decimals of a degree, about a kilometre, without distances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fencepost.timeclock.location_evidence import EvidenceT, Precision, _rough, _with_punches
from fencepost.timeclock.model import Punch
from fencepost.timeclock.refusals import Refusal
from fencepost.verdicts.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fencepost.timeclock.audit import Change

# What a caller gives a reason for; of any other change the service itself says why.
_WITH_A_CALLERS_REASON = ("created", "edited", "deleted", "approved", "disapproved", "reopened")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionPolicy:
    """After how many days from the start of a clock or an entry its positions are made rough, and removed."""

    coarsen_after_days: int | None = None
    remove_after_days: int | None = None

    def due(self, now: datetime) -> Iterator[tuple[Precision, datetime, Lessening]]:
        """What to do: to all positions of a precision that were kept with what began before an instant."""
        if self.remove_after_days is not None:
            before = now - timedelta(days=self.remove_after_days)
            yield "exact", before, Lessening(is_removal=True)
            yield "rough", before, Lessening(is_removal=True)
        if self.coarsen_after_days is not None:
            yield "exact", now - timedelta(days=self.coarsen_after_days), Lessening(is_removal=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessening:
    """Makes positions rough, or removes them; verdicts stay, without distances."""

    is_removal: bool

    def of(self, kept: EvidenceT) -> EvidenceT:
        if isinstance(kept, Refusal):
            accuracy_m = None if self.is_removal else kept.accuracy_m
            return replace(kept, accuracy_m=accuracy_m, verdict=kept.verdict.remove_distances())
        left: EvidenceT = _with_punches(kept, self._punch)
        return left

    def _punch(self, punch: Punch) -> Punch:
        verdict = punch.verdict.remove_distances() if punch.verdict is not None else None
        if self.is_removal:
            return replace(punch, latitude=None, longitude=None, accuracy_m=None, verdict=verdict)
        return replace(punch, latitude=_rough(punch.latitude), longitude=_rough(punch.longitude), verdict=verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCounts:
    """How much was removed: punches that had a position or a verdict, comments, and reasons that were given."""

    positions: int = 0
    comments: int = 0
    reasons: int = 0

    def __add__(self, other: ErasureCounts) -> ErasureCounts:
        return ErasureCounts(
            positions=self.positions + other.positions,
            comments=self.comments + other.comments,
            reasons=self.reasons + other.reasons,
        )


def erased(kept: EvidenceT) -> tuple[EvidenceT, ErasureCounts]:
    """What is left when its user is to be forgotten: the hours, which are owed, and who approved them.

    A verdict names the geofences that somebody was in or near, so it goes with the position.
    """
    if isinstance(kept, Refusal):
        bare = replace(
            kept, accuracy_m=None, verdict=Verdict(code=kept.verdict.code, reason="Its user is forgotten.")
        )
        return bare, ErasureCounts(positions=int(bare != kept))
    left = _with_punches(
        kept, lambda punch: replace(punch, latitude=None, longitude=None, accuracy_m=None, verdict=None)
    )
    had_position = sum(before != after for before, after in zip(kept.punches, left.punches, strict=True))
    return replace(left, comment=None), ErasureCounts(positions=had_position, comments=int(kept.comment is not None))


def erased_change(change: Change, user_id: str) -> tuple[Change, ErasureCounts]:
    """A line of the trail likewise; the reason goes where this user gave it."""
    comment = change.after.comment if change.after is not None else None
    is_own_reason = change.actor == user_id and change.action in _WITH_A_CALLERS_REASON
    reason = None if is_own_reason else change.reason
    after = replace(change.after, comment=None) if change.after is not None else None
    removed = ErasureCounts(comments=int(comment is not None), reasons=int(reason != change.reason))
    return replace(change, after=after, reason=reason), removed
