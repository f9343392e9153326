"""Exact geometry on WGS84: positions, shapes, containment, the cell grid and file formats.

It does not depend on AWS or HTTP. Longitudes and latitudes are in degrees; names of lengths end in `_m`, for metres.
numpy and shapely are imported only when a polygon or a corridor needs them.
"""
