"""Independent implementations of the geometry, and random shapes and positions to compare them with the layer.

Nothing here uses the layer's methods. Distances come from Vincenty's formula and geographiclib, not from a plane.
Containment is counted along meridians in exact numbers, not in an unwrapped plane. `python -m tests.oracles` runs all
comparisons.
"""
