"""Geofences: their names, their versions, and where the index holds them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fencepost.common.entity_ref import EntityRef
from fencepost.common.text import fold_case, is_visible
from geo.cells import cover
from geo.shapes.corridor import Corridor
from tests.builders import NOW, YARD, build_geofence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yard", "YARD"),
        ("caf\u00e9", "cafe\u0301"),
        ("Stra\u00dfe", "STRASSE"),
        ("a  b", "a b"),
        ("\ufb01ne", "FINE"),
    ],
)
def test_names_that_people_cannot_tell_apart_are_one(one: str, other: str) -> None:
    assert fold_case(one) == fold_case(other)


def test_names_that_people_can_tell_apart_are_two() -> None:
    assert len({fold_case(name) for name in ("Yard", "Yards", "Y ard", "\u00dfard")}) == 4


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u2060\u00ad", "\t\n", "\u3000"])
def test_what_shows_nothing_is_no_name(text: str) -> None:
    assert not is_visible(text)


def test_a_change_is_the_next_version_and_keeps_the_rest() -> None:
    after = build_geofence().apply({"description": "new"}, NOW + timedelta(1))
    assert after == replace(build_geofence(), description="new", version=2, updated_at=NOW + timedelta(1))


def test_an_inactive_geofence_is_in_no_cell_and_an_active_one_in_its_cover() -> None:
    assert build_geofence().cells == dict.fromkeys(cover(YARD), 0)
    off = build_geofence().apply({"is_active": False}, NOW)
    assert off.cells == {}
    assert off.apply({"is_active": True}, NOW).cells == build_geofence().cells


def test_a_change_of_everything_at_once_fits_into_one_transaction() -> None:
    """100 actions: the geofence, its version, two names and the event, its cells and targets, old and new."""
    old = tuple(EntityRef("users", f"a{n}") for n in range(25))
    new = tuple(EntityRef("users", f"b{n}") for n in range(25))
    shapes = [Corridor(points=((lon, 0.005), (lon + 0.3, 0.005)), half_width_m=100) for lon in (0, 40)]
    before = build_geofence(shape=shapes[0], assignments=old)
    assert len(before.cells) > 20
    after = before.apply({"shape": shapes[1], "assignments": new, "name": "Other"}, NOW)
    assert after.cells
    assert 5 + len({*before.cells, *after.cells}) + len({*old, *new}) <= 100
