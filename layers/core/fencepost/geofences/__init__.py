"""Geofences: model, dialects, storage and search."""
