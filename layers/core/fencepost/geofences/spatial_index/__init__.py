"""The index of cells, which finds the geofences near a position."""
