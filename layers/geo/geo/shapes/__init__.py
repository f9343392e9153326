"""Circles, corridors and polygons: which positions they cover, and how far their boundary is."""
