"""What an exception is for, and what it is not for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fencepost.common.entity_ref import EntityRef
from fencepost.timeclock.errors import RefusalUsed
from fencepost.timeclock.refusals import Grant, Refusal
from fencepost.verdicts.model import Verdict

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
REFUSAL = Refusal(
    id="r",
    user_id="emil",
    action="start",
    at=NOW - HOUR,
    received_at=NOW,
    acting_user_id="emil",
    organization_id="site",
    screen=None,
    accuracy_m=None,
    verdict=Verdict(code="GEOFENCE_OUTSIDE", reason="Outside."),
)


def grant_exception(refusal: Refusal = REFUSAL) -> tuple[Refusal, Grant]:
    refusal = refusal.grant_exception("ada", NOW, HOUR, None)
    assert refusal.grant is not None
    return refusal, refusal.grant


def test_an_exception_is_for_the_same_action_then_or_later() -> None:
    _, grant = grant_exception()
    assert grant.covers(REFUSAL, NOW)
    assert grant.covers(replace(REFUSAL, id="another", at=NOW, accuracy_m=5), NOW + HOUR - SECOND)


@pytest.mark.parametrize(
    "other",
    [
        replace(REFUSAL, action="break"),
        replace(REFUSAL, organization_id=None),
        replace(REFUSAL, organization_id="another"),
        replace(REFUSAL, screen=EntityRef("time_guis", "kiosk")),
        replace(REFUSAL, at=REFUSAL.at - SECOND),
    ],
)
def test_an_exception_is_for_no_other_action(other: Refusal) -> None:
    assert not grant_exception()[1].covers(other, NOW)


def test_an_exception_expires() -> None:
    refusal, grant = grant_exception()
    assert not grant.covers(REFUSAL, NOW + HOUR)
    assert [refusal.find_state(at) for at in (NOW, NOW + HOUR)] == ["granted", "expired"]


def test_an_expired_exception_can_be_granted_again_and_a_used_one_cannot() -> None:
    refusal, _ = grant_exception()
    again = refusal.grant_exception("vera", NOW + 2 * HOUR, HOUR, "Still closed")
    assert (again.find_state(NOW + 2 * HOUR), again.version) == ("granted", 3)
    with pytest.raises(RefusalUsed):
        replace(refusal, used_at=NOW).grant_exception("ada", NOW, HOUR, None)
