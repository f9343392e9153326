"""May this entry be made here? One answer for the clock and for whoever only wants to know.

Candidates are the geofences assigned to the user, to one of the user's groups, to the project or to the entry
screen, by OR; those apply that are active and in force. Where one of them is priority, only the priority ones count.
Being inside any that counts is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fencepost.common.entity_ref import EntityRef
from fencepost.geofences.validity import InForce

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from geo.shapes.base import Shape
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
    in_force: InForce
    is_priority: bool
    min_accuracy_m: float
    through: EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen of one geofence that applies.

    `outcome` is inside, outside, accuracy (inside, and the fix too vague for it), location_missing, or outranked:
    where a priority geofence applies, the others do not count. `accuracy` says what the fix's accuracy did: any
    (none is asked for), enough, too_vague or missing.
    """

    geofence_id: str
    version: int
    name: str
    through: EntityRef
    is_priority: bool
    edge_distance_m: float | None
    outcome: str
    min_accuracy_m: float = 0.0
    accuracy: str = "any"


# A punch keeps the decisive ones, and of a name its beginning, since the id and the version tell the rest: enough to
# explain it, and little enough to be kept with every punch.
MAX_FINDINGS_KEPT = 5
MAX_NAME_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`code` is ALLOWED, NO_GEOFENCE, or why not: GEOFENCE_OUTSIDE, GEOFENCE_ACCURACY, GEOFENCE_LOCATION_MISSING.

    `rule` is what decided: none_applies, any_of_those_that_apply, or any_of_the_priority_ones.
    """

    code: str
    reason: str
    rule: str = "none_applies"
    findings: tuple[Finding, ...] = ()
    decided_by: str | None = None

    @property
    def is_allowed(self) -> bool:
        return self.code in ("ALLOWED", "NO_GEOFENCE")

    @property
    def kept(self) -> Verdict:
        """The verdict as it is kept with a punch: what decided, and few others."""
        findings = tuple(replace(found, name=_short(found.name)) for found in self.findings[:MAX_FINDINGS_KEPT])
        reason = self.reason
        if findings:
            reason = reason.replace(self.findings[0].name, findings[0].name)
        return replace(self, findings=findings, reason=reason)

    @property
    def without_distances(self) -> Verdict:
        """The verdict as it is kept when nobody is to know any more where it was given: distances together tell."""
        reason = self.reason
        if self.code == "GEOFENCE_OUTSIDE" and self.findings:
            reason = f"Outside; the nearest geofence that applies was '{self.findings[0].name}'."
        findings = tuple(replace(finding, edge_distance_m=None) for finding in self.findings)
        return replace(self, reason=reason, findings=findings)


def judge(candidates: Sequence[Candidate], fix: Fix | None, at: datetime) -> Verdict:
    """The verdict on an entry made at `fix` and at an instant, with how the geofences that apply stood.

    Fails closed: where a geofence applies, an entry without a location is refused.
    """
    applying = _once_each(c for c in candidates if c.is_active and c.in_force.holds(at))
    if not applying:
        return Verdict(code="NO_GEOFENCE", reason="No geofence applies.")
    has_priority = any(candidate.is_priority for candidate in applying)
    looked_at = (_finding(c, fix, counts=c.is_priority or not has_priority) for c in applying)
    findings = tuple(sorted(looked_at, key=_decisive_first))
    code, reason, decided_by = _decided(findings, fix)
    return Verdict(
        code=code,
        reason=reason,
        rule="any_of_the_priority_ones" if has_priority else "any_of_those_that_apply",
        findings=findings,
        decided_by=decided_by,
    )


def _short(name: str) -> str:
    """
    >>> _short("North gate")
    'North gate'
    """
    return name if len(name) <= MAX_NAME_KEPT else f"{name[: MAX_NAME_KEPT - 1]}…"


def _once_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """A geofence that applies through several assignments is told through the first of them."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.geofence_id, candidate)
    return list(first.values())


def _decided(findings: Sequence[Finding], fix: Fix | None) -> tuple[str, str, str | None]:
    """The code, the reason in words, and the geofence that decided; the decisive one comes first."""
    first = findings[0]
    if first.outcome == "inside":
        return "ALLOWED", f"Inside the geofence '{first.name}'.", first.geofence_id
    if fix is None or first.edge_distance_m is None:
        return "GEOFENCE_LOCATION_MISSING", "A geofence applies, and the request has no location.", None
    if first.outcome == "accuracy":
        reason = f"Inside the geofence '{first.name}', which asks for a more accurate location."
        return "GEOFENCE_ACCURACY", reason, first.geofence_id
    reason = f"Outside; the nearest geofence that applies, '{first.name}', is {first.edge_distance_m:.1f} m away."
    return "GEOFENCE_OUTSIDE", reason, first.geofence_id


def _finding(candidate: Candidate, fix: Fix | None, *, counts: bool) -> Finding:
    edge_distance_m = candidate.shape.edge_distance_m(fix.position) if fix else None
    accuracy = _accuracy(candidate.min_accuracy_m, fix)
    return Finding(
        geofence_id=candidate.geofence_id,
        version=candidate.version,
        name=candidate.name,
        through=candidate.through,
        is_priority=candidate.is_priority,
        edge_distance_m=edge_distance_m,
        outcome=_outcome(edge_distance_m, accuracy) if counts else "outranked",
        min_accuracy_m=candidate.min_accuracy_m,
        accuracy=accuracy,
    )


def _accuracy(asked_m: float, fix: Fix | None) -> str:
    """A geofence that asks for 0 takes any."""
    if asked_m == 0:
        return "any"
    if fix is None or fix.accuracy_m is None:
        return "missing"
    return "enough" if fix.accuracy_m <= asked_m else "too_vague"


def _outcome(edge_distance_m: float | None, accuracy: str) -> str:
    if edge_distance_m is None:
        return "location_missing"
    if edge_distance_m > 0:
        return "outside"
    return "inside" if accuracy in ("any", "enough") else "accuracy"


def _decisive_first(finding: Finding) -> tuple[int, float, str]:
    """What allows first, then what was too vague, then the nearest, and last what does not count."""
    distance_m = finding.edge_distance_m
    rank = {"inside": 0, "accuracy": 1, "outranked": 3}.get(finding.outcome, 2)
    return rank, (distance_m if distance_m is not None else float("inf")), finding.geofence_id
