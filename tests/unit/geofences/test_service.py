"""The state of a match near the boundary."""

from __future__ import annotations

from typing import Any

import pytest

from fencepost.geofences.service import Match


def make_match(edge_distance_m: float) -> Match:
    geofence: Any = None
    return Match(geofence=geofence, distance_m=50.0, edge_distance_m=edge_distance_m)


@pytest.mark.parametrize(
    ("edge_distance_m", "accuracy_m", "state"),
    [
        (-10.0, 10.0, "inside"),
        (10.0, 10.0, "outside"),
        (-10.0, 10.001, "uncertain"),
        (10.0, 10.001, "uncertain"),
        (-10.0, 9.999, "inside"),
        (10.0, 9.999, "outside"),
    ],
)
def test_a_match_is_uncertain_only_where_the_boundary_is_nearer_than_the_accuracy(
    edge_distance_m: float, accuracy_m: float, state: str
) -> None:
    assert make_match(edge_distance_m).find_state(accuracy_m) == state


@pytest.mark.parametrize(
    ("edge_distance_m", "accuracy_m", "state"),
    [(0.0, None, "inside"), (0.0, 0.0, "inside"), (0.0, 0.001, "uncertain"), (0.001, None, "outside")],
)
def test_a_match_on_the_boundary_is_inside_unless_the_fix_is_inexact(
    edge_distance_m: float, accuracy_m: float | None, state: str
) -> None:
    assert make_match(edge_distance_m).find_state(accuracy_m) == state
