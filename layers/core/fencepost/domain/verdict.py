"""May this entry be made here? One answer for the clock and for whoever only wants to know.

Candidates are the active geofences assigned to the user, the project or the entry screen, by OR. Where one of
them is priority, only the priority ones count. Being inside any that counts is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fencepost.domain.geofence import Assignment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geo.shapes import Shape
    from geo.wgs84 import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where a device says it is. `accuracy_m` is the radius within which it trusts itself; None: it did not say."""

    position: Position
    accuracy_m: float | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A geofence that may apply, and the assignment through which it does."""

    geofence_id: str
    version: int
    name: str
    shape: Shape
    is_active: bool
    is_priority: bool
    min_accuracy_m: float
    through: Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen of one geofence that counted."""

    geofence_id: str
    version: int
    name: str
    through: Assignment
    is_priority: bool
    edge_distance_m: float | None
    outcome: str  # inside, outside, accuracy, location_missing


# A verdict keeps the nearest ones: enough to explain it, and few enough to be kept with every punch.
MAX_FINDINGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`code` is ALLOWED, NO_GEOFENCE, or why not: GEOFENCE_OUTSIDE, GEOFENCE_ACCURACY, GEOFENCE_LOCATION_MISSING."""

    code: str
    reason: str
    findings: tuple[Finding, ...] = ()
    decided_by: str | None = None

    @property
    def is_allowed(self) -> bool:
        return self.code in ("ALLOWED", "NO_GEOFENCE")


def judge(candidates: Sequence[Candidate], fix: Fix | None) -> Verdict:
    """The verdict on an entry made at `fix`, with how the geofences that counted stood.

    Fails closed: where a geofence applies, an entry without a location is refused.
    """
    applying = [candidate for candidate in candidates if candidate.is_active]
    counting = [candidate for candidate in applying if candidate.is_priority] or applying
    if not counting:
        return Verdict(code="NO_GEOFENCE", reason="No geofence applies.")
    everything = sorted((_finding(c, fix) for c in counting), key=_decisive_first)
    findings = tuple(everything[:MAX_FINDINGS])
    inside = next((finding for finding in findings if finding.outcome == "inside"), None)
    if inside is not None:
        reason = f"Inside the geofence '{inside.name}'."
        return Verdict(code="ALLOWED", reason=reason, findings=findings, decided_by=inside.geofence_id)
    if fix is None:
        reason = "A geofence applies, and the request has no location."
        return Verdict(code="GEOFENCE_LOCATION_MISSING", reason=reason, findings=findings)
    vague = next((finding for finding in findings if finding.outcome == "accuracy"), None)
    if vague is not None:
        reason = f"Inside the geofence '{vague.name}', which asks for a more accurate location."
        return Verdict(code="GEOFENCE_ACCURACY", reason=reason, findings=findings, decided_by=vague.geofence_id)
    nearest = findings[0]
    reason = f"Outside; the nearest geofence that applies, '{nearest.name}', is {nearest.edge_distance_m:.1f} m away."
    return Verdict(code="GEOFENCE_OUTSIDE", reason=reason, findings=findings, decided_by=nearest.geofence_id)


def _finding(candidate: Candidate, fix: Fix | None) -> Finding:
    edge_distance_m = candidate.shape.edge_distance_m(fix.position) if fix else None
    return Finding(
        geofence_id=candidate.geofence_id,
        version=candidate.version,
        name=candidate.name,
        through=candidate.through,
        is_priority=candidate.is_priority,
        edge_distance_m=edge_distance_m,
        outcome=_outcome(candidate, fix, edge_distance_m),
    )


def _outcome(candidate: Candidate, fix: Fix | None, edge_distance_m: float | None) -> str:
    if fix is None or edge_distance_m is None:
        return "location_missing"
    if edge_distance_m > 0:
        return "outside"
    asked_m = candidate.min_accuracy_m
    if asked_m > 0 and (fix.accuracy_m is None or fix.accuracy_m > asked_m):
        return "accuracy"
    return "inside"


def _decisive_first(finding: Finding) -> tuple[int, float, str]:
    """What allows first, then what was too vague, then the nearest."""
    distance_m = finding.edge_distance_m
    rank = {"inside": 0, "accuracy": 1}.get(finding.outcome, 2)
    return rank, (distance_m if distance_m is not None else float("inf")), finding.geofence_id
