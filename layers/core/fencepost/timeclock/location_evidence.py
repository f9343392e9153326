"""The positions that a clock, an entry or a refusal contains, and how precise they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from fencepost.timeclock.model import Punch, RunningClock, TimeEntry
from fencepost.timeclock.refusals import Refusal
from fencepost.verdicts.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

# "rough" is a stored word; in the code such positions are called coarse.
Precision = Literal["exact", "rough"]
Evidence: TypeAlias = RunningClock | TimeEntry | Refusal
EvidenceT = TypeVar("EvidenceT", bound=Evidence)
COARSE_DECIMALS = 2


def find_retention_start(evidence: Evidence) -> datetime:
    """Return the instant from which the retention of positions counts."""
    return evidence.received_at if isinstance(evidence, Refusal) else evidence.start


def find_precision(evidence: Evidence) -> Precision | None:
    """Return how precisely the evidence shows where its user was, or None if it does not."""
    if isinstance(evidence, Refusal):
        return "exact" if _has_distances(evidence.verdict) else None
    precision: Precision | None = None
    for punch in evidence.punches:
        position = (punch.latitude, punch.longitude)
        if _has_distances(punch.verdict) or position != tuple(map(coarsen_degrees, position)):
            return "exact"
        if position != (None, None):
            precision = "rough"
    return precision


def replace_punches(evidence: Any, change: Callable[[Punch], Punch]) -> Any:
    return replace(evidence, punches=tuple(map(change, evidence.punches)))


def coarsen_degrees(degrees: float | None) -> float | None:
    """Round a coordinate to about a kilometre.

    >>> coarsen_degrees(30.26721), coarsen_degrees(None)
    (30.27, None)
    """
    return round(degrees, COARSE_DECIMALS) if degrees is not None else None


def _has_distances(verdict: Verdict | None) -> bool:
    return verdict is not None and any(finding.edge_distance_m is not None for finding in verdict.findings)
