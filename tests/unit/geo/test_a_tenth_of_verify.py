"""A tenth of what `make verify` asks, in shares that run side by side."""

import pytest

from tests.oracles.comparison import run_comparison
from tests.oracles.index import compare_index

SHARES = 10


@pytest.mark.parametrize("share", range(SHARES))
def test_the_layer_and_the_oracles_agree(fresh_seed: int, share: int) -> None:
    findings = run_comparison(20_000 // SHARES, f"{fresh_seed}/{share}")
    assert not findings.disagreements, (fresh_seed, findings.disagreements[0])


@pytest.mark.parametrize("share", range(SHARES))
def test_no_geofence_is_missed_by_the_index(fresh_seed: int, share: int) -> None:
    findings = compare_index(100_000 // SHARES, f"{fresh_seed}/{share}", geofences=120)
    assert findings.inside
    assert not findings.disagreements, (fresh_seed, findings.disagreements[0])
