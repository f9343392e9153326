"""Decide whether a user may make an entry at a position: one rule for the clock and for the validation route.

Candidates are the geofences assigned to the user, to one of the user's groups, to the project or to the entry screen.
A candidate applies if it is active and in force. If one of those that apply has priority, only those with priority
count. A position inside any geofence that counts is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.geofences.validity import InForce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from geo.shapes.base import Shape
    from geo.wgs84 import Position

# A punch stores the decisive findings and the beginning of each name: enough to explain the verdict, since the id and
# the version identify the geofence, and small enough to be stored with every punch.
MAX_STORED_FINDINGS = 5
MAX_STORED_NAME_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """The position that a device reports. `accuracy_m` is the radius that the device claims, if it reports one."""

    position: Position
    accuracy_m: float | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A geofence that may apply, because it is assigned to an entity."""

    geofence_id: str
    version: int
    name: str
    shape: Shape
    is_active: bool
    in_force: InForce
    is_priority: bool
    min_accuracy_m: float
    assigned_to: EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a fix relates to one geofence that applies.

    `outcome` is inside, outside, accuracy (inside, but the fix is not accurate enough), location_missing, or
    outranked (another geofence has priority, so this one does not count). `accuracy` compares the fix with
    `min_accuracy_m`: any (the geofence requires none), enough, too_vague or missing.
    """

    geofence_id: str
    version: int
    name: str
    assigned_to: EntityRef
    is_priority: bool
    edge_distance_m: float | None
    outcome: str
    min_accuracy_m: float = 0.0
    accuracy: str = "any"

    def to_document(self) -> dict[str, Any]:
        """Return the stored form of the finding."""
        distance_m = self.edge_distance_m
        return {
            "geofence_id": self.geofence_id,
            "version": self.version,
            "name": self.name,
            "through": self.assigned_to.to_document(),
            "is_priority": self.is_priority,
            "edge_distance_m": float(distance_m) if distance_m is not None else None,
            "outcome": self.outcome,
            "min_accuracy_m": float(self.min_accuracy_m),
            "accuracy": self.accuracy,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Finding:
        """Read the stored form; the accuracy is missing in findings from before it was recorded."""
        return cls(
            geofence_id=document["geofence_id"],
            version=document["version"],
            name=document["name"],
            assigned_to=EntityRef.from_document(document["through"]),
            is_priority=document["is_priority"],
            edge_distance_m=document["edge_distance_m"],
            outcome=document["outcome"],
            min_accuracy_m=document.get("min_accuracy_m", 0.0),
            accuracy=document.get("accuracy", "any"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an entry is allowed, and why; the findings are in order, the decisive one first.

    `code` is ALLOWED, NO_GEOFENCE, GEOFENCE_OUTSIDE, GEOFENCE_ACCURACY or GEOFENCE_LOCATION_MISSING. `rule` is
    none_applies, any_of_those_that_apply, or any_of_the_priority_ones.
    """

    code: str
    reason: str
    rule: str = "none_applies"
    findings: tuple[Finding, ...] = ()
    decided_by: str | None = None

    @property
    def is_allowed(self) -> bool:
        return self.code in ("ALLOWED", "NO_GEOFENCE")

    def shorten(self) -> Verdict:
        """Return the verdict as a punch stores it: a few findings, with shortened names."""
        findings = tuple(
            replace(finding, name=_shorten_name(finding.name)) for finding in self.findings[:MAX_STORED_FINDINGS]
        )
        reason = self.reason.replace(self.findings[0].name, findings[0].name) if findings else self.reason
        return replace(self, findings=findings, reason=reason)

    def remove_distances(self) -> Verdict:
        """Return the verdict without its distances: several of them together reveal the position."""
        reason = self.reason
        if self.code == "GEOFENCE_OUTSIDE" and self.findings:
            reason = f"Outside; the nearest geofence that applies was '{self.findings[0].name}'."
        findings = tuple(replace(finding, edge_distance_m=None) for finding in self.findings)
        return replace(self, reason=reason, findings=findings)

    def to_document(self) -> dict[str, Any]:
        """Return the stored form of the verdict, which is part of a punch and of a refusal."""
        return {
            "code": self.code,
            "reason": self.reason,
            "rule": self.rule,
            "findings": [finding.to_document() for finding in self.findings],
            "decided_by": self.decided_by,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Verdict:
        """Read the stored form; all but the code and the reason may be missing in old verdicts."""
        return cls(
            code=document["code"],
            reason=document["reason"],
            rule=document.get("rule", "none_applies"),
            findings=tuple(map(Finding.from_document, document.get("findings", ()))),
            decided_by=document.get("decided_by"),
        )


def judge(candidates: Iterable[Candidate], fix: Fix | None, at: datetime) -> Verdict:
    """Return the verdict on an entry made with a fix at an instant.

    It fails closed: if a geofence applies, an entry without a location is refused.
    """
    applicable: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.is_active and candidate.in_force.covers(at):
            # A geofence that applies through several assignments is reported once, through the first of them.
            applicable.setdefault(candidate.geofence_id, candidate)
    if not applicable:
        return Verdict(code="NO_GEOFENCE", reason="No geofence applies.")
    has_priority = any(candidate.is_priority for candidate in applicable.values())
    findings = sorted(
        (_examine(c, fix, counts=c.is_priority or not has_priority) for c in applicable.values()), key=_rank
    )
    code, reason, decided_by = _decide(findings[0], fix)
    return Verdict(
        code=code,
        reason=reason,
        rule="any_of_the_priority_ones" if has_priority else "any_of_those_that_apply",
        findings=tuple(findings),
        decided_by=decided_by,
    )


def _examine(candidate: Candidate, fix: Fix | None, *, counts: bool) -> Finding:
    """Return the finding for a geofence that applies. A required accuracy of 0 m accepts any fix."""
    required_m = candidate.min_accuracy_m
    if required_m == 0:
        accuracy = "any"
    elif fix is None or fix.accuracy_m is None:
        accuracy = "missing"
    else:
        accuracy = "enough" if fix.accuracy_m <= required_m else "too_vague"
    edge_distance_m = candidate.shape.edge_distance_m(fix.position) if fix else None
    if not counts:
        outcome = "outranked"
    elif edge_distance_m is None:
        outcome = "location_missing"
    elif edge_distance_m > 0:
        outcome = "outside"
    else:
        outcome = "inside" if accuracy in ("any", "enough") else "accuracy"
    return Finding(
        geofence_id=candidate.geofence_id,
        version=candidate.version,
        name=candidate.name,
        assigned_to=candidate.assigned_to,
        is_priority=candidate.is_priority,
        edge_distance_m=edge_distance_m,
        outcome=outcome,
        min_accuracy_m=required_m,
        accuracy=accuracy,
    )


def _rank(finding: Finding) -> tuple[int, float, str]:
    """Return a sort key: inside, inaccurate, outside or without a location, outranked; each by distance."""
    distance_m = finding.edge_distance_m
    rank = {"inside": 0, "accuracy": 1, "outranked": 3}.get(finding.outcome, 2)
    return rank, (distance_m if distance_m is not None else float("inf")), finding.geofence_id


def _decide(first: Finding, fix: Fix | None) -> tuple[str, str, str | None]:
    """Return the code, the reason and the id of the deciding geofence, given the finding that ranks first."""
    if first.outcome == "inside":
        return "ALLOWED", f"Inside the geofence '{first.name}'.", first.geofence_id
    if fix is None or first.edge_distance_m is None:
        return "GEOFENCE_LOCATION_MISSING", "A geofence applies, and the request has no location.", None
    if first.outcome == "accuracy":
        reason = f"Inside the geofence '{first.name}', which asks for a more accurate location."
        return "GEOFENCE_ACCURACY", reason, first.geofence_id
    reason = f"Outside; the nearest geofence that applies, '{first.name}', is {first.edge_distance_m:.1f} m away."
    return "GEOFENCE_OUTSIDE", reason, first.geofence_id


def _shorten_name(name: str) -> str:
    """Cut a name to the length that is stored.

    >>> _shorten_name("North gate")
    'North gate'
    """
    return name if len(name) <= MAX_STORED_NAME_LENGTH else f"{name[: MAX_STORED_NAME_LENGTH - 1]}…"
