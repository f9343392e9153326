"""What is kept of a verdict is enough to explain it."""

from __future__ import annotations

from datetime import UTC, datetime

from fencepost.domain.geofence import Assignment
from fencepost.domain.in_force import ALWAYS
from fencepost.domain.verdict import Candidate, Fix, judge
from geo.shapes import Circle
from geo.wgs84 import Position


def test_a_long_name_is_cut_and_the_distance_is_still_told() -> None:
    candidate = Candidate(
        geofence_id="g",
        version=3,
        name="N" * 100,
        shape=Circle(center=Position(lon=25.0, lat=60.0), radius_m=100),
        is_active=True,
        in_force=ALWAYS,
        is_priority=False,
        min_accuracy_m=0,
        through=Assignment("users", "ada"),
    )
    verdict = judge([candidate], Fix(position=Position(lon=25.0, lat=60.01)), datetime(2026, 5, 4, tzinfo=UTC))
    short = "N" * 31 + "…"
    assert verdict.kept.findings[0].name == short
    assert verdict.kept.reason == verdict.reason.replace("N" * 100, short)
    assert verdict.kept.reason.endswith("m away.")
