"""Which positions a clock, an entry or a refusal contains, and how precise they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from fencepost.timeclock.model import Punch, RunningClock, TimeEntry
from fencepost.timeclock.refusals import Refusal
from fencepost.verdicts.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

Precision = Literal["exact", "rough"]


ROUGH_DECIMALS = 2


Evidence: TypeAlias = RunningClock | TimeEntry | Refusal


EvidenceT = TypeVar("EvidenceT", bound=Evidence)


def began(kept: Evidence) -> datetime:
    """From when its days are counted."""
    return kept.received_at if isinstance(kept, Refusal) else kept.start


def precision_of(kept: Evidence) -> Precision | None:
    """How exactly it is known where its user was; None: not at all."""
    if isinstance(kept, Refusal):
        return "exact" if _tells_distances(kept.verdict) else None
    precisions = {_precision(punch) for punch in kept.punches}
    return "exact" if "exact" in precisions else "rough" if "rough" in precisions else None


def _with_punches(kept: Any, change: Callable[[Punch], Punch]) -> Any:
    return replace(kept, punches=tuple(map(change, kept.punches)))


def _precision(punch: Punch) -> Precision | None:
    where = (punch.latitude, punch.longitude)
    if _tells_distances(punch.verdict) or where != tuple(map(_rough, where)):
        return "exact"
    return "rough" if where != (None, None) else None


def _tells_distances(verdict: Verdict | None) -> bool:
    return verdict is not None and any(finding.edge_distance_m is not None for finding in verdict.findings)


def _rough(degrees: float | None) -> float | None:
    """
    >>> _rough(30.26721), _rough(None)
    (30.27, None)
    """
    return round(degrees, ROUGH_DECIMALS) if degrees is not None else None
