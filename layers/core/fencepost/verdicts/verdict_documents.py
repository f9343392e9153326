"""The stored form of a verdict, which is part of a punch and of a refusal."""

from __future__ import annotations

from typing import Any

from fencepost.common.entity_ref import EntityRef
from fencepost.verdicts.model import Finding, Verdict


def to_verdict_document(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.code,
        "reason": verdict.reason,
        "rule": verdict.rule,
        "findings": [_to_finding_document(finding) for finding in verdict.findings],
        "decided_by": verdict.decided_by,
    }


def from_verdict_document(document: dict[str, Any]) -> Verdict:
    return Verdict(
        code=document["code"],
        reason=document["reason"],
        rule=document.get("rule", "none_applies"),
        findings=tuple([_from_finding_document(finding) for finding in document.get("findings", ())]),
        decided_by=document.get("decided_by"),
    )


def to_entity_ref_document(assignment: EntityRef) -> dict[str, Any]:
    return {"target_table": assignment.target_table, "target_id": assignment.target_id}


def from_entity_ref_document(document: dict[str, Any]) -> EntityRef:
    return EntityRef(target_table=document["target_table"], target_id=document["target_id"])


def _to_finding_document(finding: Finding) -> dict[str, Any]:
    distance_m = finding.edge_distance_m
    return {
        "geofence_id": finding.geofence_id,
        "version": finding.version,
        "name": finding.name,
        "through": to_entity_ref_document(finding.through),
        "is_priority": finding.is_priority,
        "edge_distance_m": float(distance_m) if distance_m is not None else None,
        "outcome": finding.outcome,
        "min_accuracy_m": float(finding.min_accuracy_m),
        "accuracy": finding.accuracy,
    }


def _from_finding_document(document: dict[str, Any]) -> Finding:
    return Finding(
        geofence_id=document["geofence_id"],
        version=document["version"],
        name=document["name"],
        through=from_entity_ref_document(document["through"]),
        is_priority=document["is_priority"],
        edge_distance_m=document["edge_distance_m"],
        outcome=document["outcome"],
        min_accuracy_m=document.get("min_accuracy_m", 0.0),
        accuracy=document.get("accuracy", "any"),
    )
