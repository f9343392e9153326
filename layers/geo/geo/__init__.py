"""Exact geometry on WGS84: positions, shapes, containment, the cell grid and file formats.

Knows neither AWS nor HTTP. Longitudes and latitudes are degrees, lengths are metres, and both say so in their
names. Nothing here imports numpy or shapely before a polygon or a corridor is really met.
"""
