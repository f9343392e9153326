"""The circle around a point that contains a whole shape, for clients that support only circles."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from geo.wgs84 import Frame

if TYPE_CHECKING:
    from geo.edges import Steps
    from geo.wgs84 import Position

# A centre is reported to 1e-7 degrees, and the frame is exact to millimetres.
_SLACK_M = 0.02
# Distances are exact up to here, and to half a percent beyond.
_EXACT_M, _FACTOR_BEYOND = 190_000.0, 1.01


def measure_enclosing_radius_m(center: Position, steps: Steps, half_width_m: float = 0.0) -> int:
    """Return whole metres around the centre within which all steps lie, with `half_width_m` on either side.

    The farthest point of a chord is one of its ends, and a step strays from its chord by at most its bend.
    """
    import numpy as np

    reach = np.hypot(*Frame(center).to_plane_m(steps.lon, steps.lat))
    start = steps.starts
    ends, strays_m = np.maximum(reach[start], reach[start + 1]), steps.bent_m[start]
    farthest_m = float((ends + strays_m).max())
    if farthest_m >= _EXACT_M:
        farthest_m *= _FACTOR_BEYOND
    return ceil(farthest_m + half_width_m + _SLACK_M)
