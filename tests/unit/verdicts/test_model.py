"""A verdict at its limits, and what is stored of it: enough to explain it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fencepost.common.entity_ref import EntityRef
from fencepost.geofences.validity import ALWAYS
from fencepost.verdicts.model import Candidate, Fix, judge
from geo.shapes.circle import Circle
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position
from tests.builders import build_candidate

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
YARD = Polygon(parts=((((25.0, 60.0), (25.01, 60.0), (25.01, 60.01), (25.0, 60.01)),),))


def make_candidate(min_accuracy_m: float) -> Candidate:
    return build_candidate(shape=YARD, min_accuracy_m=min_accuracy_m)


@pytest.mark.parametrize(("lon", "lat"), [(25.0, 60.0), (25.01, 60.0), (25.01, 60.01), (25.0, 60.01)])
def test_a_fix_on_the_boundary_is_inside(lon: float, lat: float) -> None:
    verdict = judge([make_candidate(0)], Fix(position=Position(lon=lon, lat=lat)), NOON)
    (finding,) = verdict.findings
    assert (finding.edge_distance_m, finding.outcome, verdict.code) == (0, "inside", "ALLOWED")


def test_a_fix_a_millimeter_beyond_the_boundary_is_outside() -> None:
    verdict = judge([make_candidate(0)], Fix(position=Position(lon=25.0 - 2e-8, lat=60.005)), NOON)
    (finding,) = verdict.findings
    assert finding.edge_distance_m == pytest.approx(0.00112, abs=1e-5)
    assert (finding.outcome, verdict.code) == ("outside", "GEOFENCE_OUTSIDE")


@pytest.mark.parametrize(
    ("min_accuracy_m", "accuracy_m", "accuracy", "outcome"),
    [
        (0, 1e6, "any", "inside"),
        (0, None, "any", "inside"),
        (0.001, None, "missing", "accuracy"),
        (20, 20.0, "enough", "inside"),
        (20, 20.001, "too_vague", "accuracy"),
    ],
)
def test_a_fix_exactly_as_accurate_as_the_geofence_asks_is_enough(
    min_accuracy_m: float, accuracy_m: float | None, accuracy: str, outcome: str
) -> None:
    fix = Fix(position=Position(lon=25.0, lat=60.0), accuracy_m=accuracy_m)
    (finding,) = judge([make_candidate(min_accuracy_m)], fix, NOON).findings
    assert (finding.accuracy, finding.outcome) == (accuracy, outcome)


def test_a_long_name_is_cut_and_its_distance_is_still_reported() -> None:
    candidate = Candidate(
        geofence_id="g",
        version=3,
        name="N" * 100,
        shape=Circle(center=Position(lon=25.0, lat=60.0), radius_m=100),
        is_active=True,
        in_force=ALWAYS,
        is_priority=False,
        min_accuracy_m=0,
        assigned_to=EntityRef("users", "ada"),
    )
    verdict = judge([candidate], Fix(position=Position(lon=25.0, lat=60.01)), datetime(2026, 5, 4, tzinfo=UTC))
    short = "N" * 31 + "…"
    assert verdict.shorten().findings[0].name == short
    assert verdict.shorten().reason == verdict.reason.replace("N" * 100, short)
    assert verdict.shorten().reason.endswith("m away.")
