"""Independent answers to what the geometry layer answers, and random questions to put to both.

Nothing here uses the layer's method: distances are Vincenty's and geographiclib's instead of a plane's, containment
is counted along meridians in exact numbers instead of in an unwrapped plane. `python -m tests.oracles` runs it all.
"""
