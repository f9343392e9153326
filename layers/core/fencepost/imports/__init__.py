"""Bulk imports of geofences from GeoJSON and KML files."""
